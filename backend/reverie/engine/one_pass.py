"""A job in fast styles: a network that has learnt them paints the picture in one pass."""

from __future__ import annotations

import torch
from torch import Tensor

from reverie.events import Progress, Started
from reverie.fast import styles, stylise
from reverie.job import Job
from reverie.pictures import color
from reverie.pictures.resize import resize
from reverie.run import Run

_FULL = 0.85  # the strength that fast styles are trained for


def paint(job: Job, source: Tensor, precision: torch.dtype, run: Run) -> Tensor:
    """The painting of a 1×3×H×W picture, 1×3×h×w at the size of the job. Each tile counts as an iteration.

    Less strength mixes the painting with the picture, pixel by pixel. Raises Cancelled when the job is to stop.
    """
    # Nobody is asked whether to finish early: a picture with some tiles painted and others not is of no use, and what
    # is left takes seconds.
    recipe = job.recipe
    height, width = source.shape[2:]
    content = resize(source, *job.size(width, height)).clamp(0, 1)
    height, width = content.shape[2:]
    style = stylise.blend([(styles.load(use.name), use.weight) for use in recipe.fast])
    if style.network.architecture.is_of_others and recipe.precision == "auto":
        precision = torch.float32  # the picture is then the one that the program paints which has trained it
    tiles = stylise.tiles(style.network.architecture, height, width, recipe.tile)
    run.report(Started(content.device.type, style.name, len(tiles)))

    def told(done: int, total: int) -> None:
        run.check_stop()
        left = run.clock.elapsed * (total - done) / done
        run.report(Progress(done, total, width, height, 0.0, done / total, left))

    painted = stylise.stylise(style, content, precision, recipe.tile, told)
    if recipe.color == "match":
        painted = color.match_colors(painted, content)
    return torch.lerp(content, painted, min(1.0, recipe.strength / _FULL))
