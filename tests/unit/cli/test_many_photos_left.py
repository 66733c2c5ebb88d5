"""Many photos on the command line: what becomes of those that cannot be painted or written, and how long it takes."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from reverie.cli import whole
from reverie.cli.console import Console
from reverie.cli.whole import Whole
from reverie.engine import render
from reverie.events import Progress

from tests.unit.cli.albums import album_fixture, files, lines, style  # noqa: F401
from tests.unit.cli.without_painting import rendered_fixture  # noqa: F401


def _in_the_way(out: Path) -> str:
    (out / "b.jpg").mkdir(parents=True)
    return "cannot be written"


def _write_protected(out: Path) -> str:
    out.mkdir()
    (out / "b.jpg").touch(mode=0o444)
    return "write-protected"


def _no_folder_of_its_own(out: Path) -> str:
    out.mkdir()
    (out / "day 2").touch()
    return "cannot be made"


@pytest.mark.parametrize(
    ("plant", "name"),
    [(_in_the_way, "b.jpg"), (_write_protected, "b.jpg"), (_no_folder_of_its_own, "day 2/a.png")],
)
def test_a_result_that_cannot_be_written_keeps_nobody_waiting_and_is_listed(
    rendered, album, tmp_path, capsys, plant, name
):
    says = plant(tmp_path / "out")
    assert style(album, "-o", tmp_path / "out", "--json") == 1
    *told, failed = lines(capsys)
    assert [line["type"] for line in told].count("painted") == 2 and "1 of 3" in failed["message"]
    assert any(line["type"] == "warning" and says in line["message"] for line in told)
    listed = json.loads((tmp_path / "out" / "reverie.json").read_text())["photos"]
    assert says in listed[name]["failed"]
    assert {each for each in listed if "made_of" in listed[each]} == set(listed) - {name}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_no_more_ends_it_in_a_sentence(rendered, album, tmp_path, capsys, monkeypatch, number):
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name.startswith(".b.jpg"):
            raise OSError(number, os.strerror(number))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert style(album, "-o", tmp_path / "out", "--json") == 1
    *painted, failed = lines(capsys)
    assert [line["type"] for line in painted] == ["painted"] and len(rendered) == 2
    assert f"no more results ({os.strerror(number)})" in failed["message"] and failed["field"] == "output"
    assert files(tmp_path / "out") == {"a.png", "reverie.json"}


def test_a_folder_for_results_that_goes_away_ends_it_in_a_sentence(rendered, album, tmp_path, capsys, monkeypatch):
    paint = render.render

    def unplugged(*words, **more):
        if rendered:
            shutil.rmtree(tmp_path / "out")
        return paint(*words, **more)

    monkeypatch.setattr(render, "render", unplugged)
    assert style(album, "-o", tmp_path / "out", "--json") == 1
    assert "not there any more" in lines(capsys)[-1]["message"]
    assert len(rendered) == 2 and not (tmp_path / "out").exists()


def test_results_without_room_for_16_bits_are_refused_before_anything_is_painted(rendered, album, tmp_path, capsys):
    assert style(album, "-o", tmp_path / "out", "--depth", "16", "--json") == 1
    (line,) = lines(capsys)
    assert line["field"] == "depth" and "b.jpg" in line["message"] and rendered == []
    assert not (tmp_path / "out").exists()
    (album / "b.jpg").unlink()
    assert style(album, "-o", tmp_path / "out", "--depth", "16") == 0
    assert (tmp_path / "out" / "a.png").read_bytes()[24] == 16  # of the header: bits of a sample


def test_pictures_of_kinds_that_are_not_read_are_named(rendered, album, tmp_path, capsys):
    for name in ("1.HEIC", "2.nef", "3.nef", "4.nef", "day 2/5.NEF", ".hidden.nef"):
        (album / name).write_bytes(b"raw")
    assert style(album, "-o", tmp_path / "out", "--json") == 0
    heic, raw, *painted, done = lines(capsys)
    assert [line["type"] for line in painted] == ["painted"] * 3 and done["left_out"] == 5
    assert "(HEIC) are not read: “" in heic["message"] and "1.HEIC”. Save them as PNG" in heic["message"]
    assert "(RAW)" in raw["message"] and "3.nef" in raw["message"] and "4.nef” and 1 more" in raw["message"]
    listed = json.loads((tmp_path / "out" / "reverie.json").read_text())
    assert listed["left_out"][str(album / "1.HEIC")] == "HEIC" and len(listed["left_out"]) == 5
    assert len(listed["photos"]) == 3


def test_a_folder_of_nothing_but_kinds_that_are_not_read_says_which(rendered, tmp_path, capsys):
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "a.heic").touch()
    assert style(tmp_path / "album", "-o", tmp_path / "out", "--json") == 1
    assert "not read (HEIC)" in lines(capsys)[0]["message"]


def _half_way() -> Progress:
    return Progress(1, 2, 4, 4, 0.0, fraction=0.5, seconds_left=1.0)


def test_time_left_is_that_of_all_the_photos(rendered, album, tmp_path, capsys, monkeypatch):
    """The clock shows 10 s more at each photo's middle: half of the first of three took 10 s, so that 50 s are left."""
    paint, clock = render.render, iter(range(0, 1000, 10))

    def tells(*words, report, **more):
        report(_half_way())
        return paint(*words, **more)

    monkeypatch.setattr(render, "render", tells)
    monkeypatch.setattr(whole, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert style(album, "-o", tmp_path / "out", "--json") == 0
    told = [line for line in lines(capsys) if line["type"] == "progress"]
    assert [line["fraction"] for line in told] == pytest.approx([1 / 6, 3 / 6, 5 / 6])
    assert [line["seconds_left"] for line in told] == pytest.approx([50, 20, 6])


def test_a_person_sees_the_time_left(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    with Console() as console:
        photos = Whole(console.report, 3)
        for name in ("a", "b"):
            photos.tell(name, _half_way())
    assert re.search(r"\d:\d\d:\d\d", capsys.readouterr().err)
