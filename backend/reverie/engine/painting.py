"""One run of a recipe through the pyramid: coarse to fine, with the picture in hand at every moment."""

from __future__ import annotations

import functools
import gc
import math
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from reverie.engine import calibration, memory, resolve, sizes, targets
from reverie.engine import device as devices
from reverie.engine.balance import ITERATIONS, Balance
from reverie.engine.control import Adjustment, Clock
from reverie.engine.inputs import Inputs
from reverie.engine.memory import Footing
from reverie.engine.objective import Objective
from reverie.engine.pyramid import COARSEST, RATIO, Scale, anything, scales, within
from reverie.errors import ReverieError
from reverie.events import Cancelled, Event, Preview, Progress, Started, Warning_
from reverie.losses import Term
from reverie.networks.network import BEFORE_LOGITS, Network
from reverie.optim.adam import Adam
from reverie.optim.band_limit import BandLimited
from reverie.optim.gradient_ascent import GradientAscent
from reverie.optim.lbfgs import LBFGS
from reverie.pictures.canvas import MARGIN, Canvas
from reverie.pictures.resize import fit, resize, to_picture
from reverie.recipe import Recipe

PREVIEW_SECONDS = 1.0  # between two previews
FIRST_PREVIEW_SECONDS = 0.25  # from the start to the first; from each to the next it is twice as long, up to that
_LBFGS_PIXELS = 4_000_000  # above, the history of L-BFGS would outweigh everything else in memory
_PATH = 0.8  # of a dream alone at full strength: how far it moves the picture in all, root mean square
_JITTER = 32  # pixels
_SETTLING = 10  # iterations of the style alone, before its pull is measured
_PROBE = 256  # pixels: longest side at which the time of an iteration is measured
_FROM_FAST = 0.5  # share of the size to begin at, and of the iterations, where a fast style has painted before
_PAINTING = 0.97  # share of a budget; the rest is for enlarging and colours at the end

T = TypeVar("T")


def extent(recipe: Recipe, width: int, height: int, goes_on: bool) -> tuple[tuple[int, int], int]:
    """The size at which a resolved recipe is computed on a picture of width×height, and the longest side to begin at.
    `goes_on` says that it starts from a picture."""
    assert recipe.size is not None  # filled in by resolve
    size = fit(width, height, min(recipe.size, max(width, height)))
    # A picture to continue with has its coarse structures already: they would be lost on the way down and up.
    smallest = recipe.smallest or (max(size) if goes_on else COARSEST)
    if recipe.fast:  # what it has painted is half way there, but its large shapes may still change
        smallest = recipe.smallest or max(COARSEST, round(max(size) * _FROM_FAST))
    if recipe.octaves is not None:
        smallest = max(16, round(max(size) / RATIO ** (recipe.octaves - 1)))
    return size, smallest


def plan(
    recipe: Recipe, width: int, height: int, goes_on: bool, suits: Callable[[int, int], bool] = anything
) -> list[Scale]:
    """The scales of a resolved recipe without a budget, on a picture of width×height; see `extent` and `scales`."""
    size, smallest = extent(recipe, width, height, goes_on)
    iterations = resolve.iterations(recipe)
    if recipe.fast:
        iterations = max(1, round(iterations * _FROM_FAST))
    return scales(*size, smallest, iterations, suits)


class Optimizer(Protocol):
    def step(self, x: Tensor, gradient: Tensor) -> None: ...

    def objective_changed(self) -> None: ...

    def result(self, x: Tensor) -> Tensor: ...


class Painter:
    """Carries out a resolved recipe."""

    def __init__(
        self,
        recipe: Recipe,
        inputs: Inputs,
        footing: Footing,
        load: Callable[[Footing], Network],
        clock: Clock,
        report: Callable[[Event], None],
        stop: Callable[[], bool],
        adjust: Callable[[], Adjustment | None],
    ) -> None:
        self._recipe, self._inputs, self._footing, self._load = recipe, inputs, footing, load
        self._clock, self._report, self._stop, self._adjust = clock, report, stop, adjust
        self._network = load(footing)
        self._dreams_alone = not inputs.regions
        self._finish = False
        self._picture: Tensor | None = None
        self._iteration, self._work_done = 0, 0.0
        self._told = self._previewed = time.monotonic()
        self._pause = FIRST_PREVIEW_SECONDS  # until the next preview
        self._value = 0.0
        self._plan: list[Scale] = []

    def paint(self) -> Tensor:
        """The optimised picture, 1×3×H×W, at the finest scale that was reached."""
        if not self._dreams_alone:
            self._units = self._hold(calibration.SIDE, self._measure_units)
        if self._inputs.regions and self._recipe.dream:
            self._pull = self._hold(COARSEST, self._measure_pull)
        self._plan = self._make_plan()
        self._iterations = sum(scale.iterations for scale in self._plan)
        self._begun, self._previewed = self._clock.elapsed, time.monotonic()
        self._report(Started(self._footing.device.type, self._network.name, self._iterations))
        for sentence in sizes.enlarged_styles(self._inputs, max(self._plan[-1].width, self._plan[-1].height)):
            self._report(Warning_(sentence))
        for scale in self._plan:
            self._check_stop()
            if self._finish:
                break
            done = self._iteration, self._work_done
            self._picture = self._hold(max(scale.width, scale.height), functools.partial(self._at_scale, scale, done))
        assert self._picture is not None  # a plan has at least one scale
        return self._picture

    def _measure_units(self) -> calibration.Units:
        assert self._recipe.content_layers and self._recipe.style_layers  # filled in by resolve
        return calibration.units(self._network, self._recipe.content_layers, self._recipe.style_layers)

    def _measure_pull(self) -> float:
        """What a dream beside a style is measured against: the norm of the style's gradient in pixels, times the root
        of their number, which then hardly depends on the size.

        It is that of a picture to which the style has been given for a moment. The first gradient of all is many times
        larger where a deep layer is the style's, and says nothing of what comes. One measured while the dream is at
        work says too much: a dream that spoils the style makes the style's gradient grow, would grow with it, and so on
        without end."""
        source = self._inputs.source
        scale = scales(*fit(source.shape[3], source.shape[2], COARSEST), COARSEST, 1, self._can_be_seen)[0]
        canvas = self._canvas(scale)
        tile = self._tile(canvas)
        styles, rest = self._style_terms(canvas, tile)
        objective, optimizer = Objective(self._network, [*styles, *rest], tile), LBFGS()
        x = canvas.content.contiguous().clone()
        for _ in range(_SETTLING):
            optimizer.step(x, objective(x)[1])
            self._check_stop()
        gradient = Objective(self._network, styles, tile)(x)[1]
        return float(gradient.norm()) * math.sqrt(canvas.pixels)

    def _make_plan(self) -> list[Scale]:
        recipe, source = self._recipe, self._inputs.source
        height, width = source.shape[2:]
        size, smallest = extent(recipe, width, height, self._inputs.init is not None)
        if recipe.budget is None:
            return plan(recipe, width, height, self._inputs.init is not None, self._can_be_seen)
        first, coarse = (
            scales(*size, min(max(smallest, longest), max(size)), 2, self._can_be_seen)[0]
            for longest in (COARSEST, _PROBE)
        )
        seconds_per_pixel, preparation = self._hold(
            max(coarse.width, coarse.height), functools.partial(self._speed, first, coarse)
        )
        available = self._clock.left * _PAINTING
        return within(available, seconds_per_pixel, preparation, *size, smallest, self._can_be_seen)

    def _can_be_seen(self, width: int, height: int) -> bool:
        """Whether the network can look at all pictures of the job when it is computed at that size."""
        return sizes.too_small(self._recipe, self._inputs, width, height) is None

    def _speed(self, first: Scale, coarse: Scale) -> tuple[float, float]:
        """Seconds of an iteration at the scale `coarse` for each of its pixels, and how many iterations it takes to get
        ready for it: with large or many styles, more than to paint. What is done for the first time, in which libraries
        make their plans, is not counted, so a smaller scale is gone through before. (At the very coarsest, what each
        call costs by itself would count for too much.)"""
        for scale in (first, coarse):
            canvas = self._canvas(scale)
            begun = time.monotonic()
            objective, _ = self._objective(canvas, self._tile(canvas))
            devices.wait_for(canvas.content.device)
            ready = time.monotonic()
            objective(canvas.content)
            devices.wait_for(canvas.content.device)
        planned = time.monotonic()
        objective(canvas.content)
        devices.wait_for(canvas.content.device)
        took = time.monotonic() - planned
        return took / canvas.pixels, (ready - begun) / took

    def _hold(self, longest: int, action: Callable[[], T]) -> T:
        """What an action gives, at a picture of that longest side, with what memory there is: when it runs out, once
        more with less."""
        while True:
            try:
                return action()
            except (RuntimeError, MemoryError) as error:
                if not memory.is_exhausted(error):
                    raise
            step = memory.retreat(self._footing, longest)
            if step is None:
                raise ReverieError(
                    "There is not enough memory for this picture, even in small tiles and half precision. Choose a "
                    "smaller size, or close other programs.",
                    "size",
                )
            footing, sentence = step
            self._report(Warning_(sentence))
            self._move(footing)

    def _move(self, footing: Footing) -> None:
        gc.collect()  # the tensors of the failed try
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if (footing.device, footing.dtype) != (self._footing.device, self._footing.dtype):
            self._network = self._load(footing)
        if footing.device != self._footing.device:
            self._inputs = self._inputs.to(footing.device)
            self._picture = self._picture.to(footing.device) if self._picture is not None else None
        self._footing = footing

    def _canvas(self, scale: Scale) -> Canvas:
        """A dream alone needs no margin: it sees the picture elsewhere each time, and its border in the middle."""
        return Canvas.of(self._inputs.source, scale.width, scale.height, 0 if self._dreams_alone else MARGIN)

    def _start(self, canvas: Canvas) -> Tensor:
        """The picture that a scale starts from."""
        picture = self._picture
        if picture is None:
            return self._first(canvas)
        if self._dreams_alone:
            # What the octave before added is added to the source at this one, whose detail is so re-injected
            # (Mordvintsev, Olah & Tyka 2015, the notebook that came with it).
            before = resize(self._inputs.source, picture.shape[3], picture.shape[2])
            return canvas.content + canvas.lay(picture - before)
        picture = canvas.lay(picture)
        if self._recipe.style_loss == "nearest":
            recolored = targets.recolored(canvas, self._inputs, self._recipe.strength)
            picture = torch.lerp(picture, recolored, targets.reinjected(self._recipe.strength))
        return picture

    def _first(self, canvas: Canvas) -> Tensor:
        """The picture that the coarsest scale starts from."""
        if self._inputs.init is not None:
            return canvas.lay(self._inputs.init)
        if self._recipe.init == "noise":
            return torch.rand_like(canvas.content)
        if self._recipe.style_loss == "nearest":
            # What a feature is nearest to depends on its colours, too.
            return targets.recolored(canvas, self._inputs, self._recipe.strength)
        return canvas.content

    def _at_scale(self, scale: Scale, done: tuple[int, float]) -> Tensor:
        """The picture at a scale. `done` counts iterations and work before it: a failed try does not count."""
        self._iteration, self._work_done = done
        canvas = self._canvas(scale)
        x = self._start(canvas).clamp(0, 1).contiguous().clone()
        tile = self._tile(canvas)
        devices.keep_freed_memory(tile is None)
        objective, balance = self._objective(canvas, tile)
        optimizer = self._optimizer(scale)
        begun, count, took, moved = self._clock.elapsed, 0, 0.0, 0.0
        while self._goes_on(scale, count, took):
            changed = self._change()
            if changed:
                objective, balance = self._objective(canvas, tile)
            if balance is not None and (changed or count % ITERATIONS == 0):
                balance.update(x)
            if changed or (balance is not None and count % ITERATIONS == 0):
                optimizer.objective_changed()
            if isinstance(optimizer, GradientAscent):
                step = self._part_of_the_path(scale, count, took, moved)
                moved += step
                optimizer.length = self._recipe.dream_strength * _PATH * step
            loss = self._iterate(x, objective, optimizer)
            count += 1
            took = (self._clock.elapsed - begun) / count
            self._iteration += 1
            self._work_done += scale.width * scale.height
            self._tell(canvas.cut(x), loss, scale)
            self._check_stop()
        result = optimizer.result(x)
        if not bool(torch.isfinite(result).all()):
            raise ReverieError(
                "The optimisation diverged: the picture is no longer made of numbers. Use precision “float32”, or the "
                "optimizer “adam”.",
                "precision",
            )
        return canvas.cut(result).contiguous()

    def _goes_on(self, scale: Scale, count: int, took: float) -> bool:
        if self._finish or (scale.deadline is None and count >= scale.iterations):
            return False
        # To the nearest iteration; each scale has one at least, but not one that begins too late.
        return scale.deadline is None or count == 0 or self._clock.elapsed + took / 2 < self._begun + scale.deadline

    def _part_of_the_path(self, scale: Scale, count: int, took: float, moved: float) -> float:
        """The part of all that a dream alone is to move the picture by, for the next iteration: the same for each. With
        a budget there are as many iterations as there is time for, and what is left of the scale's part is shared out
        over those that are left."""
        usual = 1 / self._iterations
        if scale.deadline is None or count == 0:
            return usual
        more = max(1, round((self._begun + scale.deadline - self._clock.elapsed) / took))
        return max(0.0, scale.iterations * usual - moved) / more

    def _tile(self, canvas: Canvas) -> int | None:
        return self._footing.tile or memory.tile_for(self._network, self._layers(), *canvas.size)

    def _layers(self) -> list[str]:
        recipe = self._recipe
        wanted = [BEFORE_LOGITS if dream.layer in (None, "logits") else dream.layer for dream in recipe.dream]
        if not self._dreams_alone:
            wanted += [*(recipe.content_layers or []), *(recipe.style_layers or [])]
        return sorted(set(wanted))

    def _style_terms(self, canvas: Canvas, tile: int | None) -> tuple[list[Term], list[Term]]:
        """The style terms, and what keeps the picture to the source and within its bounds beside them."""
        recipe, inputs, network = self._recipe, self._inputs, self._network
        styles = targets.style_terms(recipe, inputs, canvas, network, tile, self._check_stop)
        rest: list[Term] = []
        if styles:
            rest.append(targets.content_term(recipe, inputs, canvas, network, tile, self._units))
            rest.append(targets.total_variation_term(recipe, canvas, self._units))
            if recipe.style_loss == "nearest":
                rest.append(targets.value_range_term(canvas))
        return styles, rest

    def _objective(self, canvas: Canvas, tile: int | None) -> tuple[Objective, Balance | None]:
        network = self._network
        dreams = targets.dream_terms(self._recipe, self._inputs, canvas, network, tile)
        styles, rest = self._style_terms(canvas, tile)
        objective = Objective(network, [*styles, *rest, *dreams], tile)
        if not dreams or (self._dreams_alone and len(dreams) == 1):
            return objective, None
        pull = 1.0  # dreams without a style are only balanced among each other
        if styles:
            pull = targets.dream_share(self._recipe.dream_strength) * self._pull / math.sqrt(canvas.pixels)
        return objective, Balance(pull, [(term, Objective(network, [term], tile)) for term in dreams])

    def _optimizer(self, scale: Scale) -> Optimizer:
        if self._dreams_alone:
            return GradientAscent(0.0, self._recipe.parametrisation == "decorrelated")  # its length is set at each step
        small = scale.width * scale.height <= _LBFGS_PIXELS
        second_order = self._recipe.optimizer == "lbfgs" or (self._recipe.optimizer == "auto" and small)
        optimizer = LBFGS() if second_order else Adam()
        return BandLimited(optimizer) if self._network.blurs else optimizer

    def _iterate(self, x: Tensor, objective: Objective, optimizer: Optimizer) -> Tensor:
        """One iteration, in place; returns the loss before it. A dream alone sees the picture at another place each
        time, so that no pattern locks to the network's grid; a neuron's place in the picture must stay."""
        if not self._dreams_alone or any(dream.at is not None for dream in self._recipe.dream):
            loss, gradient = objective(x)
        else:
            dy, dx = (int(value) for value in torch.randint(-_JITTER, _JITTER + 1, (2,)))
            loss, gradient = objective(x.roll((dy, dx), (2, 3)))
            gradient = gradient.roll((-dy, -dx), (2, 3))
        optimizer.step(x, gradient)
        return loss

    def _change(self) -> bool:
        """Takes up what the person who watches has changed meanwhile, and says whether the objective is another."""
        wish = self._adjust()
        if wish is None:
            return False
        self._finish = self._finish or wish.finish
        recipe = wish.applied(self._recipe)
        if recipe == self._recipe:
            return False
        self._recipe, self._inputs = recipe, self._inputs.weighted(recipe.style)
        return True

    @property
    def recipe(self) -> Recipe:
        """The recipe as it was carried out, with what was changed meanwhile."""
        return self._recipe

    @property
    def footing(self) -> Footing:
        """Where it was carried out in the end."""
        return self._footing

    def _check_stop(self) -> None:
        if self._stop():
            raise Cancelled

    def _tell(self, picture: Tensor, loss: Tensor, scale: Scale) -> None:
        now = time.monotonic()
        if self._clock.budget is None:
            fraction = min(1.0, self._work_done / sum(each.work for each in self._plan))
            left = (self._clock.elapsed - self._begun) * (1 - fraction) / fraction
        else:
            fraction, left = min(1.0, self._clock.elapsed / self._clock.budget), max(0.0, self._clock.left)
        if self._iteration == 1 or now - self._told > 0.1 or picture.device.type == "cpu":
            # Reading a number waits for the GPU: not in each of its iterations.
            self._told, value = now, float(loss)
            self._value = value if math.isfinite(value) else 0.0
        iterations = max(self._iteration, self._iterations)  # with a budget, it was only expected
        self._report(Progress(self._iteration, iterations, scale.width, scale.height, self._value, fraction, left))
        if now - self._previewed >= self._pause:
            self._previewed, self._pause = now, min(2 * self._pause, PREVIEW_SECONDS)
            self._report(Preview(to_picture(picture)))
