"""A picture of any size, painted in one pass in fast styles.

What a pixel becomes depends on its surroundings, the halo, and on the whole picture, through the normalisations'
statistics. A large picture is painted in tiles with halos; they all take the statistics of the whole picture, reduced,
and so show no borders.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from reverie import device as devices
from reverie.errors import ReverieError
from reverie.fast.network import Architecture, Statistics, StyleNetwork
from reverie.fast.styles import FastStyle

SIZE = 1024
"""Longest side, in pixels, of a picture from the defaults: the strokes, of a size in pixels, then suit it."""

TILE = 1024
"""Side of the tiles, in pixels: larger ones would hardly save time."""

_MARGIN = 32
"""How far, in pixels, the picture is continued beyond each border, a multiple of every stride. What the network does to
its own borders, streaks across them, falls into this and is cut off. Networks that other programs have trained paint as
there, without one."""

_SMALLEST = 5  # pixels: a side that such a network can still reflect

_MEASURED = 1024  # pixels: longest side of the picture whose statistics the tiles take


def blend(uses: Sequence[tuple[FastStyle, float]]) -> FastStyle:
    """The style between several, from their vectors and weights (Dumoulin et al. 2017, section 4.3).

    Raises ReverieError for styles of different networks.
    """
    first = uses[0][0]
    for style, _ in uses:
        if style.network is not first.network:
            raise ReverieError(
                f"The fast styles “{first.name}” and “{style.name}” cannot be blended: they have networks of "
                "their own.",
                "fast",
            )
    total = sum(weight for _, weight in uses)
    vector = torch.stack([style.vector * (weight / total) for style, weight in uses]).sum(0)
    return FastStyle("+".join(style.name for style, _ in uses), first.network, vector)


def tiles(architecture: Architecture, height: int, width: int, tile: int | None) -> list[tuple[int, int]]:
    """Top and left of each tile, in pixels, of a picture; one where the whole is hardly larger than a tile."""
    side = _side(architecture, tile)
    if max(height, width) <= side + architecture.halo:
        return [(0, 0)]
    return [(top, left) for top in range(0, height, side) for left in range(0, width, side)]


def _side(architecture: Architecture, tile: int | None) -> int:
    return max(architecture.stride, (tile or TILE) // architecture.stride * architecture.stride)


@torch.no_grad()
def stylise(
    style: FastStyle,
    picture: Tensor,
    precision: torch.dtype,
    tile: int | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Tensor:
    """The painting of a 1×3×H×W picture, of that shape, both in 0 to 1.

    `tile` is the side of the tiles in pixels. `told` hears how many are done, and how many there are; what it raises
    ends the painting.
    """
    height, width = picture.shape[2:]
    architecture = style.network.architecture
    network, vector = _on(style.network, picture.device), style.vector.to(picture.device)
    whole, margin = _padded(picture, architecture), margin_of(architecture)
    places = tiles(architecture, height, width, tile)
    with devices.autocast(picture.device, precision):
        if len(places) == 1:
            painted: Tensor = network(whole, vector)[:, :, margin : margin + height, margin : margin + width]
            told(1, 1)
        else:
            side = _side(architecture, tile)
            painted = torch.empty_like(picture)
            _paint_tiles(painted, network, whole, vector, _statistics(network, picture, vector), places, side, told)
    return painted.clamp(0, 1)


def _paint_tiles(
    painted: Tensor,
    network: StyleNetwork,
    whole: Tensor,
    vector: Tensor,
    statistics: Statistics,
    places: Sequence[tuple[int, int]],
    side: int,
    told: Callable[[int, int], None],
) -> None:
    """Fills `painted` tile by tile; `whole` is the picture with its margins."""
    halo, margin = network.architecture.halo, margin_of(network.architecture)
    for index, (top, left) in enumerate(places):
        y, x = top + margin, left + margin
        first, begin = max(0, y - halo), max(0, x - halo)
        part = network(whole[:, :, first : y + side + halo, begin : x + side + halo], vector, statistics)
        place = painted[:, :, top : top + side, left : left + side]
        place.copy_(part[:, :, y - first :, x - begin :][:, :, : place.shape[2], : place.shape[3]])
        told(index + 1, len(places))


def _statistics(network: StyleNetwork, picture: Tensor, vector: Tensor) -> Statistics:
    factor = _MEASURED / max(picture.shape[2:])
    size = [max(1, round(side * min(1.0, factor))) for side in picture.shape[2:]]
    reduced = functional.interpolate(picture, size, mode="bicubic", antialias=True, align_corners=False)
    return network.measure(_padded(reduced, network.architecture), vector)


def margin_of(architecture: Architecture) -> int:
    """By how much a picture is continued for a network, in pixels."""
    return 0 if architecture.is_of_others else _MARGIN


def _padded(picture: Tensor, architecture: Architecture) -> Tensor:
    """The picture continued by the margin on each side; to the right and downwards on to a multiple of the stride, or
    by as much as a small one lacks."""
    margin = margin_of(architecture)
    if margin:
        down, right = (margin + -side % architecture.stride for side in picture.shape[2:])
    else:
        down, right = (max(0, _SMALLEST - side) for side in picture.shape[2:])
    mode = "reflect" if down < picture.shape[2] and right < picture.shape[3] else "replicate"
    padded = functional.pad(picture, (margin, right, margin, down), mode=mode)
    return padded.contiguous(memory_format=torch.channels_last)


@functools.lru_cache(maxsize=2)
def _on(network: StyleNetwork, where: torch.device) -> StyleNetwork:
    return network if where.type == "cpu" else copy.deepcopy(network).to(where)
