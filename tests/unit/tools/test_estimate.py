"""How long a job will take: measured on noise, held against the jobs themselves, and corrected by them.

Time is that of this process on one core, which does not grow when other programs are at work, too.
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import platformdirs
import pytest
import torch
from reverie.device import COMFORTABLE_SIZE
from reverie.engine import finish
from reverie.engine.render import render
from reverie.events import Cancelled
from reverie.job import resolve
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
        ({"style": "a", "method": "instant"}, (160, 320)),
    ],
    ids=["style", "style and dream", "dream", "fast", "instant"],
)
def test_an_estimate_is_within_a_factor_of_two_of_the_time_it_takes(document, sizes):
    measured({**document, "size": 64})  # known by its kind, not by its size
    for size in sizes:
        recipe = Recipe.parse({**document, "size": size})
        expected = estimate.known(recipe, 320, 240, "cpu")
        took = render(recipe, CONTENT, {"a": STYLE}, device="cpu").seconds
        if took > expected * 2:  # a core that another program's thread shares gives each of them half as much: again
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
    assert sizes == [(480, 320), (960, 640), (1440, 960), (3000, 2000)]
    small = [estimate.known(recipe, 640, 427, "cpu") for recipe in recipes[:2]]  # which needs no finish
    assert 2 * small[0] < small[1] and 1.5 * seconds[1] < seconds[2] and 2 * seconds[2] < seconds[3]
    assert estimate.known(Recipe.parse({"style": "a", "budget": 20}), 300, 200, "cpu") == 20


def test_a_network_that_is_blind_to_the_finest_pixels_has_a_larger_picture_and_fewer_iterations(monkeypatch):
    """Also of a picture that is smaller than what suits the device, but none that is too large for L-BFGS."""

    def asked(width: int, height: int, **fields: object) -> tuple[tuple[int, int], int]:
        job = resolve(Recipe.parse({"style": "a", **fields}), "cpu")
        return job.size(width, height), job.iterations

    ours = {"network": "reverie"}
    assert asked(4000, 3000, **ours) == ((960, 720), 64)
    assert asked(768, 512, **ours) == ((960, 640), 64)
    assert asked(768, 512, network="squeezenet1_0") == ((640, 427), 160)
    assert asked(300, 200, **ours) == ((424, 283), 64)
    assert asked(300, 200, **ours, detail="best") == ((424, 283), 240)
    assert asked(300, 200, **ours, size=300, iterations=7) == ((300, 200), 7)
    assert asked(1600, 1200, **ours, detail="best") == ((1920, 1440), 240)
    assert asked(3000, 2000, **ours, detail="best") == ((3000, 2000), 240)
    assert asked(768, 512, **ours, method="patches") == ((640, 427), 160)
    assert asked(768, 512, **ours, style=[], dream={}) == ((640, 427), 160)
    monkeypatch.setitem(COMFORTABLE_SIZE, "cpu", 1536)
    assert asked(4000, 3000, **ours) == ((1920, 1440), 64)
    assert asked(4000, 3000, **ours, detail="fine") == ((2304, 1728), 96)


def seconds_known(document: dict, *size: int) -> float:
    """The estimate where a pixel takes a microsecond, one of an iteration two, and nothing else takes any time."""
    recipe = Recipe.parse(document)
    for kind, job in reversed(estimate._kinds(resolve(recipe, "cpu"), "cpu")):
        pixel = 1e-6 if job.recipe.method == "instant" else 2e-6
        estimate._keep({kind: estimate.Speed(0.0, 0.0, pixel, 0.0)})
    return estimate.known(recipe, *size, "cpu")


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ({"style": "a", "method": "instant"}, 0.5),
        ({"style": "a", "method": "patches"}, 0.5),
        ({"style": "a", **SHORT}, 0.5),
        ({"style": "a", "dream": {}, **SHORT}, 0.5),
        ({"style": "a", "detail": "sketch", **SHORT}, 0.0),
        ({"dream": {}, **SHORT}, 0.0),
        ({"fast": "udnie"}, 0.0),
    ],
    ids=["instant", "patches", "style", "style and dream", "sketch", "dream", "fast"],
)
def test_of_twelve_megapixels_the_finish_comes_on_top(document, cost, monkeypatch):
    """Composed at the same size, a layer of 640 pixels takes less by what the steps to 4000×3000 cost."""
    monkeypatch.setattr(finish, "_COST", 0.5)
    small, large = (seconds_known({**document, "size": 640}, *size) for size in ((640, 480), (4000, 3000)))
    steps = 1179 * 884 + 2172 * 1629 + 4000 * 3000  # each 1.84 times the one before
    if document.get("method") == "instant":
        steps -= 640 * 480  # which it is painted over at where that is the layer's
    assert small > 0.1
    assert large - small == pytest.approx(cost * steps / 1e6, rel=1e-3, abs=1e-9)


def test_one_pass_takes_as_long_as_its_picture_is_large(monkeypatch):
    monkeypatch.setattr(finish, "_COST", 0.5)
    instant = {"style": "a", "method": "instant", "detail": "best"}
    for size in ((640, 480), (1536, 1152)):
        assert seconds_known(instant, *size) == pytest.approx(1.5 * size[0] * size[1] / 1e6)


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
