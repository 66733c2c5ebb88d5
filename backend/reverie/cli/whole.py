"""Work in many parts, of which the progress is told as that of all."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Hashable

from reverie.events import Event, Progress


class Whole:
    """How far the parts are, one after another or side by side."""

    def __init__(self, report: Callable[[Event], None], total: int) -> None:
        """`total` is how many parts there are; the work begins now."""
        self._report, self._total, self._begun = report, total, time.monotonic()
        self._done, self._under_way = 0, dict[Hashable, float]()

    def tell(self, part: Hashable, event: Event) -> None:
        """Reports what a part tells: its progress counts as that of a part among all."""
        if isinstance(event, Progress):
            self._under_way[part] = event.fraction
            count = self._done + sum(self._under_way.values())
            fraction = min(1.0, count / max(self._total, 1))
            left = (time.monotonic() - self._begun) * (1 - fraction) / max(fraction, 1e-9)
            event = dataclasses.replace(event, fraction=fraction, seconds_left=left)
        self._report(event)

    def note_done(self, part: Hashable) -> None:
        """Counts a part; what is told under its name from now on is of another one."""
        self._done += 1
        self._under_way.pop(part, None)
