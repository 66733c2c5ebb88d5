"""How long a job will take, over HTTP, with the bundled network."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import threading

import platformdirs
import pytest
from live import backend, small  # noqa: F401 (fixtures)
from reverie.server.routes import estimate as calls
from reverie.tools import estimate

STYLE = {"style": "any", "network": "reverie", "iterations": 10}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)


def asked(backend, recipe, width=400, height=300, **more):
    answer = backend.client.post("/v1/estimate", json={"recipe": recipe, "width": width, "height": height, **more})
    return answer.status_code, answer.json()


def test_it_is_measured_once_and_then_known(backend, monkeypatch):
    status, first = asked(backend, {**STYLE, "size": 200})
    assert status == 200
    assert (first["width"], first["height"], first["reason"]) == (200, 150, None)
    assert first["seconds"] > 0
    monkeypatch.setattr(estimate, "measure", lambda *_: pytest.fail("it was known"))
    assert asked(backend, {**STYLE, "size": 400})[1]["seconds"] > first["seconds"]


def test_weights_are_not_fetched_for_it(backend, monkeypatch):
    monkeypatch.setattr(estimate.catalogue, "find", lambda name: None)
    answer = asked(backend, {"style": "any", "network": "vgg19"})[1]
    assert (answer["seconds"], answer["reason"]) == (None, "download")
    assert answer["download_bytes"] > 500e6


def test_style_pictures_too_small_for_their_strokes_are_told_of_before(backend):
    def warned(side, scale=1.0):
        recipe = {**STYLE, "style": [{"image": "any", "scale": scale}], "size": 400}
        given = {"recipe": recipe, "width": 800, "height": 600, "pictures": {"any": {"width": side, "height": side}}}
        return backend.client.post("/v1/estimate", json=given).json()["warnings"]

    assert warned(200) == []
    (soft,) = warned(199)
    assert "only 199×199 pixels and is enlarged to 2.0 times that" in soft["message"]
    assert soft["values"]["picture"] == "any"
    assert warned(200, 1.1)[0]["template"] == soft["template"]
    assert "nothing would be left of its strokes" in warned(49)[0]["message"]


def test_behind_a_job_that_runs_it_says_so(backend, monkeypatch):
    monkeypatch.setattr(calls, "_PATIENCE", 0.2)
    over = threading.Event()
    backend.worker.errand(over.wait)
    try:
        assert asked(backend, STYLE)[1]["reason"] == "busy"
    finally:
        over.set()


def test_the_size_is_told_at_once_to_whoever_does_not_wait_for_the_time(backend, monkeypatch):
    with monkeypatch.context() as unmeasured:
        unmeasured.setattr(estimate, "measure", lambda *_: pytest.fail("nobody waits for it"))
        first = asked(backend, {**STYLE, "size": 200}, wait=False)[1]
    assert (first["seconds"], first["reason"], first["width"], first["height"]) == (None, "busy", 200, 150)
    known = asked(backend, {**STYLE, "size": 200})[1]["seconds"]
    assert asked(backend, {**STYLE, "size": 200}, wait=False)[1]["seconds"] == known > 0


def test_what_is_no_recipe_is_refused(backend):
    status, answer = asked(backend, {"style": []})
    assert (status, answer["error"]["field"]) == (422, "style")
    assert asked(backend, STYLE, width=0)[0] == 422
