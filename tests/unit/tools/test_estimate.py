"""How long a job will take: measured on noise, held against the jobs themselves, and corrected by them.

Time is that of this process on one core, which does not grow when other programs are at work, too.
"""

from __future__ import annotations

import dataclasses
import time
from itertools import pairwise

import numpy as np
import platformdirs
import pytest
import torch
from reverie.engine.render import render
from reverie.events import Cancelled
from reverie.recipe import Recipe
from reverie.tools import estimate

CONTENT = np.random.default_rng(0).random((240, 320, 3)).astype(np.float32)
STYLE = np.random.default_rng(1).random((200, 200, 3)).astype(np.float32)
SHORT = {"network": "reverie", "iterations": 24}


@pytest.fixture(autouse=True)
def undisturbed(tmp_path, monkeypatch):
    """One core, a clock that other programs do not move, and a cache of its own."""
    cores = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(time, "monotonic", time.process_time)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    yield
    torch.set_num_threads(cores)


def measured(document: dict) -> Recipe:
    recipe = Recipe.parse(document)
    assert estimate.known(recipe, 320, 240, "cpu") is None
    estimate.measure(recipe, "cpu")
    return recipe


@pytest.mark.parametrize(
    ("document", "sizes"),
    [
        ({"style": "a", **SHORT}, (128, 320)),
        ({"style": "a", "dream": {}, **SHORT}, (320,)),
        ({"dream": {}, **SHORT}, (320,)),
        ({"fast": "udnie"}, (160, 320)),
    ],
    ids=["style", "style and dream", "dream", "fast"],
)
def test_an_estimate_is_within_a_factor_of_two_of_the_time_it_takes(document, sizes):
    measured({**document, "size": 64})  # known by its kind, not by its size
    for size in sizes:
        recipe = Recipe.parse({**document, "size": size})
        expected = estimate.known(recipe, 320, 240, "cpu")
        took = render(recipe, CONTENT, {"a": STYLE}, device="cpu").seconds
        assert expected / 2 < took < expected * 2, f"at {size} pixels"


def test_detail_makes_it_take_longer_as_far_as_the_picture_goes_and_a_frame_that_goes_on_takes_less():
    whole = measured({"style": "a", **SHORT})
    frame = Recipe.parse({"style": "a", **SHORT, "before": {"content": "b", "result": "c"}})
    assert estimate.known(frame, 320, 240, "cpu") < estimate.known(whole, 320, 240, "cpu")
    details = ("sketch", "usual", "fine", "best")
    recipes = [Recipe.parse({"style": "a", "network": "reverie", "detail": detail}) for detail in details]
    seconds = [estimate.known(recipe, 3000, 2000, "cpu") for recipe in recipes]
    sizes = [estimate.computed_size(recipe, 3000, 2000, "cpu") for recipe in recipes]
    assert sizes == [(320, 213), (640, 427), (960, 640), (3000, 2000)]
    assert all(2 * less < more for less, more in pairwise(seconds))
    assert estimate.computed_size(recipes[-1], 300, 200, "cpu") == (300, 200)
    assert estimate.known(Recipe.parse({"style": "a", "budget": 20}), 300, 200, "cpu") == 20


def test_a_job_corrects_what_was_known(monkeypatch):
    recipe = measured({"style": "a", **SHORT, "size": 128})
    before = estimate.known(recipe, 320, 240, "cpu")
    result = render(recipe, CONTENT, {"a": STYLE}, device="cpu")
    estimate.learn(dataclasses.replace(result, seconds=0.01), CONTENT, "cpu")  # too short to say anything
    assert estimate.known(recipe, 320, 240, "cpu") == before
    monkeypatch.setattr(estimate, "_LEAST_JOB", 0.0)
    estimate.learn(dataclasses.replace(result, seconds=before * 2), CONTENT, "cpu")
    after = estimate.known(recipe, 320, 240, "cpu")
    assert before < after < 2 * before
    estimate.learn(dataclasses.replace(result, seconds=before * 1000), CONTENT, "cpu")  # the machine was busy
    assert estimate.known(recipe, 320, 240, "cpu") < 4 * before


def test_a_damaged_file_is_measured_anew(tmp_path):
    recipe = measured({"fast": "udnie"})
    for text in ("{", "[]", "[" * 100000, '{"a": {"start": "x"}}'):
        (tmp_path / "speed.json").write_text(text)
        assert estimate.known(recipe, 320, 240, "cpu") is None


def test_measuring_makes_way():
    recipe = Recipe.parse({"style": "a", **SHORT})
    with pytest.raises(Cancelled):
        estimate.measure(recipe, "cpu", lambda: True)
    assert estimate.known(recipe, 320, 240, "cpu") is None


def test_nothing_is_fetched_to_measure(monkeypatch):
    monkeypatch.setattr(estimate.catalogue, "find", lambda name: None)
    assert not estimate.can_be_measured(Recipe.parse({"style": "a", "network": "vgg19"}), "cpu")
    assert estimate.can_be_measured(Recipe.parse({"fast": "udnie"}), "cpu")
