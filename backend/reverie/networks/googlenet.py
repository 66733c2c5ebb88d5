"""GoogLeNet (Szegedy et al. 2015, with batch normalisation), with the parameter names that PyTorch publishes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reverie.networks.classifier import Classifier
from reverie.networks.convolution import Convolution, OfPicture
from reverie.networks.network import Defaults, Network, Preprocessing
from reverie.networks.spec import Spec

# The published weights come from TensorFlow, whose pictures ran from −1 to 1 (torchvision: transform_input).
TENSORFLOW = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

# Input, 1×1, 3×3 reduce, 3×3, “5×5” reduce, “5×5” (published as 3×3), pool projection (ibid., table 1).
_INCEPTIONS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}
LAYERS = ("conv1", "conv2", "conv3", *(f"inception{name}" for name in _INCEPTIONS), "logits")
DEFAULTS = Defaults(
    content=("inception4a",),
    style=("conv1", "conv3", "inception3a", "inception3b", "inception4b"),
    dream=("inception4c",),
)


class Inception(nn.Module):
    """Four branches side by side (ibid., figure 2b)."""

    def __init__(self, channels: int, one: int, reduce3: int, three: int, reduce5: int, five: int, pool: int) -> None:
        super().__init__()
        self.branch1 = Convolution(channels, one, 1)
        self.branch2 = nn.Sequential(Convolution(channels, reduce3, 1), Convolution(reduce3, three, 3, padding=1))
        self.branch3 = nn.Sequential(Convolution(channels, reduce5, 1), Convolution(reduce5, five, 3, padding=1))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), Convolution(channels, pool, 1))

    @property
    def branches(self) -> tuple[nn.Module, ...]:
        return self.branch1, self.branch2, self.branch3, self.branch4

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


class GoogLeNet(nn.Module):
    """The parameters under their published names, without the auxiliary classifiers that only training uses."""

    def __init__(self) -> None:
        super().__init__()
        # We depart in the padding, which repeats the border instead of framing the picture in black.
        self.conv1 = Convolution(3, 64, 7, 2, 3)
        self.conv1.conv = OfPicture(64, 7, stride=2, padding=3, bias=False)
        self.conv2 = Convolution(64, 64, 1)
        self.conv3 = Convolution(64, 192, 3, padding=1)
        for name, widths in _INCEPTIONS.items():
            self.add_module(f"inception{name}", Inception(*widths))
        self.fc = nn.Linear(1024, 1000)

    @property
    def stages(self) -> list[tuple[str, nn.Module]]:
        pools = {"conv2": 3, "inception3a": 3, "inception4a": 3, "inception5a": 2}
        result: list[tuple[str, nn.Module]] = []
        for name in LAYERS[:-1]:
            step = self.get_submodule(name)
            pool = [nn.MaxPool2d(pools[name], 2, ceil_mode=True)] if name in pools else []
            result.append((name, nn.Sequential(*pool, step)))
        return [*result, ("logits", Classifier(1, self.fc))]


def build(state: dict[str, Tensor]) -> Network:
    """GoogLeNet with the given parameters; auxiliary classifiers are ignored. Raises RuntimeError when they do not
    fit."""
    module = GoogLeNet()
    module.load_state_dict({name: value for name, value in state.items() if not name.startswith("aux")})
    return Network("googlenet", module, module.stages, TENSORFLOW, DEFAULTS)


SPECS = (Spec("googlenet", LAYERS, DEFAULTS, GoogLeNet, lambda state, file: build(state)),)
