"""The service that keeps a backend ready: its files for each system, and that it goes as it came.

systemctl is stood in for by a shell script that writes down what it is asked: no test may touch the services of whoever
runs it. What the unit says is also given to the real systemd-analyze, where there is one. For launchd and the Task
Scheduler, the files are checked by what they say.
"""

from __future__ import annotations

import json
import os
import plistlib
import shlex
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from reverie.installer import CLONE, backend, commands, doctor, gimp, plugin, service
from reverie.installer.way import Way
from reverie.plugin.shared import TAKEN, places

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")
PYTHON = Path("/home/ada/my $pictures/100%/.venv/bin/python")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("SNAP_REAL_HOME", "XDG_CONFIG_HOME", "GIMP3_DIRECTORY", "REVERIE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(sys, "platform", "linux")
    return folder


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Puts a stand-in with that behaviour on PATH, alone; returns what it is asked, as it comes."""
    asked = tmp_path / "asked"
    asked.touch()

    def stand_in(script: str) -> list[str]:
        path = tmp_path / "bin" / "systemctl"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "$*" >>"{asked}"\n{script}\n')
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(path.parent))
        return asked.read_text().splitlines()

    return stand_in


def asked(home: Path) -> list[str]:
    return (home.parent / "asked").read_text().splitlines()


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_the_unit_of_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVERIE_HOME", "/home/ada/GIMP 100%")
    lines = service.content(PYTHON).decode().splitlines()
    assert "WorkingDirectory=/home/ada/GIMP 100%%" in lines
    (command,) = [line for line in lines if line.startswith("ExecStart=")]
    assert command == (
        'ExecStart="/home/ada/my $$pictures/100%%/.venv/bin/python" -m reverie serve --idle-exit inf '
        '--ready-file "/home/ada/GIMP 100%%/ready.json"'
    )
    assert lines[-2:] == ["[Install]", "WantedBy=default.target"]
    assert f"RestartPreventExitStatus={TAKEN}" in lines  # it would find its place taken again and again
    assert "Restart=on-failure" in lines  # and not after an orderly end: install.py and uninstall ask for that


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_accepts_the_unit(home: Path, tmp_path: Path) -> None:
    clone = tmp_path / "my $clone 100%"
    python = clone / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    unit = tmp_path / service.UNIT
    unit.write_bytes(service.content(python))
    done = subprocess.run(["systemd-analyze", "--user", "verify", str(unit)], capture_output=True, text=True)
    assert str(unit) not in done.stderr and "not executable" not in done.stderr, done.stderr


def test_the_units_command_serves_and_stays(home: Path) -> None:
    """Without systemd, which does not run where tests do: the command is started as it stands."""
    unit = service.content(Path(sys.executable)).decode()
    (command,) = [line.removeprefix("ExecStart=") for line in unit.splitlines() if line.startswith("ExecStart=")]
    process = subprocess.Popen(shlex.split(command), cwd=CLONE, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(600):
            if backend.ready() is not None or process.poll() is not None:
                break
            time.sleep(0.1)
        assert backend.stop() is True
        assert process.wait(timeout=20) == 0  # so systemd does not start it again
    finally:
        process.kill()
        process.communicate()


def test_the_agent_of_launchd(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert service.path() == home / "Library/LaunchAgents/org.reverie.backend.plist"
    said = plistlib.loads(service.content(PYTHON))
    assert said["Label"] == "org.reverie.backend"
    assert said["ProgramArguments"][:4] == [str(PYTHON), "-m", "reverie", "serve"]
    assert said["ProgramArguments"][-1] == str(home / "Library/Application Support/GIMP/reverie/ready.json")
    assert (said["WorkingDirectory"], said["RunAtLoad"], said["KeepAlive"]) == (
        str(home / "Library/Application Support/GIMP/reverie"),
        True,
        {"Crashed": True},
    )


def test_the_task_of_windows(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("APPDATA", str(home / "Ada & Co"))
    monkeypatch.setenv("USERDOMAIN", "PC")
    monkeypatch.setenv("USERNAME", "ada")
    data = service.content(PYTHON)
    assert data.startswith(b"\xff\xfe")  # UTF-16 with its mark, as schtasks wants it
    task = ElementTree.fromstring(data.decode("utf-16").split("?>", 1)[1])
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    said = {name: task.findtext(f".//t:{name}", "", space) for name in ("Command", "Arguments", "WorkingDirectory")}
    assert said["Command"] == str(PYTHON.with_name("pythonw.exe"))
    assert said["Arguments"].startswith("-m reverie serve --idle-exit inf --ready-file ")
    assert shlex.split(said["Arguments"])[-1] == str(home / "Ada & Co/GIMP/reverie/ready.json")
    assert said["WorkingDirectory"] == str(home / "Ada & Co/GIMP/reverie")
    assert task.findtext(".//t:UserId", "", space) == "PC\\ada"
    assert task.findtext(".//t:ExecutionTimeLimit", "", space) == "PT0S"  # none


def test_it_goes_as_it_came(home: Path, systemctl: Callable[[str], list[str]]) -> None:
    systemctl("exit 0")
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    plugin.install(gimp.configurations(), PYTHON)
    before = tree(home)
    assert service.install(PYTHON) == ""
    assert service.path() == home / ".config/systemd/user/reverie.service"
    assert service.path().read_bytes() == service.content(PYTHON)
    assert asked(home) == [
        "--user daemon-reload", "--user enable reverie.service", "--user restart reverie.service"
    ]  # fmt: skip
    assert service.remove() is True
    assert tree(home) == before
    assert asked(home)[3:] == ["--user disable --now reverie.service", "--user daemon-reload"]
    assert service.remove() is False
    assert len(asked(home)) == 5


def test_the_units_of_others_stay_and_uninstall_takes_the_service_too(
    home: Path, systemctl: Callable[[str], list[str]]
) -> None:
    systemctl("exit 0")
    other = home / ".config/systemd/user/other.service"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    before = tree(home)
    service.install(PYTHON)
    assert plugin.uninstall() == []
    assert tree(home) == before


def test_where_systemd_does_not_take_it_the_rest_is_named(home: Path, systemctl: Callable[[str], list[str]]) -> None:
    systemctl('[ "$2" = daemon-reload ] || { echo "Failed to connect to bus" >&2; exit 1; }')
    said = service.install(PYTHON)
    assert "(Failed to connect to bus)" in said
    assert said.endswith("run: systemctl --user enable reverie.service && systemctl --user restart reverie.service")
    os.remove(home.parent / "bin" / "systemctl")
    assert "run: systemctl --user daemon-reload && " in service.install(PYTHON)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], None), (["--service"], True), (["--no-service"], False), (["install"], None),
        (["install", "--service"], True), (["--service", "install"], True), (["install", "--no-service"], False),
    ],
)  # fmt: skip
def test_the_option_of_the_installer(words: list[str], wanted: bool | None) -> None:
    assert commands._parser().parse_args(words).service is wanted


def test_own_presets_outlive_an_uninstall(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    plugin.install(gimp.configurations(), PYTHON)
    preset = Path(places.state_folder()) / "presets" / "mine.json"
    preset.parent.mkdir()
    preset.write_text("{}")
    assert plugin.uninstall() == [Path(places.state_folder())]
    assert preset.exists()


@pytest.mark.parametrize(
    ("state", "good", "word"), [("active", True, "keeps a backend"), ("failed", False, "does not run")]
)
def test_the_doctor_reports_it(
    home: Path, systemctl: Callable[[str], list[str]], state: str, good: bool, word: str
) -> None:
    way = Way("reverie gimp", PYTHON)
    systemctl("exit 0")
    service.path().parent.mkdir(parents=True)
    service.path().write_bytes(service.content(PYTHON))
    systemctl(f"echo {state}")
    (finding,) = doctor.check_service(way, [])
    assert finding.good is good and word in finding.text
    service.path().write_text("of another clone")
    (finding,) = doctor.check_service(way, [])
    assert finding.good is False and "another version or place" in finding.text


@pytest.mark.parametrize("way", [Way("python3 install.py", PYTHON, CLONE), Way("reverie gimp", PYTHON)])
def test_the_doctor_advises_it_for_a_sandboxed_gimp(home: Path, way: Way) -> None:
    sandboxed = gimp.Program(("flatpak",), (3, 0, 4), "flatpak")
    native = gimp.Program(("gimp",), (3, 0, 4), "native")
    (finding,) = doctor.check_service(way, [native, sandboxed])
    assert finding.good is None and finding.fix == f"Run: {way.install} --service"
    assert json.dumps(vars(finding))  # as `doctor --json` writes it
    assert list(doctor.check_service(way, [native])) == []
