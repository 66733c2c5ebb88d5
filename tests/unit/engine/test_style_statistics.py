"""Statistics of styles are computed once, and dropped when there are too many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.engine import loaded, style_statistics, tiling
from reverie.engine import render as engine
from reverie.engine.inputs import StylePicture
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe

pytestmark = pytest.mark.skipif("reverie" not in registry.available(), reason="needs the bundled encoder")


@pytest.fixture(scope="module")
def pictures() -> dict[str, Picture]:
    return {name: shrink_to(images.read(demo.styles()[name]), 64) for name in ("strokes", "ink")}


@pytest.fixture
def computed(monkeypatch) -> list[tuple[int, int]]:
    """The sizes of the styles whose statistics were computed."""
    sizes: list[tuple[int, int]] = []
    original = tiling.statistics

    def statistics(network, picture, *rest):
        sizes.append(tuple(picture.shape[2:]))
        return original(network, picture, *rest)

    monkeypatch.setattr(style_statistics.tiling, "statistics", statistics)
    return sizes


def _render(pictures, **recipe):
    photo = shrink_to(images.read(demo.content()), 64)
    settings = {"style": "strokes", "network": "reverie", "size": 64, "smallest": 48, "iterations": 2}
    return engine.render(Recipe.parse({**settings, **recipe}), photo, pictures, device="cpu").picture


def _calibrations(sizes: list[tuple[int, int]]) -> int:
    return sum(size == (128, 128) for size in sizes)


def test_a_second_job_computes_no_features_of_its_styles(pictures, computed):
    loaded.forget_network()
    first = _render(pictures)
    assert len(computed) - _calibrations(computed) == 2  # scales
    del computed[:]
    second = _render({name: picture.copy() for name, picture in pictures.items()}, strength=0.85)
    assert len(computed) == _calibrations(computed)
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    "change",
    [
        {"style": "ink"},
        {"style": [{"image": "strokes", "scale": 0.8}]},
        {"style_layers": ["level1", "level2"]},
        {"precision": "bfloat16"},
        {"color": "match"},
        {"tile": 64, "size": 64},
    ],
)
def test_what_statistics_depend_on_is_looked_at_anew(pictures, computed, change):
    _render(pictures, precision="float32")
    del computed[:]
    _render(pictures, **{"precision": "float32", **change})
    assert len(computed) - _calibrations(computed) == 2


def test_they_go_with_the_network_and_never_grow_too_many(pictures):
    loaded.forget_network()
    _render(pictures)
    network = loaded.network_for("reverie", "cpu")
    look = StylePicture("x", torch.rand(1, 3, 32, 32), None, 1.0, 1.0)
    for number in range(2 * style_statistics._KEPT):
        style_statistics.of(network, replace(look, digest=str(number)), ["level1"], None)
    assert len(style_statistics._known[network.module]) == style_statistics._KEPT
    before = len(style_statistics._known)
    del network
    loaded.forget_network()
    assert len(style_statistics._known) == before - 2  # with the codec, which paints over
