"""Guided dream: the picture shows more of what is in a guide picture."""

from __future__ import annotations

import torch
from torch import Tensor

from backend.engine.terms import Features

_POSITIONS = 4096  # at a time: bounds the table of products


class GuidedDream:
    """Minus the mean product of the features at each position with those of the guide that fit best there
    (Mordvintsev, Olah & Tyka 2015, the notebook “dreaming with a guide image”)."""

    def __init__(self, layer: str, guide: Tensor, weight: float) -> None:
        """`guide` is the guide picture's 1×C×H×W features in the layer."""
        self.layers = (layer,)
        self.weight = weight
        self._layer = layer
        self._guide = guide.flatten(2)[0].float()

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        height, width = features.sizes[self._layer]
        flat = features.maps[self._layer].flatten(2)[0].float()
        products = [(part * self._best(part)).sum() for part in torch.split(flat, _POSITIONS, 1)]
        return (torch.stack(products).sum() / (height * width),)

    def loss(self, sums: tuple[Tensor, ...]) -> Tensor:
        return -sums[0]

    @torch.no_grad()
    def _best(self, features: Tensor) -> Tensor:
        return self._guide[:, (features.T @ self._guide).argmax(1)]
