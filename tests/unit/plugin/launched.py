"""Backends to be started or found by the launcher, for its tests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from reverie.plugin.shared import PROTOCOL, launcher

from tests.stand_in_backend import TOKEN, write_private

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(name="home", autouse=True)
def home_fixture(tmp_path, monkeypatch):
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("REVERIE_HOME", str(folder))
    monkeypatch.delenv("SNAP_NAME", raising=False)
    monkeypatch.setattr(launcher, "_started", None)
    yield folder
    if launcher._started is not None:
        launcher._started.process.kill()
        launcher._started.process.wait()


def install(home: Path, python: str, folder: Path = ROOT) -> None:
    (home / "install.json").write_text(json.dumps({"python": python, "folder": str(folder), "version": "0.1.0"}))


def script(home: Path, text: str) -> str:
    path = home / "python"
    path.write_text("#!/bin/sh\n" + text + "\n")
    path.chmod(0o755)
    return str(path)


def started(home: Path) -> list[int]:
    """The processes that a backend's lock let load."""
    path = home / "starts"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def write_ready(home: Path, port: int, name: str = "ready.json", **more: object) -> None:
    document = {
        "protocol": PROTOCOL,
        "version": "9.9",
        "pid": os.getpid(),
        "host": "127.0.0.1",
        "port": port,
        "token": TOKEN,
    }
    write_private(home / name, json.dumps({**document, **more}))


@pytest.fixture(name="starts")
def starts_fixture(home):
    """The ids of the processes that were started as a backend; ended when the test is over, whatever became of it."""
    path = home / "starts"
    install(home, script(home, f'echo $$ >>"{path}"; exec "{sys.executable}" "$@"'))

    def pids() -> list[int]:
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    yield pids
    for pid in pids():
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                wait_until(lambda pid=pid: not alive(pid), 20)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()
