"""Style: the statistics of the features, over the whole picture, come near those of the style pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from backend.engine import moments
from backend.engine.terms import Features

Statistics = Literal["covariance", "gram"]


@dataclass(frozen=True)
class _Target:
    """First (C) and second (C×C) statistics of a layer, and the constant that sums are centred on (C)."""

    mean: Tensor
    second: Tensor
    center: Tensor


class Style:
    """Distance of mean and covariance, or of the Gram matrix (Gatys et al. 2016, eq. 3–5), averaged over the layers.

    We depart from the paper in two things. Mean and covariance are compared apart: the Gram matrix of features with
    large means is nearly their outer product, and matching it washes out the texture that the covariance holds. And
    each distance is divided by the squared norm of its target, so that no layer, nor the mean, outweighs the others.
    """

    def __init__(
        self,
        styles: Sequence[tuple[Mapping[str, Tensor], float]],
        weight: float,
        statistics: Statistics = "covariance",
    ) -> None:
        """`styles` pairs the 1×C×H×W features by layer of each style picture with its weight.

        Several styles blend into one target, the weighted mean of their statistics: the sum of their weighted squared
        distances differs from the distance to that mean only by a constant.
        """
        self.layers = tuple(styles[0][0])
        self.weight = weight
        self._statistics = statistics
        self._targets = {
            layer: _blend([(maps[layer], share) for maps, share in styles], statistics) for layer in self.layers
        }

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        sums: list[Tensor] = []
        for layer in self.layers:
            fmap = features.maps[layer]
            sums += moments.sums(fmap, self._targets[layer].center)
            sums.append(torch.tensor(float(fmap.shape[2] * fmap.shape[3]), device=fmap.device))
        return tuple(sums)

    def loss(self, sums: tuple[Tensor, ...]) -> Tensor:
        parts = []
        for index, layer in enumerate(self.layers):
            first, second, count = sums[3 * index : 3 * index + 3]
            target = self._targets[layer]
            offset = first / count
            if self._statistics == "gram":
                parts.append(_relative(second / count, target.second))
            else:
                covariance = second / count - torch.outer(offset, offset)
                parts.append(_relative(offset + target.center, target.mean) + _relative(covariance, target.second))
        return torch.stack(parts).mean()


def _relative(value: Tensor, target: Tensor) -> Tensor:
    return (value - target).square().sum() / (target.square().sum() + 1e-12)


def _blend(styles: Sequence[tuple[Tensor, float]], statistics: Statistics) -> _Target:
    total = sum(share for _, share in styles)
    mean: Tensor | float = 0.0
    second: Tensor | float = 0.0
    for fmap, share in styles:
        own_mean, own_second = moments.mean_and_covariance(fmap)
        if statistics == "gram":
            own_second = moments.gram(fmap.float())
        mean = mean + own_mean * (share / total)
        second = second + own_second * (share / total)
    assert isinstance(mean, Tensor) and isinstance(second, Tensor)  # styles is never empty
    return _Target(mean, second, torch.zeros_like(mean) if statistics == "gram" else mean)
