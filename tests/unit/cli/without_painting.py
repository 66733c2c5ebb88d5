"""The command line without painting, for its tests."""

from __future__ import annotations

import json

import numpy as np
import pytest
from reverie import demo
from reverie.cli import main as command_line
from reverie.engine import render
from reverie.engine.result import Result

PHOTO, INK, GLASS = str(demo.content()), str(demo.styles()["ink"]), str(demo.styles()["stained_glass"])


@pytest.fixture(name="rendered")
def rendered_fixture(monkeypatch) -> list:
    """The recipes that are painted, which here gives nothing but a grey picture."""
    recipes = []

    def grey(recipe, content, pictures, **_):
        recipes.append(recipe)
        return Result(np.full((4, 4, 3), 0.5, np.float32), recipe, "none", "cpu", 0.0)

    monkeypatch.setattr(render, "render", grey)
    return recipes


def _failure(capsys, *words: object) -> dict:
    """The JSON line of a command that fails."""
    assert command_line.main([*map(str, words), "--json"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)
