"""A network small enough for finite differences: random filters for trained ones, the arithmetic is the same."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from reverie.networks.receptive_field import ReceptiveField
from torch import Tensor
from torch.nn import functional


class SmallNetwork:
    """Three convolutions with smooth activations (finite differences dislike kinks), strides 1, 2 and 2."""

    name = "small"
    layers = ("a", "b", "c")
    device = torch.device("cpu")

    def __init__(self, dtype: torch.dtype = torch.float64) -> None:
        generator = torch.Generator().manual_seed(1)
        sizes = [(6, 3), (8, 6), (10, 8)]
        self._weights = [
            torch.randn(out, inn, 3, 3, generator=generator, dtype=torch.float64).to(dtype) / (3 * inn**0.5)
            for out, inn in sizes
        ]

    def features(self, x: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        wanted = set(layers)
        result = {}
        for name, weight, stride in zip(self.layers, self._weights, (1, 2, 2), strict=True):
            if not wanted:
                break
            x = functional.softplus(functional.conv2d(x.to(weight.dtype), weight, stride=stride, padding=1))
            if name in wanted:
                result[name] = x
                wanted.remove(name)
        return result

    def receptive_field(self, layer: str) -> ReceptiveField:
        return {"a": ReceptiveField(3, 1, 1), "b": ReceptiveField(5, 2, 2), "c": ReceptiveField(9, 4, 4)}[layer]

    def least_size(self, layer: str) -> int:
        return 1
