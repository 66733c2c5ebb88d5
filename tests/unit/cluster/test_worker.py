"""What a worker says of its work while it is at it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from reverie.cluster import worker as workers
from reverie.cluster.luggage import Luggage
from reverie.cluster.worker import Finished, Worker
from reverie.errors import ReverieError
from reverie.events import Preview, Progress, Started


@pytest.fixture
def worker() -> Iterator[Worker]:
    usual = torch.get_num_threads()
    yield Worker("common", Luggage({}, {}), "cpu", 3)
    torch.set_num_threads(usual)


def _progress(fraction: float) -> Progress:
    return Progress(1, 2, 8, 8, 0.5, fraction, 1.0)


def test_it_introduces_itself_with_the_threads_that_it_computes_with(worker):
    introduced = worker.introduce()
    assert (introduced.threads, introduced.device, introduced.torch) == (3, "cpu", torch.__version__)


def test_parts_and_events_come_in_their_order_and_what_comes_too_often_is_left_out(worker, monkeypatch):
    clock = iter([0.0, 0.1, 0.2, 0.3, 0.7, 0.8])
    monkeypatch.setattr(workers.time, "monotonic", lambda: next(clock))
    started = Started("cpu", "none", 1)

    def work(common, task, report):
        report(started)
        report(_progress(0.1))
        yield common, task
        report(Preview(np.zeros((2, 2, 3), np.float32)))
        report(_progress(0.2))
        report(_progress(0.3))
        report(_progress(0.4))
        yield "last"

    told = list(worker.carry_out(work, "task"))
    assert told == [started, _progress(0.1), ("common", "task"), _progress(0.4), "last", Finished()]


def test_what_a_person_can_mend_is_told_and_what_nobody_foresaw_is_raised(worker):
    def fails(common, task, report):
        yield "first"
        raise task

    first, error, _ = worker.carry_out(fails, ReverieError("oh", "content"))
    assert (first, error.message, error.field) == ("first", "oh", "content")
    told = worker.carry_out(fails, ValueError("ah"))
    assert next(told) == "first"
    with pytest.raises(ValueError, match="ah"):
        next(told)
