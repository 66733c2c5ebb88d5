"""What a style loss is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reverie.losses.moments import Moments
from reverie.losses.region import Region

if TYPE_CHECKING:
    from reverie.losses.nearest_neighbour import Neighbours


@dataclass(frozen=True)
class StyleTarget:
    """The style pictures of one region of the picture, as a network sees them.

    `statistics` pairs mean and covariance by layer of each style picture with its weight; `neighbours` finds what in
    them each place of the picture is like, for a loss that compares place by place: only for one that asks. `region`
    limits the loss to a part of the picture (None: all of it), and `share` is that part's, 0 to 1: the loss's weight is
    to be in proportion, so that a pixel is under the same influence in a small region as in a large one.
    """

    statistics: Sequence[tuple[Mapping[str, Moments], float]]
    neighbours: Callable[[], Neighbours]
    share: float = 1.0
    region: Region | None = None
