"""One worker of a cluster: an actor that has a graphics processor, or a share of a machine's processors, to itself."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from reverie import device as devices
from reverie.cluster.luggage import Luggage
from reverie.engine import made_with
from reverie.engine.memory import Placement
from reverie.errors import ReverieError
from reverie.events import Event, Preview, Progress
from reverie.recipe import MadeWith

_SECONDS_BETWEEN_NEWS = 0.5

Work = Callable[[Any, Any, Callable[[Event], None]], Iterator[Any]]
"""What is done for each task: given what is common to all, the task, and whom to tell of events, it gives the parts of
the result as they are done. Ray hands it on by its name."""


@dataclass(frozen=True)
class Finished:
    """The last that a worker says of a task; where it does not come the worker was lost."""


class Worker:
    """Works in one thread; the actor's own tells what comes of it meanwhile."""

    def __init__(self, common: object, luggage: Luggage, device: str, threads: int) -> None:
        """`common` is what all tasks are given; on a CPU, `threads` compute. Raises ReverieError."""
        luggage.unpack()
        self._common, self._device = common, device
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(torch.set_num_threads, threads).result()

    def introduce(self) -> MadeWith:
        """With what this worker computes."""
        placement = Placement(devices.choose(self._device), torch.float32, None)
        return self._thread.submit(made_with.described, placement).result()

    def carry_out(self, work: Work, task: object) -> Iterator[object]:
        """Events, parts of the result, the error that a person can mend, if there is one, and Finished."""
        news: queue.SimpleQueue[object] = queue.SimpleQueue()
        done = self._thread.submit(self._work, work, task, news.put)
        done.add_done_callback(lambda _: news.put(None))
        yield from _seldom(iter(news.get, None))
        done.result()  # raises what nobody foresaw
        yield Finished()

    def _work(self, work: Work, task: object, tell: Callable[[object], None]) -> None:
        try:
            for part in work(self._common, task, tell):
                tell(part)
        except ReverieError as error:
            tell(error)


def _seldom(news: Iterable[object]) -> Iterator[object]:
    """Without previews, and of progress only what comes a while after the last: each goes over the network."""
    last = -_SECONDS_BETWEEN_NEWS
    for item in news:
        if isinstance(item, Preview):
            continue
        if isinstance(item, Progress):
            if time.monotonic() - last < _SECONDS_BETWEEN_NEWS:
                continue
            last = time.monotonic()
        yield item
