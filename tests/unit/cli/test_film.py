"""The command `film`."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from reverie import film as films
from reverie.cli import main as command_line
from reverie.engine import render
from reverie.engine.result import Result
from reverie.film import video
from reverie.pictures import images

from tests.unit.cli.without_painting import INK
from tests.unit.film import clips


@pytest.fixture
def painted(monkeypatch) -> list:
    """The recipes that are painted: what comes out is the photo, darker, and told as an iteration."""
    recipes = []

    def darker(recipe, content, pictures, **more):
        recipes.append(recipe)
        return Result(content * np.float32(0.7), recipe, "none", "cpu", 0.0)

    monkeypatch.setattr(render, "render", darker)
    return recipes


@pytest.fixture
def clip(tmp_path) -> Path:
    clips.write(tmp_path / "in.mp4", clips.moving(6), sound=True)
    return tmp_path / "in.mp4"


def _film(*words: object) -> int:
    return command_line.main(["film", *map(str, words)])


def _lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def _frames(path: Path) -> list[video.Frame]:
    return list(video.frames(video.examine(path, None)))


def test_a_film_becomes_a_film_and_a_strip_comes_first(painted, clip, tmp_path, capsys):
    assert _film(clip, "--style", INK, "-o", tmp_path / "out.mp4", "--json") == 0
    sample, estimate, done = _lines(capsys)
    assert (sample["type"], sample["output"]) == ("sample", str(tmp_path / "out-preview.jpg"))
    assert estimate["type"] == "estimate" and estimate["seconds"] >= 0
    assert (estimate["frames"], estimate["width"], estimate["height"]) == (6, 96, 64)
    assert done == {"type": "done", "output": str(tmp_path / "out.mp4"), "frames": 6}
    for frame, seen in zip(_frames(tmp_path / "out.mp4"), _frames(clip), strict=True):
        assert np.abs(frame - seen * 0.7).mean() < 4
    assert images.read(tmp_path / "out-preview.jpg").shape == (128, 4 * 96, 3)
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "out.mp4", "out-preview.jpg"}
    assert len(painted) == 4 + 6 and {recipe.method for recipe in painted} == {"instant"}


def test_an_estimate_paints_only_the_strip(painted, clip, tmp_path, capsys):
    assert _film(clip, "--style", INK, "-o", tmp_path / "out.mp4", "--json", "--estimate", "--size", "48") == 0
    assert [line["type"] for line in _lines(capsys)] == ["sample", "estimate"]
    assert len(painted) == 4 and not (tmp_path / "out.mp4").exists()
    assert not list(tmp_path.glob("*.frames"))


@pytest.mark.parametrize("reason", [KeyboardInterrupt, MemoryError])
def test_after_a_break_the_same_command_goes_on(painted, clip, tmp_path, capsys, monkeypatch, reason):
    paint, words = render.render, (clip, "--style", INK, "-o", tmp_path / "out.mp4", "--json")

    def breaks(*given, **more):
        if len(painted) == 4 + 3:
            raise reason
        return paint(*given, **more)

    monkeypatch.setattr(render, "render", breaks)
    assert _film(*words) in (1, 130)
    warning = next(line for line in _lines(capsys) if line["type"] == "warning")
    (folder,) = tmp_path.glob("out-*.frames")
    assert "3 frames are painted" in warning["message"] and str(folder) in warning["message"]
    assert len(list(folder.iterdir())) == 3 and not (tmp_path / "out.mp4").exists()
    monkeypatch.setattr(render, "render", paint)
    del painted[:]
    assert _film(*words) == 0
    assert len(painted) == 3  # and no strip
    assert len(_frames(tmp_path / "out.mp4")) == 6 and not folder.exists()
    assert _lines(capsys)[-1]["frames"] == 6


def test_another_way_to_paint_begins_anew_and_leaves_the_frames(painted, clip, tmp_path, monkeypatch):
    keep = video.write
    monkeypatch.setattr(video, "write", lambda *words: (_ for _ in ()).throw(KeyboardInterrupt))
    assert _film(clip, "--style", INK, "-o", tmp_path / "out.mp4") == 130
    monkeypatch.setattr(video, "write", keep)
    (folder,) = tmp_path.glob("out-*.frames")
    del painted[:]
    assert _film(clip, "--style", INK, "-o", tmp_path / "out.mp4", "--strength", "0.5") == 0
    assert len(painted) == 4 + 6 and len(list(folder.iterdir())) == 6


@pytest.mark.parametrize(
    ("words", "method"),
    [
        (["--style", INK, "--method", "optimise"], "optimise"),
        (["--style", INK, "--preset", "oil-painting"], "optimise"),
        (["--style", INK, "--dream", "auto"], "optimise"),
        (["--fast", "starry_night"], "optimise"),
        (["--style", INK, "--color", "luminance"], "instant"),
    ],
)
def test_what_is_not_asked_for_otherwise_is_painted_in_one_pass(painted, clip, tmp_path, words, method):
    assert _film(clip, *words, "-o", tmp_path / "out.mp4") == 0
    assert {recipe.method for recipe in painted} == {method}


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "avif"])
def test_an_animation_is_a_film_too(painted, tmp_path, kind):
    frames = [Image.fromarray(frame) for frame in clips.moving(3)]
    animation = tmp_path / f"in.{kind}"
    frames[0].save(animation, save_all=True, append_images=frames[1:], duration=[100, 200, 100], loop=0)
    video._unfolded.cache_clear()
    assert _film(animation, "--style", INK, "-o", tmp_path / "out.mkv") == 0
    assert video._unfolded.cache_info().misses == (1 if kind == "webp" else 0), "once, however often it is opened"
    assert len(_frames(tmp_path / "out.mkv")) == 3
    with av.open(tmp_path / "out.mkv") as film:
        assert [round(frame.time, 2) for frame in film.decode(video=0)] == [0, 0.1, 0.3]


@pytest.mark.parametrize("left", [-200, 40])
def test_a_damaged_animation_is_a_sentence(painted, tmp_path, capsys, left):
    frames = [Image.fromarray(frame) for frame in clips.moving(3)]
    animation = tmp_path / "in.webp"
    frames[0].save(animation, save_all=True, append_images=frames[1:], lossless=True)
    animation.write_bytes(animation.read_bytes()[:left])
    assert _film(animation, "--style", INK, "-o", tmp_path / "out.mkv", "--json") == 1
    (line,) = _lines(capsys)
    assert line["message"].endswith("in.webp” is damaged or incomplete; save or copy it again.") and painted == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["in.mp4", "-o", "out.mp4"], "at least one style"),
        (["gone.mp4", "--style", INK, "-o", "out.mp4"], "gone.mp4"),
        (["in.mp4", "--style", INK, "-o", "out.gif"], "name a file that ends in .mp4"),
        (["in.mp4", "--style", INK, "-o", "in.mp4"], "take the place"),
        (["in.mp4", "--style", INK, "-o", "out.mp4", "--network", "nonsense"], "nonsense"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(painted, clip, tmp_path, capsys, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    assert _film(*words, "--json") == 1
    (line,) = _lines(capsys)
    assert says in line["message"] and painted == []
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_without_the_packages_it_says_what_to_install(clip, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(films._PACKAGES, "a_module_that_there_is_not", "opencv-python-headless")
    assert _film(clip, "--style", INK, "-o", tmp_path / "out.mp4", "--json") == 1
    assert "pip install opencv-python-headless" in _lines(capsys)[0]["message"]
