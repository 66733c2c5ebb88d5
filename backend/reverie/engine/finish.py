"""The finish: brushwork of the style in a picture's own pixels, and, where it was composed smaller than the layer, on
the way to the layer's size.

An optimised picture is painted over once at the size that it was composed at, and one of one pass where that is the
layer's. Where the layer is larger, steps follow, each at most twice as large as the one before: the picture is
enlarged, what the photo has that the smaller one could not show is added, and it is painted over. What paints are the
first levels of the codec (see painter.py): they hold strokes and edges; what is larger has been composed. The light of
it counts most, and only where there is detail.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from reverie import device as devices
from reverie.engine.detail import detailed
from reverie.engine.inputs import Inputs, StylePicture
from reverie.engine.painter import Painter
from reverie.engine.palette import Palette, of_size
from reverie.engine.progress import part
from reverie.events import Progress
from reverie.job import Job
from reverie.pictures.color import luma
from reverie.pictures.noise import pink_noise
from reverie.pictures.resize import fit, resize, unseen
from reverie.pictures.smoothing import smoothed
from reverie.run import Run

STEP = 2.0
"""How many times larger a step's picture is than the one before, at most."""

_KEPT, _STRENGTH = (0.5, 0.0), 0.4
"""Of a step: what is kept, see Painter.brushwork, and how strongly it paints over, at full strength and twice the size;
of less, less."""

_COMPOSED_KEPT, _COMPOSED_STRENGTH = (0.5, 0.3, 0.0), {"optimise": 0.6, "instant": 1.0}
"""The same of a picture at the size that it was composed at, by the method: judges took it five times as often as one
without (docs/judging.md)."""

_DETAIL = 0.6  # how much of what only the photo shows is added
_COST = 0.42  # of a step, for each of its pixels, beside that of all that is composed in one pass
_COMPOSING = {"optimise": 0.15, "instant": 1.0, "patches": 5.0}
"""What composing a picture by a method takes for each of its pixels, beside one pass; of what is optimised, for each
iteration, most of which are of smaller pictures. With the network that comes with Reverie: others take longer."""

_BROAD = 24  # pixels: what is broader is no stroke, but colour and light, which have been composed
_COLORS = 0.3  # how much of the colours of brushwork is used beside its light
_SEAMLESS = 1.02  # enlarged by less, a picture needs no finish
_PROBE = 256  # pixels: side of the picture that tells how fast the finish is


def steps(composed: tuple[int, int], width: int, height: int) -> list[tuple[int, int]]:
    """The sizes (width, height) from a composed one on, up to width×height, each at most STEP times the one before;
    none where that is hardly larger."""
    ratio = max(width, height) / max(composed)
    if ratio <= _SEAMLESS:
        return []
    count = math.ceil(math.log(ratio, STEP) - 1e-6)
    shrinks = [ratio ** ((index + 1) / count - 1) for index in range(count)]
    return [
        (width, height) if shrink == 1 else fit(width, height, round(max(width, height) * shrink)) for shrink in shrinks
    ]


def passes(job: Job, composed: tuple[int, int], width: int, height: int) -> list[tuple[int, int]]:
    """The sizes (width, height) at which a picture is painted over that was composed for one of width×height."""
    if job.recipe.detail == "sketch" or not job.recipe.style or job.recipe.strength == 0:
        return []
    larger = steps(composed, width, height)
    if job.recipe.method == "optimise" or (job.recipe.method == "instant" and not larger):
        larger.insert(0, composed)
    return larger


def work(job: Job, width: int, height: int) -> float:
    """The work of finishing a picture of width×height, in pixels composed in one pass; nothing for what has none."""
    return _COST * sum(across * down for across, down in passes(job, job.size(width, height), width, height))


def share(job: Job, width: int, height: int) -> float:
    """Which part of all work on a picture of width×height its finish is, 0 to 1, where there is no budget."""
    (across, down), finishing = job.size(width, height), work(job, width, height)
    iterations = job.iterations if job.recipe.method == "optimise" else 1
    return finishing / (finishing + across * down * iterations * _COMPOSING[job.recipe.method])


def composing(run: Run, job: Job, inputs: Inputs, painter: Painter) -> Run:
    """The run of what comes before the finish, with as much of a budget as the finish leaves."""
    height, width = inputs.source.shape[2:]
    todo = work(job, width, height)
    if todo == 0:
        return run
    if run.clock.budget is None:
        return part(run, 0.0, 1 - share(job, width, height))
    reserved = min(todo * speed(painter, inputs.source.device), run.clock.left / 2)
    return replace(part(run, 0.0, 1 - reserved / run.clock.budget), clock=run.clock.ending_earlier(reserved))


def speed(painter: Painter, where: torch.device) -> float:
    """Seconds that a pixel composed in one pass takes, after a small picture has been painted."""
    noise = pink_noise(0, where, _PROBE)
    for _ in range(2):  # at the first, libraries make their plans
        begun = time.monotonic()
        looks = painter.statistics(noise, None, len(_KEPT))
        painter.brushwork(noise, [(None, looks)], _STRENGTH, _KEPT, lambda level: None)
        devices.wait_for(where)
    return (time.monotonic() - begun) / _COST / _PROBE**2


def finish(
    painted: Tensor, job: Job, inputs: Inputs, painter: Painter, run: Run, palette: Palette | None = None
) -> Tensor:
    """The picture, 1×3×h×w in 0 to 1, at the size of the source. Each step counts as an iteration. `palette` is the
    inputs' own, where it is known by now.

    Raises Cancelled when the job is to stop. When it is to end early, or its budget is spent, what is left is enlarged.
    """
    height, width = inputs.source.shape[2:]
    todo = passes(job, (painted.shape[3], painted.shape[2]), width, height)
    if not todo:
        return resize(painted, width, height)
    palette = palette or Palette(inputs, job.recipe)
    budget, whole, done, begun = run.clock.budget, sum(across * down for across, down in todo), 0, run.clock.elapsed
    finishing = part(run, 1 - share(job, width, height) if budget is None else run.clock.elapsed / budget, 1.0)
    for number, size in enumerate(todo, 1):
        wish, expected = run.adjust(), (run.clock.elapsed - begun) * size[0] * size[1] / max(1, done)
        if (wish is not None and wish.finish) or run.clock.left < expected / 2:  # to the nearest step, as of iterations
            break
        devices.give_memory_back()  # what the step before, or the iterations, kept for each other
        told = functools.partial(_tell, finishing, number, len(todo), size, done, whole)
        painted = _step(painted, size, job, inputs, palette, painter, told)
        told(1.0)
        done += size[0] * size[1]
    return resize(painted, width, height)


def _tell(run: Run, number: int, count: int, size: tuple[int, int], done: int, whole: int, fraction: float) -> None:
    """That so much of a step is done, after `done` of `whole` pixels in those before; `part` adds the seconds left."""
    run.report(Progress(number, count, *size, 0.0, (done + fraction * size[0] * size[1]) / whole, 0.0))


def _step(
    painted: Tensor,
    size: tuple[int, int],
    job: Job,
    inputs: Inputs,
    palette: Palette,
    painter: Painter,
    told: Callable[[float], None],
) -> Tensor:
    """The picture at the next size (width, height), or at its own, painted over. `told` hears how much is done."""
    growth, strength = math.log(max(size) / max(painted.shape[2:]), STEP), job.recipe.strength
    kept, force = (_KEPT, _STRENGTH * growth) if growth > 0 else (_COMPOSED_KEPT, _COMPOSED_STRENGTH[job.recipe.method])
    enlarged = _enlarged(painted, size, inputs.source, palette, 1 - (1 - _DETAIL) * strength)
    regions = []
    for mask, looks in inputs.regions:
        statistics = painter.looks([(look, _own_size(look, max(size))) for look in looks], len(kept))
        regions.append((None if mask is None else of_size(mask, enlarged), statistics))
    change = painter.brushwork(enlarged, regions, force * strength, kept, told)
    change -= smoothed(change, _BROAD)
    return enlarged.addcmul_(_brushwork(change), detailed(enlarged)).clamp_(0, 1)


def _enlarged(painted: Tensor, size: tuple[int, int], photo: Tensor, palette: Palette, detail: float) -> Tensor:
    """The picture at a size (width, height), with so much of what of the photo only that size shows."""
    fine = unseen(palette.recolored(resize(photo, *size).clamp(0, 1)), painted.shape[3], painted.shape[2])
    return fine.mul_(detail).add_(resize(painted, *size)).clamp_(0, 1)


def _brushwork(change: Tensor) -> Tensor:
    """What a change does to the light, and a part of what it does to the colours, which have been composed: edges would
    get fringes of all colours."""
    light = luma(change)
    return torch.lerp(light, change, _COLORS)


def _own_size(look: StylePicture, longest: int) -> tuple[int, int]:
    """The size of a style picture: its own, where it would have to be enlarged to suit the painted one."""
    height, width = look.picture.shape[2:]
    return fit(width, height, max(16, min(max(width, height), round(longest * look.scale))))
