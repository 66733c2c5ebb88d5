"""The launcher finds a backend, or starts one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from reverie.plugin.shared import TAKEN, launcher, programs
from reverie.plugin.shared.client import BackendError

from tests.stand_in_backend import FALSE, running
from tests.unit.plugin.launched import (
    ROOT,
    home_fixture,  # noqa: F401
    install,
    script,
    started,
    starts_fixture,  # noqa: F401
    wait_until,
    write_ready,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


# A backend without torch: it holds the real one's lock, and loads until it may go on; then another one's ready file is
# its own.
LOADING = """
import os, pathlib, sys, time
from reverie.plugin.shared import places
from reverie.server import lifecycle
home = pathlib.Path(os.environ["REVERIE_HOME"])
try:
    lifecycle._take_place(pathlib.Path(places.ready_file()))
    (home / "starts").open("a").write(f"{os.getpid()}\\n")
    while not (home / "loaded").exists():
        time.sleep(0.05)
    if (home / "later.json").exists():
        (home / "later.json").rename(places.ready_file())
    time.sleep(60)
except lifecycle.RunsAlready as error:
    sys.exit(error.exit_code)
"""


def loading(home: Path) -> str:
    (home / "loading.py").write_text(LOADING)
    return script(home, f'exec "{sys.executable}" "{home}/loading.py"')


class Dropped(Exception):
    """As the preview in the dialog ends the wait when a control changes."""


def drop(seconds: float) -> None:
    raise Dropped


def another_process_waits(home: Path) -> bool:
    """Another GIMP's plug-in, which is given three seconds, finds no backend that answers, and no fault."""
    code = "from reverie.plugin.shared import launcher\nlauncher.connect(lambda seconds: seconds > 3 and 1 / 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    return "ZeroDivisionError" in done.stderr


def test_a_running_backend_is_used(home):
    with running() as server:
        write_ready(home, server.port)
        assert launcher.connect().health()["version"] == "9.9"
    assert not (home / "backend.log").exists()  # none was started


def test_a_backend_of_another_version_is_told_in_words(home):
    install(home, "/its/python")
    with running() as server:
        write_ready(home, server.port, protocol=1)
        with pytest.raises(
            BackendError, match=r"version 9\.9\) does not fit .*“\"/its/python\" -m reverie gimp install”"
        ):
            launcher.connect()


@pytest.mark.parametrize("health", [b"<html>", {"hello": "world", **FALSE}, ["odd"]])
def test_another_program_that_has_got_the_port_is_not_taken_for_the_backend(home, health):
    install(home, script(home, "echo started anew; exit 1"))
    with running() as server:
        server.health = health
        write_ready(home, server.port)
        with pytest.raises(BackendError, match="started anew"):
            launcher.connect()


def test_the_end_of_the_log_is_shown_when_the_backend_cannot_start(home):
    install(home, script(home, "seq 100; echo no torch here >&2; exit 3"))
    with pytest.raises(BackendError) as error:
        launcher.connect()
    lines = str(error.value).splitlines()
    assert lines[0] == "Reverie's backend could not start. The end of its log:"
    assert lines[-2:] == ["100", "no torch here"]
    assert len(lines) < 16
    install(home, script(home, "exit 3"))
    with pytest.raises(BackendError, match="is empty") as error:  # the next attempt begins at once
        launcher.connect()
    assert "no torch here" not in str(error.value)  # of the last attempt


def test_several_that_look_for_it_at_once_start_it_once_and_all_learn_why_it_failed(home):
    """The gallery, a preview and an estimate ask for it when a dialog opens."""
    install(home, script(home, f"echo $$ >> '{home}/starts'; sleep 0.5; echo no torch here; exit 1"))
    told = []

    def connect() -> None:
        with pytest.raises(BackendError) as error:
            launcher.connect()
        told.append(str(error.value))

    threads = [threading.Thread(target=connect) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(told) == 4 and all("no torch here" in each for each in told)
    assert len(started(home)) == 1
    with pytest.raises(BackendError, match="no torch here"):
        launcher.connect()
    assert len(started(home)) == 2  # whoever comes after them tries again


def test_a_log_that_has_grown_long_begins_anew(home, monkeypatch):
    monkeypatch.setattr(launcher, "_LOG_BYTES", 1000)
    (home / "backend.log").write_text("long ago\n" * 200)
    install(home, script(home, "echo today; exit 3"))
    with pytest.raises(BackendError, match="today"):
        launcher.connect()
    assert "long ago" not in (home / "backend.log").read_text()


def test_a_backend_that_never_gets_ready_is_not_waited_for_without_end(home, monkeypatch):
    monkeypatch.setattr(launcher, "PATIENCE", 0.5)
    install(home, script(home, "echo still loading; sleep 3"))
    waits = []
    with pytest.raises(BackendError, match="did not start in time") as error:
        launcher.connect(waits.append)
    assert "still loading" in str(error.value)
    assert waits == sorted(waits)
    assert len(waits) >= 2


def test_a_backend_that_takes_too_long_is_ended(home, monkeypatch):
    monkeypatch.setattr(launcher, "PATIENCE", 0.5)
    install(home, script(home, f"trap 'touch {home}/ended; exit' TERM; while :; do sleep 0.1; done"))
    with pytest.raises(BackendError, match="did not start in time"):
        launcher.connect()
    assert wait_until((home / "ended").exists, 10)


def test_connects_that_are_dropped_while_a_backend_loads_start_no_other(home):
    """The first one starts it, the rest find it loading; and the last is answered."""
    install(home, loading(home))
    with running() as server:
        write_ready(home, server.port, "later.json")
        for _ in range(3):
            with pytest.raises(Dropped):
                launcher.connect(drop)
        assert wait_until(lambda: started(home), 20)
        assert another_process_waits(home)
        assert len(started(home)) == 1
        process = launcher._started.process
        (home / "loaded").touch()
        assert launcher.connect().health()["version"] == "9.9"
    assert started(home) == [process.pid]
    process.kill()
    process.wait()


def test_a_backend_that_ends_while_nobody_waits_is_told_to_the_next_one(home):
    install(home, script(home, f"until [ -e '{home}/go' ]; do sleep 0.05; done; echo no memory; exit 1"))
    with pytest.raises(Dropped):
        launcher.connect(drop)
    (home / "go").touch()
    with pytest.raises(BackendError, match="no memory"):
        launcher.connect()


def test_a_backend_that_makes_way_for_one_that_answers_did_not_fail(home):
    with running() as server:
        write_ready(home, server.port, "another.json")
        install(
            home, script(home, f'mv "{home}/another.json" "{home}/ready.json"; echo one runs already; exit {TAKEN}')
        )
        assert launcher.connect().health()["version"] == "9.9"


@pytest.mark.parametrize("status", [TAKEN, 0])
def test_when_the_other_one_dies_instead_of_answering_another_is_started(home, monkeypatch, status):
    """Also when the one that was started here was told to end meanwhile, by an update for example."""
    monkeypatch.setattr(launcher, "_AGAIN", 0.5)
    install(
        home, script(home, f'[ -e "{home}/been" ] && {{ echo my turn; exit 1; }}; touch "{home}/been"; exit {status}')
    )
    with pytest.raises(BackendError, match="my turn"):
        launcher.connect()


def test_a_backend_that_lives_and_is_slow_to_answer_is_waited_for(home, monkeypatch):
    """One that is started beside it finds its lock held, and leaves."""
    monkeypatch.setattr(launcher, "_NEAR", 0.05)
    install(home, script(home, f"exit {TAKEN}"))
    with running() as server:
        server.slow = 0.5
        write_ready(home, server.port)
        assert launcher.connect().health()["version"] == "9.9"


@pytest.mark.parametrize("sandboxed", [False, True])
def test_one_that_lives_and_never_answers_is_told(home, monkeypatch, sandboxed):
    for name, value in (("_NEAR", 0.05), ("_FAR", 0.1), ("PATIENCE", 0.5)):
        monkeypatch.setattr(launcher, name, value)
    monkeypatch.setattr(programs, "is_sandboxed", lambda: sandboxed)
    install(home, script(home, f"touch '{home}/started'; exit {TAKEN}"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write_ready(home, silent.getsockname()[1])
        with pytest.raises(BackendError, match="does not answer"):
            launcher.connect()
    assert (home / "started").exists() is not sandboxed


def test_a_silent_program_on_the_port_of_a_dead_backend_is_not_waited_for(home, monkeypatch):
    monkeypatch.setattr(launcher, "_NEAR", 0.1)
    install(home, script(home, "echo started anew; exit 1"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write_ready(home, silent.getsockname()[1])
        with pytest.raises(BackendError, match="started anew"):
            launcher.connect()


def test_a_backend_that_loads_on_after_its_plug_in_was_killed_is_waited_for(home):
    install(home, loading(home))
    code = "import os\nfrom reverie.plugin.shared import launcher\nlauncher.connect(lambda _: os.kill(os.getpid(), 9))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert wait_until(lambda: started(home), 20)
    (backend,) = started(home)
    try:
        assert another_process_waits(home)
        assert started(home) == [backend]
    finally:
        os.kill(backend, signal.SIGKILL)
