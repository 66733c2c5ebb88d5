"""Lines laid beside each other, as a needle or a gouge cuts them: thick where it is dark, none where it is light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reverie.demo.fields import Array, fractal, grid, smoothstep

_NUMBERS = 4096  # random numbers that lines are told apart by


def hatch(
    turn: Array,
    bend: Array,
    weight: Array,
    lines: float,
    rng: np.random.Generator,
    *,
    shape: NDArray[np.intp] | None = None,
    uneven: float = 0.35,
) -> Array:
    """How much of each pixel lines cover, H×W, 0..1.

    `turn` is the lines' direction in radians, the same all over a shape; `bend` moves them aside, in units of the
    height; `weight` is the part of the distance between two lines that a line is thick: 0 or less none, 1 all. There
    are `lines` to the height. `uneven` 0..1 is how much lines differ, and swell along their way.
    """
    height, width = weight.shape
    x, y = grid(height, width)
    phase = (y * np.cos(turn) - x * np.sin(turn) + bend) * lines
    which = np.floor(phase).astype(np.intp)
    own = rng.uniform(-1, 1, _NUMBERS)[(which * 7 + (0 if shape is None else shape * 131)) % _NUMBERS]
    swell = fractal(height, width, rng, falloff=0.3, largest=0.12, smallest=0.003)
    thick = weight * (1 + uneven * (0.5 * swell + 0.6 * own)) + 0.12 * uneven * (own + 0.5 * swell) * (weight > 0)
    soft = 0.9 * lines / height + 0.02
    line = smoothstep(soft, -soft, np.abs(phase - which - 0.5) - 0.5 * np.clip(thick, 0, 1.1))
    return np.asarray(line * np.clip(thick / soft, 0, 1), dtype=np.float64)  # one thinner than a pixel is faint
