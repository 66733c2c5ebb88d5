"""A job: its life from the queue to the result, and what it tells on the way."""

from __future__ import annotations

import dataclasses
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Literal

from reverie import events as engine
from reverie.errors import Sentence
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.recipe import Recipe
from reverie.run import Adjustment
from reverie.server import events
from reverie.server.events import OfJob
from reverie.server.store import Stored

State = Literal["queued", "running", "done", "failed", "cancelled"]
FINISHED = ("done", "failed", "cancelled")
KEPT = 3600.0  # seconds for which a result waits for its client, and a job for one that may leave it alone


class Job:
    """A recipe, its pictures, and what has become of it. Its events may be read while it runs, from any thread."""

    def __init__(
        self,
        recipe: Recipe,
        content: Stored,
        pictures: Mapping[str, Stored],
        cancel_on_close: bool = True,
        quick: bool = False,
    ) -> None:
        """`cancel_on_close` is whether it ends when nobody reads its events any more; `quick`, whether it goes between
        the iterations of others."""
        self.cancel_on_close, self.quick, self.fetched = cancel_on_close, quick, False
        self.id = secrets.token_hex(8)
        self.created = datetime.now(timezone.utc)
        self.recipe, self.content, self.pictures = recipe, content, pictures
        self.state: State = "queued"
        self.message: str | None = None
        self.progress = 0.0  # fraction of the work
        self.result: Picture | None = None
        self.preview: Picture | None = None
        self.watchers = 0
        self.asked = time.monotonic()  # when a client last spoke of it
        self._stop = threading.Event()
        self._wish: Adjustment | None = None
        self.undisturbed = True  # whether the time that it took is its own
        self._lock = threading.RLock()
        self._events: dict[str, tuple[int, OfJob]] = {}
        self._serial = 0

    def tell(self, event: OfJob) -> None:
        """Notes an event. Only the last of each kind is kept, so that a slow reader is never behind; warnings all."""
        with self._lock:
            self._serial += 1
            event = event.model_copy(update={"number": self._serial})
            key = f"{event.type} {self._serial}" if event.type == "warning" else event.type
            self._events[key] = (self._serial, event)

    def since(self, serial: int) -> tuple[list[OfJob], int, bool]:
        """The events after a serial number (0 for all), oldest first; the number to ask with next time; and whether
        these are the last."""
        with self._lock:
            news = sorted((entry for entry in self._events.values() if entry[0] > serial), key=lambda entry: entry[0])
            return [event for _, event in news], self._serial, self.state in FINISHED

    def is_awaited(self) -> bool:
        """Whether its client, who has spoken of it within the last hour, has not fetched its result yet, or may yet ask
        why there is none."""
        return self.state in ("done", "failed") and not self.fetched and time.monotonic() - self.asked < KEPT

    def cancel(self) -> None:
        """Ends the job: at once while it waits, within an iteration while it runs. A finished one stays as it is."""
        self._stop.set()
        with self._lock:
            if self.state == "queued":
                self.finish(events.Cancelled())

    @property
    def needs(self) -> list[Stored]:
        """The pictures that it holds until its end."""
        with self._lock:
            return [self.content, *self.pictures.values()]

    def decoded(self, stored: Stored) -> Picture:
        """One of its pictures, made ready. Raises ReverieError for one that is damaged, and Cancelled."""
        if self.cancelled():
            raise engine.Cancelled
        return images.decode(stored.data)

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
            self.undisturbed = False
            before = dataclasses.asdict(self._wish) if self._wish else {}
            news = {name: value for name, value in dataclasses.asdict(wish).items() if value not in (None, False)}
            self._wish = Adjustment(**{**before, **news})

    def adjustment(self) -> Adjustment | None:
        """The wishes since this was asked last."""
        with self._lock:
            wish, self._wish = self._wish, None
            return wish

    def finish(self, end: events.Done | events.JobFailed | events.Cancelled) -> None:
        """Notes the end. The pictures' bytes are let go; the state and the last event change as one, so that no reader
        sees an end without its event."""
        with self._lock:
            self.message = end.message if isinstance(end, events.JobFailed) else None
            self.progress = 1.0 if end.type == "done" else self.progress
            self.pictures, self.preview = {}, None
            self.content = dataclasses.replace(self.content, data=b"")
            self.state = end.type
            self.tell(end)

    def fail(self, why: Sentence) -> None:
        self.finish(events.JobFailed.of(why))

    @property
    def has_warned(self) -> bool:
        with self._lock:
            return any(event.type == "warning" for _, event in self._events.values())

    def hear(self, event: engine.Event) -> None:
        """Notes an event of the engine."""
        if isinstance(event, engine.Preview):
            self.preview = event.picture
            self.tell(events.Preview(serial=self._serial + 1))
        elif isinstance(event, engine.Warning_):
            self.tell(events.Warned.of(event.sentence))
        else:
            if isinstance(event, engine.Progress):
                self.progress = event.fraction
            self.tell(events.of_engine(event))
