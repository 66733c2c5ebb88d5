"""A cluster's workers, and the tasks that are handed to them: one to each, the next when it is done.

What is common to all tasks goes into Ray's object store once. A task is read when somebody is free for it, so that no
more than one a worker is under way; one whose worker is lost is read anew and given to another.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Generic, TypeVar

import ray
import torch
from ray import exceptions

import reverie
from reverie.cluster import connection
from reverie.cluster.luggage import Luggage
from reverie.cluster.worker import Finished, Work, Worker
from reverie.errors import ReverieError, Sentence
from reverie.events import Event, Warning_
from reverie.recipe import MadeWith

_TRIES = 3  # of a task, and of starting workers: a third that dies is no accident
_AHEAD = 16  # news of a worker that may wait until they are heard
_PATIENCE = 30.0  # seconds without any worker before it is said: to start one takes some

_LOST = object()

K = TypeVar("K")


class Cluster:
    """Workers for one command; `count` are those that there is room for."""

    def __init__(
        self,
        address: str,
        common: object,
        luggage: Luggage,
        device: str,
        most: int,
        report: Callable[[Event], None],
    ) -> None:
        """Connects to the cluster at an address (host:port, “auto” for the one that this machine belongs to, or “local”
        for one of this machine's own), and starts `most` workers at most. Each computes on a graphics processor, or in
        as many threads as this process would.

        Raises ReverieError where there is no cluster, or none with room for a worker.
        """
        threads = torch.get_num_threads()
        connection.connect(address, threads)
        try:
            room, needs = connection.room(device, threads)
            self.count = max(1, min(room, most))
            actor: Any = ray.remote(Worker).options(**needs)
            given = ray.put(common), ray.put(luggage)
            self._new_worker: Callable[[], Any] = lambda: actor.remote(*given, device, threads)
            self._report = report
            self._workers: list[Any] = []
            self._starting: dict[Any, Any] = {}
            self._idle: list[Any] = []
            self._failed_starts, self._kinds, self._waits = 0, set[str](), False
            for _ in range(self.count):
                self._start()
        except BaseException:
            ray.shutdown()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the workers, whatever they are about, and leaves the cluster."""
        for worker in self._workers:
            ray.kill(worker)
        ray.shutdown()

    def map(
        self,
        work: Work,
        things: Iterable[K],
        read: Callable[[K], object],
        report: Callable[[K, Event], None],
    ) -> Iterator[tuple[K, Any]]:
        """Has `work` done for what `read` gives of each thing. Yields parts of results as they come, each with its
        thing, and a ReverieError in the place of what could not be done; `report` is told events.

        Raises ReverieError where no worker can be started, and what nobody foresaw.
        """
        queue, under_way = _Queue(things), dict[Any, tuple[Any, K]]()
        while True:
            while self._idle and (thing := queue.next()) is not None:
                try:
                    begun = _begun(self._idle[-1], work, read(thing))
                except ReverieError as error:
                    yield thing, error
                else:
                    under_way[begun] = self._idle.pop(), thing
            if self._idle and not under_way:
                return
            for begun in self._with_news(under_way):
                worker, thing = under_way[begun]
                part = self._heard(begun)
                if part is _LOST or isinstance(part, Finished):
                    del under_way[begun]
                if isinstance(part, Finished):
                    self._idle.append(worker)
                elif part is _LOST:
                    self._replace(worker)
                    if not queue.again(thing):
                        yield thing, ReverieError(f"{_TRIES} workers died over it: is there enough memory?", "content")
                elif isinstance(part, Event):
                    report(thing, part)
                else:
                    yield thing, part

    def _with_news(self, under_way: Iterable[Any]) -> list[Any]:
        """What of that which is under way has news. New workers are welcomed meanwhile."""
        ready, _ = ray.wait([*under_way, *self._starting], timeout=_PATIENCE, fetch_local=False)
        if not ready and not under_way and not self._waits:
            self._waits = True
            self._report(Warning_(Sentence("No worker of the cluster is free yet; this waits for one.")))
        for each in ready:
            if each in self._starting:
                self._welcome(each)
        return [each for each in ready if each in under_way]

    def _heard(self, begun: Any) -> Any:
        """The next that a worker says of its task: an event, a part of the result, Finished; or _LOST where there is no
        worker any more. Raises what nobody foresaw."""
        try:
            return ray.get(next(begun))
        except exceptions.RayTaskError:
            raise
        except (exceptions.RayError, StopIteration):
            return _LOST

    def _start(self) -> None:
        worker = self._new_worker()
        self._workers.append(worker)
        self._starting[worker.introduce.remote()] = worker

    def _replace(self, worker: Any) -> None:
        self._report(Warning_(Sentence("A worker of the cluster was lost; another does its task.")))
        ray.kill(worker)  # it may only be out of reach
        self._workers.remove(worker)
        self._start()

    def _welcome(self, introduced: Any) -> None:
        """Takes in a worker that has started, or starts another in its place. Raises ReverieError for one that does not
        fit, and where none can be started."""
        worker = self._starting.pop(introduced)
        try:
            kind: MadeWith = ray.get(introduced)
        except exceptions.RayError as error:
            self._failed_starts += 1
            if self._failed_starts >= _TRIES:
                said = str(error).strip().splitlines()[-1]
                raise ReverieError(
                    f"No worker can be started: {said}. Each machine of the cluster needs what this one has: see "
                    "docs/clusters.md.",
                    "cluster",
                ) from error
            self._start()
            return
        if kind.reverie != reverie.__version__:
            raise ReverieError(
                f"A machine of the cluster has Reverie {kind.reverie}, and this one {reverie.__version__}: install the "
                "same everywhere.",
                "cluster",
            )
        self._failed_starts = 0
        self._idle.append(worker)
        self._compare(f"{kind.processor}, PyTorch {kind.torch}")

    def _compare(self, kind: str) -> None:
        """Says once when not all workers compute alike."""
        if self._kinds and kind not in self._kinds:
            told = (
                "The machines do not compute alike ({one}; {other}): pictures may differ a little by which paints them."
            )
            self._report(Warning_(Sentence(told, {"one": min(self._kinds), "other": kind})))
        self._kinds.add(kind)


class _Queue(Generic[K]):
    """Things that wait for a worker: those first whose worker was lost."""

    def __init__(self, things: Iterable[K]) -> None:
        self._things, self._again, self._tries = iter(things), deque[K](), Counter[K]()

    def next(self) -> K | None:
        return self._again.popleft() if self._again else next(self._things, None)

    def again(self, thing: K) -> bool:
        """Lets a thing wait once more; False when that has been of no use often enough."""
        self._tries[thing] += 1
        if self._tries[thing] < _TRIES:
            self._again.append(thing)
        return self._tries[thing] < _TRIES


def _begun(worker: Any, work: Work, task: object) -> Any:
    """The results of a task that a worker is given, as they come."""
    method = worker.carry_out.options(num_returns="streaming", _generator_backpressure_num_objects=_AHEAD)
    return method.remote(work, task)
