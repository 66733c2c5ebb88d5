"""A job tells what happens to it, in order, and whether anybody listens."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
from live import OwnClock, backend, events, kinds, listen, small, until  # noqa: F401 (fixtures)
from reverie.server import events as telling
from reverie.server.routes import jobs as calls


def test_events_come_in_order_and_again_for_a_late_reader(backend, small):
    backend.render.release.set()
    job = backend.submit(backend.upload(small), seed=7)
    told = events(backend, job)
    assert kinds(told) == ["queued", "started", "progress", "preview", "done"]
    assert told[0]["position"] == 0
    assert told[-1]["seconds"] == 0.5 and told[-1]["recipe"]["seed"] == 7
    assert kinds(events(backend, job)) == ["queued", "started", "progress", "preview", "done"]
    assert backend.state(job) == "done"


def test_a_silent_job_shows_that_it_lives_twice_a_second(backend, small, monkeypatch):
    job = backend.submit(backend.upload(small))
    until(lambda: backend.render.moments > 0, 5, "the job to be silent")
    clock, told = OwnClock(monkeypatch, calls), []
    begun = clock.now

    async def heard() -> None:
        async for line in calls._stream(backend.worker.get(job), 0, telling.line):
            told.append((clock.now, json.loads(line)["type"]))
            if clock.now > begun + 1.6:
                backend.render.release.set()

    asyncio.run(heard())
    assert told[-1][1] == "done" and [kind for _, kind in told].count("alive") >= 3
    assert max(np.diff([begun, *(when for when, _ in told)])) < 0.5


def test_a_waiting_job_shows_that_it_lives_too(backend, small):
    image = backend.upload(small)
    backend.wait(backend.submit(image), "running")
    alive = 0
    with backend.client.stream("GET", f"/v1/jobs/{backend.submit(image)}/events") as answer:
        for line in answer.iter_lines():
            alive += json.loads(line)["type"] == "alive"
            if alive == 3:
                break


@pytest.mark.parametrize("reads", [True, False])
def test_a_dropped_stream_cancels_its_job_within_two_seconds(backend, small, reads):
    job = backend.submit(backend.upload(small))
    backend.wait(job, "running")
    connection = listen(backend, job)
    if reads:
        assert b"200 OK" in connection.recv(100)
    connection.close()
    backend.wait(job, "cancelled", 2)


def test_a_job_goes_on_while_somebody_still_listens(backend, small):
    job = backend.submit(backend.upload(small))
    first, second = listen(backend, job), listen(backend, job)
    assert first.recv(100) and second.recv(100)
    first.close()
    until(lambda: backend.worker.get(job).watchers == 1, 5, "the first to be gone")
    assert backend.state(job) == "running" and not backend.worker.get(job).cancelled()
    second.close()
    backend.wait(job, "cancelled", 2)
