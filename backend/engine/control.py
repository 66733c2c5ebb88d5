"""What may be changed while a job runs, and how long it may run."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Adjustment:
    """A wish of the person who watches: None leaves as it is. `finish` ends the job with what there is."""

    strength: float | None = None
    dream_strength: float | None = None
    finish: bool = False


class Clock:
    """The time since a job began, and the end that its budget sets; seconds."""

    def __init__(self, budget: float | None) -> None:
        self._begun = time.monotonic()
        self.budget = budget

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._begun

    @property
    def left(self) -> float:
        """Until the budget is spent; without one, for ever."""
        return float("inf") if self.budget is None else self.budget - self.elapsed
