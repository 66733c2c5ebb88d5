"""Inception v3 (Szegedy et al. 2016), with the parameter names that PyTorch publishes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reverie.networks.classifier import Classifier
from reverie.networks.convolution import Convolution
from reverie.networks.googlenet import TENSORFLOW
from reverie.networks.network import Defaults, Network
from reverie.networks.spec import Spec

_STEM = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")
_MIXED = tuple(f"Mixed_{name}" for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"))
LAYERS = (*_STEM, *_MIXED, "logits")
DEFAULTS = Defaults(
    content=("Mixed_5d",),
    style=("Conv2d_1a_3x3", "Conv2d_2b_3x3", "Conv2d_4a_3x3", "Mixed_5b", "Mixed_6b"),
    dream=("Mixed_6d",),
)


def _across(channels: int, width: int, length: int) -> Convolution:
    return Convolution(channels, width, (1, length), padding=(0, length // 2))


def _down(channels: int, width: int, length: int) -> Convolution:
    return Convolution(channels, width, (length, 1), padding=(length // 2, 0))


class Mixed(nn.Module):
    """Branches side by side. A branch is a list of steps: the name of a parameterised one, or a pooling."""

    def __init__(self, convolutions: dict[str, Convolution], *branches: tuple[str | nn.Module, ...]) -> None:
        super().__init__()
        for name, convolution in convolutions.items():
            self.add_module(name, convolution)
        self._branches = branches

    @property
    def branches(self) -> tuple[nn.Module, ...]:
        return tuple(
            nn.Sequential(*(self.get_submodule(step) if isinstance(step, str) else step for step in branch))
            for branch in self._branches
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


def _mixed_5(channels: int, pool: int) -> Mixed:
    return Mixed(
        {
            "branch1x1": Convolution(channels, 64, 1),
            "branch5x5_1": Convolution(channels, 48, 1),
            "branch5x5_2": Convolution(48, 64, 5, padding=2),
            "branch3x3dbl_1": Convolution(channels, 64, 1),
            "branch3x3dbl_2": Convolution(64, 96, 3, padding=1),
            "branch3x3dbl_3": Convolution(96, 96, 3, padding=1),
            "branch_pool": Convolution(channels, pool, 1),
        },
        ("branch1x1",),
        ("branch5x5_1", "branch5x5_2"),
        ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
        (nn.AvgPool2d(3, 1, 1), "branch_pool"),
    )


def _mixed_6a() -> Mixed:
    return Mixed(
        {
            "branch3x3": Convolution(288, 384, 3, 2),
            "branch3x3dbl_1": Convolution(288, 64, 1),
            "branch3x3dbl_2": Convolution(64, 96, 3, padding=1),
            "branch3x3dbl_3": Convolution(96, 96, 3, 2),
        },
        ("branch3x3",),
        ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
        (nn.MaxPool2d(3, 2),),
    )


def _mixed_6(width: int) -> Mixed:
    return Mixed(
        {
            "branch1x1": Convolution(768, 192, 1),
            "branch7x7_1": Convolution(768, width, 1),
            "branch7x7_2": _across(width, width, 7),
            "branch7x7_3": _down(width, 192, 7),
            "branch7x7dbl_1": Convolution(768, width, 1),
            "branch7x7dbl_2": _down(width, width, 7),
            "branch7x7dbl_3": _across(width, width, 7),
            "branch7x7dbl_4": _down(width, width, 7),
            "branch7x7dbl_5": _across(width, 192, 7),
            "branch_pool": Convolution(768, 192, 1),
        },
        ("branch1x1",),
        ("branch7x7_1", "branch7x7_2", "branch7x7_3"),
        tuple(f"branch7x7dbl_{number}" for number in range(1, 6)),
        (nn.AvgPool2d(3, 1, 1), "branch_pool"),
    )


def _mixed_7a() -> Mixed:
    return Mixed(
        {
            "branch3x3_1": Convolution(768, 192, 1),
            "branch3x3_2": Convolution(192, 320, 3, 2),
            "branch7x7x3_1": Convolution(768, 192, 1),
            "branch7x7x3_2": _across(192, 192, 7),
            "branch7x7x3_3": _down(192, 192, 7),
            "branch7x7x3_4": Convolution(192, 192, 3, 2),
        },
        ("branch3x3_1", "branch3x3_2"),
        tuple(f"branch7x7x3_{number}" for number in range(1, 5)),
        (nn.MaxPool2d(3, 2),),
    )


def _mixed_7(channels: int) -> Mixed:
    return Mixed(
        {
            "branch1x1": Convolution(channels, 320, 1),
            "branch3x3_1": Convolution(channels, 384, 1),
            "branch3x3_2a": _across(384, 384, 3),
            "branch3x3_2b": _down(384, 384, 3),
            "branch3x3dbl_1": Convolution(channels, 448, 1),
            "branch3x3dbl_2": Convolution(448, 384, 3, padding=1),
            "branch3x3dbl_3a": _across(384, 384, 3),
            "branch3x3dbl_3b": _down(384, 384, 3),
            "branch_pool": Convolution(channels, 192, 1),
        },
        ("branch1x1",),
        ("branch3x3_1", "branch3x3_2a"),
        ("branch3x3_1", "branch3x3_2b"),
        ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3a"),
        ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3b"),
        (nn.AvgPool2d(3, 1, 1), "branch_pool"),
    )


class InceptionV3(nn.Module):
    """The parameters under their published names, without the auxiliary classifier that only training uses."""

    def __init__(self) -> None:
        super().__init__()
        # As published, without padding: there is no frame here that a picture could catch.
        stem = (
            Convolution(3, 32, 3, 2),
            Convolution(32, 32, 3),
            Convolution(32, 64, 3, padding=1),
            Convolution(64, 80, 1),
            Convolution(80, 192, 3),
        )
        mixed = (
            *(_mixed_5(192, 32), _mixed_5(256, 64), _mixed_5(288, 64), _mixed_6a()),
            *(_mixed_6(128), _mixed_6(160), _mixed_6(160), _mixed_6(192)),
            *(_mixed_7a(), _mixed_7(1280), _mixed_7(2048)),
        )
        for name, module in zip((*_STEM, *_MIXED), (*stem, *mixed), strict=True):
            self.add_module(name, module)
        self.fc = nn.Linear(2048, 1000)

    @property
    def stages(self) -> list[tuple[str, nn.Module]]:
        result: list[tuple[str, nn.Module]] = []
        for name in (*_STEM, *_MIXED):
            pool = [nn.MaxPool2d(3, 2)] if name in ("Conv2d_3b_1x1", "Mixed_5b") else []
            result.append((name, nn.Sequential(*pool, self.get_submodule(name))))
        return [*result, ("logits", Classifier(1, self.fc))]


def build(state: dict[str, Tensor]) -> Network:
    """Inception v3 with the given parameters; the auxiliary classifier is ignored. Raises RuntimeError when they do not
    fit."""
    module = InceptionV3()
    module.load_state_dict({name: value for name, value in state.items() if not name.startswith("AuxLogits")})
    return Network("inception_v3", module, module.stages, TENSORFLOW, DEFAULTS)


SPECS = (Spec("inception_v3", LAYERS, DEFAULTS, InceptionV3, lambda state, file: build(state)),)
