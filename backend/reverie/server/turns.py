"""Whose turn it is to compute. Two jobs at once would only halve each other's speed, so a long one makes way for small
ones, between its iterations or tiles."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One thread computes at a time; those that go first wait for no more than the next `make_way` of one that does
    not."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._first = 0  # those that wait to go first

    @contextmanager
    def taken(self, first: bool) -> Iterator[None]:
        """Waits for a turn, and has it meanwhile; one that goes `first` waits for no other than the one that has it."""
        self._take(first)
        try:
            yield
        finally:
            self._leave()

    @property
    def is_wanted(self) -> bool:
        """Whether some wait to go first."""
        return self._first > 0

    def make_way(self) -> None:
        """Lets them; for the thread whose turn it is."""
        self._leave()
        self._take(False)

    def _take(self, first: bool) -> None:
        with self._changed:
            self._first += first
            self._changed.wait_for(lambda: not self._taken and (first or not self._first))
            self._first -= first
            self._taken = True

    def _leave(self) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()
