"""The command line within this process, without painting; whole commands are in test_cli.py."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from reverie.cli import arguments
from reverie.cli import main as command_line
from reverie.pictures import images

from tests.unit.cli.without_painting import (
    GLASS,
    INK,
    PHOTO,
    _failure,
    rendered_fixture,  # noqa: F401
)


def test_options_reach_the_recipe(rendered, tmp_path):
    words = ["style", PHOTO, "--style", f"{INK}:0.5@2", "--style", GLASS, "--style-scale", "0.5", "--smallest", "64"]
    words += ["--precision", "float32", "--total-variation", "0.4", "--style-layers", "fire2, fire3"]
    words += ["--content-layers", "fire4", "-o", str(tmp_path / "a.png")]
    assert command_line.main(words) == 0
    (recipe,) = rendered
    assert [(style.weight, style.scale) for style in recipe.style] == [(0.5, 2), (1, 0.5)]
    assert (recipe.smallest, recipe.precision, recipe.total_variation) == (64, "float32", 0.4)
    assert (recipe.style_layers, recipe.content_layers) == (["fire2", "fire3"], ["fire4"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jpg", {"image": "a.jpg"}),
        ("a.jpg:0.5", {"image": "a.jpg", "weight": 0.5}),
        ("a.jpg@2", {"image": "a.jpg", "scale": 2}),
        ("a.jpg:0.5@2", {"image": "a.jpg", "weight": 0.5, "scale": 2}),
        (r"C:\paintings\a.jpg", {"image": r"C:\paintings\a.jpg"}),
        ("me@home.jpg", {"image": "me@home.jpg"}),
    ],
)
def test_the_short_forms_of_a_style(text, expected):
    assert arguments.style(text) == expected


def test_a_name_that_exists_is_taken_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a:0.5@2").touch()
    assert arguments.style("a:0.5@2") == {"image": "a:0.5@2"}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *itertools.product(["style", "compare"], ["noext", "out.xyz", "nowhere/out.png"]),
        ("compare", "folder.png"),  # what is painted goes into a folder
    ],
)
def test_a_result_that_could_not_be_written_is_refused_before_any_work(rendered, capsys, tmp_path, command, name):
    (tmp_path / "folder.png").mkdir()
    failure = _failure(capsys, command, PHOTO, "--style", INK, "-o", tmp_path / name)
    assert (failure["type"], failure["field"]) == ("failed", "output")
    assert Path(name).name in failure["message"] or "nowhere" in failure["message"]
    assert rendered == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="/proc takes files from nobody, not even from root")
def test_a_folder_that_takes_no_files_is_told_before_any_work(rendered, capsys):
    failure = _failure(capsys, "style", PHOTO, "--style", INK, "-o", "/proc/a.png")
    assert failure["field"] == "output" and "“/proc”" in failure["message"]
    assert rendered == []


@pytest.mark.parametrize("name", ["film.mp4", "frames.png", "taken.gif", "file"])
def test_an_animation_that_could_not_be_written_is_refused_before_any_work(rendered, capsys, tmp_path, name):
    (tmp_path / "taken.gif").mkdir()
    (tmp_path / "file").touch()
    failure = _failure(capsys, "frames", PHOTO, "--style", INK, "-o", tmp_path / name)
    assert failure["field"] == "output" and name in failure["message"]
    assert rendered == []


@pytest.mark.parametrize("ending", [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".npy"])
def test_every_ending_that_is_accepted_can_be_written_and_read(tmp_path, ending):
    for channels in (3, 4):
        path = tmp_path / f"a{ending}"
        images.check_target(path)
        images.write(path, np.full((3, 5, channels), 0.5, np.float32))
        assert images.read(path)[:, :, :3].mean() == pytest.approx(0.5, abs=0.01) or channels == 4
