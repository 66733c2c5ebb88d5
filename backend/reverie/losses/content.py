"""Content: the features of the result stay near those of the source picture."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from reverie.losses.loss import Features
from reverie.losses.region import Region


class Content:
    """Squared distance of feature maps (Gatys et al. 2016, eq. 1), divided by the squared norm of the target, so that
    the weight means the same for every layer, size and network (the paper leaves it unscaled)."""

    def __init__(self, targets: Mapping[str, Tensor], weight: float, region: Region | None = None) -> None:
        """`targets` are the source picture's 1×C×H×W features by layer; they count where the region is."""
        self.layers = tuple(targets)
        self.weight = weight
        self._targets, self._region = dict(targets), region
        self._norms = {layer: target.square().sum(dtype=torch.float32) + 1e-12 for layer, target in targets.items()}

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        distances = []
        for layer in self.layers:
            rows, columns = features.at[layer]
            squared = (features.maps[layer] - self._targets[layer][:, :, rows, columns]).float().square()
            if self._region is not None:
                squared = squared * self._region.weights(features, layer)
            distances.append(squared.sum())
        return tuple(distances)

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        parts = [distance / self._norms[layer] for layer, distance in zip(self.layers, sums, strict=True)]
        return torch.stack(parts).mean()
