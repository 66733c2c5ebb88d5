"""Guided dream: the picture shows more of what is in a guide picture."""

from __future__ import annotations

import torch
from torch import Tensor

from reverie.losses.loss import Features

_TABLE = 1 << 24  # products that are held at a time


class Guide:
    """Minus the mean product of the features at each position with those of the guide that fit best there
    (Mordvintsev, Olah & Tyka 2015, the notebook “dreaming with a guide image”)."""

    def __init__(self, layer: str, guide: Tensor, weight: float) -> None:
        """`guide` is the guide picture's features in the layer, C×N, at some or all positions."""
        self.layers = (layer,)
        self.weight = weight
        self._layer = layer
        self._guide = guide.float()

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        height, width = features.sizes[self._layer]
        flat = features.maps[self._layer].flatten(2)[0].float()
        count = max(1, _TABLE // self._guide.shape[1])
        products = [(part * self._best(part)).sum() for part in torch.split(flat, count, 1)]
        return (torch.stack(products).sum() / (height * width),)

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        return -sums[0]

    @torch.no_grad()
    def _best(self, features: Tensor) -> Tensor:
        return self._guide[:, (features.T @ self._guide).argmax(1)]
