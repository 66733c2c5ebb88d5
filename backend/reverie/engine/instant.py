"""A job in one pass at each of a few sizes, coarse to fine, in the style of any picture (see painter.py)."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from reverie.engine import finish, sizes
from reverie.engine.drawing import redrawn
from reverie.engine.inputs import Inputs
from reverie.engine.painter import Painter
from reverie.engine.palette import Palette, cover, of_size
from reverie.engine.style_swap import LEVELS
from reverie.events import Progress, Started
from reverie.job import Job
from reverie.pictures.color import luma
from reverie.pictures.resize import fit, resize, unseen
from reverie.pictures.smoothing import along_edges
from reverie.run import Run

_COARSEST, _RATIO = 256, 1.6  # pixels: the least longest side to begin at; and how much larger the next is

REINJECTED = 0.5  # how much of what of the photo only a size shows is added there
PHOTO = 0.6  # how much of the photo, recoloured, and not of the painting it is that the style's places are found for
PALETTE = 0.9
"""How much of what is broader than strokes is the photo's, recoloured: places taken from a style alone turn a sky that
is nearly its white into a hole."""

COLORS = 0.7  # how much of the colours of strokes is used beside their light; with all, edges have fringes
_SEEN = 0.2  # the strength below which the painting, whose edges are never quite the photo's, fades into it


def paint(job: Job, inputs: Inputs, painter: Painter, run: Run) -> Tensor:
    """The painting, 1×3×H×W in 0 to 1, of the source's size: composed at the size of the job, and finished. Where masks
    leave the picture free it stays as it is, to the last bit.

    Raises Cancelled when the job is to stop.
    """
    palette = Palette(inputs, job.recipe)
    composed = compose(job, inputs, palette, painter, finish.composing(run, job, inputs, painter))
    painted = finish.finish(composed, job, inputs, painter, run, palette)
    shown = cover(inputs, painted)
    return painted if shown is None else torch.lerp(inputs.source, painted, shown)


def compose(job: Job, inputs: Inputs, palette: Palette, painter: Painter, run: Run) -> Tensor:
    """The painting, 1×3×h×w at the size of the job. Each size counts as an iteration."""
    height, width = inputs.source.shape[2:]
    scales = scales_of(*job.size(width, height))
    run.report(Started(inputs.source.device.type, "instant", len(scales)))
    painted = None
    for number in range(1, len(scales) + 1):
        painted = _at_scale(painted, scales, number, job, inputs, palette, painter, run)
    assert painted is not None  # there is one scale at least
    content = resize(inputs.source, *scales[-1]).clamp(0, 1)
    return torch.lerp(content, painted, min(1.0, job.recipe.strength / _SEEN))


def scales_of(width: int, height: int) -> list[tuple[int, int]]:
    """The sizes (width, height), up to that one."""
    sides = [float(max(width, height))]
    while sides[0] / _RATIO >= _COARSEST:
        sides.insert(0, sides[0] / _RATIO)
    return [*(fit(width, height, round(side)) for side in sides[:-1]), (width, height)]


def _at_scale(
    before: Tensor | None,
    scales: list[tuple[int, int]],
    number: int,
    job: Job,
    inputs: Inputs,
    palette: Palette,
    painter: Painter,
    run: Run,
) -> Tensor:
    """The painting at the scale of a number from 1, given the one at the scale `before`."""
    size = scales[number - 1]
    photo = palette.recolored(resize(inputs.source, *size).clamp(0, 1))
    regions = []
    for mask, looks in inputs.regions:
        run.check_stop()
        sized = [(look, sizes.of_style(look.picture, look.scale, max(size))) for look in looks]
        regions.append((None if mask is None else of_size(mask, photo), painter.source(sized, job.recipe.seed)))
    picture = photo if before is None else _enlarged(before, photo)
    like = photo if before is None else torch.lerp(picture, photo, PHOTO)
    told = functools.partial(_tell, run, scales, number)
    painted = painter.paint(picture, like, regions, job.recipe.strength, told)
    change = painted - photo
    broad = along_edges(change, luma(photo))  # whatever crossed an edge would glow beyond it
    change -= broad
    strokes = torch.lerp(luma(change), change, COLORS)
    return redrawn(strokes.add_(broad, alpha=1 - PALETTE).add_(photo).clamp_(0, 1), photo)


def _enlarged(before: Tensor, photo: Tensor) -> Tensor:
    """The painting of the scale before at this one's size, with some of what of the photo only this one shows."""
    height, width = photo.shape[2:]
    fine = unseen(photo, before.shape[3], before.shape[2])
    return resize(before, width, height).add_(fine, alpha=REINJECTED).clamp_(0, 1)


def _tell(run: Run, scales: list[tuple[int, int]], number: int, level: int) -> None:
    """That a level of a scale is done."""
    run.check_stop()
    areas = [width * height for width, height in scales]
    done = (sum(areas[: number - 1]) + areas[number - 1] * (LEVELS + 1 - level) / LEVELS) / sum(areas)
    left = run.clock.elapsed * (1 - done) / done
    run.report(Progress(number, len(scales), *scales[number - 1], 0.0, done, left))
