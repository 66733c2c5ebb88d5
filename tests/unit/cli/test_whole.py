"""The progress of many parts as that of all."""

from __future__ import annotations

import pytest
from reverie.cli import whole
from reverie.cli.whole import Whole
from reverie.events import Progress, Started


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(whole.time, "monotonic", lambda: now[0])
    return now


def _progress(fraction: float) -> Progress:
    return Progress(1, 2, 8, 8, 0.5, fraction, 99.0)


def test_parts_side_by_side_count_as_far_as_they_are(clock):
    told: list = []
    work = Whole(told.append, 4)
    clock[0] += 10
    work.tell("a", _progress(0.5))
    assert (told[-1].fraction, told[-1].seconds_left) == pytest.approx((0.125, 70))
    work.tell("b", _progress(0.5))
    assert told[-1].fraction == pytest.approx(0.25)
    work.tell("a", _progress(1.0))
    work.note_done("a")
    work.tell("b", _progress(0.75))
    assert told[-1].fraction == pytest.approx(1.75 / 4)
    work.note_done("c")  # of which nothing was heard
    work.tell("b", _progress(1.0))
    assert told[-1].fraction == pytest.approx(3 / 4)
    assert (told[-1].iteration, told[-1].loss) == (1, 0.5)


def test_what_is_no_progress_is_told_as_it_is(clock):
    told: list = []
    Whole(told.append, 0).tell("a", Started("cpu", "none", 1))
    assert told == [Started("cpu", "none", 1)]
    Whole(told.append, 1).tell("a", _progress(0.0))
    assert told[-1].fraction == 0 and told[-1].seconds_left >= 0
