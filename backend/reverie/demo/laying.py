"""Strokes laid all over a picture along its forms, from broad to fine: chalk, charcoal, flat brushes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from reverie.demo.brush import streamline
from reverie.demo.fields import Array


def places(height: int, width: int, spacing: float, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
    """Positions (x, y) in pixels, one at random in each cell of a grid and in no order, so that no row of strokes
    shows. `spacing` is the grid's, in pixels of a picture 512 high."""
    step = spacing * height / 512
    rows, columns = int(height / step) + 1, int(width / step) + 1
    for i in rng.permutation(rows * columns):
        yield (i % columns + rng.uniform()) * step, (i // columns + rng.uniform()) * step


def lines(
    angle: Array, spacing: float, length: float, rng: np.random.Generator, chance: Callable[[int, int], float]
) -> Iterator[tuple[int, int, Array]]:
    """Of strokes along `angle` (H×W, radians) the pixel (y, x) that each is for, and its points N×2: one for each place
    with `chance(y, x)`, 0..1. `length` is in pixels of a picture 512 high."""
    height, width = angle.shape
    for px, py in places(height, width, spacing, rng):
        iy, ix = min(int(py), height - 1), min(int(px), width - 1)
        if rng.uniform() < chance(iy, ix):
            yield iy, ix, streamline(angle, px, py, length * rng.uniform(0.7, 1.25) * height / 512, 5.0)
