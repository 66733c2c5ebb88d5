"""The image pyramid: the picture is computed coarse to fine."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

RATIO = math.sqrt(2)  # between neighbouring scales: large structures settle before small ones grow on them


@dataclass(frozen=True)
class Scale:
    """One step of the pyramid: a picture size in pixels, and how many iterations it gets.

    With a time budget it ends at its `deadline` instead, in seconds from the start of the pyramid.
    """

    width: int
    height: int
    iterations: int
    deadline: float | None = None

    @property
    def work(self) -> float:
        """Cost in pixels × iterations, which is proportional to time."""
        return float(self.width * self.height * self.iterations)

    def share(self, iterations: int, count: int, done: float, left: float, took: float) -> float:
        """The next iteration's part of all `iterations` of a job: the same for each. With a deadline there are as many
        as there is time for, and what is `left` of the scale's part, of which the `count` iterations so far have done
        `done`, is shared out over those that fit into the seconds that are left, of which each took `took`."""
        usual = 1 / iterations
        if self.deadline is None or count == 0:
            return usual
        return max(0.0, self.iterations * usual - done) / max(1, round(left / took))


COARSEST = 128
"""Pixels: the longest side at the first scale, where a recipe does not say."""


def anything(width: int, height: int) -> bool:
    """Says of every size that it suits."""
    return True


def scales(
    width: int, height: int, smallest: int, iterations: int, suits: Callable[[int, int], bool] = anything
) -> list[Scale]:
    """Scales from a longest side of about `smallest` pixels up to width×height, a factor √2 apart; the coarsest that
    does not suit, as those do not which a network cannot see, is left out, and so on.

    The k-th scale from the coarsest gets a share of the iterations proportional to 1/k: the coarse scales, which are
    cheap, decide the composition, and the fine ones only add detail. Each gets at least one.
    """
    longest = max(width, height)
    steps = max(0, math.floor(math.log(longest / smallest, RATIO) + 0.5)) if smallest < longest else 0
    while steps > 0 and not suits(*_shrunk(width, height, steps)):
        steps -= 1
    shares = [1 / (k + 1) for k in range(steps + 1)]
    result = []
    for k, share in enumerate(shares):
        size = _shrunk(width, height, steps - k)
        result.append(Scale(*size, max(1, round(iterations * share / sum(shares)))))
    return result


def _shrunk(width: int, height: int, steps: int) -> tuple[int, int]:
    shrink = RATIO**-steps
    return max(1, round(width * shrink)), max(1, round(height * shrink))


_LEAST_ITERATIONS = 60  # in all: below, a smaller picture that is better finished looks better than a large one


def within(
    seconds: float,
    seconds_per_pixel: float,
    preparation: float,
    width: int,
    height: int,
    smallest: int,
    suits: Callable[[int, int], bool] = anything,
) -> list[Scale]:
    """Scales with deadlines that use up the time: up to width×height where that lets each do its work, else up to the
    largest size, by steps of √2, for which it does. None of them is one that does not suit.

    `seconds_per_pixel` is what an iteration takes; `preparation`, in iterations, what each scale takes to look at
    content and styles.
    """
    while True:
        plan = scales(width, height, min(smallest, max(width, height)), _LEAST_ITERATIONS, suits)
        works = [scale.width * scale.height * (scale.iterations + preparation) for scale in plan]
        smaller = _shrunk(width, height, 1)
        if sum(works) * seconds_per_pixel <= seconds or max(width, height) <= smallest or not suits(*smaller):
            break
        width, height = smaller
    total, spent, result = sum(works), 0.0, []
    for scale, work in zip(plan, works, strict=True):
        spent += work
        expected = seconds * work / total / (scale.width * scale.height * seconds_per_pixel)
        iterations = max(1, round(expected - preparation))
        result.append(replace(scale, iterations=iterations, deadline=seconds * spent / total))
    return result
