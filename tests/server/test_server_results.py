"""What a job has painted, so far and in the end."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import io

import numpy as np
import pytest
from live import Controlled, backend, events, kinds, running, small, until  # noqa: F401 (fixtures)
from PIL import Image
from reverie.engine.render import render
from reverie.networks import registry


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
        told = lambda: backend.worker.get(job).since(0)[1]  # noqa: E731
        until(lambda: told() > 5, 20, "some iterations")
        before = told()
        assert backend.client.get("/v1/health").json()["busy"] is True
        assert told() < before + 200  # iterations meanwhile, of 10000: the clock of a machine as busy as it may be
        backend.client.delete(f"/v1/jobs/{job}")
        backend.wait(job, "cancelled", 2)


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


def test_a_job_in_one_pass():
    """The answer has the upload's form, and was composed smaller than it."""
    generator = np.random.default_rng(7)
    content, style = (generator.integers(0, 256, shape, np.uint8) for shape in ((72, 96, 4), (40, 50, 3)))
    content[:, :, 3] = 200
    with running(render) as backend:
        image, look = backend.upload(content), backend.upload(style)
        recipe = {"style": look, "method": "instant", "size": 48}
        answer = backend.client.post("/v1/jobs", json={"recipe": recipe, "content": image})
        assert answer.status_code == 202, answer.text
        told = events(backend, answer.json()["id"])
        assert told[-1]["type"] == "done", told[-1]
        assert told[-1]["recipe"]["method"] == "instant"
        assert [event["network"] for event in told if event["type"] == "started"] == ["instant"]
        painted = np.load(io.BytesIO(backend.client.get(f"/v1/jobs/{answer.json()['id']}/result").content))
        assert painted.shape == content.shape and painted.dtype == content.dtype
        assert (painted[:, :, 3] == 200).all()
        assert np.abs(painted[:, :, :3].astype(float) - content[:, :, :3]).mean() > 5
