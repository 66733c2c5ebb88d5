"""A stream of events that breaks off is taken up again, and a job may go on without a reader."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import itertools
import json
import time

import pytest
from live import backend, events, listen, message, small, until  # noqa: F401 (fixtures)
from reverie.errors import ReverieError
from reverie.server import job as jobs
from reverie.server import worker


def _submit(backend, small, **more: object) -> str:
    image = backend.upload(small)
    answer = backend.client.post("/v1/jobs", json={"recipe": {"style": image}, "content": image, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def _first(backend, job: str, count: int) -> list[dict]:
    """The first events, after which the connection is closed."""
    with backend.client.stream("GET", f"/v1/jobs/{job}/events") as answer:
        return [json.loads(line) for line in itertools.islice(answer.iter_lines(), count)]


def _after(backend, job: str, number: int, **headers: str) -> list[dict]:
    answer = backend.client.get(f"/v1/jobs/{job}/events", params={"after": number} if number else {}, headers=headers)
    return [json.loads(line) for line in answer.text.splitlines()]


def test_events_are_numbered_and_a_reader_goes_on_where_it_was(backend, small):
    job = _submit(backend, small, cancel_on_close=False)
    before = _first(backend, job, 3)
    assert [event["number"] for event in before] == [1, 2, 3]
    backend.render.release.set()
    rest = _after(backend, job, before[-1]["number"])
    assert [event["number"] for event in rest if event["type"] != "alive"] == [4, 5]
    assert rest[-1]["type"] == "done"
    assert [event["type"] for event in _after(backend, job, 5)] == []
    assert all("number" not in event for event in rest if event["type"] == "alive")


def test_a_job_that_may_be_left_alone_goes_on_without_a_reader(backend, small):
    left, other = _submit(backend, small, cancel_on_close=False), _submit(backend, small)
    backend.wait(left, "running")
    for job in (left, other):
        connection = listen(backend, job)
        assert connection.recv(100)
        connection.close()
    backend.wait(other, "cancelled", 2)
    for job in (left, other):
        backend.worker.get(job).asked -= 61
    backend.worker.cancel_unheard(60)
    assert backend.state(left) == "running"
    backend.worker.get(left).asked -= jobs.KEPT + 1
    backend.worker.cancel_unheard(60)
    backend.wait(left, "cancelled", 2)


@pytest.mark.parametrize("end", ["fetched", "an hour"])
@pytest.mark.parametrize("cancel_on_close", [True, False])
def test_a_result_is_kept_for_an_hour_or_until_it_is_fetched(backend, small, cancel_on_close, end):
    backend.render.release.set()
    job = _submit(backend, small, cancel_on_close=cancel_on_close)
    backend.wait(job, "done")
    backend.worker.forget_finished()
    assert backend.state(job) == "done"
    if end == "fetched":
        assert backend.client.get(f"/v1/jobs/{job}/result").status_code == 200
    else:
        backend.worker.get(job).asked -= jobs.KEPT + 1
    backend.worker.forget_finished()
    assert backend.client.get(f"/v1/jobs/{job}").status_code == 404


def test_why_there_is_no_result_can_be_asked_as_long(backend, small):
    backend.render.failures = [ReverieError("The picture is too blue; use another.")]
    job, cancelled = _submit(backend, small), _submit(backend, small)
    backend.client.delete(f"/v1/jobs/{cancelled}")
    backend.wait(job, "failed")
    backend.wait(cancelled, "cancelled")
    backend.worker.forget_finished()
    assert backend.client.get(f"/v1/jobs/{job}").json()["message"] == "The picture is too blue; use another."
    assert backend.client.get(f"/v1/jobs/{cancelled}").status_code == 404


def test_results_that_make_way_are_those_that_were_fetched_and_then_the_oldest(backend, small, monkeypatch):
    backend.render.release.set()
    monkeypatch.setattr(worker, "_RESULTS_KEPT", 2 * 4 * small.size)  # two of floats
    first, second, fetched = (_submit(backend, small) for _ in range(3))
    backend.wait(fetched, "done")
    result = backend.client.get(f"/v1/jobs/{fetched}/result").content
    third = _submit(backend, small)  # room is made where one comes
    backend.wait(third, "done")
    assert "make way for later ones; submit the job again" in message(
        backend.client.get(f"/v1/jobs/{fetched}/result"), 404
    )
    backend.wait(_submit(backend, small), "done")
    assert backend.state(first) == "done"
    assert "make way for later ones" in message(backend.client.get(f"/v1/jobs/{first}/result"), 404)
    for job in (second, third):
        assert backend.client.get(f"/v1/jobs/{job}/result").content == result


def test_of_too_many_jobs_those_go_that_nobody_waits_for(backend, small, monkeypatch):
    backend.render.release.set()
    monkeypatch.setattr(worker, "_JOBS_KEPT", 2)
    awaited, fetched = _submit(backend, small), _submit(backend, small)
    backend.wait(fetched, "done")
    backend.client.get(f"/v1/jobs/{fetched}/result")
    _submit(backend, small)
    assert backend.client.get(f"/v1/jobs/{fetched}").status_code == 404
    assert backend.client.get(f"/v1/jobs/{awaited}/result").status_code == 200


def test_a_reader_that_has_just_gone_has_an_hour_from_then(backend, small):
    job = _submit(backend, small, cancel_on_close=False)
    connection = listen(backend, job)
    assert connection.recv(100)
    backend.worker.get(job).asked -= jobs.KEPT + 1
    before = time.monotonic()
    connection.close()
    until(lambda: backend.worker.get(job).watchers == 0, 5, "the reader to be gone")
    until(lambda: backend.worker.get(job).asked >= before, 5, "the hour to begin")


def test_server_sent_events_have_their_number_as_id(backend, small):
    backend.render.release.set()
    job = _submit(backend, small)
    lines = [f"id: {event['number']}\ndata: {json.dumps(event)}" for event in events(backend, job)]
    accept = {"Accept": "text/event-stream"}
    answer = backend.client.get(f"/v1/jobs/{job}/events", headers=accept)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.split("\n\n") == [*lines, ""]
    answer = backend.client.get(f"/v1/jobs/{job}/events", headers={**accept, "Last-Event-ID": "4"})
    assert answer.text.split("\n\n") == [lines[-1], ""]


def test_a_sign_of_life_is_a_comment_there(backend, small):
    job = _submit(backend, small)
    backend.wait(job, "running")
    with backend.client.stream("GET", f"/v1/jobs/{job}/events", headers={"Accept": "text/event-stream"}) as answer:
        assert any(line == ": alive" for line in itertools.islice(answer.iter_lines(), 40))


def test_a_number_that_is_none_is_refused(backend, small):
    job = _submit(backend, small)
    assert backend.client.get(f"/v1/jobs/{job}/events", params={"after": "soon"}).status_code == 422
    assert backend.client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "-1"}).status_code == 422
