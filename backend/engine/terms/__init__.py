"""The terms of the objective, one a file.

A term names the `layers` whose features it needs and has a `weight`. Its work is split in two, because everything here
is a sum over positions: `measure(features)` returns such sums for the part of the picture that it is shown (a tile, or
all of it), and `loss(sums)` makes the term's value from their total. So the same term serves untiled and, exactly,
tiled computation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

PICTURE = "picture"
"""The name under which a term asks for the pixels themselves."""


@dataclass(frozen=True)
class Features:
    """Features of a part of the picture.

    `maps` holds 1×C×h×w tensors by layer; `at` says where each lies in the whole layer, as (rows, columns).
    """

    maps: Mapping[str, Tensor]
    at: Mapping[str, tuple[slice, slice]]


class Term(Protocol):
    @property
    def layers(self) -> tuple[str, ...]: ...

    @property
    def weight(self) -> float: ...

    def measure(self, features: Features) -> tuple[Tensor, ...]: ...

    def loss(self, sums: tuple[Tensor, ...]) -> Tensor: ...
