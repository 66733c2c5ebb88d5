"""Style by nearest neighbours: each place in the picture comes near the place in the styles that is most like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.losses.loss import Features, Loss
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.region import Region
from reverie.losses.style_target import StyleTarget

_COVARIANCE = 0.4
"""Weight of mean and covariance, beside 1: by themselves nearest neighbours settle on the few, often flat, places of a
style that most of a photo is like, and lose its grain. With more, its weave is everywhere. Found by looking."""


@dataclass(frozen=True)
class Neighbours:
    """Places of the styles, and which of them the picture's places are most like.

    A place is a position of one layer, the same for all, and what all layers show there: k·k positions of a layer with
    k times its resolution, one of a layer with less. `features` are the styles', (N·k·k)×C by layer, for N places one
    after the other, within a place row by row. `nearest` has for each of the picture's places, h×w, the number of the
    style's. `stride` is the pixels from place to place, and `strides` those from position to position of the layers."""

    features: Mapping[str, Tensor]
    nearest: Tensor
    stride: int
    strides: Mapping[str, int]

    def parts(self, layer: str) -> int:
        """k: how many times finer a layer is than the places, 1 for a coarser one."""
        return max(1, self.stride // self.strides[layer])

    def span(self, layer: str) -> int:
        """How many times coarser a layer is than the places, 1 for a finer one."""
        return max(1, self.strides[layer] // self.stride)


class NearestNeighbour:
    """Distance of the features from those of the place in the styles that is most like this one in all layers together
    (Kolkin et al. 2022, “Neural Neighbor Style Transfer”, section 3), averaged over the layers. It has the strongest
    brushwork, since it copies the styles' features place by place and not their average.

    We depart from the paper in the distance, which is the squared one, relative to the spread of the styles' features:
    the cosine alone leaves the contrast free, and burns it.
    """

    def __init__(self, neighbours: Neighbours, weight: float, region: Region | None = None) -> None:
        """`region` limits the loss to a part of the picture."""
        self.layers = tuple(neighbours.features)
        self.weight = weight
        self._neighbours, self._region = neighbours, region
        self._spread = {layer: _spread(features) for layer, features in neighbours.features.items()}

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        for layer in self.layers:
            fmap = features.maps[layer][0].permute(1, 2, 0)
            target = self._neighbours.features[layer][self._numbers(features, layer)]
            distances = (fmap.float() - target.float()).square().sum(2)
            weights = torch.ones_like(distances) if self._region is None else self._region.weights(features, layer)
            found += [(distances * weights).sum(), weights.sum()]
        return tuple(found)

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        parts = [
            sums[2 * index] / sums[2 * index + 1].clamp_min(1e-6) / self._spread[layer]
            for index, layer in enumerate(self.layers)
        ]
        return torch.stack(parts).mean()

    def _numbers(self, features: Features, layer: str) -> Tensor:
        """Which row of the styles' features each position that is shown of a layer is to be like, h×w."""
        nearest, parts, span = self._neighbours.nearest, self._neighbours.parts(layer), self._neighbours.span(layer)
        (down, row), (across, column) = (
            _place(at, count, parts, span, nearest.device)
            for at, count in zip(features.at[layer], nearest.shape, strict=True)
        )
        return (nearest[down][:, across] * parts + row[:, None]) * parts + column


def _place(at: slice, count: int, parts: int, span: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """For some positions of a layer along an axis: which of the `count` places each lies in, or has in the middle of
    its span, and which of the place's parts it is."""
    positions = torch.arange(at.start, at.stop, device=device)
    return (positions // parts * span + span // 2).clamp(max=count - 1), positions % parts


def _spread(features: Tensor) -> Tensor:
    """The mean squared distance of features, N×C, from their mean."""
    features = features.float()
    return (features - features.mean(0)).square().sum(1).mean().clamp_min(1e-12)


def losses(target: StyleTarget) -> list[Loss]:
    """The losses of the style loss “nearest”."""
    return [
        NearestNeighbour(target.neighbours(), target.share, target.region),
        MeanCovariance(target.statistics, _COVARIANCE * target.share, target.region),
    ]
