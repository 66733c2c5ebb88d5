"""The commands of install.py, and the backend that they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from reverie.installer import (
    Failure,
    backend,
    commands,
    gimp,
    plugin,
    testing,
)
from reverie.installer.environment import Environment
from reverie.plugin.shared import places

from tests.stand_in_backend import TOKEN, StandIn
from tests.unit.installer.stand_ins import (
    clone_fixture,  # noqa: F401
    finished_fixture,  # noqa: F401
    home_fixture,  # noqa: F401
    program_fixture,  # noqa: F401
    stand_in_fixture,  # noqa: F401
    starting_fixture,  # noqa: F401
    tree,
    web_fixture,  # noqa: F401
    write_script,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


@pytest.fixture
def root_on_debian(finished: Environment, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The test command is given by root on a Debian, in a clone whose environment is finished."""
    program("apt-get", "exit 0")
    write_script(finished.python, "exit 0")
    monkeypatch.setattr(commands, "Environment", lambda: finished)
    write_script(finished.clone / "tests/server/chromium.sh", "exit 0")
    monkeypatch.setattr(testing, "CLONE", finished.clone)
    monkeypatch.setattr(Environment, "ensure", lambda self, tests: False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_what_the_system_refuses_is_a_sentence(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    (target,) = plugin.install(gimp.configurations(), Path("python"))
    (target / "reverie_gimp/ui/dialog.py").unlink()
    (target / "reverie_gimp/ui/dialog.py").mkdir()
    assert commands.main(["uninstall"]) == 1
    said = capsys.readouterr().err
    assert str(target / "reverie_gimp/ui/dialog.py") in said and "then run the same command again" in said
    (target / "reverie_gimp/ui/dialog.py").rmdir()
    assert plugin.uninstall() == [], "the account of the rest is still there"


def test_the_account_survives_a_full_disk(home: Path, fill_disk: Callable[..., None]) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    plugin.install(gimp.configurations(), Path("python"))
    before = plugin.manifest_file().read_bytes()
    fill_disk(plugin.manifest_file().parent, keep=("manifest.json",))
    with pytest.raises(OSError, match="No space left"):
        plugin.Account(plugin.manifest_file()).note(home / "a file")
    assert plugin.manifest_file().read_bytes() == before


@pytest.mark.parametrize("port", [None, "many", [1]])
def test_a_ready_file_without_a_port_names_no_backend(home: Path, port: object) -> None:
    state = Path(places.state_folder())
    state.mkdir(parents=True)
    (state / "ready.json").write_text(json.dumps({"host": "127.0.0.1", "port": port, "token": "t"}))
    assert backend.ready() is None
    assert backend.stop() is False


def test_a_backend_that_is_starting_is_ended_too_and_waited_for(
    starting: subprocess.Popen[str], stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ready file comes while the command waits for it; its process goes a while after it has taken the order."""
    assert backend.is_held()
    text = json.dumps({"host": "127.0.0.1", "port": stand_in.port, "token": TOKEN})
    order = [("GET", "/v1/health", None), ("POST", "/v1/shutdown", f"Bearer {TOKEN}")]
    taken: list[int] = []  # how many such orders were, whenever it waited
    assert starting.stdin is not None

    def sleep(seconds: float) -> None:
        taken.append(len(stand_in.requests) // len(order))
        if len(taken) == 5:
            Path(places.ready_file()).write_text(text)
        if len(taken) == 15:
            starting.stdin.close()
            starting.wait()

    monkeypatch.setattr(backend, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    assert backend.stop() is True
    assert stand_in.requests == order
    assert taken == [0] * 5 + [1] * 10
    assert not backend.is_held()


def test_a_backend_that_does_not_end_is_named(
    starting: subprocess.Popen[str], stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "END_SECONDS", 0.3)
    address = {"host": "127.0.0.1", "port": stand_in.port, "token": TOKEN, "pid": 4711}
    Path(places.ready_file()).write_text(json.dumps(address))
    with pytest.raises(Failure, match=r"process 4711\) does not end"):
        backend.stop()


def test_a_backend_of_an_earlier_version_is_named_at_once(
    starting: subprocess.Popen[str], stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It proves nothing, so it is shown no token and cannot be told to end."""
    stand_in.health["proof"] = None
    address = {"host": "127.0.0.1", "port": stand_in.port, "token": TOKEN, "pid": 4711, "protocol": 1}
    Path(places.ready_file()).write_text(json.dumps(address))
    with pytest.raises(Failure, match=r"process 4711\) is of an earlier version"):
        backend.stop()
    assert stand_in.requests == [("GET", "/v1/health", None)]


def test_a_lock_that_nobody_holds_is_not_waited_for(home: Path) -> None:
    Path(places.state_folder()).mkdir(parents=True)
    Path(places.lock_file(places.ready_file())).touch()
    assert backend.stop() is False


@pytest.mark.usefixtures("root_on_debian")
def test_root_without_the_rights_for_a_gimp_tree_is_no_failure_but_in_ci(
    finished: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_script(finished.clone / "tests/gimp/provision.sh", "echo mount: permission denied; exit 32")
    assert commands.main(["test"]) == 0
    said = capsys.readouterr().out
    assert "need GIMP 3 are skipped" in said and "permission denied" in said
    monkeypatch.setenv("CI", "true")
    assert commands.main(["test"]) == 1


@pytest.mark.usefixtures("root_on_debian")
def test_a_second_gimp_that_cannot_be_set_up_or_hangs_is_said_and_is_no_failure_in_ci(
    finished: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(testing, "_PATIENCE", 0.5)
    monkeypatch.setenv("CI", "true")
    for fate in ("echo no such suite; exit 1", "exec sleep 600"):
        script = f'[ -z "$REVERIE_GIMP_SUITE" ] && exit 0; {fate}'
        write_script(finished.clone / "tests/gimp/provision.sh", script)
        assert commands.main(["test"]) == 0
        assert "The tests in GIMP 3.2 are skipped" in capsys.readouterr().out


@pytest.mark.usefixtures("root_on_debian")
def test_a_browser_is_set_up_where_there_is_none(
    finished: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_script(finished.clone / "tests/gimp/provision.sh", "exit 0")
    write_script(finished.clone / "tests/server/chromium.sh", f': > "{finished.clone}/asked"; exit 1')
    monkeypatch.setattr(testing.shutil, "which", lambda name: None if name == "chromedriver" else f"/usr/bin/{name}")
    assert commands.main(["test"]) == 0
    assert (finished.clone / "asked").exists()
    assert "The tests in a browser are skipped" in capsys.readouterr().out
    monkeypatch.setattr(testing.shutil, "which", lambda name: f"/usr/bin/{name}")
    (finished.clone / "asked").unlink()
    assert commands.main(["test"]) == 0
    assert not (finished.clone / "asked").exists()


def test_the_test_command_runs_all_tools_and_returns_the_first_failure(
    finished: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = finished.clone / "calls"
    write_script(
        finished.python,
        f'words="$2 $3"; [ "$2" = pytest ] && words="$2 $3 … $8 $9"; echo "$words" >> "{log}"; '
        'case "$2" in mypy) exit 3;; pytest) exit 5;; esac',
    )
    monkeypatch.setattr(commands, "Environment", lambda: finished)
    monkeypatch.setattr(Environment, "ensure", lambda self, tests: False)
    monkeypatch.setattr(gimp, "programs", lambda: ["a GIMP"])
    monkeypatch.setattr(testing, "_may_install", lambda: False)
    assert commands.main(["test", "-k", "something"]) == 3
    assert log.read_text().splitlines() == ["ruff check", "mypy ", "mypy --config-file", "pytest -n … -k something"]


def test_without_gimp_the_tests_go_on_for_a_user_and_fail_in_ci(
    finished: Environment, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    write_script(finished.python, "exit 0")
    monkeypatch.setattr(commands, "Environment", lambda: finished)
    monkeypatch.setattr(Environment, "ensure", lambda self, tests: False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert commands.main(["test"]) == 0
    assert "need GIMP 3 are skipped" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    assert commands.main(["test"]) == 1


def test_the_demo_passes_on_that_the_backend_failed(
    finished: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_script(finished.python, "exit 1")
    monkeypatch.setattr(commands, "Environment", lambda: finished)
    monkeypatch.setattr(commands, "CLONE", tmp_path)
    monkeypatch.setattr(Environment, "ensure", lambda self, tests: False)
    assert commands.main(["demo"]) == 1


def test_uninstall_stops_the_backend_and_keeps_the_models_unless_asked(
    home: Path, finished: Environment, monkeypatch: pytest.MonkeyPatch, stand_in: StandIn
) -> None:
    platformdirs = pytest.importorskip("platformdirs")
    monkeypatch.setattr(commands, "Environment", lambda: finished)
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    before = tree(home)
    models = platformdirs.user_cache_path("reverie", appauthor=False) / "weights"
    models.mkdir(parents=True)
    plugin.install(gimp.configurations(), finished.python)
    ready = {"host": "127.0.0.1", "port": stand_in.port, "token": TOKEN}
    Path(places.ready_file()).write_text(json.dumps(ready))

    assert commands.main(["uninstall"]) == 0
    assert ("POST", "/v1/shutdown", f"Bearer {TOKEN}") in stand_in.requests
    assert models.is_dir()
    assert not finished.folder.exists()

    assert commands.main(["uninstall", "--models"]) == 0
    assert not models.exists()
    (home / ".cache").rmdir()
    assert tree(home) == before
