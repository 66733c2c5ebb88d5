"""Whose turn it is to compute. Two at once would only halve each other's speed, so a long job makes way for small ones,
between its iterations or tiles, and what is learnt makes way for both, between its steps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import torch


class Rank(IntEnum):
    """Who goes before whom: the lower the number, the sooner."""

    QUICK = 0
    USUAL = 1
    PATIENT = 2


class Turns:
    """One thread computes at a time; those that go first wait for no more than the next `make_way` of one that does
    not."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._waiting = [0] * len(Rank)

    @contextmanager
    def taken(self, rank: Rank) -> Iterator[None]:
        """Waits for a turn, and has it meanwhile; those that go first have theirs before it."""
        self._take(rank)
        try:
            yield
        finally:
            self._leave()

    def is_wanted(self, rank: Rank) -> bool:
        """Whether some wait that go before one of that rank."""
        return any(self._waiting[:rank])

    def make_way(self, rank: Rank, where: torch.device) -> None:
        """Lets them; for the thread whose turn it is, and that computes on that device. Random numbers are drawn from
        one sequence for the whole process, also by networks that are built: it goes on where it was in it."""
        with torch.random.fork_rng(devices=[where] if where.type == "cuda" else []):
            self._leave()
            self._take(rank)

    def _take(self, rank: Rank) -> None:
        with self._changed:
            self._waiting[rank] += 1
            self._changed.wait_for(lambda: not self._taken and not self.is_wanted(rank))
            self._waiting[rank] -= 1
            self._taken = True

    def _leave(self) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()
