"""A picture among others, of which the progress is told as that of all."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

from reverie.events import Event, Progress


def part_of(report: Callable[[Event], None], index: int, total: int, begun: float) -> Callable[[Event], None]:
    """Events of one picture, told as those of all `total`, which were begun at a monotonic time in seconds: progress
    counts pictures."""

    def tell(event: Event) -> None:
        if isinstance(event, Progress):
            fraction = (index + event.fraction) / total
            left = (time.monotonic() - begun) * (1 - fraction) / fraction
            event = dataclasses.replace(event, fraction=fraction, seconds_left=left)
        report(event)

    return tell
