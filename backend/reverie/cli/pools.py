"""Who does the work of which there is much: this process, or the workers of a cluster."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from reverie import cluster as clusters
from reverie.cluster.worker import Work
from reverie.errors import ReverieError
from reverie.events import Event
from reverie.recipe import Recipe

K = TypeVar("K")


class Pool(Protocol):
    """`count` tasks are worked on side by side."""

    count: int

    def map(
        self, work: Work, things: Iterable[K], read: Callable[[K], object], report: Callable[[K, Event], None]
    ) -> Iterator[tuple[K, Any]]:
        """Has `work` done for the task that `read` makes of each thing. Yields parts of results as they come, each with
        its thing, and a ReverieError in the place of what could not be done; `report` is told events."""


class Local:
    """This process: one task after another, and while one is worked on, the next is read."""

    count = 1

    def __init__(self, common: object) -> None:
        self._common = common

    def map(
        self, work: Work, things: Iterable[K], read: Callable[[K], object], report: Callable[[K, Event], None]
    ) -> Iterator[tuple[K, Any]]:
        """See Pool."""
        for thing, task in _read_ahead(things, read):
            try:
                for part in work(self._common, task.result(), functools.partial(report, thing)):
                    yield thing, part
            except ReverieError as error:
                yield thing, error


def _read_ahead(things: Iterable[K], read: Callable[[K], object]) -> Iterator[tuple[K, Future[object]]]:
    """The things, each with its task, or the error that reading it raised."""
    with ThreadPoolExecutor(1) as reader:
        coming: tuple[K, Future[object]] | None = None
        for thing in things:
            following = thing, reader.submit(read, thing)
            if coming is not None:
                yield coming
            coming = following
        if coming is not None:
            yield coming


def opened(
    address: str | None, common: object, recipe: Recipe, device: str, most: int, report: Callable[[Event], None]
) -> contextlib.AbstractContextManager[Pool]:
    """The pool at a cluster's address, or this process for None; `common` is what all tasks are given, `most` how many
    there are at most. Raises ReverieError where there is no such cluster."""
    if address is None:
        return contextlib.nullcontext(Local(common))
    clusters.check_packages()
    packed = importlib.import_module("reverie.cluster.luggage").packed(recipe, report)
    pool: contextlib.AbstractContextManager[Pool] = importlib.import_module("reverie.cluster.pool").Cluster(
        address, common, packed, device, most, report
    )
    return pool
