"""What a recipe may name, over HTTP."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import io
import math

import numpy as np
import pytest
from live import backend, small  # noqa: F401 (fixtures)
from PIL import Image
from reverie import presets
from reverie.networks import registry
from reverie.recipe import Recipe


def test_classes_are_those_of_imagenet_in_the_order_of_the_networks_outputs(backend):
    classes = backend.client.get("/v1/classes").json()["classes"]
    assert len(classes) == 1000
    assert (classes[0], classes[207], classes[999]) == ("tench", "golden retriever", "toilet tissue")


def test_networks_say_what_can_be_chosen(backend):
    networks = backend.client.get("/v1/networks").json()["networks"]
    assert networks
    for network in networks:
        assert {"name", "title", "available", "bundled", "download_bytes", "licence", "layers"} <= set(network)
    assert networks == registry.describe()


def test_the_schema_of_a_recipe_can_be_had(backend):
    assert backend.client.get("/v1/recipe/schema").json() == Recipe.model_json_schema()


def test_a_preset_can_be_submitted_as_it_is_offered(backend, small):
    offered = {preset["name"]: preset for preset in backend.client.get("/v1/presets").json()["presets"]}
    assert set(offered["mosaic"]) == {"name", "title", "filter", "description", "recipe"}
    content = backend.upload(small)
    for name in ("mosaic", "daydream"):
        answer = backend.client.post("/v1/jobs", json={"recipe": offered[name]["recipe"], "content": content})
        assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("recipe", [{"style": 3}, {"style": [None]}, {"style": [{}], "strength": math.nan}])
def test_a_preset_with_a_broken_recipe_is_left_out(backend, monkeypatch, caplog, recipe):
    broken = {"name": "own", "title": "Own", "filter": "style", "description": "", "recipe": recipe}
    listed = [*presets.listed(), broken]
    monkeypatch.setattr(presets, "listed", lambda: listed)
    offered = backend.client.get("/v1/presets").json()["presets"]
    assert [preset["title"] for preset in offered] == [preset["title"] for preset in listed[:-1]]
    assert "“Own” is left out" in caplog.text


def test_a_preset_with_a_broken_picture_is_left_out(backend, tmp_path, monkeypatch, caplog):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    own = {
        "name": "own", "title": "Own", "filter": "style", "description": "",
        "recipe": {"style": [{"image": str(tmp_path / "broken.jpg")}]},
    }  # fmt: skip
    listed = [*presets.listed(), own]
    monkeypatch.setattr(presets, "listed", lambda: listed)
    offered = backend.client.get("/v1/presets").json()["presets"]
    assert [preset["title"] for preset in offered] == [preset["title"] for preset in listed[:-1]]
    assert "“Own” is left out" in caplog.text


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
