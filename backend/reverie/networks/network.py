"""What every network offers to the engine: named layers in forward order, and the features there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import torch
from torch import Tensor, nn

from reverie.errors import ReverieError
from reverie.networks import classes
from reverie.networks.classifier import Classifier
from reverie.networks.receptive_field import ReceptiveField, after, least_side, union


@dataclass(frozen=True)
class Preprocessing:
    """What a network was trained to see: x ↦ (scale · x − mean) / std, with channels in its own order."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    scale: float = 1.0
    bgr: bool = False

    def __call__(self, picture: Tensor) -> Tensor:
        """RGB in 0 to 1, 1×3×H×W, to the network's own range."""
        if self.bgr:
            picture = picture.flip(1)
        mean, std = (_constant(values, picture.device, picture.dtype) for values in (self.mean, self.std))
        return (self.scale * picture - mean) / std


@lru_cache(maxsize=16)
def _constant(values: tuple[float, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    """C×1×1 on the device, made once: to send it there makes a GPU wait for the host."""
    return torch.tensor(values, device=device, dtype=dtype)[:, None, None]


# Of the networks that PyTorch publishes: https://pytorch.org/vision/stable/models.html
IMAGENET = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
# Of the networks that Caffe's users publish: BGR, 0 to 255, less the mean of ImageNet.
CAFFE = Preprocessing(mean=(104.0, 117.0, 123.0), scale=255.0, bgr=True)


BEFORE_LOGITS = "before logits"
"""The layer that the classifier averages over positions. It has places in the picture, as “logits” has not, but no name
of its own: it cannot be chosen."""


@dataclass(frozen=True)
class Defaults:
    """The layers to use when a recipe names none."""

    content: tuple[str, ...]
    style: tuple[str, ...]
    dream: tuple[str, ...]


@dataclass(frozen=True)
class Network:
    """A frozen, trained network as a sequence of named stages.

    `module` holds the parameters under their published names; `stages` runs them in forward order. Stages that are not
    worth naming (a pooling, say) belong to the stage before or after them.
    """

    name: str
    module: nn.Module
    stages: Sequence[tuple[str, nn.Module]] = field(repr=False)
    preprocessing: Preprocessing
    defaults: Defaults
    # What is shown of a stage's result, for the stages that do not show it as it is; the next stage never sees this.
    heads: Mapping[str, nn.Module] = field(default_factory=dict, repr=False)
    _least: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.module.eval().requires_grad_(False)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers, in forward order."""
        return tuple(name for name, _ in self.stages)

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> Network:
        """The same network on a device, computing in `dtype`; channels last, which convolutions on the CPU and on
        tensor cores are fastest with."""
        self.module.to(device, dtype)
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self

    def features(self, picture: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """The features, 1×C×h×w, of a 1×3×H×W picture (RGB, 0 to 1) at some layers, in one pass that ends at the
        deepest of them. Raises ReverieError for a picture too small to have features there."""
        missing = set(layers)
        self._check_size(picture, missing)
        x = self.preprocessing(picture).to(self.dtype, memory_format=torch.channels_last)
        result = {}
        for name, stage in self._steps:
            if not missing:
                break
            x = stage(x)
            if name in missing:
                result[name] = self.heads[name](x) if name in self.heads else x
                missing.remove(name)
        return result

    def receptive_field(self, layer: str) -> ReceptiveField:
        """Size and stride, in pixels, of what a unit of the layer sees."""
        reaches = [ReceptiveField(size=1, stride=1, padding=0)] * 2
        for stage in self._up_to(layer):
            reaches = [after(reach, stage, axis) for axis, reach in enumerate(reaches)]
        return union(reaches)

    def least_size(self, layer: str) -> int:
        """The shortest side, in pixels, of a picture that has features at the layer."""
        if layer not in self._least:  # asked for in each iteration
            self._least[layer] = least_side(self._up_to(layer))
        return self._least[layer]

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the channels of the layer “logits” stand for; empty for a network without one."""
        return classes.names() if "logits" in self.layers else ()

    @property
    def classifier(self) -> Classifier:
        """What makes logits of the layer BEFORE_LOGITS, for a network that has them."""
        found = self._steps[-1][1]
        assert isinstance(found, Classifier)
        return found

    @cached_property
    def _steps(self) -> list[tuple[str, nn.Module]]:
        """The stages, that of the logits in two."""
        name, last = self.stages[-1]
        if name != "logits":
            return list(self.stages)
        parts = [last] if isinstance(last, Classifier) else list(last.children())
        return [*self.stages[:-1], (BEFORE_LOGITS, nn.Sequential(*parts[:-1])), (name, parts[-1])]

    def _up_to(self, layer: str) -> list[nn.Module]:
        names = [name for name, _ in self._steps]
        if layer not in names:  # the registry knows the name: so the weights are a file that somebody cut off
            raise ReverieError(
                f"The weights of {self.name} that are here end at layer “{self.layers[-1]}”, before “{layer}”. Use an "
                "earlier layer, or delete the file, and the whole is fetched."
            )
        return [stage for _, stage in self._steps[: names.index(layer) + 1]]

    @property
    def device(self) -> torch.device:
        return next(self.module.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.module.parameters()).dtype

    def _check_size(self, picture: Tensor, layers: Iterable[str]) -> None:
        shortest = min(picture.shape[2:])
        for layer in layers:
            least = self.least_size(layer)
            if shortest < least:
                raise ReverieError(
                    f"A picture of {picture.shape[3]}×{picture.shape[2]} pixels is too small for layer “{layer}” of "
                    f"{self.name}, which needs {least} in each direction. Use a larger picture or an earlier layer."
                )
