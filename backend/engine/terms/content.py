"""Content: the features of the result stay near those of the source picture."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from backend.engine.terms import Features


class Content:
    """Squared distance of feature maps (Gatys et al. 2016, eq. 1), divided by the squared norm of the target, so that
    the weight means the same for every layer, size and network (the paper leaves it unscaled)."""

    def __init__(self, targets: Mapping[str, Tensor], weight: float) -> None:
        """`targets` are the source picture's 1×C×H×W features by layer."""
        self.layers = tuple(targets)
        self.weight = weight
        self._targets = dict(targets)
        self._norms = {layer: target.float().square().sum() + 1e-12 for layer, target in targets.items()}

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        distances = []
        for layer in self.layers:
            rows, columns = features.at[layer]
            difference = features.maps[layer] - self._targets[layer][:, :, rows, columns]
            distances.append(difference.float().square().sum())
        return tuple(distances)

    def loss(self, sums: tuple[Tensor, ...]) -> Tensor:
        parts = [distance / self._norms[layer] for layer, distance in zip(self.layers, sums, strict=True)]
        return torch.stack(parts).mean()
