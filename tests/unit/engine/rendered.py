"""Small renderings, for tests."""

from __future__ import annotations

import pytest
from reverie import demo
from reverie.engine import render as engine
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe

SETTINGS = {"size": 96, "smallest": 48, "iterations": 24, "precision": "float32"}


@pytest.fixture(name="weights_at_hand", scope="module", autouse=True)
def weights_at_hand_fixture() -> None:
    if not registry.available():
        pytest.skip("needs the weights of a network, and there are none on this machine")


@pytest.fixture(name="pictures", scope="module")
def pictures_fixture() -> dict[str, Picture]:
    return {name: shrink_to(images.read(path), 96) for name, path in demo.styles().items()}


@pytest.fixture(name="photo", scope="module")
def photo_fixture() -> Picture:
    return shrink_to(images.read(demo.content()), 96)


def _render(photo, pictures, report=lambda event: None, stop=lambda: False, **settings):
    recipe = Recipe.parse({"style": "strokes", **SETTINGS, **settings})
    return engine.render(recipe, photo, pictures, device="cpu", report=report, stop=stop)
