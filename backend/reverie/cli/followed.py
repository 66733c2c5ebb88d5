"""A recipe's file that is watched while the recipe is carried out: saved with another strength, or other weights, it
changes the painting that is under way."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from reverie.errors import ReverieError, Sentence
from reverie.events import Event, Warning_
from reverie.recipe import Recipe
from reverie.run import Adjustment

_SECONDS_BETWEEN_LOOKS = 0.5


class Followed:
    """The file, and the recipe that was last read from it."""

    def __init__(self, file: Path, read: Callable[[], Recipe], recipe: Recipe, report: Callable[[Event], None]) -> None:
        """`read` makes the recipe anew, with whatever the command line says besides; `report` hears of a file that is
        no recipe, and of changes that have to wait."""
        self._file, self._read, self._recipe, self._report = file, read, recipe, report
        self._last = recipe
        self._saved, self._looked = self._when(), time.monotonic()

    def adjust(self) -> Adjustment | None:
        """What the file says that it did not say before; None when it was not saved again."""
        now = time.monotonic()
        if now - self._looked < _SECONDS_BETWEEN_LOOKS:
            return None
        self._looked, saved = now, self._when()
        if saved in (self._saved, None):
            return None
        self._saved = saved
        try:
            recipe = self._read()
        except ReverieError as error:  # saved half way, perhaps: the painting goes on
            self._report(Warning_(Sentence(f"{error.message} Painting goes on as it was.")))
            return None
        if _without_weights(recipe) != _without_weights(self._recipe):
            told = "Of “{file}” only strengths and weights count while it is carried out; the rest will the next time."
            self._report(Warning_(Sentence(told, {"file": str(self._file)})))
        wish = _difference(self._last, recipe)
        self._last = recipe
        try:
            wish.check(self._recipe)
        except ReverieError as error:
            self._report(Warning_(error.sentence))
            return None
        return wish

    def _when(self) -> int | None:
        """When it was saved last, in nanoseconds; None while it is not there."""
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return None


def _difference(before: Recipe, now: Recipe) -> Adjustment:
    """What one recipe says of strengths and weights that another did not, as far as they have as many of each."""

    def weights(name: str) -> tuple[float, ...] | None:
        old, new = (tuple(each.weight for each in getattr(recipe, name)) for recipe in (before, now))
        return new if len(new) == len(old) and new != old else None

    return Adjustment(
        strength=now.strength if now.strength != before.strength else None,
        dream_strength=now.dream_strength if now.dream_strength != before.dream_strength else None,
        style_weights=weights("style"),
        dream_weights=weights("dream"),
    )


def _without_weights(recipe: Recipe) -> Recipe:
    return recipe.model_copy(
        update={
            "strength": 0.0,
            "dream_strength": 0.0,
            "style": [style.model_copy(update={"weight": 1.0}) for style in recipe.style],
            "dream": [dream.model_copy(update={"weight": 1.0}) for dream in recipe.dream],
        }
    )
