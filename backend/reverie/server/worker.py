"""The two threads that carry jobs out, one of them quick ones, and the queues before them."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from reverie import device as devices
from reverie.engine import memory
from reverie.engine.result import Result
from reverie.errors import ReverieError
from reverie.events import Cancelled, Event
from reverie.pictures.picture import Picture
from reverie.recipe import Recipe
from reverie.run import Adjustment
from reverie.server import events
from reverie.server.errors import unexpected
from reverie.server.job import FINISHED, KEPT, Job
from reverie.server.lessons import Lessons
from reverie.server.recent import Recent
from reverie.server.turns import Rank, Turns
from reverie.tools import estimate

_log = logging.getLogger("reverie")
_RESULTS_KEPT = 1 << 30  # bytes
_JOBS_KEPT = 1000
_END, _JOB, _ERRAND = range(3)  # what comes first in the queue

T = TypeVar("T")
_Queue = queue.PriorityQueue["tuple[int, int, Job | _Errand | None]"]


class Render(Protocol):
    """`reverie.engine.render.render`, or what a test puts in its place."""

    def __call__(
        self,
        recipe: Recipe,
        content: Picture,
        pictures: Mapping[str, Picture],
        *,
        device: str,
        report: Callable[[Event], None],
        stop: Callable[[], bool],
        adjust: Callable[[], Adjustment | None],
    ) -> Result: ...


class _Errand:
    """Something small for a thread of the worker, and where its outcome goes."""

    def __init__(self, action: Callable[[], Any]) -> None:
        self.outcome: Future[Any] = Future()
        self._action = action

    def run(self) -> None:
        if self.outcome.set_running_or_notify_cancel():
            try:
                self.outcome.set_result(self._action())
            except BaseException as error:  # whoever waits for the outcome gets it
                self.outcome.set_exception(error)


class Worker:
    """The threads that own the device, and the queues before them. One of them computes at a time: two would only halve
    each other's speed. Quick jobs have a thread and a queue of their own, and go between the iterations of others;
    errands are run there when no quick job waits. What is learnt has a thread, too, and goes last."""

    def __init__(self, render: Render, device: str) -> None:
        self._render, self._device = render, device
        self._queues: dict[bool, _Queue] = {quick: queue.PriorityQueue() for quick in (False, True)}
        self._numbers = itertools.count()  # first come, first served
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._turns = Turns()
        self.lessons = Lessons(self._turns, device)
        self._recent = Recent(device)
        self.last_used = time.monotonic()
        self._threads = [
            threading.Thread(target=self._run, args=(quick,), name=name, daemon=True)
            for quick, name in ((False, "worker"), (True, "quick jobs"))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> bool:
        return self._count("running") > 0

    @property
    def waiting(self) -> int:
        return self._count("queued")

    @property
    def is_held_up(self) -> bool:
        """Whether a job waits for an errand, and not for another job; be it one that is to end, and has made way."""
        jobs = list(self._jobs.values())
        busy = any(job.state == "running" and not job.quick for job in jobs)
        return any(job.state == "queued" and (job.quick or not busy) for job in jobs) or any(
            job.state == "running" and job.cancelled() for job in jobs
        )

    def _count(self, state: str) -> int:
        return sum(job.state == state for job in list(self._jobs.values()))

    @property
    def held(self) -> int:
        """Bytes of the pictures, as they were sent, that the jobs hold which wait or run."""
        return sum({each.id: len(each.data) for job in list(self._jobs.values()) for each in job.needs}.values())

    def get(self, identifier: str) -> Job | None:
        return self._jobs.get(identifier)

    def jobs(self) -> list[Job]:
        """All that are remembered, the newest first."""
        return list(reversed(self._jobs.values()))

    def touch(self) -> None:
        """Notes that somebody uses the backend, without a job as yet."""
        self.last_used = time.monotonic()

    def submit(self, job: Job) -> None:
        """Puts a job at the end of its queue."""
        self.touch()
        self._forget_old()
        before = [each for each in self._jobs.values() if each.quick == job.quick and each.state not in FINISHED]
        job.tell(events.Queued(position=len(before)))
        self._jobs[job.id] = job
        self._queues[job.quick].put((_JOB, next(self._numbers), job))

    def cancel_unheard(self, seconds: float) -> None:
        """Cancels the jobs to whose events nobody listens, and of which nobody has spoken for that time, or for KEPT
        where the client may leave its job alone: it has gone."""
        for job in list(self._jobs.values()):
            patience = seconds if job.cancel_on_close else KEPT
            if job.state not in FINISHED and job.watchers == 0 and time.monotonic() - job.asked > patience:
                _log.info("job %s: nobody has asked for it for %.0f s, cancelling", job.id, patience)
                job.cancel()

    def forget_finished(self) -> None:
        """Lets finished jobs go, with their results, but for those that wait for their client."""
        self._recent.clear()
        for job in list(self._jobs.values()):
            if job.state in FINISHED and not job.is_awaited():
                del self._jobs[job.id]

    def errand(self, action: Callable[[], T]) -> Future[T]:
        """Has something done by a thread that owns the device, once no quick job waits. It should be done in a second,
        or else ask `is_held_up` whether a job has come, and make way."""
        errand = _Errand(action)
        self._queues[True].put((_ERRAND, next(self._numbers), errand))
        return errand.outcome

    def close(self) -> None:
        """Cancels what runs and what waits, and waits for the threads to end."""
        for job in list(self._jobs.values()):
            job.cancel()
        self.lessons.close()
        for each in self._queues.values():
            each.put((_END, next(self._numbers), None))
        for thread in self._threads:
            thread.join(timeout=10)

    def _run(self, quick: bool) -> None:
        while (task := self._queues[quick].get()[2]) is not None:
            with self._turns.taken(Rank.QUICK if quick else Rank.USUAL):
                if isinstance(task, _Errand):
                    task.run()
                elif task.begin():
                    self._carry_out(task)
            self.last_used = time.monotonic()

    def _carry_out(self, job: Job) -> None:
        def stop() -> bool:
            if not job.quick and self._turns.is_wanted(Rank.USUAL):
                job.undisturbed = False
                self._turns.make_way(Rank.USUAL, devices.choose(self._device))
            return job.cancelled()

        try:
            key = self._recent.key(job) if job.quick else None
            known = None if key is None else self._recent.get(key)
            if known is not None:
                self._end(job, known)
                return
            content, *others = map(job.decoded, (job.content, *job.pictures.values()))
            result = self._render(
                job.recipe,
                content,
                dict(zip(job.pictures, others, strict=True)),
                device=self._device,
                report=job.hear,
                stop=stop,
                adjust=job.adjustment,
            )
            if key is not None and job.undisturbed and not job.has_warned:
                self._recent.add(key, result)
            self._end(job, result)
            if job.undisturbed:
                self._learn(result, content)
        except Cancelled:
            job.finish(events.Cancelled())
        except ReverieError as error:
            job.fail(error.sentence)
        except Exception as error:  # whatever it was, the next job must find a worker
            _log.exception("job %s failed", job.id)
            job.fail(memory.NOT_ENOUGH if memory.is_exhausted(error) else unexpected(error))

    @staticmethod
    def _end(job: Job, result: Result) -> None:
        job.result = result.picture
        job.finish(events.Done(seconds=result.seconds, recipe=result.recipe))

    def _learn(self, result: Result, content: Picture) -> None:
        """Has estimates learn from a job. It is done, whatever comes of that."""
        try:
            estimate.learn(result, content, self._device)
        except Exception:
            _log.exception("estimates have learnt nothing from a job")

    def _forget_old(self) -> None:
        """Lets the oldest results go until those that are kept fit, and the oldest finished jobs until there are not
        too many; those that nobody waits for first."""
        finished = [job for job in self._jobs.values() if job.state in FINISHED]
        finished.sort(key=Job.is_awaited)  # which leaves the order otherwise as it is
        size = sum(job.result.nbytes for job in finished if job.result is not None)
        for job in finished:
            if size > _RESULTS_KEPT and job.result is not None:
                size -= job.result.nbytes
                job.result = None
            if len(self._jobs) >= _JOBS_KEPT:
                del self._jobs[job.id]
