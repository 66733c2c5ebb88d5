"""Reverie from Python, as docs/python.md shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import reverie
from reverie import demo
from reverie.pictures.resize import shrink_to

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
SMALL = {"style": "a", "size": 48, "iterations": 2, "network": "reverie"}


@pytest.fixture
def photo():
    return shrink_to(reverie.read(demo.content()), 64)


def test_what_the_page_shows_works(tmp_path, monkeypatch, capsys, photo):
    monkeypatch.chdir(tmp_path)
    reverie.write("photo.jpg", photo)
    reverie.write("painting.jpg", shrink_to(reverie.read(demo.styles()["strokes"]), 96))
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    names["report"](reverie.Preview(photo))  # which jobs as short as those on the page have none of
    said = ("100%, 0 s left", "with reverie on", "stopped; there is no picture", "“nowhere.jpg” cannot be read")
    told = capsys.readouterr().out
    assert [words for words in said if words not in told] == []
    for name in ("painted.png", "so-far.png", "brighter.png"):
        assert reverie.read(name).ndim == 3


def test_the_page_names_all_there_is():
    assert [name for name in reverie.__all__ if f"`{name}" not in PAGE] == []
    assert all(getattr(reverie, name) is not None for name in reverie.__all__)
    assert set(reverie.__all__) <= set(dir(reverie))
    with pytest.raises(AttributeError, match="has no attribute 'paint'"):
        reverie.paint  # noqa: B018


def test_importing_it_loads_nothing_else():
    heavy = "{'torch', 'numpy', 'pydantic', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", f"import sys, reverie\nassert not {heavy}"], check=True, timeout=60)


def test_pictures_are_given_as_arrays_or_files_and_the_given_go_first(tmp_path, monkeypatch, photo):
    monkeypatch.chdir(tmp_path)
    style = shrink_to(reverie.read(demo.styles()["mosaic"]), 64)
    reverie.write("a.npy", style)
    document = {**SMALL, "style": "ink"}
    given = reverie.render(document, photo, {"ink": style}, device="cpu").picture
    assert np.array_equal(given, reverie.render({**SMALL, "style": "a.npy"}, photo, device="cpu").picture)
    assert np.array_equal(given, reverie.render(document, photo, {"ink": Path("a.npy")}, device="cpu").picture)
    assert not np.array_equal(given, reverie.render(document, photo, device="cpu").picture)
    recipe = reverie.Recipe.parse(document)
    assert np.array_equal(given, reverie.render(recipe, photo, {"ink": style}, device="cpu").picture)


@pytest.mark.parametrize("wrong", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.float32)])
def test_an_array_that_is_no_picture_is_told_with_the_field(photo, wrong):
    with pytest.raises(reverie.ReverieError, match=r"is a float32 array, .* Convert it first") as caught:
        reverie.render(SMALL, wrong, {"a": photo})
    assert caught.value.field == "content"
    with pytest.raises(reverie.ReverieError, match="Convert it first") as caught:
        reverie.render(SMALL, photo, {"a": wrong})
    assert caught.value.field == "style.0.image"


def test_a_photo_that_is_not_there_is_the_content():
    with pytest.raises(reverie.ReverieError, match="cannot be read") as caught:
        reverie.render({"style": "ink"}, "nowhere.jpg")
    assert caught.value.field == "content"
