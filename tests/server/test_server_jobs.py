"""A job's life: its events in order, its end in every way, and that others are not held up by it."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import io
import json
import socket
import threading
import time

import httpx
import numpy as np
import pytest
from live import TOKEN, Controlled, backend, npy, running, small, until  # noqa: F401 (fixtures)
from PIL import Image
from reverie.engine.render import render
from reverie.errors import ReverieError
from reverie.networks import registry
from reverie.server import app


def events(backend, job: str) -> list[dict]:
    with backend.client.stream("GET", f"/v1/jobs/{job}/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        return [json.loads(line) for line in answer.iter_lines()]


def kinds(told: list[dict]) -> list[str]:
    return [event["type"] for event in told if event["type"] != "alive"]


def test_events_come_in_order_and_again_for_a_late_reader(backend, small):
    backend.render.release.set()
    job = backend.submit(backend.upload(small), seed=7)
    told = events(backend, job)
    assert kinds(told) == ["queued", "started", "progress", "preview", "done"]
    assert told[0]["position"] == 0
    assert told[-1]["seconds"] == 0.5 and told[-1]["recipe"]["seed"] == 7
    assert kinds(events(backend, job)) == ["queued", "started", "progress", "preview", "done"]
    assert backend.state(job) == "done"


def test_a_silent_job_shows_that_it_lives_twice_a_second(backend, small):
    job = backend.submit(backend.upload(small))
    threading.Timer(1.6, backend.render.release.set).start()
    times = []
    with backend.client.stream("GET", f"/v1/jobs/{job}/events") as answer:
        for line in answer.iter_lines():
            times.append(time.monotonic())
            last = json.loads(line)["type"]
    assert last == "done"
    assert max(np.diff(times)) < 0.75  # 0.5 promised; the rest is this machine's


def test_a_waiting_job_shows_that_it_lives_too(backend, small):
    image = backend.upload(small)
    backend.wait(backend.submit(image), "running")
    alive = 0
    with backend.client.stream("GET", f"/v1/jobs/{backend.submit(image)}/events") as answer:
        for line in answer.iter_lines():
            alive += json.loads(line)["type"] == "alive"
            if alive == 3:
                break


def test_a_running_job_is_adjusted_and_finished_early(backend, small):
    job = backend.submit(backend.upload(small))
    backend.wait(job, "running")
    for wish in ({"strength": 0.8}, {"dream_strength": 0.1}, {"style_weights": [2.5]}, {"finish": True}):
        assert backend.client.patch(f"/v1/jobs/{job}", json=wish).status_code == 202
    backend.wait(job, "done")
    told = backend.render.wishes
    assert [wish.strength for wish in told if wish.strength is not None] == [0.8]
    assert [wish.dream_strength for wish in told if wish.dream_strength is not None] == [0.1]
    assert [wish.style_weights for wish in told if wish.style_weights is not None] == [(2.5,)]
    assert told[-1].finish
    assert backend.client.patch(f"/v1/jobs/{job}", json={"strength": 0.8}).status_code == 409


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"strength": 0}, "strength"),
        ({"strength": "much"}, "strength"),
        ({"strenght": 0.5}, "strenght"),
        ({"style_weights": [0]}, "style_weights.0"),
        ({"style_weights": [1, 2]}, "style_weights"),
        ({"dream_weights": [1]}, "dream_weights"),
    ],
)
def test_a_wrong_adjustment_is_refused_with_its_field(backend, small, wish, field):
    job = backend.submit(backend.upload(small))
    answer = backend.client.patch(f"/v1/jobs/{job}", json=wish)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field


def test_a_job_of_which_nobody_speaks_is_cancelled(backend, small):
    """Its client was killed between sending it and listening to it."""
    image = backend.upload(small)
    silent, heard, asked = backend.submit(image), backend.submit(image), backend.submit(image)
    backend.wait(silent, "running")
    listener = _listen(backend, heard)
    assert listener.recv(100)
    backend.worker.cancel_unheard(60)
    assert [backend.state(job) for job in (silent, heard, asked)] == ["running", "queued", "queued"]
    for job in (silent, heard):
        backend.worker.get(job).asked -= 61
    backend.worker.cancel_unheard(60)
    backend.wait(silent, "cancelled", 2)
    backend.wait(heard, "running", 2)
    assert backend.state(asked) == "queued"
    listener.close()


def test_a_running_job_is_cancelled(backend, small):
    job = backend.submit(backend.upload(small))
    backend.wait(job, "running")
    assert backend.client.delete(f"/v1/jobs/{job}").status_code == 202
    assert kinds(events(backend, job))[-1] == "cancelled"
    backend.wait(job, "cancelled", 1)
    assert backend.client.get(f"/v1/jobs/{job}/result").status_code == 409


def test_a_queued_job_is_cancelled_at_once_and_never_runs(backend, small):
    image = backend.upload(small)
    first, second = backend.submit(image, seed=1), backend.submit(image, seed=2)
    backend.wait(first, "running")
    assert backend.client.get("/v1/health").json()["queue"] == 1
    backend.client.delete(f"/v1/jobs/{second}")
    assert backend.state(second) == "cancelled"  # while the first still runs
    assert kinds(events(backend, second)) == ["queued", "cancelled"]
    backend.render.release.set()
    backend.wait(first, "done")
    assert backend.client.delete(f"/v1/jobs/{first}").status_code == 202  # too late: it stays done
    assert backend.state(first) == "done"
    assert backend.render.seeds == [1]


def test_jobs_run_one_after_the_other_in_order(backend, small):
    image = backend.upload(small)
    jobs = [backend.submit(image, seed=seed) for seed in range(4)]
    backend.wait(jobs[0], "running")
    assert [backend.state(job) for job in jobs] == ["running", "queued", "queued", "queued"]
    backend.render.release.set()
    backend.wait(jobs[-1], "done")
    assert backend.render.seeds == [0, 1, 2, 3]
    assert events(backend, jobs[3])[0] == {"type": "queued", "position": 3}


def test_too_many_waiting_jobs_are_refused(backend, small, monkeypatch):
    monkeypatch.setattr(app, "MAX_WAITING", 1)
    image = backend.upload(small)
    backend.wait(backend.submit(image), "running")
    backend.submit(image)
    answer = backend.client.post("/v1/jobs", json={"recipe": {"style": image}, "content": image})
    assert answer.status_code == 503 and "waiting" in answer.json()["error"]["message"]


def _listen(backend, job: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", backend.port))
    head = (
        f"GET /v1/jobs/{job}/events HTTP/1.1\r\nHost: 127.0.0.1:{backend.port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    )
    connection.sendall(head.encode())
    return connection


@pytest.mark.parametrize("reads", [True, False])
def test_a_dropped_stream_cancels_its_job_within_two_seconds(backend, small, reads):
    job = backend.submit(backend.upload(small))
    backend.wait(job, "running")
    connection = _listen(backend, job)
    if reads:
        assert b"200 OK" in connection.recv(100)
    connection.close()
    backend.wait(job, "cancelled", 2)


def test_a_job_goes_on_while_somebody_still_listens(backend, small):
    job = backend.submit(backend.upload(small))
    first, second = _listen(backend, job), _listen(backend, job)
    assert first.recv(100) and second.recv(100)
    first.close()
    time.sleep(0.5)
    assert backend.state(job) == "running"
    second.close()
    backend.wait(job, "cancelled", 2)


def test_a_failure_is_a_sentence_and_the_next_job_runs(backend, small, caplog):
    image = backend.upload(small)
    backend.render.failures = [ValueError("inner detail")]
    told = events(backend, backend.submit(image))
    assert told[-1]["type"] == "failed"
    assert "unexpected error" in told[-1]["message"] and "log is at" in told[-1]["message"]
    assert "inner detail" not in told[-1]["message"]
    assert "inner detail" in caplog.text and "Traceback" in caplog.text  # the log has it

    backend.render.failures = [ReverieError("The picture is too blue; use another.")]
    job = backend.submit(image)
    sentence = "The picture is too blue; use another."
    assert events(backend, job)[-1] == {"type": "failed", "message": sentence, "template": sentence, "values": {}}
    assert backend.client.get(f"/v1/jobs/{job}").json()["message"] == "The picture is too blue; use another."

    backend.render.release.set()
    backend.wait(backend.submit(image), "done")
    assert TOKEN not in caplog.text


def test_health_answers_while_jobs_run_and_pictures_are_decoded(backend):
    large = np.random.default_rng(0).integers(0, 65536, (1500, 2000, 4), np.uint16)
    image = backend.upload(np.zeros((6, 8, 3), np.uint8))
    backend.wait(backend.submit(image), "running")
    uploads = [threading.Thread(target=backend.upload, args=(large + np.uint16(n),)) for n in range(2)]
    for upload in uploads:
        upload.start()
    slowest = 0.0
    while any(upload.is_alive() for upload in uploads) or slowest == 0:
        begun = time.monotonic()
        assert backend.client.get("/v1/health").json()["busy"] is True
        slowest = max(slowest, time.monotonic() - begun)
    for upload in uploads:
        upload.join()
    assert slowest < 0.5  # decoding one of these on the event loop would take longer


def test_preview_and_result_come_when_they_are_there(backend, small):
    job = backend.submit(backend.upload(small))
    backend.wait(job, "running")
    until(lambda: backend.client.get(f"/v1/jobs/{job}/preview").status_code == 200, 5, "a preview")
    preview = backend.client.get(f"/v1/jobs/{job}/preview")
    assert preview.headers["content-type"] == "image/png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(preview.content))), small)
    assert backend.client.get(f"/v1/jobs/{job}/result").status_code == 409
    backend.render.release.set()
    backend.wait(job, "done")
    png = backend.client.get(f"/v1/jobs/{job}/result?format=png").content
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), small)
    assert backend.client.get(f"/v1/jobs/{job}/result?format=bmp").status_code == 422


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<f4", ">f4"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_result_has_the_samples_and_channels_of_the_upload(dtype, channels, order):
    controlled = Controlled()
    controlled.release.set()
    values = np.random.default_rng(3).random((5, 7, channels))
    array = np.asarray((values * {"1": 255, "2": 65535, "4": 1}[dtype[-1]]).astype(dtype), order=order)
    with running(controlled) as backend:
        job = backend.submit(backend.upload(array))
        backend.wait(job, "done")
        data = backend.client.get(f"/v1/jobs/{job}/result").content
    result = np.load(io.BytesIO(data), allow_pickle=False)
    assert result.dtype == np.dtype(dtype.replace(">", "<"))
    assert result.shape == array.shape
    np.testing.assert_allclose(
        result.astype(float), array.astype(float), rtol=1e-6, atol=0 if dtype[-1] != "4" else 1e-6
    )


def test_a_finished_job_keeps_its_result_but_not_the_upload(backend, small):
    backend.render.release.set()
    job = backend.submit(backend.upload(small))
    backend.wait(job, "done")
    assert backend.worker.get(job).content.data == b""
    assert backend.client.get(f"/v1/jobs/{job}/result").status_code == 200


def test_several_clients_at_once(backend, small):
    backend.render.release.set()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    ends: list[str] = []

    def client(number: int) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{backend.port}", headers=headers, timeout=20) as own:
            image = own.post("/v1/images", content=npy(small + np.uint8(number))).json()["id"]
            job = own.post("/v1/jobs", json={"recipe": {"style": image}, "content": image}).json()["id"]
            lines = own.get(f"/v1/jobs/{job}/events").text.splitlines()
            result = np.load(io.BytesIO(own.get(f"/v1/jobs/{job}/result").content))
            assert np.array_equal(result, small + np.uint8(number))
            ends.append(json.loads(lines[-1])["type"])

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert ends == ["done"] * 8


def test_the_real_engine_paints_through_the_server():
    if not registry.available():
        pytest.skip("needs a network's weights: the bundled encoder, or a folder named in REVERIE_WEIGHTS")
    generator = np.random.default_rng(5)
    content, style = (generator.integers(0, 65536, (48, 64, 4), np.uint16) for _ in range(2))
    content[:, :, 3] = 40000
    with running(render) as backend:
        image, look = backend.upload(content), backend.upload(style)
        recipe = {"style": look, "iterations": 6, "smallest": 32, "size": 64}
        job = backend.client.post("/v1/jobs", json={"recipe": recipe, "content": image}).json()["id"]
        told = events(backend, job)
        assert kinds(told)[0] == "queued" and kinds(told)[-1] == "done", told[-1]
        assert told[-1]["recipe"]["network"] in registry.available()
        result = np.load(io.BytesIO(backend.client.get(f"/v1/jobs/{job}/result").content))
        assert result.dtype == np.uint16 and result.shape == content.shape
        assert (result[:, :, 3] == 40000).all()
        assert np.abs(result[:, :, :3].astype(float) - content[:, :, :3]).mean() > 500

        long = {"style": look, "iterations": 10000, "smallest": 32, "size": 64}
        job = backend.client.post("/v1/jobs", json={"recipe": long, "content": image}).json()["id"]
        until(lambda: backend.worker.get(job).since(0)[1] > 5, 20, "some iterations")
        begun = time.monotonic()
        assert backend.client.get("/v1/health").json()["busy"] is True
        assert time.monotonic() - begun < 0.5
        backend.client.delete(f"/v1/jobs/{job}")
        backend.wait(job, "cancelled", 2)
