"""A job in fast styles: a network that has learnt them paints the picture in one pass."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from reverie.engine.control import Clock
from reverie.events import Cancelled, Event, Progress, Started
from reverie.fast import styles, stylise
from reverie.pictures import color
from reverie.pictures.resize import fit, resize
from reverie.recipe import Recipe

SIZE = 1024
"""Longest side, in pixels, from the defaults: the strokes, of a size in pixels, then suit the picture."""

_FULL = 0.85  # the strength that fast styles are trained for


def paint(
    recipe: Recipe,
    source: Tensor,
    precision: torch.dtype,
    clock: Clock,
    report: Callable[[Event], None],
    stop: Callable[[], bool],
) -> Tensor:
    """The painting of a 1×3×H×W picture, 1×3×h×w at the size of the recipe. Each tile counts as an iteration.

    Less strength mixes the painting with the picture, pixel by pixel. Raises Cancelled when `stop` said so.
    """
    # Nobody is asked whether to finish early: a picture with some tiles painted and others not is of no use, and what
    # is left takes seconds.
    assert recipe.size is not None  # filled in by resolve
    height, width = source.shape[2:]
    content = resize(source, *fit(width, height, min(recipe.size, max(width, height)))).clamp(0, 1)
    height, width = content.shape[2:]
    style = stylise.blend([(styles.load(use.name), use.weight) for use in recipe.fast])
    tiles = stylise.tiles(style.network.architecture, height, width, recipe.tile)
    report(Started(content.device.type, style.name, len(tiles)))

    def told(done: int, total: int) -> None:
        if stop():
            raise Cancelled
        left = clock.elapsed * (total - done) / done
        report(Progress(done, total, width, height, 0.0, done / total, left))

    painted = stylise.stylise(style, content, precision, recipe.tile, told)
    if recipe.color == "match":
        painted = color.match_colors(painted, content)
    return torch.lerp(content, painted, min(1.0, recipe.strength / _FULL))
