"""Style as mean and covariance of the features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from reverie.losses import moments
from reverie.losses.loss import Features, Loss, relative
from reverie.losses.moments import Moments
from reverie.losses.region import Region
from reverie.losses.style_target import StyleTarget


class MeanCovariance:
    """Squared distances of mean and covariance of the features from the style's, averaged over the layers.

    We depart from Gatys et al. 2016, eq. 3–5, in two things. Mean and covariance are compared apart: the Gram matrix of
    features with large means is nearly their outer product, and matching it washes out the texture that the covariance
    holds. And each distance is divided by the squared norm of its target, so that no layer, nor the mean, outweighs the
    others.
    """

    def __init__(
        self, styles: Sequence[tuple[Mapping[str, Moments], float]], weight: float, region: Region | None = None
    ) -> None:
        """`styles` pairs the statistics by layer of each style picture with its weight. `region` limits the loss to a
        part of the picture.

        Several styles blend into one target, the weighted mean of their statistics: the sum of their weighted squared
        distances differs from the distance to that mean only by a constant.
        """
        self.layers = tuple(styles[0][0])
        self.weight = weight
        self._region = region
        self._targets = moments.blend_layers(styles)

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        return moments.sums_of_layers(
            features, {layer: target.mean for layer, target in self._targets.items()}, self._region
        )

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        parts = []
        for index, layer in enumerate(self.layers):
            first, second, count = sums[3 * index : 3 * index + 3]
            count = count.clamp_min(1e-6)
            offset = first / count  # of the mean from the target's, on which the sums are centred
            covariance = second / count - torch.outer(offset, offset)
            parts.append(distance(Moments(offset + self._targets[layer].mean, covariance), self._targets[layer]))
        return torch.stack(parts).mean()


def distance(found: Moments, target: Moments, least: float = 1e-12) -> Tensor:
    """The distances of mean and covariance, each relative to its target, added up: a scalar."""
    return relative(found.mean, target.mean, least) + relative(found.covariance, target.covariance, least)


def losses(target: StyleTarget) -> list[Loss]:
    """The losses of the style loss “covariance”."""
    return [MeanCovariance(target.statistics, target.share, target.region)]
