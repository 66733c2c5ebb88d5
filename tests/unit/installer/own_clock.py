"""A clock that goes on only where a test says that something takes time, and what the installer says by it."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from reverie.installer import console


class OwnClock:
    """Stands in for `time` and `threading` in the console, whose moving lines wait by it. `lines` are what was said,
    for a person without a terminal, and `said` when."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.said, self.lines = [self.now], list[str]()
        self._changed = threading.Condition()
        self._waiting: dict[threading.Thread, float] = {}  # until when
        self._patch = monkeypatch.setattr
        for name, stand_in in {
            "time": SimpleNamespace(monotonic=lambda: self.now),
            "threading": SimpleNamespace(Event=self._event, Thread=threading.Thread),
            "sys": SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: False)),
            "print": self._print,
            "_spoken": self.now,
            "_as_json": False,
        }.items():
            monkeypatch.setattr(console, name, stand_in, raising=False)

    def pass_by(self, seconds: float) -> None:
        """Goes on, as far as the main thread says so, and lets every line that waits move when its time has come."""
        if threading.current_thread() is not threading.main_thread():
            return
        end = self.now + seconds
        with self._changed:
            while self._changed.wait_for(self._all_wait, 60) and self.now < end:
                self.now = min([end, *(until for until in self._waiting.values() if until > self.now)])
                self._changed.notify_all()

    def takes(self, seconds: float, owner: Any, name: str) -> None:
        """Has a function take that long, before what it does."""
        does = getattr(owner, name)

        def slow(*words: Any, **more: Any) -> Any:
            self.pass_by(seconds)
            return does(*words, **more)

        self._patch(owner, name, slow)

    @property
    def longest_silence(self) -> float:
        ends = [*self.said[1:], self.now]
        return max(end - begun for begun, end in zip(self.said, ends, strict=True))

    def _print(self, text: str, **_: object) -> None:
        self.said.append(self.now)
        self.lines.append(text)

    def _all_wait(self) -> bool:
        """Has every line that moves come to where it waits for its time?"""
        moving = [thread for thread in threading.enumerate() if "(_tick)" in thread.name]
        return all(self._waiting.get(thread, self.now) > self.now for thread in moving)

    def _event(self) -> Any:
        """An event that is waited for by this clock."""
        happened: list[bool] = []

        def happen() -> None:
            with self._changed:
                happened.append(True)
                self._changed.notify_all()

        def wait(seconds: float) -> bool:
            with self._changed:
                until = self._waiting[threading.current_thread()] = self.now + seconds
                self._changed.notify_all()
                self._changed.wait_for(lambda: happened or self.now >= until)
                if happened:
                    del self._waiting[threading.current_thread()]
                return bool(happened)

        return SimpleNamespace(set=happen, wait=wait)


@pytest.fixture(name="clock")
def clock_fixture(monkeypatch: pytest.MonkeyPatch) -> OwnClock:
    return OwnClock(monkeypatch)
