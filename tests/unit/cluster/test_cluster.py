"""Photos and films on two machines, which are both this one: the files are those that one machine makes, whatever
happens to a worker."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from reverie import demo
from reverie.cli import main as command_line
from reverie.cli.manifest import Manifest
from reverie.film import video
from reverie.film.unfinished import Unfinished
from reverie.pictures import images
from reverie.pictures.resize import shrink_to

from tests.unit.cluster.machines import Machines, machines_fixture, one_thread_fixture  # noqa: F401
from tests.unit.film import clips

COUNT = 5
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def album(tmp_path_factory) -> Path:
    folder, photo = tmp_path_factory.mktemp("album"), shrink_to(images.read(demo.content()), 64)
    for number in range(COUNT):
        images.write(folder / f"{number}.png", np.ascontiguousarray(np.roll(photo, 9 * number, 1)))
    return folder


@pytest.fixture(scope="module")
def alone(one_thread, album, tmp_path_factory) -> dict[str, bytes]:
    """What one machine makes of the photos."""
    folder = tmp_path_factory.mktemp("alone")
    assert _style(album, "-o", folder) == 0
    return _results(folder)


def _style(*words: object) -> int:
    return command_line.main(["style", *map(str, words), "--style", "ink", "--method", "instant", "--json"])


def _results(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.png")}


def _listed(folder: Path) -> dict[str, dict]:
    return json.loads((folder / "reverie.json").read_text())["photos"]


def _lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def _after_the_first(monkeypatch, act: Callable[[], None]) -> None:
    """Has something done once, when the first photo has been written and listed."""
    note, noted = Manifest.note_done, []

    def notes(self, *words) -> None:
        note(self, *words)
        noted.append(words)
        if len(noted) == 1:
            act()

    monkeypatch.setattr(Manifest, "note_done", notes)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_after_ctrl_c_and_with_a_worker_killed_the_files_are_those_of_one_machine(
    machines: Machines, album, alone, tmp_path, capsys, monkeypatch
):
    def kill() -> None:
        while not (painting := machines.workers(".carry_out")):
            time.sleep(0.02)
        painting[0].kill()

    words = (album, "-o", tmp_path, "--cluster", machines.address)
    with monkeypatch.context() as patch:
        _after_the_first(patch, lambda: signal.raise_signal(signal.SIGINT))
        assert _style(*words) == 130
    done = _results(tmp_path)
    assert len(done) == 1 and set(_listed(tmp_path)) == set(done)
    assert not list(tmp_path.glob(".*"))
    _until(lambda: not machines.workers())

    (album / "broken.png").write_bytes(b"no picture")
    capsys.readouterr()
    with monkeypatch.context() as patch:
        _after_the_first(patch, threading.Thread(target=kill, daemon=True).start)
        assert _style(*words) == 1
    *lines, failed = _lines(capsys)
    assert sum("was lost" in line["message"] for line in lines if line["type"] == "warning") == 1
    painted = {Path(line["photo"]).name for line in lines if line["type"] == "painted"}
    assert painted == set(alone) - set(done)
    assert failed["type"] == "failed" and "1 of 6" in failed["message"]
    assert all(0 < line["fraction"] <= 1 for line in lines if line["type"] == "progress")
    assert _results(tmp_path) == alone
    listed = _listed(tmp_path)
    assert set(listed) == {*alone, "broken.png"}
    assert "broken.png”: This is no picture" in listed["broken.png"]["failed"]
    assert [listed[name]["made_with"]["threads"] for name in alone] == [1] * COUNT
    _until(lambda: not machines.workers())


def test_a_film_in_shots_is_the_film_of_one_machine(machines: Machines, tmp_path, monkeypatch):
    """The third shot is of the scene of the first, and goes on from it as if it had been painted by the same."""
    scene = clips.moving(14)
    other = [np.ascontiguousarray(255 - frame[::-1]) for frame in scene]
    clips.write(tmp_path / "in.mp4", [*scene, *other, *scene[::-1]], sound=True)
    monkeypatch.setattr(Unfinished, "remove", lambda self: None)
    films = []
    for name, cluster in (("alone", []), ("cluster", ["--cluster", machines.address])):
        output = tmp_path / name / "out.mp4"
        output.parent.mkdir()
        words = ["film", tmp_path / "in.mp4", "--fast", "starry_night", "-o", output, *cluster]
        assert command_line.main([*map(str, words)]) == 0
        (folder,) = output.parent.glob("*.frames")
        frames = [file.read_bytes() for file in sorted(folder.iterdir())]
        assert len(frames) == 42
        films.append((frames, (output.parent / "out-preview.jpg").read_bytes()))
        assert video.examine(output, None).count == 42
    assert films[0] == films[1]
    assert len(set(films[0][0])) == 42
