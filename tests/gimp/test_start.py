"""The backend starts by itself, out of a real GIMP.

Where GIMP lives in a tree of its own, the host's Python cannot run in there. The install record then names a script
that steps out of the tree by /proc (the tests run as root) and starts the very same backend outside.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from pathlib import Path

import pytest

from tests.gimp.test_failures import is_alive

ROOT = Path(__file__).resolve().parents[2]


def shut_down(home: Path) -> None:
    """Ends the backend that runs there, if one does."""
    if not (home / "ready.json").exists():
        return
    ready = json.loads((home / "ready.json").read_text())
    connection = http.client.HTTPConnection("127.0.0.1", ready["port"], timeout=10)
    connection.request("POST", "/v1/shutdown", headers={"Authorization": "Bearer " + ready["token"]})
    connection.getresponse().read()
    until = time.monotonic() + 20
    while is_alive(ready["pid"]) and time.monotonic() < until:
        time.sleep(0.05)
    (home / "ready.json").unlink(missing_ok=True)


@pytest.fixture
def startable(gimp):
    """Lets the plug-in in `gimp` start a backend; the folder where both meet. Stops what was started, and, before, the
    one that other tests share: they get another."""
    home = gimp.folder / "home"
    record = (home / "install.json").read_text()
    shut_down(home)
    program = gimp.folder / "python"
    outside = "" if gimp.inside(home) == str(home) else f"chroot /proc/{os.getpid()}/root "
    program.write_text(
        f'#!/bin/sh\nexec {outside}env -C "{ROOT}" REVERIE_HOME="{home}" '
        f'REVERIE_WEIGHTS="{ROOT.parent}/shared/weights" "{sys.executable}" "$@"\n'
    )
    program.chmod(0o755)
    new = {**json.loads(record), "python": gimp.inside(program)}
    (home / "install.json").write_text(json.dumps(new))
    yield home
    (home / "install.json").write_text(record)
    shut_down(home)


PAINT = """
image = load(); layer = image.get_layers()[0]
answer(status=paint(image, [layer]), names=names(image))
"""


def test_the_first_job_starts_the_backend_and_the_next_finds_it(gimp, startable):
    said = gimp.run(PAINT)
    assert said["status"][0], said["status"]
    assert said["names"] == ["Neural style: strokes", "landscape"]
    first = json.loads((startable / "ready.json").read_text())
    said = gimp.run(PAINT)  # another GIMP: the first one has ended, and the backend has not
    assert said["status"][0], said["status"]
    assert json.loads((startable / "ready.json").read_text()) == first
