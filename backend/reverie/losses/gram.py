"""Style as the Gram matrix of the features (Gatys, Ecker & Bethge 2016, “Image Style Transfer Using Convolutional
Neural Networks”)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from reverie.losses import moments
from reverie.losses.loss import Features, Loss, relative
from reverie.losses.moments import Moments
from reverie.losses.region import Region
from reverie.losses.style_target import StyleTarget


class Gram:
    """Squared distance of the Gram matrix F Fᵀ/N of the features from the style's (ibid., eq. 3–5), averaged over the
    layers.

    We depart from the paper in that each distance is divided by the squared norm of its target, so that no layer
    outweighs the others, and in dividing by the number N of positions, so that pictures of different size compare.
    """

    def __init__(
        self, styles: Sequence[tuple[Mapping[str, Moments], float]], weight: float, region: Region | None = None
    ) -> None:
        """`styles` pairs the statistics by layer of each style picture with its weight; several blend into the weighted
        mean of their statistics. `region` limits the loss to a part of the picture."""
        self.layers = tuple(styles[0][0])
        self.weight = weight
        self._region = region
        self._targets = {layer: target.gram for layer, target in moments.blend_layers(styles).items()}

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        zeros = {layer: torch.zeros_like(target[0]) for layer, target in self._targets.items()}
        return moments.sums_of_layers(features, zeros, self._region)

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        parts = []
        for index, layer in enumerate(self.layers):
            _, second, count = sums[3 * index : 3 * index + 3]
            parts.append(relative(second / count.clamp_min(1e-6), self._targets[layer]))
        return torch.stack(parts).mean()


def losses(target: StyleTarget) -> list[Loss]:
    """The losses of the style loss “gram”."""
    return [Gram(target.statistics, target.share, target.region)]
