"""What goes along with a job while it is carried out: its clock, who hears of it, who may stop or change it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from reverie.errors import ReverieError
from reverie.events import Cancelled, Event
from reverie.recipe import Recipe

_STRENGTHS_AND_WEIGHTS = ("strength", "dream_strength", "style_weights", "dream_weights")


@dataclass(frozen=True)
class Adjustment:
    """A wish of the person who watches: None leaves as it is. Weights are those of each style and of each dream, in the
    recipe's order. `finish` ends the job with what there is."""

    strength: float | None = None
    dream_strength: float | None = None
    style_weights: tuple[float, ...] | None = None
    dream_weights: tuple[float, ...] | None = None
    finish: bool = False

    def check(self, recipe: Recipe) -> None:
        """Raises ReverieError, which names the field, for as many weights as the recipe has no styles or dreams, and
        for what the job, once it has begun, has no use for."""
        for name, weights, things in (
            ("style_weights", self.style_weights, recipe.style),
            ("dream_weights", self.dream_weights, recipe.dream),
        ):
            if weights is not None and len(weights) != len(things):
                raise ReverieError(
                    f"The recipe has {len(things)} {name.partition('_')[0]}s, and there are {len(weights)} weights: "
                    "give each one.",
                    name,
                )
        wished = next((name for name in _STRENGTHS_AND_WEIGHTS if getattr(self, name) is not None), None)
        if wished is not None and (recipe.method != "optimise" or (recipe.fast and not recipe.style)):
            raise ReverieError(
                "Only what is optimised can be changed while it is painted; wait for the picture, or start anew.",
                wished,
            )
        if self.strength and recipe.strength == 0 and recipe.style:
            raise ReverieError(
                "The job has begun without its style, at strength 0, and cannot take it up; start it anew.", "strength"
            )
        if self.strength is not None and not recipe.style:
            raise ReverieError("The recipe has no style whose strength could change.", "strength")
        if self.dream_strength is not None and not recipe.dream:
            raise ReverieError("The recipe has no dream whose strength could change.", "dream_strength")

    def applied(self, recipe: Recipe) -> Recipe:
        """The recipe with what is wished, as far as it has a use for that: it is recorded with the result, and one that
        says what it has no use for is refused."""
        plain = {
            "strength": self.strength if recipe.style or recipe.fast else None,
            "dream_strength": self.dream_strength if recipe.dream else None,
        }
        update: dict[str, object] = {name: value for name, value in plain.items() if value is not None}
        if self.style_weights is not None:
            pairs = zip(recipe.style, self.style_weights, strict=True)
            update["style"] = [style.model_copy(update={"weight": weight}) for style, weight in pairs]
        if self.dream_weights is not None:
            dreams = zip(recipe.dream, self.dream_weights, strict=True)
            update["dream"] = [dream.model_copy(update={"weight": weight}) for dream, weight in dreams]
        return recipe.model_copy(update=update)


class Clock:
    """The time since a job began, and the end that its budget sets; seconds."""

    def __init__(self, budget: float | None = None) -> None:
        self._begun = time.monotonic()
        self.budget = budget

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._begun

    @property
    def left(self) -> float:
        """Until the budget is spent; without one, for ever."""
        return float("inf") if self.budget is None else self.budget - self.elapsed

    def ending_earlier(self, seconds: float) -> Clock:
        """The same clock, with a budget that is so much less."""
        earlier = Clock(None if self.budget is None else self.budget - seconds)
        earlier._begun = self._begun
        return earlier

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """What is done meanwhile, such as a download, takes nothing of the budget."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self._begun += time.monotonic() - begun


@dataclass(frozen=True)
class Run:
    """One run of a job. `report` is told events as they happen; before each iteration `stop` is asked whether to give
    up, and `adjust` what has been changed since it was asked last."""

    clock: Clock = field(default_factory=Clock)
    report: Callable[[Event], None] = lambda event: None
    stop: Callable[[], bool] = lambda: False
    adjust: Callable[[], Adjustment | None] = lambda: None

    def check_stop(self) -> None:
        """Raises Cancelled when the job is to be given up."""
        if self.stop():
            raise Cancelled
