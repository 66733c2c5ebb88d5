"""The set-up out of the plug-in's zip: who can do it, what is said where nobody can, and how it is run and ended."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from reverie.plugin.shared import launcher, places, programs, set_up, zipped
from reverie.plugin.shared.client import BackendError

from tests.stand_in_backend import running
from tests.unit.plugin.launched import (
    ROOT,
    alive,
    home_fixture,  # noqa: F401
    wait_until,
    write_ready,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """What a zip of version 0.10.0 has for the set-up, less the real installer."""
    made = tmp_path / "setup"
    made.mkdir()
    (made / "reverie-0.9.0-py3-none-any.whl").touch()
    os.utime(made / "reverie-0.9.0-py3-none-any.whl", (1, 1))  # of an earlier zip
    (made / "reverie-0.10.0-py3-none-any.whl").touch()
    (made / "install.py").touch()
    monkeypatch.setattr(zipped, "folder", lambda: str(made))
    monkeypatch.delenv("APPDIR", raising=False)
    return made


@pytest.fixture
def pythons(tmp_path, monkeypatch):
    """Puts Pythons on PATH, which holds nothing else; each answers that it is of a version, and lacks something."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()

    def make(name: str, version: tuple[int, int], *lacks: str) -> str:
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\necho '{json.dumps([str(path), version, lacks])}'\n")
        path.chmod(0o755)
        return str(path)

    return make


def record(home: Path, **values: str) -> None:
    (home / "install.json").write_text(json.dumps(values))


def test_it_knows_its_own_place_and_is_not_there_in_a_checkout(monkeypatch):
    monkeypatch.undo()
    assert zipped.folder() is None
    assert not set_up.is_wanted()


def test_it_is_wanted_where_no_backend_is_named_runs_or_can_be_started(home, folder, monkeypatch):
    assert set_up.is_wanted()
    record(home, python="/nowhere/python", folder="/a/clone", version="0.1.0")
    assert set_up.is_wanted()
    record(home, python=sys.executable, folder="/a/clone", version="0.1.0")
    assert not set_up.is_wanted()
    record(home, python="/nowhere/python", folder="/a/clone", version="0.1.0")
    monkeypatch.setattr(programs, "is_sandboxed", lambda: True)  # which sees nothing of the system's Python
    assert not set_up.is_wanted()
    (home / "install.json").unlink()
    with running() as server:
        write_ready(home, server.port)
        assert not set_up.is_wanted()
    assert set_up.is_wanted()
    Path(places.settings_file()).write_text("{}")
    assert not set_up.is_wanted()


def test_a_newer_zip_over_an_older_one_is_an_update(home, folder):
    record(home, python=sys.executable, folder=str(folder), version="0.1.0")
    assert set_up.is_update() and set_up.is_wanted()
    record(home, python=sys.executable, folder=str(folder), version="0.10.0")
    assert not set_up.is_update() and not set_up.is_wanted()


def test_without_windows_the_one_command_is_said(folder, monkeypatch):
    with pytest.raises(BackendError) as caught:
        launcher.connect()
    assert str(caught.value).endswith(f'in a terminal: python3 "{folder}/install.py"')
    monkeypatch.setattr(programs, "is_sandboxed", lambda: True)
    with pytest.raises(BackendError, match=r'install\.py" --service$'):
        launcher.connect()


def test_gimps_own_python_sets_it_up_where_it_can():
    assert set_up.interpreter() == sys.executable


def test_else_it_is_one_of_the_system(pythons, monkeypatch):
    monkeypatch.setattr(sys, "executable", pythons("gimps", (3, 9), "age"))
    pythons("python3", (3, 15), "age")
    pythons("python3.13", (3, 13), "venv")
    wanted = pythons("python3.12", (3, 12))
    assert set_up.interpreter() == wanted


def test_the_python_of_an_appimage_is_none_to_make_an_environment_of(pythons, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", pythons("gimps", (3, 12)))
    monkeypatch.setenv("APPDIR", str(tmp_path))
    with pytest.raises(set_up.Obstacle):
        set_up.interpreter()


@pytest.mark.parametrize(
    ("version", "lacks", "why", "command"),
    [
        ((3, 12), "venv", "its part “venv” is not installed", "sudo apt install python3.12-venv"),
        ((3, 9), "age", "cannot run the backend, and no other was found that can. Install Python 3.10 to 3.14", None),
        ((3, 12), "platform", "cannot run the backend", None),
    ],
)
def test_where_none_can_the_one_command_is_said(pythons, monkeypatch, folder, version, lacks, why, command):
    monkeypatch.setattr(sys, "executable", pythons("gimps", version, lacks))
    with pytest.raises(set_up.Obstacle) as caught:
        set_up.interpreter()
    assert why in str(caught.value)
    assert caught.value.command == (command or f'python3 "{folder}/install.py"')


def test_a_python_that_does_not_start_or_says_something_else_is_passed_over(pythons, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    (tmp_path / "bin" / "python3").write_text("#!/bin/sh\necho no Python at all\n")
    (tmp_path / "bin" / "python3").chmod(0o755)
    with pytest.raises(set_up.Obstacle):
        set_up.interpreter()


def test_a_sandboxed_gimp_has_the_service_started_outside(monkeypatch, folder):
    monkeypatch.setenv("SNAP_NAME", "gimp")
    with pytest.raises(set_up.Obstacle, match="sandboxed") as caught:
        set_up.interpreter()
    assert caught.value.command == f'python3 "{folder}/install.py" --service'


def test_the_versions_are_those_that_the_package_is_for():
    said = re.findall(r"Python :: (3)\.(\d+)", (ROOT / "pyproject.toml").read_text())
    assert ((3, int(said[0][1])), (3, int(said[-1][1]))) == set_up.PYTHONS


def test_how_far_it_is_and_how_long_it_takes_with_what_an_earlier_try_has_fetched():
    fetching = set_up.Fetching(200 * 10**6)
    assert fetching.told(10**6, 50.0) == (0.005, "1 of about 200 MB")
    assert fetching.told(5 * 10**6, 90.0) == (0.025, "5 of about 200 MB"), "looked up, which is slow"
    assert fetching.told(0, 100.0) == (0.0, "0 of about 200 MB")
    assert fetching.told(50 * 10**6, 110.0) == (0.25, "50 of about 200 MB, 30 seconds left")
    fetching = set_up.Fetching(200 * 10**6)
    fetching.kept = 150 * 10**6
    before = "of about 200 MB, of which 150 MB were fetched before"
    assert fetching.told(100 * 10**6, 100.0) == (0.5, f"100 {before}")
    assert fetching.told(160 * 10**6, 110.0) == (0.8, f"160 {before}, 40 seconds left"), "what was here came at once"


# An installer that says what it is told to, and works on until it is ended, with a child as pip is one.
SLOW = """
import json, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
print(json.dumps({"type": "step", "child": child.pid, "words": sys.argv[1:]}), flush=True)
child.wait()
"""


def test_it_is_ended_with_all_that_it_has_started(folder):
    (folder / "install.py").write_text(SLOW)
    installer = set_up.Installer(sys.executable, "install")
    events = installer.events()
    first = next(events)
    assert first["words"] == ["install", "--json"]
    assert alive(first["child"])
    installer.cancel()
    assert [event["type"] for event in events] == ["failed"]
    wait_until(lambda: not alive(first["child"]), 10)
    installer.cancel()  # once more is no fault


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('print("""{"type": "done"}""")', [{"type": "done"}]),
        ('import sys; print("a"); sys.exit("b")', [{"type": "failed", "message": "a\nb"}]),
        ("raise SystemExit(3)", [{"type": "failed", "message": "The set-up ended without a word."}]),
        (
            'print("""{"type": "failed", "message": "why"}"""); raise SystemExit(1)',
            [{"type": "failed", "message": "why"}],
        ),
    ],
)
def test_it_ends_with_what_came_of_it(folder, script, said):
    (folder / "install.py").write_text(script)
    assert list(set_up.Installer(sys.executable, "plan").events()) == said


def test_gimps_own_settings_do_not_reach_it(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/gimp")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/gimp")
    (folder / "install.py").write_text("import json, os; print(json.dumps(dict(os.environ)))")
    (said,) = set_up.Installer(sys.executable, "plan").events()
    assert "HOME" in said and "PYTHONPATH" not in said and "LD_LIBRARY_PATH" not in said
