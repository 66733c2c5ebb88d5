"""From a recipe and pictures to the finished picture."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from reverie.engine import device as devices
from reverie.engine import frames, memory, one_pass, patch_painting, sizes
from reverie.engine.control import Adjustment, Clock
from reverie.engine.inputs import Inputs, gather
from reverie.engine.memory import Footing
from reverie.engine.painting import Painter
from reverie.engine.resolve import resolve
from reverie.errors import ReverieError
from reverie.events import Cancelled, Event, Fetching
from reverie.networks import registry, weights
from reverie.networks.network import Network
from reverie.optim.redirected_relu import RedirectedReLU
from reverie.pictures import color
from reverie.pictures.images import Picture
from reverie.pictures.resize import fit, resize, to_picture
from reverie.recipe import Recipe


@dataclass(frozen=True)
class Result:
    """The finished picture, of the size and channels of the content, and the recipe as it was carried out."""

    picture: Picture
    recipe: Recipe
    network: str
    device: str
    seconds: float


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
    clock = Clock(recipe.budget)
    recipe = resolve(recipe, device)
    where = devices.choose(device)
    styled = recipe.style or recipe.fast
    if (recipe.strength == 0 or not styled) and (recipe.dream_strength == 0 or not recipe.dream):
        return Result(content, recipe, recipe.network, where.type, clock.elapsed)
    try:
        inputs = gather(recipe, content, pictures, where)
        if recipe.method == "patches":
            painted = patch_painting.paint(recipe, inputs, clock, report, stop, adjust)
            return Result(_finish(recipe, painted, inputs, content), recipe, "patches", where.type, clock.elapsed)
        precision = devices.precision(recipe.precision, where)
        if recipe.fast and not recipe.style:
            painted = one_pass.paint(recipe, inputs.source, precision, clock, report, stop)
            return Result(_finish(recipe, painted, inputs, content), recipe, "one pass", where.type, clock.elapsed)
        _check_sizes(recipe, inputs)
        with clock.stopped():
            fetch_weights(recipe.network, report, stop)
        footing = Footing(where, precision, recipe.tile)
        load = functools.partial(_network, recipe.network, recipe.pooling)
        if recipe.fast and inputs.init is None:
            started = one_pass.paint(recipe, inputs.source, precision, clock, lambda event: None, stop)
            inputs = replace(inputs, init=resize(started, *reversed(inputs.source.shape[2:])))
        painter = Painter(recipe, inputs, footing, load, clock, report, stop, adjust)
        of_neuron = any(dream.at is not None for dream in recipe.dream)
        with (
            torch.random.fork_rng(devices=[where] if where.type == "cuda" else []),
            RedirectedReLU() if of_neuron else contextlib.nullcontext(),
        ):
            torch.manual_seed(recipe.seed)
            painted = painter.paint()
        picture = _finish(recipe, painted, inputs, content)
    except (RuntimeError, MemoryError) as error:
        if not memory.is_exhausted(error):
            raise
        raise ReverieError(
            "There is not enough memory for a picture of this size. Choose a smaller one, or close other programs.",
            "size",
        ) from error
    return Result(picture, painter.recipe, recipe.network, painter.footing.device.type, clock.elapsed)


def _check_sizes(recipe: Recipe, inputs: Inputs) -> None:
    assert recipe.size is not None  # filled in by resolve
    height, width = inputs.source.shape[2:]
    complaint = sizes.too_small(recipe, inputs, *fit(width, height, min(recipe.size, max(width, height))))
    if complaint is not None:
        raise complaint


def _finish(recipe: Recipe, painted: Tensor, inputs: Inputs, content: Picture) -> Picture:
    """The painted picture at the content's size, with the colours and the transparency that are wanted."""
    painted = resize(painted, content.shape[1], content.shape[0])
    if recipe.color == "luminance":
        painted = color.luminance_of(painted, inputs.source.to(painted.device))
    picture = to_picture(painted)
    if content.shape[2] == 4:
        hidden = content[:, :, 3:] <= 0
        picture = np.concatenate([np.where(hidden, content[:, :, :3], picture), content[:, :, 3:]], axis=2)
    return picture


def fetch_weights(name: str, report: Callable[[Event], None], stop: Callable[[], bool] = lambda: False) -> None:
    """Downloads the network's weights if they are not on this machine. Raises Cancelled when `stop` said so, and
    ReverieError when they cannot be had."""
    if weights.find(name) is not None:
        return

    def check() -> None:
        if stop():
            raise Cancelled

    weights.fetch(name, lambda here, total: report(Fetching(name, weights.CATALOGUE[name].licence, here, total)), check)


@functools.lru_cache(maxsize=1)
def _load(name: str, pooling: str | None, where: torch.device, dtype: torch.dtype) -> Network:
    """The network of the last job stays loaded: the next is most often with the same."""
    return registry.load(name, pooling).to(where, dtype)


def _network(name: str, pooling: str | None, footing: Footing) -> Network:
    return _load(name, pooling, footing.device, footing.dtype)


def network_for(name: str, device: str) -> Network:
    """A network on a device as jobs have it; the next job finds it loaded."""
    where = devices.choose(device)
    return _load(name, None, where, devices.precision("auto", where))


def forget_network() -> None:
    """Frees the memory of the network that the last job used."""
    _load.cache_clear()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


__all__ = ["Cancelled", "Result", "fetch_weights", "forget_network", "network_for", "render", "resolve"]
