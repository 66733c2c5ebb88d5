"""Jobs: their life from the queue to the result, and the one thread that carries them out."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import queue
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Literal, Protocol, TypeVar

from reverie.engine.result import Result
from reverie.errors import ReverieError, Sentence
from reverie.events import Cancelled, Event, Fetching, Preview, Progress, Started, Warning_
from reverie.pictures import images
from reverie.pictures.images import Picture
from reverie.plugin.shared import places
from reverie.recipe import Recipe
from reverie.run import Adjustment
from reverie.server.store import Stored
from reverie.tools import estimate

State = Literal["queued", "running", "done", "failed", "cancelled"]
FINISHED = ("done", "failed", "cancelled")

_log = logging.getLogger("reverie")
_RESULTS_KEPT = 1 << 30  # bytes
_END, _JOB, _ERRAND = range(3)  # what comes first in the queue

T = TypeVar("T")


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


def unexpected(exception: Exception) -> Sentence:
    """What a person is told of an error that nobody foresaw; the traceback is for the log alone."""
    return Sentence(
        "The backend hit an unexpected error ({name}). The log is at {log}; please report it.",
        {"name": type(exception).__name__, "log": places.log_file()},
    )


class Job:
    """A recipe, its pictures, and what has become of it. Its events may be read while it runs, from any thread."""

    def __init__(self, recipe: Recipe, content: Stored, pictures: Mapping[str, Stored]) -> None:
        self.id = secrets.token_hex(8)
        self.recipe, self.content, self.pictures = recipe, content, pictures
        self.state: State = "queued"
        self.message: str | None = None
        self.result: Picture | None = None
        self.preview: Picture | None = None
        self.watchers = 0
        self.asked = time.monotonic()  # when a client last spoke of it
        self._stop = threading.Event()
        self._wish: Adjustment | None = None
        self.adjusted = False
        self._lock = threading.RLock()
        self._events: dict[str, tuple[int, dict[str, Any]]] = {}
        self._serial = 0

    def tell(self, kind: str, **details: Any) -> None:
        """Notes an event. Only the last of each kind is kept, so that a slow reader is never behind; warnings all."""
        with self._lock:
            self._serial += 1
            key = f"{kind} {self._serial}" if kind == "warning" else kind
            self._events[key] = (self._serial, {"type": kind, **details})

    def since(self, serial: int) -> tuple[list[dict[str, Any]], int, bool]:
        """The events after a serial number (0 for all), oldest first; the number to ask with next time; and whether
        these are the last."""
        with self._lock:
            news = sorted((entry for entry in self._events.values() if entry[0] > serial), key=lambda entry: entry[0])
            return [event for _, event in news], self._serial, self.state in FINISHED

    def cancel(self) -> None:
        """Ends the job: at once while it waits, within an iteration while it runs. A finished one stays as it is."""
        self._stop.set()
        with self._lock:
            if self.state == "queued":
                self.finish("cancelled")

    def begin(self) -> bool:
        """Takes the job out of the queue; False when it was cancelled there."""
        with self._lock:
            if self.state != "queued":
                return False
            self.state = "running"
            return True

    def cancelled(self) -> bool:
        return self._stop.is_set()

    def adjust(self, wish: Adjustment) -> None:
        """Notes what is to change while the job runs; later wishes add to those that wait."""
        with self._lock:
            self.adjusted = True
            before = dataclasses.asdict(self._wish) if self._wish else {}
            news = {name: value for name, value in dataclasses.asdict(wish).items() if value not in (None, False)}
            self._wish = Adjustment(**{**before, **news})

    def adjustment(self) -> Adjustment | None:
        """The wishes since this was asked last."""
        with self._lock:
            wish, self._wish = self._wish, None
            return wish

    def finish(self, state: State, why: Sentence | None = None, **details: Any) -> None:
        """Notes the end. The pictures' bytes are let go; the state and the last event change as one, so that no reader
        sees an end without its event."""
        with self._lock:
            self.message = str(why) if why else None
            self.pictures, self.preview = {}, None
            self.content = dataclasses.replace(self.content, data=b"")
            self.state = state
            self.tell(state, **(why.as_json() if why else {}), **details)

    def hear(self, event: Event) -> None:
        """Notes an event of the engine."""
        if isinstance(event, Preview):
            self.preview = event.picture
            self.tell("preview", serial=self._serial + 1)
        elif isinstance(event, Warning_):
            self.tell("warning", **event.sentence.as_json())
        elif isinstance(event, Fetching | Started | Progress):
            self.tell(type(event).__name__.lower(), **dataclasses.asdict(event))


class _Errand:
    """Something small for the worker's thread, and where its outcome goes."""

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
    """The thread that owns the device, and the queue before it. One job runs at a time: two would only halve each
    other's speed and double the memory. Errands are run when no job waits."""

    def __init__(self, render: Render, device: str) -> None:
        self._render, self._device = render, device
        self._queue: queue.PriorityQueue[tuple[int, int, Job | _Errand | None]] = queue.PriorityQueue()
        self._numbers = itertools.count()  # first come, first served
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._current: Job | None = None
        self.last_used = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        return self._current is not None

    @property
    def waiting(self) -> int:
        return sum(job.state == "queued" for job in list(self._jobs.values()))

    def get(self, identifier: str) -> Job | None:
        return self._jobs.get(identifier)

    def touch(self) -> None:
        """Notes that somebody uses the backend, without a job as yet."""
        self.last_used = time.monotonic()

    def submit(self, job: Job) -> None:
        """Puts a job at the end of the queue."""
        self.touch()
        self._forget_old()
        job.tell("queued", position=self.waiting + int(self.busy))
        self._jobs[job.id] = job
        self._queue.put((_JOB, next(self._numbers), job))

    def cancel_unheard(self, seconds: float) -> None:
        """Cancels the jobs to whose events nobody listens, and of which nobody has spoken for that time: their client
        has gone."""
        for job in list(self._jobs.values()):
            if job.state not in FINISHED and job.watchers == 0 and time.monotonic() - job.asked > seconds:
                _log.info("job %s: nobody has asked for it for %.0f s, cancelling", job.id, seconds)
                job.cancel()

    def forget_finished(self) -> None:
        """Lets all finished jobs go, with their results."""
        for job in list(self._jobs.values()):
            if job.state in FINISHED:
                del self._jobs[job.id]

    def errand(self, action: Callable[[], T]) -> Future[T]:
        """Has something done by the thread that owns the device, once no job waits. It should be done in a second, or
        else ask `waiting` whether a job has come, and make way."""
        errand = _Errand(action)
        self._queue.put((_ERRAND, next(self._numbers), errand))
        return errand.outcome

    def close(self) -> None:
        """Cancels what runs and what waits, and waits for the thread to end."""
        for job in list(self._jobs.values()):
            job.cancel()
        self._queue.put((_END, next(self._numbers), None))
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while (task := self._queue.get()[2]) is not None:
            try:
                if isinstance(task, _Errand):
                    task.run()
                else:
                    self._current = task
                    if task.begin():
                        self._carry_out(task)
            finally:
                self._current = None
                self.last_used = time.monotonic()

    def _carry_out(self, job: Job) -> None:
        try:
            content = images.decode(job.content.data)
            result = self._render(
                job.recipe,
                content,
                {name: images.decode(stored.data) for name, stored in job.pictures.items()},
                device=self._device,
                report=job.hear,
                stop=job.cancelled,
                adjust=job.adjustment,
            )
            job.result = result.picture
            job.finish("done", seconds=result.seconds, recipe=result.recipe.model_dump(mode="json"))
            if not job.adjusted:
                estimate.learn(result, content, self._device)
        except Cancelled:
            job.finish("cancelled")
        except ReverieError as error:
            job.finish("failed", error.sentence)
        except Exception as error:  # whatever it was, the next job must find a worker
            _log.exception("job %s failed", job.id)
            job.finish("failed", unexpected(error))

    def _forget_old(self) -> None:
        """Lets the oldest finished jobs go until the kept results fit."""
        finished = [job for job in self._jobs.values() if job.state in FINISHED]
        size = sum(job.result.nbytes for job in finished if job.result is not None)
        for job in finished:
            if size <= _RESULTS_KEPT and len(self._jobs) < 1000:
                break
            size -= job.result.nbytes if job.result is not None else 0
            del self._jobs[job.id]
