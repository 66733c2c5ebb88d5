"""Many photos on the command line: which they are, where their results go, what is done again and what is not."""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reverie.cli import main as command_line
from reverie.cli import photos
from reverie.cli.many import Painted, Task
from reverie.engine import render
from reverie.engine.result import Result
from reverie.errors import ReverieError
from reverie.pictures import images

from tests.unit.cli.albums import album_fixture, files, lines, style  # noqa: F401
from tests.unit.cli.whole_commands import ROOT
from tests.unit.cli.without_painting import INK, PHOTO, rendered_fixture  # noqa: F401

_HUNDREDS = 400


def test_a_folder_of_photos_becomes_a_folder_of_results(rendered, album, tmp_path, capsys):
    assert style(album, "-o", tmp_path / "out", "--json") == 0
    assert files(tmp_path / "out") == {"a.png", "b.jpg", "day 2/a.png", "reverie.json"}
    assert len(rendered) == 3
    *painted, done = lines(capsys)
    assert [line["type"] for line in painted] == ["painted"] * 3
    assert painted[0]["photo"] == str(album / "a.png") and painted[0]["output"] == str(tmp_path / "out" / "a.png")
    assert done == {"type": "done", "output": str(tmp_path / "out"), "photos": 3, "painted_before": 0, "left_out": 0}


def test_what_is_done_is_not_done_again(rendered, album, tmp_path, capsys):
    style(album, "-o", tmp_path / "out")
    del rendered[:]
    images.write(album / "c.png", np.zeros((20, 30, 3), np.float32))
    (tmp_path / "out" / "b.jpg").unlink()
    capsys.readouterr()
    assert style(album, "-o", tmp_path / "out", "--json") == 0
    painted = {Path(line["photo"]).name for line in lines(capsys) if line["type"] == "painted"}
    assert painted == {"c.png", "b.jpg"} and len(rendered) == 2


@pytest.mark.parametrize("change", ["photo", "strength", "size", "style"])
def test_what_would_come_out_otherwise_is_painted_anew(rendered, album, tmp_path, monkeypatch, change):
    style = tmp_path / "style.png"
    images.write(style, np.random.default_rng(0).random((20, 20, 3), np.float32))
    words = ["style", str(album / "a.png"), str(album / "b.jpg"), "--style", str(style), "-o", str(tmp_path / "out")]
    assert command_line.main(words) == 0
    del rendered[:]
    if change == "photo":
        images.write(album / "a.png", np.ones((20, 31, 3), np.float32))
    elif change == "style":
        images.write(style, np.random.default_rng(1).random((20, 20, 3), np.float32))
    more = {"strength": ["--strength", "0.5"], "size": ["--size", "16"]}.get(change, [])
    assert command_line.main([*words, *more]) == 0
    assert len(rendered) == (1 if change == "photo" else 2)


def test_a_photo_that_fails_keeps_nobody_waiting_and_is_listed(rendered, album, tmp_path, capsys):
    (album / "b.jpg").write_bytes(b"no picture")
    assert style(album, album / "gone.png", "-o", tmp_path / "out", "--json") == 1
    *told, failed = lines(capsys)
    assert sum(line["type"] == "painted" for line in told) == 2
    assert failed["type"] == "failed" and "2 of 4" in failed["message"]
    listed = json.loads((tmp_path / "out" / "reverie.json").read_text())["photos"]
    assert set(listed) == {"a.png", "b.jpg", "day 2/a.png", "gone.png"}
    assert "no picture" in listed["b.jpg"]["failed"] and listed["b.jpg"]["photo"] == str(album / "b.jpg")
    assert files(tmp_path / "out") == {"a.png", "day 2/a.png", "reverie.json"}
    images.write(album / "b.jpg", np.zeros((20, 30, 3), np.float32))
    images.write(album / "gone.png", np.zeros((20, 30, 3), np.float32))
    del rendered[:]
    assert style(album, album / "gone.png", "-o", tmp_path / "out", "--json") == 0
    assert len(rendered) == 2
    assert "failed" not in json.loads((tmp_path / "out" / "reverie.json").read_text())["photos"]["b.jpg"]


def test_what_is_wrong_with_all_of_them_is_told_once(album, tmp_path, capsys, monkeypatch):
    def refused(*words, **more):
        raise ReverieError("The style is of one colour.", "style.0.image")

    monkeypatch.setattr(render, "render", refused)
    assert style(album, "-o", tmp_path / "out", "--json") == 1
    (line,) = lines(capsys)
    assert line["field"] == "style.0.image"
    assert style(album, "-o", tmp_path / "other", "--network", "nonsense") == 1
    assert not (tmp_path / "other").exists()


def test_ctrl_c_leaves_what_is_done_and_nothing_half(rendered, album, tmp_path, monkeypatch):
    paint = render.render

    def interrupted(*words, **more):
        if rendered:
            raise KeyboardInterrupt
        return paint(*words, **more)

    monkeypatch.setattr(render, "render", interrupted)
    assert style(album, "-o", tmp_path / "out") == 130
    assert files(tmp_path / "out") == {"a.png", "reverie.json"}


def test_the_next_photo_is_read_while_one_is_painted(rendered, album, tmp_path, monkeypatch):
    paint, read, both = render.render, photos.read, threading.Event()

    def reads(file, size):
        if file.name == "b.jpg":
            both.set()
        return read(file, size)

    def paints(*words, **more):
        assert both.wait(10)
        return paint(*words, **more)

    monkeypatch.setattr(photos, "read", reads)
    monkeypatch.setattr(render, "render", paints)
    assert style(album, "-o", tmp_path / "out") == 0


def test_of_hundreds_no_more_pictures_are_kept_than_of_a_few(tmp_path, monkeypatch):
    """Each is read once, and let go of when it is painted, but for the one before and the next."""
    (tmp_path / "album").mkdir()
    tiny = io.BytesIO()
    Image.new("RGB", (8, 6)).save(tiny, "PNG")
    for number in range(_HUNDREDS):
        (tmp_path / "album" / f"{number}.png").write_bytes(tiny.getvalue())
    pictures, alive, read = [], [], []

    def paint(recipe, content, *_, **__):
        result = Result(content.copy(), recipe, "none", "cpu", 0.0)
        pictures.extend(map(weakref.ref, (content, result.picture)))
        alive.append(sum(picture() is not None for picture in pictures))
        if len(alive) == _HUNDREDS:
            alive.append(sum(type(each) in (Task, Painted) for each in gc.get_objects()))
        return result

    reads = photos.read
    monkeypatch.setattr(photos, "read", lambda file, size: read.append(file) or reads(file, size))
    monkeypatch.setattr(render, "render", paint)
    assert style(tmp_path / "album", "-o", tmp_path / "out") == 0
    assert len(files(tmp_path / "out")) == len(read) + 1 == len(set(read)) + 1 == _HUNDREDS + 1
    assert max(alive) <= 6


def test_patterns_that_no_shell_has_expanded(rendered, album, tmp_path):
    assert style(album / "**" / "*.png", "-o", tmp_path / "out") == 1  # two are called a.png
    assert style(album / "day*" / "*.png", album / "*.jpg", album / "b.jpg", "-o", tmp_path / "out") == 0
    assert files(tmp_path / "out") == {"a.png", "b.jpg", "reverie.json"}


def test_a_folder_that_is_there_takes_one_photo_too(rendered, tmp_path):
    assert style(PHOTO, "-o", tmp_path) == 0
    assert files(tmp_path) == {Path(PHOTO).name, "reverie.json"}


@pytest.mark.parametrize("words", [["album"], ["album/a.png", "album/b.jpg"]])
def test_no_photo_is_painted_over(rendered, album, tmp_path, capsys, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    before = (album / "a.png").read_bytes()
    assert style(*words, "-o", "album", "--json") == 1
    (line,) = lines(capsys)
    assert line["field"] == "output"
    assert (album / "a.png").read_bytes() == before and rendered == []


def test_results_within_the_folder_of_photos_are_no_photos(rendered, album):
    assert style(album, "-o", album / "painted") == 0
    assert style(album, "-o", album / "painted") == 0
    assert len(rendered) == 3


def test_a_list_of_something_else_is_left_alone(rendered, album, tmp_path, capsys):
    (tmp_path / "reverie.json").write_text("[]")
    assert style(album, "-o", tmp_path, "--json") == 1
    assert "Move it away" in lines(capsys)[-1]["message"]
    assert (tmp_path / "reverie.json").read_text() == "[]" and rendered == []


def test_an_empty_folder_is_a_sentence(rendered, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert style(tmp_path / "empty", "-o", tmp_path / "out", "--json") == 1
    assert "no picture in" in lines(capsys)[0]["message"]


def test_from_standard_input_to_standard_output(tmp_path):
    command = [sys.executable, "-m", "reverie", "style", "-", "--style", "ink", "--method", "instant", "--size", "48"]
    done = subprocess.run(
        [*command, "-o", "-"], cwd=ROOT, input=Path(PHOTO).read_bytes(), capture_output=True, check=True, timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert Image.open(io.BytesIO(done.stdout)).size == (48, 36)


@pytest.mark.parametrize(
    ("words", "says"), [(["-", PHOTO, "-o", "a"], "one photo"), ([PHOTO, "-o", "-"], "cannot both")]
)
def test_what_standard_input_and_output_cannot_be_for(rendered, capsys, words, says):
    assert style(*words, "--json") == 1
    (line,) = lines(capsys)
    assert says in line["message"] and rendered == []
