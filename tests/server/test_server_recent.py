"""Who asks for a quick job again is given its picture at once."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import os
from types import SimpleNamespace

import numpy as np
import pytest
from live import Controlled, backend, running, small  # noqa: F401 (fixtures)
from reverie.engine.result import Result
from reverie.errors import Sentence
from reverie.events import Warning_
from reverie.fast import styles
from reverie.recipe import Recipe
from reverie.server.job import Job
from reverie.server.recent import Recent
from reverie.server.store import Store

from tests.server.live import Backend, npy


@pytest.fixture
def ready():
    """A backend whose jobs are done at once."""
    render = Controlled()
    render.release.set()
    with running(render) as backend:
        backend.render = render
        yield backend


def _carried_out(backend: Backend, image: str, *, quick: bool = True, **recipe: object) -> bytes:
    """The result of a job, as it is fetched."""
    wanted = {"recipe": {"style": image, **recipe}, "content": image, "quick": quick}
    job = backend.client.post("/v1/jobs", json=wanted).json()["id"]
    backend.wait(job, "done")
    return backend.client.get(f"/v1/jobs/{job}/result").content


def test_the_same_is_painted_once(ready, small):
    image = ready.upload(small)
    first = _carried_out(ready, image, seed=3)
    assert _carried_out(ready, image, seed=3) == first
    assert ready.render.seeds == [3]


def test_what_differs_in_anything_is_painted(ready, small):
    image, other = ready.upload(small), ready.upload(small[::-1])
    _carried_out(ready, image, seed=3)
    _carried_out(ready, image, seed=4)
    _carried_out(ready, image, seed=3, strength=0.5)
    assert _carried_out(ready, other, seed=3) != _carried_out(ready, image, seed=3)
    assert ready.render.seeds == [3, 4, 3, 3]


def test_what_is_not_quick_or_has_to_be_done_in_a_time_is_painted(ready, small):
    image = ready.upload(small)
    for _ in range(2):
        _carried_out(ready, image, seed=3, quick=False)
        _carried_out(ready, image, seed=4, budget=1)
    assert ready.render.seeds == [3, 4, 3, 4]


def test_a_job_that_warned_or_was_changed_is_not_what_was_asked_for(small):
    changed, renders = Controlled(), []

    def render(recipe, *given, report, **more):
        renders.append(recipe.seed)
        if recipe.seed == 1:
            report(Warning_(Sentence("The style is small.", {})))
        return changed(recipe, *given, report=report, **more)

    with running(render) as backend:
        image = backend.upload(small)
        wanted = {"recipe": {"style": image, "seed": 2}, "content": image, "quick": True}
        job = backend.client.post("/v1/jobs", json=wanted).json()["id"]
        backend.wait(job, "running")
        backend.client.patch(f"/v1/jobs/{job}", json={"finish": True})
        backend.wait(job, "done")
        changed.release.set()
        for seed in (2, 1, 1):
            _carried_out(backend, image, seed=seed)
    assert renders == [2, 2, 1, 1]


def test_it_is_let_go_with_the_jobs(ready, small):
    image = ready.upload(small)
    _carried_out(ready, image, seed=3)
    ready.worker.forget_finished()
    _carried_out(ready, image, seed=3)
    assert ready.render.seeds == [3, 3]


def test_a_style_that_was_learnt_anew_under_the_same_name_is_another(small, tmp_path, monkeypatch):
    monkeypatch.setattr(styles, "folder", lambda: tmp_path)
    own = tmp_path / "mine.safetensors"
    own.write_bytes(styles.BUNDLED.read_bytes())
    monkeypatch.setattr("reverie.server.recent.resolve", lambda recipe, device: SimpleNamespace(recipe=recipe))
    job = Job(Recipe.parse({"fast": [{"name": "mine"}]}), Store().add(npy(small)), {}, quick=True)
    recent = Recent("cpu")
    before = recent.key(job)
    assert recent.key(job) == before
    os.utime(own, ns=(1, 1))
    assert recent.key(job) != before


def test_the_longest_unused_go_where_there_is_no_room():
    recent, picture = Recent("cpu", limit=250), np.zeros((5, 5, 1), np.float32)  # 100 bytes
    result = Result(picture, Recipe.parse({"style": "a"}), "none", "cpu", 0.0)
    for name in ("a", "b"):
        recent.add(name, result)
    assert recent.get("a") is result
    recent.add("c", result)
    assert [recent.get(name) is None for name in "abc"] == [False, True, False]
