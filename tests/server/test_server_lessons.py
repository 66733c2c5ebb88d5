"""Fast styles are learnt while the backend runs, and make way for whatever is painted."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Iterator

import numpy as np
import pytest
from live import Backend, OwnClock, backend, message, small, until  # noqa: F401 (fixtures)
from reverie import demo
from reverie.errors import ReverieError
from reverie.fast import styles
from reverie.server import lessons, lifecycle, worker
from reverie.training import pictures
from reverie.training.style_training import Plan, Progress


class Teacher:
    """Stands in for the training where a test looks at its turns."""

    def __init__(self) -> None:
        self.steps, self.failure = 0, None

    def __call__(self, order, crops, report) -> None:
        while self.steps < 1000:
            time.sleep(0.01)
            if self.failure:
                raise self.failure
            self.steps += 1
            report(Progress(self.steps, 1000, 1.0, 10.0))


@pytest.fixture
def large() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (128, 130, 3), np.uint8)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(styles, "folder", lambda: tmp_path)
    few = functools.partial(pictures.Crops, [], 0, generated=3, altered=False)
    monkeypatch.setattr(lessons.training, "practice", lambda order: few())
    return tmp_path


@pytest.fixture
def teacher(folder, monkeypatch) -> Iterator[Teacher]:
    stand_in = Teacher()
    monkeypatch.setattr(lessons.training, "train", stand_in)
    yield stand_in
    stand_in.failure = ReverieError("The end.")


def _learn(backend: Backend, picture: str, name: str = "mine", **more: object):
    return backend.client.post("/v1/lessons", json={"name": name, "picture": picture, **more})


def _lesson(backend: Backend) -> dict:
    return backend.client.get("/v1/lessons").json()["lessons"][0]


def _goes_on(teacher: Teacher) -> None:
    before = teacher.steps
    until(lambda: teacher.steps > before + 2, 5, "the lesson to go on")


def test_a_style_is_learnt_is_one_of_the_fast_styles_then_and_is_removed(backend, folder, monkeypatch):
    quick = functools.partial(lessons.training.Order, plan=Plan(steps=4, batch=1, size=64), network="reverie")
    monkeypatch.setattr(lessons.training, "Order", quick)
    answer = backend.client.post("/v1/images", content=demo.styles()["mosaic"].read_bytes())
    begun = _learn(backend, answer.json()["id"])
    assert begun.status_code == 202 and begun.json()["state"] == "learning"
    until(lambda: _lesson(backend)["state"] != "learning", 60, "the lesson to end")
    assert _lesson(backend) == {"name": "mine", "state": "done", "fraction": 1.0, "seconds_left": None, "error": None}
    assert "mine" in [each["name"] for each in backend.client.get("/v1/styles").json()["styles"]]
    assert backend.client.get("/v1/styles/mine/thumbnail").status_code == 200
    assert not (folder / "mine.state").exists()
    left = backend.client.delete("/v1/styles/mine").json()["styles"]
    assert "mine" not in [each["name"] for each in left] and not list(folder.iterdir())
    assert "came with Reverie" in message(backend.client.delete("/v1/styles/udnie"), 404)


def test_what_is_painted_goes_first_and_the_lesson_goes_on_after_it(backend, teacher, large):
    image = backend.upload(large)
    _learn(backend, image)
    _goes_on(teacher)
    job = backend.submit(image)
    backend.wait(job, "running")
    stood, begun = teacher.steps, backend.render.moments
    until(lambda: backend.render.moments > begun + 30, 5, "the job to go on")
    assert teacher.steps == stood, "in which it would have taken about thirty"
    backend.render.release.set()
    backend.wait(job, "done")
    assert backend.worker.get(job).undisturbed, "the lesson takes nothing of its time"
    _goes_on(teacher)
    assert 0 < _lesson(backend)["fraction"] < 1 and _lesson(backend)["seconds_left"] == 10


def test_one_that_is_stopped_makes_room_for_the_next(backend, teacher, folder, large):
    image = backend.upload(large)
    _learn(backend, image)
    _goes_on(teacher)
    assert "Another style is being learnt" in message(_learn(backend, image, "other"), 409)
    (folder / "mine.safetensors").touch()  # as it is by then
    assert "“mine” is being learnt" in message(backend.client.delete("/v1/styles/mine"), 409)
    (folder / "mine.safetensors").unlink()
    assert backend.client.delete("/v1/lessons/mine").json()["state"] == "stopped"
    assert _learn(backend, image, "other").status_code == 202
    told = backend.client.get("/v1/lessons").json()["lessons"]
    assert [(each["name"], each["state"]) for each in told] == [("other", "learning"), ("mine", "stopped")]
    assert "no such lesson" in message(backend.client.delete("/v1/lessons/third"), 404)


def test_why_one_failed_is_told_and_the_next_is_learnt(backend, teacher, large):
    image = backend.upload(large)
    for failure, says in ((ReverieError("It is {what}.", what="nothing"), "It is nothing."), (OSError(), "unexpected")):
        teacher.failure = failure
        _learn(backend, image)
        until(lambda: _lesson(backend)["state"] == "failed", 5, "the lesson to fail")
        assert says in _lesson(backend)["error"]["message"]
    teacher.failure = None
    assert _learn(backend, image).status_code == 202
    _goes_on(teacher)


@pytest.mark.parametrize(
    ("wanted", "field", "says"),
    [
        ({"name": "../mine"}, "name", "cannot name a style"),
        ({"name": "udnie"}, "name", "already"),
        ({"name": ""}, "name", "must not be empty"),
        ({"picture": "gone"}, "picture", "send it again"),
        ({"strength": 0}, "strength", "greater than 0"),
        ({"photos": ["/etc"]}, "photos", "no field"),
        ({"picture": "small"}, "style", "8×6 pixels, which is too small to learn from"),
    ],
)
def test_what_cannot_be_learnt_is_refused_before_anything_is_done(backend, teacher, small, large, wanted, field, says):
    ids = {"small": backend.upload(small), "large": backend.upload(large)}
    body = {"name": "mine", "picture": "large", **wanted}
    answer = backend.client.post("/v1/lessons", json={**body, "picture": ids.get(body["picture"], body["picture"])})
    assert says in message(answer, 422, field)
    assert backend.client.get("/v1/lessons").json() == {"lessons": []} and teacher.steps == 0


def test_a_backend_that_learns_does_not_leave_and_one_that_ends_stops_learning(backend, teacher, large, monkeypatch):
    _learn(backend, backend.upload(large))
    _goes_on(teacher)
    clock = OwnClock(monkeypatch, lifecycle, worker)
    hours_later = clock.now + 7200

    async def watched() -> None:
        watch = asyncio.create_task(lifecycle._watch(backend.worker, backend.store, 600, lambda: None))
        while not watch.done() and clock.now < hours_later:
            await asyncio.sleep(0)
        assert not watch.done(), "it has left"
        watch.cancel()

    asyncio.run(watched())
    assert clock.now - backend.worker.last_used <= 1, "whoever waits for the lesson's end would find nobody"
    backend.worker.close()
    assert backend.worker.lessons.under_way is None
