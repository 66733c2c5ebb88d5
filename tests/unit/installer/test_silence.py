"""No step of the installer is silent for more than two seconds, whatever takes long; measured by a clock of its own,
with stand-ins for all that is waited for: programs, the network, the disk."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reverie.installer import backend, commands, console, torch_build, way, zip_commands
from reverie.installer.environment import Environment
from reverie.plugin.shared import places

from tests.stand_in_backend import TOKEN, StandIn
from tests.unit.installer.own_clock import OwnClock, clock_fixture  # noqa: F401
from tests.unit.installer.stand_ins import (
    clone_fixture,  # noqa: F401
    home_fixture,  # noqa: F401
    program_fixture,  # noqa: F401
    stand_in_fixture,  # noqa: F401
    web_fixture,  # noqa: F401
)
from tests.unit.installer.test_zip_commands import pip, zip_folder_fixture  # noqa: F401

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the environment's Python is in bin/")
CHOOSE = torch_build.choose  # which the stand-in of a clone does without


class Program:
    """One that says nothing and works; pip's report is that there is nothing to fetch."""

    stdout: tuple[str, ...] = ()
    returncode = 0

    def __init__(self, command: list[str], **_: object) -> None:
        if "--report" in command:
            Path(command[command.index("--report") + 1]).write_text('{"install": []}')

    def wait(self) -> None:
        pass


@pytest.fixture
def give(
    program: Callable[[str, str], Path], clock: OwnClock, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path, Path, str], None]:
    """Gives a command of the install.py in a folder, whose environment will have the package at `origin`. Whatever is
    waited for takes five seconds."""
    for name in ("nvidia-smi", "gimp-console-3.0"):
        program(name, "exit 0")
    for owner, name in (
        (Program, "wait"),
        (torch_build, "reachable_index"),
        (backend, "_shut_down"),
        (shutil, "rmtree"),
        (shutil, "copyfile"),
        (Path, "rglob"),
    ):
        clock.takes(5, owner, name)
    monkeypatch.setattr(torch_build, "choose", CHOOSE)
    monkeypatch.setattr(subprocess, "Popen", Program)

    def give(folder: Path, origin: Path, *words: str) -> None:
        says = f"python 3 11\nreverie {origin}"

        def run(command: list[Any], **_: object) -> Any:
            clock.pass_by(5)
            return subprocess.CompletedProcess(command, 0, says, "")

        monkeypatch.setattr(subprocess, "run", run)
        monkeypatch.setattr(Environment.__init__, "__defaults__", (folder,))
        for function in (way.from_clone, way.from_zip, way.zip_program):
            monkeypatch.setattr(function, "__defaults__", (folder,))
        for module in (commands, zip_commands):
            monkeypatch.setattr(module, "CLONE", folder)
        assert commands.main(words) == 0

    return give


def test_from_a_clone_with_a_service_and_away_again(
    home: Path, clone: Path, clock: OwnClock, stand_in: StandIn, give: Callable[..., None]
) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    Path(places.state_folder()).mkdir(parents=True)
    ready = {"host": "127.0.0.1", "port": stand_in.port, "token": TOKEN}
    Path(places.ready_file()).write_text(json.dumps(ready))
    origin = clone / "backend" / "reverie" / "__init__.py"
    give(clone, origin, "install", "--service")
    give(clone, origin, "uninstall")
    assert clock.longest_silence <= 2
    titles = [line[2:] for line in clock.lines if line.startswith("… ")]
    assert titles == [
        "Looking at this machine and its environment",
        "Ending the running backend",
        "Making the environment",
        "Looking for PyTorch's own package index",
        "Installing the packages",
        "Installing the command reverie",
        "Looking whether all is there",
        "Looking for GIMP",
        "Ending the running backend",
        "Putting the plug-in into GIMP",
        "Setting up the service",
        "Ending the service",
        "Ending the running backend",
        "Taking the plug-in out of GIMP",
        "Deleting the old environment",
    ]


def test_out_of_the_zip_after_one_that_was_stopped_and_away_again(
    zip_folder: Path, clock: OwnClock, give: Callable[..., None]
) -> None:
    environment = Environment(zip_folder)
    (environment.downloads / "unpacked").mkdir(parents=True)
    origin = environment.folder / "lib" / "reverie" / "__init__.py"
    give(zip_folder, origin, "install")
    give(zip_folder, origin, "uninstall")
    assert clock.longest_silence <= 2
    titles = {line[2:] for line in clock.lines if line.startswith("… ")}
    assert {
        "Looking up what is to be fetched",
        "Deleting what is needed no longer",
        "Adding up what it takes of the disk",
    } <= titles


def test_steps_that_are_each_too_quick_to_be_spoken_of_are_not_silent_together(clock: OwnClock) -> None:
    for _ in range(5):
        with console.waiting("Looking"):
            clock.pass_by(0.9)
    assert clock.lines[0] == "… Looking" and clock.longest_silence <= 1
