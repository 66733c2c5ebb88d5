"""Which scales a job goes through, and with how many iterations at each."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

from reverie import device as devices
from reverie.engine.method import Method
from reverie.engine.pyramid import COARSEST, RATIO, Scale, anything, scales, within
from reverie.engine.workspace import Workspace
from reverie.job import Job
from reverie.run import Run

_PROBE = 256  # pixels: longest side at which the time of an iteration is measured
_FROM_FAST = 0.5  # share of the size to begin at, and of the iterations, where a fast style has painted before
_PAINTING = 0.97  # share of a budget; the rest is for enlarging and colours at the end


def extent(job: Job, width: int, height: int, goes_on: bool) -> tuple[tuple[int, int], int]:
    """The size at which a job is computed on a picture of width×height, and the longest side to begin at. `goes_on`
    says that it starts from a picture."""
    recipe, size = job.recipe, job.size(width, height)
    # A picture to continue with has its coarse structures already: they would be lost on the way down and up.
    smallest = recipe.smallest or (max(size) if goes_on else COARSEST)
    if recipe.fast:  # what it has painted is half way there, but its large shapes may still change
        smallest = recipe.smallest or max(COARSEST, round(max(size) * _FROM_FAST))
    if recipe.octaves is not None:
        smallest = max(16, round(max(size) / RATIO ** (recipe.octaves - 1)))
    return size, smallest


def plan(job: Job, width: int, height: int, goes_on: bool, suits: Callable[[int, int], bool] = anything) -> list[Scale]:
    """The scales of a job without a budget, on a picture of width×height; see `extent` and `scales`."""
    size, smallest = extent(job, width, height, goes_on)
    iterations = max(1, round(job.iterations * _FROM_FAST)) if job.recipe.fast else job.iterations
    return scales(*size, smallest, iterations, suits)


def plan_in_time(method: Method, workspace: Workspace, run: Run) -> list[Scale]:
    """The scales of a job that use up what is left of its budget, after an iteration has been timed."""
    height, width = workspace.inputs.source.shape[2:]
    size, smallest = extent(workspace.job, width, height, workspace.inputs.init is not None)
    first, coarse = (
        scales(*size, min(max(smallest, longest), max(size)), 2, workspace.can_be_seen)[0]
        for longest in (COARSEST, _PROBE)
    )
    seconds_per_pixel, preparation = workspace.with_room(
        max(coarse.width, coarse.height), functools.partial(speed, method, workspace, run, first, coarse)
    )
    available = run.clock.left * _PAINTING
    return within(available, seconds_per_pixel, preparation, *size, smallest, workspace.can_be_seen)


def speed(method: Method, workspace: Workspace, run: Run, first: Scale, coarse: Scale) -> tuple[float, float]:
    """Seconds of an iteration at the scale `coarse` for each of its pixels, and how many iterations it takes to get
    ready for it: with large or many styles, more than to paint. What is done for the first time, in which libraries
    make their plans, is not counted, so a smaller scale is gone through before. (At the very coarsest, what each call
    costs by itself would count for too much.)"""
    for scale in (first, coarse):
        scene = workspace.scene(scale.width, scale.height, method.margin)
        begun = time.monotonic()
        objective, _ = method.objective(scene, scene.canvas.content, run)
        devices.wait_for(scene.canvas.content.device)
        ready = time.monotonic()
        objective(scene.canvas.content)
        devices.wait_for(scene.canvas.content.device)
    planned = time.monotonic()
    objective(scene.canvas.content)
    devices.wait_for(scene.canvas.content.device)
    took = time.monotonic() - planned
    return took / scene.canvas.pixels, (ready - begun) / took
