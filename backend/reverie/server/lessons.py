"""Fast styles that are learnt while the backend runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Literal

from reverie import device as devices
from reverie.engine import memory
from reverie.errors import ReverieError, Sentence
from reverie.events import Cancelled, Warning_
from reverie.pictures import images
from reverie.server.errors import unexpected
from reverie.server.store import Stored
from reverie.server.turns import Rank, Turns
from reverie.training import train_style as training
from reverie.training.perceptual import check_size
from reverie.training.style_training import Progress

State = Literal["learning", "done", "stopped", "failed"]
_KEPT = 32  # lessons that are remembered
_A_STEP = 10.0  # seconds at most, after which one that was stopped is over, unless a job is before it

_log = logging.getLogger("reverie")


class Lesson:
    """A style that is being learnt, or was. May be read from any thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: State = "learning"
        self.why: Sentence | None = None  # it failed
        self.fraction = 0.0
        self.seconds_left: float | None = None
        self.stop = threading.Event()


class Lessons:
    """Learns one style at a time, in a thread that makes way for jobs between its steps."""

    def __init__(self, turns: Turns, device: str) -> None:
        self._turns, self._device = turns, device
        self._lessons: dict[str, Lesson] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def under_way(self) -> Lesson | None:
        """The one that is not over, if there is one; it may have been told to stop."""
        return next((each for each in self.listed() if each.state == "learning"), None)

    def listed(self) -> list[Lesson]:
        """All that are remembered, the newest first."""
        return list(reversed(list(self._lessons.values())))

    def get(self, name: str) -> Lesson | None:
        return self._lessons.get(name)

    def begin(self, name: str, picture: Stored, strength: float) -> Lesson | None:
        """Begins to learn a style from a picture, or goes on with what was not finished; None while another is learnt.
        Raises ReverieError for a name that cannot be used, and a picture that is too small."""
        with self._lock:
            if (other := self.under_way) is not None:
                if other.stop.is_set() and self._thread is not None:
                    self._thread.join(timeout=_A_STEP)
                if self.under_way is not None:
                    return None
            training.file_for(name)
            check_size(picture.width, picture.height)
            self._lessons.pop(name, None)
            lesson = self._lessons[name] = Lesson(name)
            for old in list(self._lessons)[:-_KEPT]:
                del self._lessons[old]
            self._thread = threading.Thread(
                target=self._carry_out, args=(lesson, picture, strength), name="lesson", daemon=True
            )
            self._thread.start()
            return lesson

    def close(self) -> None:
        """Ends what is learnt, whose state is kept, and waits for that."""
        for lesson in self.listed():
            lesson.stop.set()
        if self._thread is not None:
            self._thread.join(timeout=_A_STEP)

    def _carry_out(self, lesson: Lesson, picture: Stored, strength: float) -> None:
        try:
            self._learn(lesson, picture, strength)
            lesson.state = "done"
        except Cancelled:
            lesson.state = "stopped"
        except Exception as error:  # whatever it was, the next lesson must find none under way
            lesson.why = _reason(error)
            lesson.state = "failed"

    def _learn(self, lesson: Lesson, picture: Stored, strength: float) -> None:
        order = training.Order(
            images.decode(picture.data), lesson.name, lesson.name, strength=strength, device=self._device
        )
        crops = training.practice(order)
        if lesson.stop.is_set():
            raise Cancelled
        with self._turns.taken(Rank.PATIENT):
            training.train(order, crops, self._hear(lesson))

    def _hear(self, lesson: Lesson) -> Callable[[Progress | training.Sampled | Warning_], None]:
        """What notes the progress, and makes way, after each step. A stopped one raises Cancelled there."""
        where = devices.choose(self._device)

        def hear(event: Progress | training.Sampled | Warning_) -> None:
            if isinstance(event, Warning_):
                _log.warning("lesson “%s”: %s", lesson.name, event.message)
            elif isinstance(event, Progress):
                lesson.fraction, lesson.seconds_left = event.step / event.steps, event.seconds_left
                if self._turns.is_wanted(Rank.PATIENT):
                    self._turns.make_way(Rank.PATIENT, where)
                if lesson.stop.is_set():
                    raise Cancelled

        return hear


def _reason(error: Exception) -> Sentence:
    if isinstance(error, ReverieError):
        return error.sentence
    _log.error("a lesson failed", exc_info=error)
    return memory.NOT_ENOUGH if memory.is_exhausted(error) else unexpected(error)
