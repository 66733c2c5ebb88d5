"""A job in one pass, in the style of any picture (see painter.py)."""

from __future__ import annotations

import torch
from torch import Tensor

from reverie.engine import finish, sizes
from reverie.engine.inputs import Inputs
from reverie.engine.painter import Painter
from reverie.engine.palette import Palette, cover, of_size
from reverie.events import Progress, Started
from reverie.fast.codec import LEVELS
from reverie.job import Job
from reverie.pictures.resize import resize
from reverie.run import Run

_SEEN = 0.2  # the strength below which the painting, whose edges are never quite the photo's, fades into it


def paint(job: Job, inputs: Inputs, painter: Painter, run: Run) -> Tensor:
    """The painting, 1×3×H×W in 0 to 1, of the source's size: composed at the size of the job, and finished. Where masks
    leave the picture free it stays as it is, to the last bit.

    Raises Cancelled when the job is to stop.
    """
    composed = compose(job, inputs, painter, finish.composing(run, job, inputs, painter))
    painted = finish.finish(composed, job, inputs, painter, run)
    shown = cover(inputs, painted)
    return painted if shown is None else torch.lerp(inputs.source, painted, shown)


def compose(job: Job, inputs: Inputs, painter: Painter, run: Run) -> Tensor:
    """The painting, 1×3×h×w at the size of the job. Each level counts as an iteration."""
    recipe = job.recipe
    height, width = inputs.source.shape[2:]
    content = resize(inputs.source, *job.size(width, height)).clamp(0, 1)
    height, width = content.shape[2:]
    run.report(Started(content.device.type, "instant", LEVELS))
    regions = []
    for mask, looks in inputs.regions:
        run.check_stop()
        sized = [(look, sizes.of_style(look.picture, look.scale, max(width, height))) for look in looks]
        regions.append((None if mask is None else of_size(mask, content), painter.looks(sized)))

    def told(level: int) -> None:
        run.check_stop()
        done = (LEVELS + 1 - level) / LEVELS
        left = run.clock.elapsed * (1 - done) / done
        run.report(Progress(LEVELS + 1 - level, LEVELS, width, height, 0.0, done, left))

    painted = painter.paint(Palette(inputs, recipe).recolored(content), regions, recipe.strength, told=told)
    return torch.lerp(content, painted, min(1.0, recipe.strength / _SEEN))
