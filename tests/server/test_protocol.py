"""The HTTP interface: every answer that it can give."""

from __future__ import annotations

import io
import pickle
import socket
import threading
import time

import numpy as np
import pytest
import requests

from backend.errors import ReverieError
from backend.server import app


def test_health_needs_no_token_and_everything_else_does(site):
    assert requests.get(site.root + "/health", timeout=5).json()["protocol"] == 1
    for method, path in [("GET", "/networks"), ("POST", "/images"), ("POST", "/jobs"), ("POST", "/shutdown")]:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
            answer = requests.request(method, site.root + path, headers=headers, timeout=5)
            assert answer.status_code == 401, path
            assert answer.json()["error"]["message"].endswith(".")


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_web_pages_are_refused(site, header):
    answer = requests.get(site.root + "/health", headers={**site.headers, **header}, timeout=5)
    assert answer.status_code == 403


def test_a_job_from_upload_to_result(site, picture):
    identifier = site.add(picture)
    job = site.submit(identifier)
    assert site.call("GET", f"/jobs/{job}/result").status_code == 409
    kinds = []
    for event in site.events(job):
        kinds.append(event["type"])
        if len(kinds) == 4:
            site.puppet.go.set()
    assert kinds[:2] in (["queued", "started"], ["queued", "progress"], ["queued", "alive"])
    assert kinds[-1] == "done"
    assert "progress" in kinds
    result = site.call("GET", f"/jobs/{job}/result")
    assert np.array_equal(np.load(io.BytesIO(result.content)), picture)
    assert site.call("GET", f"/jobs/{job}/result?format=png").content.startswith(b"\x89PNG")
    assert site.call("GET", f"/jobs/{job}/result?format=bmp").status_code == 422
    late = [event["type"] for event in site.events(job)]
    assert late[-1] == "done"


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_result_has_the_samples_of_the_upload(site, dtype, channels):
    random = np.random.default_rng(0)
    array = random.random((5, 7, channels)).astype(np.float32)
    if dtype != "float32":
        array = random.integers(0, np.iinfo(dtype).max + 1, (5, 7, channels)).astype(dtype)
    buffer = io.BytesIO()
    np.save(buffer, array)
    site.puppet.go.set()
    job = site.submit(site.add(buffer.getvalue()))
    site.wait(job, "done")
    result = np.load(io.BytesIO(site.call("GET", f"/jobs/{job}/result").content))
    assert result.dtype == array.dtype
    assert result.shape == array.shape
    np.testing.assert_allclose(result.astype(float), array.astype(float), atol=1e-6)


@pytest.mark.parametrize("data", [b"", b"junk", b"\x93NUMPY\x01\x00", pickle.dumps([1])])
def test_what_is_no_picture_is_refused(site, data):
    answer = site.call("POST", "/images", data=data)
    assert answer.status_code == 422
    assert "Traceback" not in answer.text


def test_too_large_a_body_is_refused_announced_or_not(site, monkeypatch):
    monkeypatch.setattr(app, "MAX_PICTURE_BYTES", 1000)
    assert site.call("POST", "/images", data=b"x" * 1001).status_code == 413
    assert site.call("POST", "/images", data=iter([b"x" * 600, b"x" * 600])).status_code == 413


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"strength": 3}, "strength"),
        ({"nonsense": 1}, "nonsense"),
        ({"network": "vgg20"}, "network"),
        ({"network": "squeezenet1_0", "style_layers": ["fire77"]}, "style_layers"),
        ({"style": "not an id"}, "style.0.image"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_field_before_any_work(site, picture, change, field):
    identifier = site.add(picture)
    answer = site.call("POST", "/jobs", json={"recipe": {"style": identifier, **change}, "content": identifier})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
    assert site.puppet.order == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"recipe": {}}', b'{"recipe": 3, "content": "x"}'])
def test_a_wrong_description_is_refused(site, body):
    assert site.call("POST", "/jobs", data=body).status_code == 422


def test_unknown_content_jobs_and_paths(site, picture):
    identifier = site.add(picture)
    answer = site.call("POST", "/jobs", json={"recipe": {"style": identifier}, "content": "gone"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "content")
    for path in ("/jobs/none", "/jobs/none/events", "/jobs/none/result", "/nowhere"):
        answer = site.call("GET", path)
        assert answer.status_code == 404
        assert answer.json()["error"]["message"]


def test_jobs_run_one_after_another_and_health_answers_meanwhile(site, picture):
    identifier = site.add(picture)
    jobs = [site.submit(identifier, seed=seed) for seed in (1, 2, 3)]
    site.wait(jobs[0], "running")
    begun = time.monotonic()
    health = site.call("GET", "/health").json()
    assert time.monotonic() - begun < 0.5
    assert (health["busy"], health["queue"]) == (True, 2)
    assert next(event for event in site.events(jobs[2]) if event["type"] == "queued")["position"] == 2
    site.puppet.go.set()
    site.wait(jobs[1], "done")
    assert site.puppet.order[:2] == [1, 2]


def test_a_job_is_cancelled_while_it_waits_and_while_it_runs(site, picture):
    identifier = site.add(picture)
    running, waiting = site.submit(identifier, seed=1), site.submit(identifier, seed=2)
    site.wait(running, "running")
    for job in (waiting, running):
        assert site.call("DELETE", f"/jobs/{job}").status_code == 202
    assert site.wait(running, "cancelled") < 1
    site.wait(waiting, "cancelled")
    assert site.puppet.order == [1]
    assert [event["type"] for event in site.events(running)][-1] == "cancelled"


def test_a_job_whose_only_reader_goes_is_cancelled(site, picture):
    job = site.submit(site.add(picture))
    events = site.events(job)
    next(events)
    site.wait(job, "running")
    events.close()
    assert site.wait(job, "cancelled") < 2


def test_a_job_with_another_reader_goes_on(site, picture):
    job = site.submit(site.add(picture))
    one, two = site.events(job), site.events(job)
    next(one)
    next(two)
    one.close()
    time.sleep(1.5)
    assert site.state(job) == "running"
    two.close()
    site.wait(job, "cancelled")


def test_a_waiting_job_gives_signs_of_life(site, picture):
    identifier = site.add(picture)
    site.submit(identifier)
    second = site.submit(identifier)
    begun, alive = time.monotonic(), 0
    for event in site.events(second):
        alive += event["type"] == "alive"
        if time.monotonic() - begun > 2:
            break
    assert alive >= 3


@pytest.mark.parametrize(
    ("failure", "words"), [(ReverieError("It is too wet."), "It is too wet."), (ValueError("secret"), "ValueError")]
)
def test_a_failed_job_says_why_and_the_next_one_runs(site, picture, failure, words):
    identifier = site.add(picture)
    site.puppet.go.set()
    site.puppet.fail = failure
    job = site.submit(identifier)
    site.wait(job, "failed")
    last = list(site.events(job))[-1]
    assert last["type"] == "failed"
    assert words in last["message"]
    assert "secret" not in last["message"]
    site.puppet.fail = None
    site.wait(site.submit(identifier), "done")


def test_many_clients_at_once(site, picture):
    site.puppet.go.set()
    identifier = site.add(picture)
    jobs: list[str] = []
    threads = [threading.Thread(target=lambda: jobs.append(site.submit(identifier))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(jobs)) == 8
    for job in jobs:
        site.wait(job, "done")


def test_a_client_that_stops_in_the_middle_of_its_upload_harms_nobody(site, picture):
    with socket.create_connection(("127.0.0.1", site.port)) as half:
        half.sendall(
            b"POST /v1/images HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer right\r\n"
            b"Content-Length: 100000\r\n\r\nabc"
        )
        assert site.call("GET", "/health").status_code == 200
    site.puppet.go.set()
    site.wait(site.submit(site.add(picture)), "done")


def test_a_running_job_is_adjusted_and_finished_early(site, picture):
    job = site.submit(site.add(picture))
    site.wait(job, "running")
    assert site.call("PATCH", f"/jobs/{job}", json={"strength": 0.8}).status_code == 202
    assert site.call("PATCH", f"/jobs/{job}", json={"dream_strength": 0.1}).status_code == 202
    assert site.call("PATCH", f"/jobs/{job}", json={"finish": True}).status_code == 202
    site.wait(job, "done")
    told = site.puppet.wishes
    assert [wish.strength for wish in told if wish.strength is not None] == [0.8]
    assert [wish.dream_strength for wish in told if wish.dream_strength is not None] == [0.1]
    assert told[-1].finish
    assert site.call("PATCH", f"/jobs/{job}", json={"strength": 0.8}).status_code == 409


@pytest.mark.parametrize(
    ("wish", "field"),
    [({"strength": 0}, "strength"), ({"strength": "much"}, "strength"), ({"strenght": 0.5}, "strenght")],
)
def test_a_wrong_adjustment_is_refused_with_its_field(site, picture, wish, field):
    job = site.submit(site.add(picture))
    answer = site.call("PATCH", f"/jobs/{job}", json=wish)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
