"""What a loss is, and what it is shown.

A loss names the `layers` whose features it needs and has a `weight`. Its work is split in two, because everything here
is a sum over positions: `measure(features)` returns such sums for the part of the picture that it is shown (a tile, or
all of it), and `value(sums)` makes the loss from their total. So the same loss serves untiled and, exactly, tiled
computation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

PICTURE = "picture"
"""The name under which a loss asks for the pixels themselves. Such a loss asks for nothing else, and is always shown
the whole picture: pixels are cheap."""

Place = tuple[slice, slice]
"""Rows and columns of a part of a layer."""


@dataclass(frozen=True)
class Features:
    """Features of a part of the picture.

    `maps` holds 1×C×h×w tensors by layer; `at` says where each lies in the whole layer, and `sizes` gives the height
    and width of that.
    """

    maps: Mapping[str, Tensor]
    at: Mapping[str, Place]
    sizes: Mapping[str, tuple[int, int]]

    @classmethod
    def of_whole(cls, maps: Mapping[str, Tensor]) -> Features:
        """Features of all of a picture."""
        sizes = {layer: (fmap.shape[2], fmap.shape[3]) for layer, fmap in maps.items()}
        return cls(
            maps, {layer: (slice(0, height), slice(0, width)) for layer, (height, width) in sizes.items()}, sizes
        )


class Loss(Protocol):
    @property
    def layers(self) -> tuple[str, ...]: ...

    weight: float

    def measure(self, features: Features) -> tuple[Tensor, ...]: ...

    def value(self, sums: tuple[Tensor, ...]) -> Tensor: ...


def relative(value: Tensor, target: Tensor, least: float = 1e-12) -> Tensor:
    """|value − target|² / |target|², a scalar: the same for every layer, size and network. `least` keeps the quotient
    finite for a target of zeros."""
    return (value - target).square().sum() / (target.square().sum() + least)
