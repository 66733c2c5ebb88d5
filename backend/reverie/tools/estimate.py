"""How long a job will take on this machine, told before it begins.

A job takes as long as its iterations, and as getting ready for each scale of the pyramid, which is reckoned in
iterations; then comes the finish, which goes at the speed of one pass:

    seconds = start + Σ (iterations + preparation) · (call + pixel · pixels), by scale, + finish · pixel of one pass

These numbers are measured for each kind of job, network and device by a few iterations on noise at two small sizes,
kept in the user's cache, and corrected by every job that is carried out. What paints in one pass, and patches, have one
scale and one iteration.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs
import torch

from reverie import __version__
from reverie import device as devices
from reverie.engine import finish, frames, planning
from reverie.engine.pyramid import Scale
from reverie.engine.render import render
from reverie.engine.result import Result
from reverie.errors import ReverieError
from reverie.events import Cancelled, Event, Started
from reverie.files import replace_with
from reverie.job import Job, resolve
from reverie.networks import registry
from reverie.networks.weights import catalogue
from reverie.pictures.noise import pink_noise
from reverie.pictures.picture import Picture
from reverie.pictures.resize import to_picture
from reverie.recipe import Recipe

_SIDES = {"cpu": (128, 320), "mps": (256, 768), "xpu": (256, 768), "cuda": (256, 1024)}
"""Pixels of the two pictures that are measured."""

_ITERATIONS = 12  # at most: a dream beside a style is balanced once in ten
_LONG_ENOUGH = 0.4  # seconds at each size; two iterations are counted in any case
_LEAST_JOB = 2.0  # seconds: what is shorter says too little to learn from
_TRUST = 0.5  # how much a job corrects what was known; 1 would forget it
_FURTHEST = 4.0  # the most that one job corrects by, either way: perhaps the machine was busy with something else


@dataclass(frozen=True)
class Speed:
    """Seconds: to start a job, for each iteration, and for each pixel in it; and what getting ready for a scale costs,
    in iterations."""

    start: float
    call: float
    pixel: float
    preparation: float

    def seconds(self, scales: list[Scale]) -> float:
        """How long a job of these scales takes, without its finish."""
        counts = [(scale.iterations + self.preparation, scale.width * scale.height) for scale in scales]
        return self.start + sum(count * (self.call + self.pixel * pixels) for count, pixels in counts)

    def by(self, factor: float) -> Speed:
        """That of a machine on which all takes `factor` times as long."""
        return replace(self, start=self.start * factor, call=self.call * factor, pixel=self.pixel * factor)


def known(recipe: Recipe, width: int, height: int, device: str) -> float | None:
    """The seconds that a recipe will take on a picture of width×height, as far as that is known without measuring: None
    until `measure` was called for this kind of job. Without the time for fetching weights."""
    if recipe.budget is not None:
        return recipe.budget
    return _expected(resolve(recipe, device), width, height, device)


def _expected(job: Job, width: int, height: int, device: str) -> float | None:
    speeds = [_kept().get(kind) for kind, _ in _kinds(job, device)]
    if not all(speeds):
        return None
    composing, *finishing = (speed for speed in speeds if speed is not None)
    work = finish.work(job, width, height)
    return composing.seconds(_scales(job, width, height)) + sum(speed.pixel * work for speed in finishing)


def can_be_measured(recipe: Recipe, device: str) -> bool:
    """Whether the weights are on this machine: none are fetched only to measure."""
    job = resolve(recipe, device)
    return not _is_optimised(job) or catalogue.find(job.network) is not None


def computed_size(recipe: Recipe, width: int, height: int, device: str) -> tuple[int, int]:
    """Width and height at which a recipe is computed on a picture of width×height."""
    return resolve(recipe, device).size(width, height)


def measure(recipe: Recipe, device: str, stop: Callable[[], bool] = lambda: False) -> None:
    """Measures the speed of a kind of job, and of its finish, about a second's work each, and keeps it. Raises
    Cancelled when `stop` said so, and ReverieError for a recipe that cannot be carried out."""
    for kind, job in _kinds(resolve(recipe, device), device):
        if kind not in _kept():
            _keep({kind: _measured(job, device, stop)})


def _measured(job: Job, device: str, stop: Callable[[], bool]) -> Speed:
    probe = _probe(job.recipe)
    small, large = _sides(job, device)
    if _is_optimised(job):
        starts, first = _iterate(probe, small, device, stop)[:2]
        starts, second, preparation = _iterate(probe, large, device, stop)
    else:
        _one_job(probe, small, device, stop)  # libraries make their plans at the first
        first, second = (_one_job(probe, side, device, stop) for side in (small, large))
        starts, preparation = 0.0, 0.0
    pixel = max((second - first) / (large**2 - small**2), second / large**2 / 4)
    return Speed(starts, max(0.0, second - pixel * large**2), pixel, preparation)


def learn(result: Result, content: Picture, device: str) -> None:
    """Corrects what is known by a job that was carried out to its end. A job that was too short, had a budget, or went
    on elsewhere than it should have, teaches nothing."""
    where = devices.choose(device)
    if result.seconds < _LEAST_JOB or result.recipe.budget is not None or result.device != where.type:
        return
    job, (height, width) = resolve(result.recipe, device), content.shape[:2]
    expected = _expected(job, width, height, device)
    if expected is None:
        return
    factor = min(max(result.seconds / expected, 1 / _FURTHEST), _FURTHEST) ** _TRUST
    concerned = _kinds(job, device)[: None if finish.work(job, width, height) > 0 else 1]
    _keep({kind: _kept()[kind].by(factor) for kind, _ in concerned})


# --- what a job consists of ------------------------------------------------------------------------------------------


def _is_optimised(job: Job) -> bool:
    recipe = job.recipe
    return recipe.method == "optimise" and bool(recipe.style or recipe.dream)


def _scales(job: Job, width: int, height: int) -> list[Scale]:
    """The scales of a job, of a frame that goes on from another too."""
    if not _is_optimised(job):
        return [Scale(*job.size(width, height), 1)]
    single = replace(job, iterations=frames.effort(job.recipe)["iterations"])
    return planning.plan(single, width, height, job.recipe.init not in ("content", "noise"))


def _kinds(job: Job, device: str) -> list[tuple[str, Job]]:
    """The kinds whose speeds decide, each with a job of it: that by which the picture is composed, and, where it may be
    finished, one pass."""
    composing = (_kind(job, device), job)
    if not job.recipe.style or job.recipe.detail == "sketch":
        return [composing]
    one_pass = Recipe.parse({"style": "noise", "method": "instant"})
    one_pass = one_pass.model_copy(update={"precision": job.recipe.precision, "tile": job.recipe.tile})
    finishing = resolve(one_pass, device)
    return [composing, (_kind(finishing, device), finishing)]


def _kind(job: Job, device: str) -> str:
    """What the speed depends on: a job's network and losses, and not their weights or pictures."""
    recipe, where = job.recipe, devices.choose(device)
    fields = recipe.model_dump(
        include={"network", "method", "style_loss", "pooling", "content_layers", "style_layers", "precision", "tile"}
    )
    fields |= {
        "version": __version__,
        "device": devices.title(where),
        "optimizer": recipe.optimizer,
        "styles": [style.scale for style in recipe.style],
        "dreams": [_shape(dream.model_dump()) for dream in recipe.dream],
        "fast": bool(recipe.fast),
    }
    return json.dumps(fields, sort_keys=True)


def _shape(dream: Mapping[str, Any]) -> list[str]:
    return [dream["layer"] or "logits", *(name for name in ("channel", "at", "guide") if dream[name] is not None)]


# --- measuring -------------------------------------------------------------------------------------------------------


def _probe(recipe: Recipe) -> Recipe:
    """The recipe with noise for its pictures, at one scale."""
    styles = [style.model_copy(update={"image": "noise", "mask": None, "scale": 1.0}) for style in recipe.style]
    dreams = [dream if dream.guide is None else dream.model_copy(update={"guide": "noise"}) for dream in recipe.dream]
    return recipe.model_copy(
        update={
            **{"style": styles, "dream": dreams, "fast": [] if recipe.style else recipe.fast},
            **{"strength": max(recipe.strength, 0.5), "dream_strength": max(recipe.dream_strength, 0.5)},
            **{"octaves": 1, "smallest": None, "iterations": _ITERATIONS, "detail": "usual"},
            **{"init": "content", "content_mask": None, "before": None, "zoom": 1.0},
        }
    )


def _sides(job: Job, device: str) -> tuple[int, int]:
    """The two sizes, larger where the network needs it."""
    small, large = _SIDES[devices.choose(device).type]
    if not _is_optimised(job):
        return small, large
    spec = registry.spec(job.network)
    layers = [*job.content_layers, *job.style_layers, *(dream.layer for dream in job.dreams)]
    small = max([small, *(spec.least_size(layer) for layer in layers)])
    return small, max(large, round(1.5 * small))


def _noise(side: int) -> Picture:
    return to_picture(pink_noise(0, torch.device("cpu"), side))


def _iterate(probe: Recipe, side: int, device: str, stop: Callable[[], bool]) -> tuple[float, float, float]:
    """Seconds until the first scale, seconds an iteration, and how many iterations getting ready costs. The first
    iteration, in which libraries make their plans, counts as getting ready."""
    noise, begun = _noise(side), time.monotonic()
    started, turns = begun, list[float]()

    def report(event: Event) -> None:
        nonlocal started
        if isinstance(event, Started):
            started = time.monotonic()

    def turn() -> None:
        devices.wait_for(devices.choose(device))
        turns.append(time.monotonic())

    def enough() -> bool:
        return stop() or (len(turns) > 3 and turns[-1] - turns[1] > _LONG_ENOUGH)

    try:
        render(
            probe.model_copy(update={"size": side}),
            noise,
            {"noise": noise},
            device=device,
            report=report,
            stop=enough,
            adjust=turn,
        )
    except Cancelled:
        if stop():
            raise
    each = (turns[-1] - turns[1]) / (len(turns) - 2)
    return started - begun, each, max(0.0, (turns[1] - started) / each - 1)


def _one_job(probe: Recipe, side: int, device: str, stop: Callable[[], bool]) -> float:
    """Seconds that a whole job takes, one that has no iterations."""
    noise = _noise(side)
    return render(probe.model_copy(update={"size": side}), noise, {"noise": noise}, device=device, stop=stop).seconds


# --- what is known ---------------------------------------------------------------------------------------------------


def _file() -> Path:
    return platformdirs.user_cache_path("reverie", appauthor=False) / "speed.json"


def _kept() -> dict[str, Speed]:
    """The speeds by kind; none where the file is missing or damaged: then they are measured anew."""
    try:
        document = json.loads(_file().read_text(encoding="utf-8"))
        speeds = {kind: Speed(**numbers) for kind, numbers in document.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    whole = (kind for kind, speed in speeds.items() if all(map(_is_time, dataclasses.astuple(speed))))
    return {kind: speeds[kind] for kind in whole}


def _is_time(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value) and value >= 0


def _keep(more: Mapping[str, Speed]) -> None:
    """Notes speeds. Where the disk is full they are measured anew the next time."""
    speeds = {**_kept(), **more}
    document = {kind: dataclasses.asdict(each) for kind, each in speeds.items() if f'"{__version__}"' in kind}
    with contextlib.suppress(ReverieError):
        replace_with(_file(), lambda part: part.write_text(json.dumps(document, indent=1), encoding="utf-8"))
