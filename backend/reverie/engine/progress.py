"""What a job that goes through scales tells: how far it is, and the picture so far."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from reverie.engine.pyramid import Scale
from reverie.events import Event, Preview, Progress
from reverie.pictures.resize import to_picture
from reverie.run import Run

PREVIEW_SECONDS = 1.0
"""Between two previews."""

FIRST_PREVIEW_SECONDS = 0.25
"""From the start to the first; from each to the next it is twice as long, up to that."""

_NUMBER_SECONDS = 0.1  # between two readings of the loss on a device that would have to be waited for


def part(run: Run, begin: float, end: float) -> Run:
    """The run of a part of a job: its progress, 0 to 1, is told as that of the job from `begin` to `end`, and the
    seconds left are those of the job."""
    clock = run.clock

    def report(event: Event) -> None:
        if isinstance(event, Progress):
            fraction = begin + (end - begin) * event.fraction
            left = clock.elapsed * (1 - fraction) / fraction if clock.budget is None else max(0.0, clock.left)
            event = replace(event, fraction=fraction, seconds_left=left)
        run.report(event)

    return replace(run, report=report)


class Reporter:
    """Counts iterations and work, and reports them."""

    def __init__(self, run: Run, plan: Sequence[Scale]) -> None:
        self._run, self._work = run, sum(scale.work for scale in plan)
        self.iterations = sum(scale.iterations for scale in plan)  # with a budget, as many as are expected
        self.begun = run.clock.elapsed
        self._iteration, self._done, self._loss = 0, 0.0, 0.0
        self._told = self._previewed = time.monotonic()
        self._pause = FIRST_PREVIEW_SECONDS  # until the next preview

    @property
    def count(self) -> tuple[int, float]:
        """Iterations and work that are done; setting them back undoes what a failed try has counted."""
        return self._iteration, self._done

    @count.setter
    def count(self, done: tuple[int, float]) -> None:
        self._iteration, self._done = done

    def tell(self, picture: Tensor, loss: Tensor, scale: Scale) -> None:
        """Reports an iteration at a scale, which led to a picture of 1×3×h×w, and the loss before it."""
        self._iteration += 1
        self._done += scale.width * scale.height
        clock, now = self._run.clock, time.monotonic()
        if clock.budget is None:
            fraction = min(1.0, self._done / self._work)
            left = (clock.elapsed - self.begun) * (1 - fraction) / fraction
        else:
            fraction, left = min(1.0, clock.elapsed / clock.budget), max(0.0, clock.left)
        if self._iteration == 1 or now - self._told > _NUMBER_SECONDS or picture.device.type == "cpu":
            # Reading a number waits for the GPU: not in each of its iterations.
            self._told, value = now, float(loss)
            self._loss = value if math.isfinite(value) else 0.0
        iterations = max(self._iteration, self.iterations)
        self._run.report(Progress(self._iteration, iterations, scale.width, scale.height, self._loss, fraction, left))
        if now - self._previewed >= self._pause:
            self._previewed, self._pause = now, min(2 * self._pause, PREVIEW_SECONDS)
            self._run.report(Preview(to_picture(picture)))
