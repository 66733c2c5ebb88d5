"""A job's life: its end in every way, and that others are not held up by it."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import io
import json
import threading
from datetime import datetime, timezone

import httpx
import numpy as np
from live import TOKEN, backend, events, kinds, listen, npy, small, until  # noqa: F401 (fixtures)
from reverie.errors import ReverieError
from reverie.pictures import images
from reverie.server.routes import jobs as calls
from reverie.tools import estimate


def test_a_running_job_is_adjusted_and_finished_early(backend, small):
    job = backend.submit(backend.upload(small), dream={})
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


def test_a_job_of_which_nobody_speaks_is_cancelled(backend, small):
    """Its client was killed between sending it and listening to it."""
    image = backend.upload(small)
    silent, heard, asked = backend.submit(image), backend.submit(image), backend.submit(image)
    backend.wait(silent, "running")
    listener = listen(backend, heard)
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


def test_a_job_is_done_whatever_comes_of_learning_its_time(backend, small, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(estimate, "learn", fail)
    backend.render.release.set()
    image = backend.upload(small)
    job = backend.submit(image)
    backend.wait(job, "done")
    after = backend.submit(image)
    backend.wait(after, "done")
    assert kinds(events(backend, job))[-1] == "done" and backend.state(job) == "done"
    assert backend.client.get(f"/v1/jobs/{job}/result").status_code == 200
    assert "estimates have learnt nothing" in caplog.text


def test_a_job_is_cancelled_while_its_pictures_are_made_ready(backend, small, monkeypatch):
    begun, go_on, seen = threading.Event(), threading.Event(), []

    def decode(data: bytes) -> np.ndarray:
        seen.append(data)
        begun.set()
        assert go_on.wait(10)
        return np.zeros((6, 8, 3), np.float32)

    monkeypatch.setattr(images, "decode", decode)
    content, style = backend.upload(small), backend.upload(255 - small)
    answer = backend.client.post("/v1/jobs", json={"recipe": {"style": style}, "content": content})
    assert begun.wait(5)
    backend.client.delete(f"/v1/jobs/{answer.json()['id']}")
    go_on.set()
    backend.wait(answer.json()["id"], "cancelled")
    assert len(seen) == 1 and not backend.render.seeds


def test_a_job_whose_pictures_do_not_fit_into_memory_fails_with_a_sentence(backend, small, monkeypatch):
    def decode(data: bytes) -> np.ndarray:
        raise MemoryError

    monkeypatch.setattr(images, "decode", decode)
    job = backend.submit(backend.upload(small))
    backend.wait(job, "failed")
    assert events(backend, job)[-1]["message"].startswith("There is not enough memory for a picture of this size.")


def test_jobs_that_wait_hold_no_more_pictures_than_there_is_room_for(backend, small, monkeypatch):
    image = backend.upload(small)
    first, second = backend.submit(image), backend.submit(image)
    assert backend.worker.held == len(npy(small))
    monkeypatch.setattr(calls, "MAX_HELD", backend.worker.held - 1)
    answer = backend.client.post("/v1/jobs", json={"recipe": {"style": image}, "content": image})
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "10"
    assert "hold as many pictures" in answer.json()["error"]["message"]
    backend.render.release.set()
    for job in (first, second):
        backend.wait(job, "done")
    assert backend.worker.held == 0


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
    assert events(backend, jobs[3])[0] == {"type": "queued", "position": 3, "number": 1}


def test_too_many_waiting_jobs_are_refused(backend, small, monkeypatch):
    monkeypatch.setattr(calls, "MAX_WAITING", 1)
    image = backend.upload(small)
    backend.wait(backend.submit(image), "running")
    backend.submit(image)
    answer = backend.client.post("/v1/jobs", json={"recipe": {"style": image}, "content": image})
    assert answer.status_code == 503 and "waiting" in answer.json()["error"]["message"]
    assert int(answer.headers["retry-after"]) > 0


def test_the_jobs_are_listed_the_newest_first(backend, small):
    image = backend.upload(small)
    before = datetime.now(timezone.utc)
    jobs = [backend.submit(image, seed=seed) for seed in range(3)]
    until(lambda: backend.client.get("/v1/jobs").json()["jobs"][2]["progress"] > 0, 5, "some progress")
    backend.client.delete(f"/v1/jobs/{jobs[1]}")
    listed = backend.client.get("/v1/jobs").json()["jobs"]
    assert [job["id"] for job in listed] == list(reversed(jobs))
    assert [job["state"] for job in listed] == ["queued", "cancelled", "running"]
    assert [job["progress"] for job in listed] == [0, 0, 0.1]
    assert listed[0]["recipe"] == {"style": [{"image": image}], "seed": 2}
    created = [datetime.fromisoformat(job["created"].replace("Z", "+00:00")) for job in listed]
    assert before <= created[2] <= created[1] <= created[0] <= datetime.now(timezone.utc)
    backend.render.release.set()
    backend.wait(jobs[2], "done")
    newest = backend.client.get(f"/v1/jobs/{jobs[2]}").json()
    assert backend.client.get("/v1/jobs").json()["jobs"][0] == newest
    assert newest["progress"] == 1


def test_listing_jobs_is_not_asking_for_one(backend, small):
    job = backend.submit(backend.upload(small))
    backend.worker.get(job).asked -= 61
    backend.client.get("/v1/jobs")
    backend.worker.cancel_unheard(60)
    backend.wait(job, "cancelled")


def test_where_a_job_is_stands_in_the_answer_to_its_submission(backend, small):
    image = backend.upload(small)
    answer = backend.client.post("/v1/jobs", json={"recipe": {"style": image}, "content": image})
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    assert backend.client.get(answer.headers["location"]).json()["id"] == answer.json()["id"]


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
    assert events(backend, job)[-1] == {
        "type": "failed",
        "message": sentence,
        "template": sentence,
        "values": {},
        "number": 5,
    }
    assert backend.client.get(f"/v1/jobs/{job}").json()["message"] == "The picture is too blue; use another."

    backend.render.release.set()
    backend.wait(backend.submit(image), "done")
    assert TOKEN not in caplog.text


def test_health_answers_while_jobs_run_and_pictures_are_decoded(backend, monkeypatch):
    """What is sent is looked at beside the event loop: here that lasts until health has answered."""
    picture, inspect = np.zeros((6, 8, 3), np.uint8), images.inspect
    backend.wait(backend.submit(backend.upload(picture)), "running")
    looking, answered = threading.Event(), threading.Event()

    def held(data: bytes) -> object:
        looking.set()
        assert answered.wait(20)
        return inspect(data)

    monkeypatch.setattr(images, "inspect", held)
    upload = threading.Thread(target=backend.upload, args=(picture + np.uint8(1),))
    upload.start()
    assert looking.wait(20)
    assert backend.client.get("/v1/health").json()["busy"] is True
    answered.set()
    upload.join(20)
    assert not upload.is_alive()


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
