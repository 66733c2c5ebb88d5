"""Fast styles over HTTP, painted by the real engine."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import io

import numpy as np
from live import backend, running, small, until  # noqa: F401 (fixtures)
from PIL import Image
from reverie.engine.render import render


def test_the_styles_are_listed_and_shown(backend):
    styles = backend.client.get("/v1/styles").json()["styles"]
    assert {"name": "starry_night", "title": "Starry night", "bundled": True} in styles
    shown = {}
    for style in styles[:3]:
        answer = backend.client.get(f"/v1/styles/{style['name']}/thumbnail")
        assert answer.headers["content-type"] == "image/png"
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.size == (160, 120)
            shown[style["name"]] = np.asarray(picture, np.float32)
    first, second, *_ = shown.values()
    assert np.abs(first - second).mean() > 10
    assert backend.client.get("/v1/styles/monet/thumbnail").status_code == 404
    assert backend.client.get("/v1/styles/..%2F..%2Fx/thumbnail").status_code == 404


def test_a_job_in_a_fast_style(small):
    with running(render) as backend:
        content = backend.upload(small)
        recipe = {"fast": [{"name": "udnie", "weight": 2}, {"name": "starry_night"}]}
        answer = backend.client.post("/v1/jobs", json={"recipe": recipe, "content": content})
        assert answer.status_code == 202, answer.text
        job = answer.json()["id"]
        backend.wait(job, "done", 60)
        painted = np.load(io.BytesIO(backend.client.get(f"/v1/jobs/{job}/result").content))
        assert painted.shape == small.shape and painted.dtype == small.dtype
        assert (painted != small).mean() > 0.5
        answer = backend.client.post("/v1/jobs", json={"recipe": {"fast": "monet"}, "content": content})
        assert answer.status_code == 422 and answer.json()["error"]["field"] == "fast.0.name"
