"""A backend that cannot start, in a real GIMP: its log's end is what the user reads."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

PAINT = """
image = load(); layer = image.get_layers()[0]
before = digest(layer)
status = paint(image, [layer])
answer(status=status, names=names(image), same=digest(layer) == before)
"""


@pytest.fixture
def broken_backend(gimp) -> Iterator[None]:
    """The backend that GIMP would start says a line and ends. One that other tests have running is not found."""
    home = gimp.folder / "home"
    record, ready, aside, program = (home / name for name in ("install.json", "ready.json", "aside.json", "python"))
    before = record.read_text()
    if ready.exists():
        ready.rename(aside)
    program.write_text("#!/bin/sh\nseq 50\necho No module named torch >&2\nexit 3\n")
    program.chmod(0o755)
    record.write_text(json.dumps({**json.loads(before), "python": gimp.inside(program)}))
    yield
    record.write_text(before)
    if aside.exists():
        aside.rename(ready)


def test_the_end_of_the_log_of_a_backend_that_cannot_start_is_shown(gimp, broken_backend):
    said = gimp.run(PAINT)
    assert not said["status"][0]
    lines = said["status"][1].strip().splitlines()
    assert lines[0] == "Reverie's backend could not start. The end of its log:"
    assert lines[-2:] == ["50", "No module named torch"]
    assert len(lines) < 16
    assert said["names"] == ["landscape"]
    assert said["same"]
    assert not (gimp.folder / "home" / "start.lock").exists()
