"""A folder of photos, and what becomes of it, for the tests of many photos."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from reverie.cli import main as command_line
from reverie.pictures import images

from tests.unit.cli.without_painting import INK


@pytest.fixture(name="album")
def album_fixture(tmp_path) -> Path:
    """A folder with three photos, one of them in a folder of its own, and two files that are none."""
    folder = tmp_path / "album"
    for number, name in enumerate(("a.png", "b.jpg", "day 2/a.png", ".thumbnails/a.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        images.write(folder / name, np.full((20, 30, 3), number / 4, np.float32))
    (folder / "notes.txt").write_text("no photo")
    return folder


def style(*words: object) -> int:
    return command_line.main(["style", *map(str, words), "--style", INK])


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
