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
from reverie.engine import frames, loaded, memory, one_pass, patch_painting, sizes
from reverie.engine.deep_dream import DeepDream
from reverie.engine.inputs import Inputs, gather
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
from reverie.recipe import Recipe
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
        return Result(content, job.recipe, job.network, where.type, run.clock.elapsed)
    try:
        return _painted(job, content, pictures, where, run)
    except (RuntimeError, MemoryError) as error:
        if not memory.is_exhausted(error):
            raise
        raise ReverieError(
            "There is not enough memory for a picture of this size. Choose a smaller one, or close other programs.",
            "size",
        ) from error


def _changes_nothing(recipe: Recipe) -> bool:
    styled, dreamt = recipe.style or recipe.fast, recipe.dream
    return (recipe.strength == 0 or not styled) and (recipe.dream_strength == 0 or not dreamt)


def _painted(job: Job, content: Picture, pictures: Mapping[str, Picture], where: torch.device, run: Run) -> Result:
    """The result of the method that a job asks for."""
    recipe, inputs = job.recipe, gather(job.recipe, content, pictures, where)
    if recipe.method == "patches":
        painted = _at_full_size(patch_painting.paint(job, inputs, run), inputs)
        return Result(_finished(job, painted, inputs, content), recipe, "patches", where.type, run.clock.elapsed)
    precision = devices.precision(recipe.precision, where)
    if recipe.fast and not recipe.style:
        painted = _at_full_size(one_pass.paint(job, inputs.source, precision, run), inputs)
        return Result(_finished(job, painted, inputs, content), recipe, "one pass", where.type, run.clock.elapsed)
    return _optimised(job, inputs, content, Placement(where, precision, recipe.tile), run)


def _optimised(job: Job, inputs: Inputs, content: Picture, placement: Placement, run: Run) -> Result:
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
    workspace = Workspace(job, inputs, placement, load, run.report)
    method = StyleTransfer() if inputs.regions else DeepDream()
    of_neuron = any(dream.at is not None for dream in job.dreams)
    with (
        torch.random.fork_rng(devices=[where] if where.type == "cuda" else []),
        RedirectedReLU() if of_neuron else contextlib.nullcontext(),
    ):
        torch.manual_seed(recipe.seed)
        painted = method.enlarge(Optimisation(method, workspace, run).paint(), workspace.inputs)
    picture = _finished(workspace.job, painted, workspace.inputs, content)
    return Result(picture, workspace.job.recipe, job.network, workspace.placement.device.type, run.clock.elapsed)


def _at_full_size(painted: Tensor, inputs: Inputs) -> Tensor:
    return resize(painted, *reversed(inputs.source.shape[2:]))


def _finished(job: Job, painted: Tensor, inputs: Inputs, content: Picture) -> Picture:
    """The painted picture, of the content's size, with the colours and the transparency that are wanted."""
    if job.recipe.color == "luminance":
        painted = color.luminance_of(painted, inputs.source.to(painted.device))
    picture = to_picture(painted)
    if content.shape[2] == 4:
        hidden = content[:, :, 3:] <= 0
        picture = np.concatenate([np.where(hidden, content[:, :, :3], picture), content[:, :, 3:]], axis=2)
    return picture
