"""Whatever a picture is composed by, at the layer's size it is finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from reverie.engine import loaded
from reverie.engine.render import render
from reverie.events import Event, Progress
from reverie.pictures.picture import Picture
from reverie.pictures.resize import resize, to_tensor
from reverie.recipe import Recipe
from reverie.run import Adjustment

from tests.unit.engine.blots import blots
from tests.unit.engine.large import peak

STYLE = np.ascontiguousarray(blots(160, 160, 1)[0].permute(1, 2, 0).numpy())
GRAIN = np.random.default_rng(0).normal(0, 0.1, (120, 160, 1))
PHOTO = (blots(120, 160)[0].permute(1, 2, 0).numpy() + GRAIN).clip(0, 1).astype(np.float32)
SMALL = {"network": "reverie", "size": 64, "iterations": 6}


def _fine(picture: Picture) -> torch.Tensor:
    """What of a picture no picture of 64 pixels could show."""
    whole = to_tensor(picture, torch.device("cpu"))
    return whole - resize(resize(whole, 64, 48), 160, 120)


def _paint(adjust: Callable[[], Adjustment | None] = lambda: None, **fields: object) -> tuple[Picture, list[Progress]]:
    heard: list[Event] = []
    recipe = Recipe.parse({"style": "s", **SMALL, **fields})
    painted = render(recipe, PHOTO, {"s": STYLE}, device="cpu", report=heard.append, adjust=adjust).picture
    return painted, [event for event in heard if isinstance(event, Progress)]


@pytest.fixture(scope="module")
def enlarged() -> float:
    """How much is fine in a picture that is enlarged."""
    return float(_fine(_paint(detail="sketch", size=64)[0]).norm())


@pytest.mark.parametrize("method", ["optimise", "patches", "instant"])
def test_every_method_has_brushwork_of_the_layers_own_pixels(method, enlarged):
    fields = {} if method == "optimise" else {"iterations": None, "network": "auto"}
    painted, progress = _paint(method=method, **fields)
    assert painted.shape == PHOTO.shape
    assert float(_fine(painted).norm()) > 2 * enlarged
    fractions = [event.fraction for event in progress]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert [(event.width, event.height) for event in progress[-6::3]] == [(101, 76), (160, 120)]


def test_little_strength_leaves_what_is_fine_in_the_photo():
    kept = _fine(_paint(strength=0.02)[0])
    photo = _fine(PHOTO)
    assert float((kept - photo).norm() / photo.norm()) < 0.35


def test_a_dream_alone_has_nothing_to_finish(monkeypatch):
    monkeypatch.setattr(loaded, "painter", None)
    recipe = Recipe.parse({"dream": {}, **SMALL})
    assert render(recipe, PHOTO, {}, device="cpu").picture.shape == PHOTO.shape


def test_who_wants_the_picture_as_it_is_gets_it_finished_and_who_insists_enlarged(enlarged):
    once: Iterator[Adjustment | None] = iter([None, None, Adjustment(finish=True)])
    painted, progress = _paint(adjust=lambda: next(once, None))
    assert len([event for event in progress if event.iterations == 6]) < 6
    assert float(_fine(painted).norm()) > 2 * enlarged
    painted, _ = _paint(adjust=lambda: Adjustment(finish=True))
    assert float(_fine(painted).norm()) < 1.2 * enlarged


def test_twelve_megapixels_are_finished_within_three_gibibytes():
    assert peak(4096, iterations=2) < 3 << 30
