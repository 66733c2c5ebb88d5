"""What is known of a network before its weights are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor, nn

from reverie.networks.network import Defaults, Network
from reverie.networks.receptive_field import least_side


class Staged(Protocol):
    """A module with its parts named, in forward order."""

    @property
    def stages(self) -> Sequence[tuple[str, nn.Module]]: ...

    def state_dict(self) -> dict[str, Tensor]: ...


@dataclass(frozen=True)
class Spec:
    """A network that can be chosen.

    `make` makes its module, with whatever parameters; `build` the network of a state dict, given the name of the file
    that it came from. `caffe_names` are its convolutions' names in a .caffemodel → in the state dict; `shown` are the
    channels of layers that are shown through a head; `averages` says whether average pooling suits it, and `blurs`
    whether it hardly sees what alternates with each pixel, since it begins by taking means.
    """

    name: str
    layers: tuple[str, ...]
    defaults: Defaults
    make: Callable[[], Staged]
    build: Callable[[dict[str, Tensor], str], Network]
    caffe_names: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, int] = field(default_factory=dict)
    averages: bool = False
    blurs: bool = False

    def least_size(self, layer: str) -> int:
        """The shortest side, in pixels, of a picture that has features at the layer; known without the weights."""
        return self._least_sizes[layer]

    def channels(self, layer: str) -> int:
        """How many channels a layer has; known without the weights."""
        return self.shown.get(layer) or self._channels[layer]

    @cached_property
    def _bare(self) -> list[tuple[str, nn.Module]]:
        """The stages, of their geometry alone: without memory and random numbers."""
        with torch.device("meta"):
            return list(self.make().stages)

    @cached_property
    def _least_sizes(self) -> dict[str, int]:
        stages = [stage for _, stage in self._bare]
        return {name: least_side(stages[: index + 1]) for index, (name, _) in enumerate(self._bare)}

    @cached_property
    def _channels(self) -> dict[str, int]:
        least = max(self._least_sizes.values())
        features = torch.empty(1, 3, least, least, device="meta")
        found = {}
        for name, stage in self._bare:
            features = stage.eval()(features)  # to train, a batch normalisation asks for more than one pixel
            found[name] = features.shape[1]
        return found
