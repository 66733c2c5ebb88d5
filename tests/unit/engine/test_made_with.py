"""A recorded recipe is carried out again as it was, to the last bit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.cli import main as command_line
from reverie.engine import made_with, memory
from reverie.engine import render as engine
from reverie.engine.memory import Placement
from reverie.errors import ReverieError
from reverie.events import Warning_
from reverie.recipe import Recipe

from tests.unit.engine.rendered import (
    photo_fixture,  # noqa: F401
    pictures_fixture,  # noqa: F401
    weights_at_hand_fixture,  # noqa: F401
)

CPU = torch.device("cpu")
SMALL = {"size": 48, "iterations": 4, "smallest": 48}
NOW = made_with.described(Placement(CPU, torch.float32, None), 1 << 20)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    usual = torch.get_num_threads()
    yield
    torch.set_num_threads(usual)


@pytest.mark.parametrize(
    "recipe",
    [
        {"style": "strokes", **SMALL},
        {"style": [], "dream": {}, "dream_strength": 0.9, **SMALL},
        {"style": "strokes", "method": "instant", "size": 64},
        {"fast": "udnie", "size": 64},
        {"style": "strokes", "method": "patches", "size": 48},
        {"style": "strokes", "size": 96, "smallest": 96, "iterations": 2, "tile": 64},
    ],
    ids=["optimised", "dreamt", "instant", "fast", "patches", "tiles"],
)
def test_a_record_gives_the_same_picture_in_as_many_threads_as_then(photo, pictures, recipe):
    torch.set_num_threads(1)
    first = engine.render(Recipe.parse(recipe), photo, pictures, device="cpu")
    assert first.recipe.made_with.threads == 1 and first.recipe.made_with.device == "cpu"
    torch.set_num_threads(2)
    told: list = []
    record = Recipe.parse(first.recipe.model_dump_json())
    again = engine.render(record, photo, pictures, device="cpu", report=told.append)
    assert np.array_equal(again.picture, first.picture)
    assert again.recipe == first.recipe
    assert not [event for event in told if isinstance(event, Warning_)]
    assert torch.get_num_threads() == 2, "what comes next is computed as usual"


def test_tiles_precision_and_room_are_those_of_the_record(photo, pictures, monkeypatch):
    """Though there is more memory by now, and nothing is said of them in the recipe itself."""
    monkeypatch.setattr(memory, "free", lambda device: 24 << 20)
    first = engine.render(Recipe.parse({"style": "strokes", **SMALL, "size": 96}), photo, pictures, device="cpu")
    made = first.recipe.made_with
    assert (made.room, made.tile, first.recipe.tile) == (8 << 20, None, None)
    monkeypatch.setattr(memory, "free", lambda device: 24 << 30)
    asked: list[int] = []
    tile_for = memory.tile_for
    monkeypatch.setattr(memory, "tile_for", lambda *words: asked.append(words[-1]) or tile_for(*words))
    again = engine.render(first.recipe, photo, pictures, device="cpu")
    assert set(asked) == {8 << 20}
    assert np.array_equal(again.picture, first.picture)
    record = Recipe.parse({"style": "a", "made_with": {**made.model_dump(), "precision": "bfloat16", "tile": 128}})
    assert made_with.placement(record, CPU, record.made_with) == Placement(CPU, torch.bfloat16, 128)
    own = record.model_copy(update={"precision": "float32", "tile": 64})  # what is asked for goes before
    assert made_with.placement(own, CPU, own.made_with) == Placement(CPU, torch.float32, 64)


@pytest.mark.parametrize(
    "other",
    [
        {"threads": (os.cpu_count() or 1) + 1},
        {"device": "cuda"},
        {"room": 1 << 60},
    ],
)
def test_what_cannot_be_had_here_is_told_and_not_taken_up(other):
    told: list = []
    recipe = Recipe.parse({"style": "a", "made_with": {**NOW.model_dump(), **other}})
    assert made_with.taken_up(recipe, CPU, told.append) is None
    assert "the picture may come out a little different" in str(told[0].sentence)


@pytest.mark.parametrize("name", ["processor", "torch", "reverie"])
def test_another_version_is_told_and_the_rest_taken_up(name):
    told: list = []
    recipe = Recipe.parse({"style": "a", "made_with": {**NOW.model_dump(), name: "of another time"}})
    assert made_with.taken_up(recipe, CPU, told.append) == recipe.made_with
    assert "of another time" in str(told[0].sentence)


def test_a_record_that_names_no_threads_is_refused():
    with pytest.raises(ReverieError, match=r"made_with\.threads"):
        Recipe.parse({"style": "a", "made_with": {**NOW.model_dump(), "threads": 0}})


def test_run_of_a_record_paints_the_same_file(tmp_path, capsys):
    """As docs/command-line.md says, whatever number of threads is usual by then."""
    photo, record = str(demo.content()), tmp_path / "record.json"
    torch.set_num_threads(1)
    words = ["style", photo, "--style", "ink", "--iterations", "3", "--smallest", "48", "--size", "48", "--json"]
    assert command_line.main([*words, "-o", str(tmp_path / "first.png")]) == 0
    recipe = json.loads(capsys.readouterr().out.splitlines()[-1])["recipe"]
    record.write_text(json.dumps(recipe))
    torch.set_num_threads(2)
    assert command_line.main(["run", str(record), photo, "--size", "48", "-o", str(tmp_path / "again.png")]) == 0
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "first.png").read_bytes()
