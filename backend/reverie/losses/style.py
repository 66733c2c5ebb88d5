"""Style: the statistics of the features, over a region of the picture, come near those of the style pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from reverie.losses import Features, moments
from reverie.losses.moments import Moments
from reverie.losses.region import Region

Statistics = Literal["covariance", "gram"]


class Style:
    """Distance of mean and covariance, or of the Gram matrix (Gatys et al. 2016, eq. 3–5), averaged over the layers.

    We depart from the paper in two things. Mean and covariance are compared apart: the Gram matrix of features with
    large means is nearly their outer product, and matching it washes out the texture that the covariance holds. And
    each distance is divided by the squared norm of its target, so that no layer, nor the mean, outweighs the others.
    """

    def __init__(
        self,
        styles: Sequence[tuple[Mapping[str, Moments], float]],
        weight: float,
        statistics: Statistics = "covariance",
        region: Region | None = None,
    ) -> None:
        """`styles` pairs the statistics by layer of each style picture with its weight.

        Several styles blend into one target, the weighted mean of their statistics: the sum of their weighted squared
        distances differs from the distance to that mean only by a constant.
        """
        self.layers = tuple(styles[0][0])
        self.weight = weight
        self._statistics, self._region = statistics, region
        self._targets = {
            layer: moments.blend([(statistics_of[layer], share) for statistics_of, share in styles])
            for layer in self.layers
        }

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        for layer in self.layers:
            weights = self._region.weights(features, layer) if self._region else None
            found += moments.sums(features.maps[layer], self._center(layer), weights)
        return tuple(found)

    def loss(self, sums: tuple[Tensor, ...]) -> Tensor:
        parts = []
        for index, layer in enumerate(self.layers):
            first, second, count = sums[3 * index : 3 * index + 3]
            target = self._targets[layer]
            count = count.clamp_min(1e-6)
            if self._statistics == "gram":
                parts.append(_relative(second / count, target.gram))
            else:
                offset = first / count
                covariance = second / count - torch.outer(offset, offset)
                parts.append(_relative(offset + target.mean, target.mean) + _relative(covariance, target.covariance))
        return torch.stack(parts).mean()

    def _center(self, layer: str) -> Tensor:
        mean = self._targets[layer].mean
        return torch.zeros_like(mean) if self._statistics == "gram" else mean


def _relative(value: Tensor, target: Tensor) -> Tensor:
    return (value - target).square().sum() / (target.square().sum() + 1e-12)
