"""From a recipe and pictures to the finished picture."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from backend.engine import color
from backend.engine import device as devices
from backend.engine.adam import Adam
from backend.engine.events import Cancelled, Event, Fetching, Preview, Progress, Started, Warning_
from backend.engine.lbfgs import LBFGS
from backend.engine.objective import Objective
from backend.engine.pyramid import Scale, scales
from backend.engine.resize import fit, resize, to_picture, to_tensor
from backend.engine.terms import Term
from backend.engine.terms.content import Content
from backend.engine.terms.style import Style
from backend.engine.terms.total_variation import TotalVariation
from backend.errors import ReverieError
from backend.images import Picture
from backend.networks import registry, weights
from backend.networks.network import Network
from backend.recipe import Recipe

CONTENT_WEIGHT = 0.4
"""Weight of the content at strength ½, against 1 for the style; found by looking at many pictures."""

PREVIEW_SECONDS = 1.0


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
) -> Result:
    """Carries out a recipe.

    `content` is H×W×3 or 4, float32, 0 to 1; `pictures` has one such array for each of the recipe's image references.
    `report` is told events as they happen, and `stop` is asked before each iteration. Alpha is passed through.
    Raises ReverieError for what a person can mend, and Cancelled when `stop` said so.
    """
    started = time.monotonic()
    recipe = resolve(recipe, device)
    where = devices.choose(device)
    source = to_tensor(content[:, :, :3], where)
    if recipe.strength == 0:
        return Result(content, recipe, recipe.network, where.type, time.monotonic() - started)
    _fetch_weights(recipe.network, report, stop)
    network = _network(recipe.network, where, devices.precision(recipe.precision, where))
    job = _Job(recipe, network, _plan(recipe, content), report, stop)
    with torch.random.fork_rng(devices=[where] if where.type == "cuda" else []):
        torch.manual_seed(recipe.seed)
        painted = job.paint(source, _styles(recipe, source, pictures, where, report))
    painted = resize(painted, content.shape[1], content.shape[0])
    if recipe.color == "luminance":
        painted = color.luminance_of(painted, source)
    picture = np.concatenate([to_picture(painted), content[:, :, 3:]], axis=2)
    return Result(picture, recipe, network.name, where.type, time.monotonic() - started)


def _fetch_weights(name: str, report: Callable[[Event], None], stop: Callable[[], bool]) -> None:
    """Downloads the network's weights if they are not on this machine."""
    if weights.find(name) is not None:
        return

    def progress(here: int, total: int) -> None:
        if stop():
            raise Cancelled  # what has come is kept, and the next try goes on from there
        report(Fetching(name, weights.CATALOGUE[name].licence, here, total))

    weights.fetch(name, progress)


@functools.lru_cache(maxsize=1)
def _network(name: str, where: torch.device, dtype: torch.dtype) -> Network:
    """The network of the last job stays loaded: the next is most often with the same."""
    return registry.load(name).to(where, dtype)


def forget_network() -> None:
    """Frees the memory of the network that the last job used."""
    _network.cache_clear()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def resolve(recipe: Recipe, device: str) -> Recipe:
    """The recipe with what “auto” and null stand for filled in, and its layers checked against the network.

    Raises ReverieError for a network, layer or device that there is not.
    """
    network = registry.default() if recipe.network == "auto" else recipe.network
    spec = registry.spec(network)
    size = recipe.size or devices.COMFORTABLE_SIZE[devices.choose(device).type]
    return recipe.model_copy(
        update={
            "network": network,
            "size": size,
            "content_layers": spec.check_layers(recipe.content_layers, "content_layers") or list(spec.defaults.content),
            "style_layers": spec.check_layers(recipe.style_layers, "style_layers") or list(spec.defaults.style),
        }
    )


def _plan(recipe: Recipe, content: Picture) -> list[Scale]:
    assert recipe.size is not None  # filled in by resolve
    height, width = content.shape[:2]
    return scales(*fit(width, height, min(recipe.size, max(width, height))), recipe.smallest, recipe.iterations)


def _styles(
    recipe: Recipe,
    source: Tensor,
    pictures: Mapping[str, Picture],
    where: torch.device,
    report: Callable[[Event], None],
) -> list[tuple[Tensor, float, float]]:
    """The style pictures with their weight and scale, their colours matched to the source if the recipe says so."""
    result = []
    for index, style in enumerate(recipe.style):
        if style.image not in pictures:
            raise ReverieError(
                f"The style picture “{style.image}” was not given with the recipe.", f"style.{index}.image"
            )
        picture = to_tensor(pictures[style.image][:, :, :3], where)
        if recipe.color == "match":
            picture = color.match_colors(picture, source)
        result.append((picture, style.weight, style.scale))
    return result


class _Job:
    """One run through the pyramid: what all its scales share."""

    def __init__(
        self,
        recipe: Recipe,
        network: Network,
        plan: list[Scale],
        report: Callable[[Event], None],
        stop: Callable[[], bool],
    ) -> None:
        self._recipe, self._network, self._plan = recipe, network, plan
        self._report, self._stop = report, stop
        self._iterations = sum(scale.iterations for scale in plan)
        self._iteration = 0
        self._work_done = 0.0
        self._begun = time.monotonic()
        self._previewed = self._begun

    def paint(self, source: Tensor, styles: list[tuple[Tensor, float, float]]) -> Tensor:
        """The optimised picture, 1×3×H×W, at the finest scale of the plan."""
        self._report(Started(source.device.type, self._network.name, self._iterations))
        picture: Tensor | None = None
        for scale in self._plan:
            self._check_stop()
            content = resize(source, scale.width, scale.height)
            if picture is None:
                picture = torch.rand_like(content) if self._recipe.init == "noise" else content
            picture = resize(picture, scale.width, scale.height).clamp(0, 1).contiguous().clone()
            objective = Objective(self._network, self._terms(content, styles))
            picture = self._optimise(picture, objective, scale)
        assert picture is not None  # a plan has at least one scale
        return picture

    def _terms(self, content: Tensor, styles: list[tuple[Tensor, float, float]]) -> list[Term]:
        recipe = self._recipe
        assert recipe.content_layers and recipe.style_layers  # filled in by resolve
        height, width = content.shape[2:]
        with torch.no_grad():
            targets = self._network.features(content, recipe.content_layers)
            looks = []
            for picture, weight, scale in styles:
                self._check_stop()
                longest = max(16, round(max(height, width) * scale))
                sized = resize(picture, *fit(picture.shape[3], picture.shape[2], longest)).clamp(0, 1)
                looks.append((self._network.features(sized, recipe.style_layers), weight))
        # (1 − s)/s: content and style trade places smoothly, and s = 1 leaves the style alone.
        share = (1 - recipe.strength) / recipe.strength
        return [
            Content(targets, CONTENT_WEIGHT * share),
            Style(looks, 1.0, recipe.style_loss),
            TotalVariation(height, width, recipe.total_variation),
        ]

    def _optimise(self, picture: Tensor, objective: Objective, scale: Scale) -> Tensor:
        optimizer = LBFGS() if self._recipe.optimizer == "lbfgs" else Adam()
        for _ in range(scale.iterations):
            self._check_stop()
            loss, gradient = objective(picture)
            optimizer.step(picture, gradient)
            self._iteration += 1
            self._work_done += scale.width * scale.height
            self._tell(picture, loss, scale)
        result = optimizer.result(picture)
        if not bool(torch.isfinite(result).all()):
            raise ReverieError(
                "The optimisation diverged: the picture is no longer made of numbers. Use precision “float32”, or the "
                "optimizer “adam”.",
                "precision",
            )
        return result

    def _check_stop(self) -> None:
        if self._stop():
            raise Cancelled

    def _tell(self, picture: Tensor, loss: Tensor, scale: Scale) -> None:
        now = time.monotonic()
        fraction = self._work_done / sum(each.work for each in self._plan)
        left = (now - self._begun) * (1 - fraction) / fraction
        value = float(loss)
        self._report(
            Progress(
                self._iteration,
                self._iterations,
                scale.width,
                scale.height,
                value if math.isfinite(value) else 0.0,
                min(1.0, fraction),
                left,
            )
        )
        if now - self._previewed >= PREVIEW_SECONDS:
            self._previewed = now
            self._report(Preview(to_picture(picture)))


__all__ = ["Cancelled", "Preview", "Progress", "Result", "Started", "Warning_", "forget_network", "render"]
