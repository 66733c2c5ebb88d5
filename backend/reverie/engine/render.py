"""From a recipe and pictures to the finished picture."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from reverie import device as devices
from reverie import job as jobs
from reverie.engine import finish, frames, instant, loaded, made_with, memory, one_pass, patch_painting, sizes
from reverie.engine.deep_dream import DeepDream
from reverie.engine.inputs import Inputs, check_given, gather
from reverie.engine.memory import Placement
from reverie.engine.optimisation import Optimisation
from reverie.engine.result import Result
from reverie.engine.style_transfer import StyleTransfer
from reverie.engine.workspace import Workspace
from reverie.errors import ReverieError
from reverie.events import Event
from reverie.job import Job
from reverie.optim.redirected_relu import RedirectedReLU
from reverie.pictures import color
from reverie.pictures.picture import Picture
from reverie.pictures.resize import resize, to_picture
from reverie.recipe import MadeWith, Recipe
from reverie.run import Adjustment, Clock, Run


def render(
    recipe: Recipe,
    content: Picture,
    pictures: Mapping[str, Picture],
    *,
    device: str = "auto",
    report: Callable[[Event], None] = lambda event: None,
    stop: Callable[[], bool] = lambda: False,
    adjust: Callable[[], Adjustment | None] = lambda: None,
) -> Result:
    """Carries out a recipe.

    `content` is H×W×3 or 4, float32, 0 to 1; `pictures` has one such array for each of the recipe's image references.
    `report` is told events as they happen. Before each iteration `stop` is asked whether to give up, and `adjust` what
    has been changed since it was asked last. Alpha is passed through, and what is transparent stays as it is.
    Raises ReverieError for what a person can mend, and Cancelled when `stop` said so.
    """
    if recipe.before is not None or recipe.zoom > 1:
        paint = functools.partial(render, device=device, report=report, stop=stop, adjust=adjust)
        return frames.paint(recipe, content, pictures, paint)
    run = Run(Clock(recipe.budget), report, stop, adjust)
    job, where = jobs.resolve(recipe, device), devices.choose(device)
    if _changes_nothing(recipe):
        check_given(recipe, content, pictures)
        return Result(content, job.recipe, job.network, where.type, run.clock.elapsed)
    made = made_with.taken_up(recipe, where, report)
    try:
        with made_with.threads(made):
            return _painted(job, content, pictures, where, made, run)
    except (RuntimeError, MemoryError) as error:
        if not memory.is_exhausted(error):
            raise
        raise ReverieError(memory.NOT_ENOUGH.template, "size") from error


def _changes_nothing(recipe: Recipe) -> bool:
    styled, dreamt = recipe.style or recipe.fast, recipe.dream
    return (recipe.strength == 0 or not styled) and (recipe.dream_strength == 0 or not dreamt)


def _painted(
    job: Job, content: Picture, pictures: Mapping[str, Picture], where: torch.device, made: MadeWith | None, run: Run
) -> Result:
    """The result of the method that a job asks for, computed as it was `made` where that is said."""
    recipe, inputs = job.recipe, gather(job.recipe, content, pictures, where, run.check_stop)
    placement = made_with.placement(recipe, where, made)
    if recipe.method == "patches":
        painter = loaded.painter(placement, recipe.tile, run.check_stop)
        composed = patch_painting.paint(job, inputs, finish.composing(run, job, inputs, painter))
        name, painted = "patches", finish.finish(composed, job, inputs, painter, run)
    elif recipe.method == "instant":
        name, painted = (
            "instant",
            instant.paint(job, inputs, loaded.painter(placement, recipe.tile, run.check_stop), run),
        )
    elif recipe.fast and not recipe.style:
        name, painted = "one pass", _at_full_size(one_pass.paint(job, inputs.source, placement.dtype, run), inputs)
    else:
        return _optimised(job, inputs, content, placement, made, run)
    record = recipe.model_copy(update={"made_with": made_with.described(placement)})
    return Result(_finished(job, painted, inputs, content), record, name, where.type, run.clock.elapsed)


def _optimised(
    job: Job, inputs: Inputs, content: Picture, placement: Placement, made: MadeWith | None, run: Run
) -> Result:
    """The result of style transfer or deep dream."""
    recipe, where = job.recipe, placement.device
    height, width = inputs.source.shape[2:]
    complaint = sizes.too_small(job, inputs, *job.size(width, height))
    if complaint is not None:
        raise complaint
    with run.clock.stopped():
        loaded.fetch_weights(job.network, run.report, run.stop)
    load = functools.partial(loaded.network_at, job.network, recipe.pooling)
    if recipe.fast and inputs.init is None:
        quiet = replace(run, report=lambda event: None)
        inputs = replace(inputs, init=_at_full_size(one_pass.paint(job, inputs.source, placement.dtype, quiet), inputs))
    composing, to_finish = run, finish.work(job, width, height) > 0
    if to_finish:
        composing = finish.composing(run, job, inputs, loaded.painter(placement, recipe.tile, run.check_stop))
    workspace = Workspace(job, inputs, placement, load, composing.report, made.room if made is not None else None)
    method = StyleTransfer() if inputs.regions else DeepDream()
    of_neuron = any(dream.at is not None for dream in job.dreams)
    with (
        devices.fork_random_numbers(where),
        RedirectedReLU() if of_neuron else contextlib.nullcontext(),
    ):
        torch.manual_seed(recipe.seed)
        painted = Optimisation(method, workspace, composing).paint()
    if to_finish:
        painter = loaded.painter(workspace.placement, recipe.tile, run.check_stop)
        painted = finish.finish(painted.float(), workspace.job, workspace.inputs, painter, run)
    else:
        painted = method.enlarge(painted, workspace.inputs)
    if (cover := workspace.inputs.cover) is not None:
        painted = torch.lerp(workspace.inputs.source, painted, cover)
    picture = _finished(workspace.job, painted, workspace.inputs, content)
    how = made_with.described(workspace.placement, workspace.room)
    record = workspace.job.recipe.model_copy(update={"made_with": how})
    return Result(picture, record, job.network, how.device, run.clock.elapsed)


def _at_full_size(painted: Tensor, inputs: Inputs) -> Tensor:
    return resize(painted, *reversed(inputs.source.shape[2:]))


def _finished(job: Job, painted: Tensor, inputs: Inputs, content: Picture) -> Picture:
    """The painted picture, of the content's size, with the colours and the transparency that are wanted."""
    if job.recipe.color == "luminance":
        painted = color.luminance_of(painted, inputs.source.to(painted.device))
    picture = to_picture(painted)
    if inputs.cover is not None:  # where all masks are black, the photo stays to the last bit
        is_covered = inputs.cover[0, 0].cpu().numpy()[:, :, None] > 0
        picture = np.where(is_covered, picture, content[:, :, :3])
    if content.shape[2] == 4:
        hidden = content[:, :, 3:] <= 0
        picture = np.concatenate([np.where(hidden, content[:, :, :3], picture), content[:, :, 3:]], axis=2)
    return picture
