"""Finding the backend, or starting one: real processes throughout, and the real backend once."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reverie.plugin.shared import TAKEN, launcher
from reverie.plugin.shared.client import BackendError

from tests.stand_in_backend import TOKEN, running

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
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


# A backend without torch: it holds the real one's lock, and loads until it may go on; then another one's ready file is
# its own.
LOADING = """
import os, pathlib, sys, time
from reverie.plugin.shared import places
from reverie.server import lifecycle
home = pathlib.Path(os.environ["REVERIE_HOME"])
try:
    with lifecycle._alone(pathlib.Path(places.ready_file())):
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


def started(home: Path) -> list[int]:
    """The processes that a backend's lock let load."""
    path = home / "starts"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def write_ready(home: Path, port: int, name: str = "ready.json") -> None:
    document = {"protocol": 1, "version": "9.9", "host": "127.0.0.1", "port": port, "token": TOKEN, "pid": os.getpid()}
    (home / name).write_text(json.dumps(document))


def test_a_running_backend_is_used(home):
    with running() as server:
        write_ready(home, server.port)
        assert launcher.connect().health()["version"] == "9.9"
    assert not (home / "backend.log").exists()  # none was started


def test_a_backend_of_another_version_is_told_in_words(home):
    install(home, "/its/python")
    with running() as server:
        server.health["protocol"] = 2
        write_ready(home, server.port)
        with pytest.raises(
            BackendError, match=r"version 9\.9\) does not fit .*“\"/its/python\" -m reverie gimp install”"
        ):
            launcher.connect()


@pytest.mark.parametrize("health", [b"<html>", {"hello": "world"}, ["odd"]])
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


class Dropped(Exception):
    """As the preview in the dialog ends the wait when a control changes."""


def drop(seconds: float) -> None:
    raise Dropped


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


def another_process_waits(home: Path) -> bool:
    """Another GIMP's plug-in, which is given three seconds, finds no backend that answers, and no fault."""
    code = "from reverie.plugin.shared import launcher\nlauncher.connect(lambda seconds: seconds > 3 and 1 / 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    return "ZeroDivisionError" in done.stderr


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
    monkeypatch.setattr(launcher, "_sandboxed", lambda: sandboxed)
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


def test_without_an_installation_the_command_is_named(home):
    with pytest.raises(BackendError, match=r"python3 install\.py"):
        launcher.connect()


def test_a_moved_folder_is_told(home):
    install(home, "/nowhere/python")
    with pytest.raises(BackendError, match="“/nowhere/python” is gone"):
        launcher.connect()


def test_a_full_disk_is_told(home, fill_disk):
    install(home, sys.executable)
    fill_disk(home, keep=("install.json",))
    with pytest.raises(BackendError, match=r"No space left on device\. .*make room on the disk"):
        launcher.connect()


def test_a_log_that_cannot_be_written_is_told(home):
    install(home, sys.executable)
    (home / "backend.log").mkdir()
    with pytest.raises(BackendError, match="cannot be written: Is a directory"):
        launcher.connect()


def test_a_sandboxed_gimp_says_how_to_start_it(home, monkeypatch):
    monkeypatch.setenv("SNAP_NAME", "gimp")
    install(home, sys.executable)
    with pytest.raises(BackendError) as error:
        launcher.connect()
    assert f'“"{sys.executable}" -m reverie gimp install --service” keeps the backend ready' in str(error.value)
    assert str(error.value).endswith(f'this starts it once: "{sys.executable}" -m reverie serve')


def test_a_gimp_started_from_another_programs_snap_is_no_sandbox(home, monkeypatch):
    monkeypatch.setenv("SNAP", "/snap/code/1")
    monkeypatch.setenv("SNAP_NAME", "code")
    install(home, script(home, "echo started; exit 1"))
    with pytest.raises(BackendError, match="started"):
        launcher.connect()


def test_gimps_own_python_settings_do_not_reach_the_backend(home, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/gimp")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/gimp/lib")
    install(home, script(home, 'echo "home=$PYTHONHOME libraries=$LD_LIBRARY_PATH in=$PWD with=$*"; exit 1'))
    with pytest.raises(BackendError, match=f"home= libraries= in={home} with=-m reverie serve"):
        launcher.connect()


def elsewhere(home: Path, **settings) -> None:
    (home / "settings.json").write_text(json.dumps(settings))


def test_a_backend_elsewhere_is_attached_to_and_the_one_of_this_machine_left_alone(home):
    install(home, script(home, "echo started here; exit 1"))
    with running() as near, running() as far:
        near.health["version"] = "near"
        write_ready(home, near.port)
        elsewhere(home, host="localhost", port=far.port, token=TOKEN)
        assert launcher.connect().health()["version"] == "9.9"


def test_a_backend_elsewhere_that_is_not_there_is_told_and_none_is_started(home):
    install(home, script(home, "echo started here; exit 1"))
    with running() as server:
        port = server.port
    elsewhere(home, host="127.0.0.1", port=port, token=TOKEN)
    with pytest.raises(BackendError) as error:
        launcher.connect()
    assert f"The backend on 127.0.0.1, port {port}, which “{home}/settings.json” names, cannot be" in str(error.value)
    assert "Connection refused" in str(error.value)
    assert not (home / "backend.log").exists()


def test_the_wrong_token_for_a_backend_elsewhere_is_told(home):
    with running() as server:
        elsewhere(home, host="127.0.0.1", port=server.port, token="guessed")
        with pytest.raises(BackendError, match=r"refuses the token in “.*settings\.json”\. Write there the one"):
            launcher.connect()


def test_a_backend_elsewhere_of_another_version_is_told(home):
    with running() as server:
        server.health["protocol"] = 2
        elsewhere(home, host="127.0.0.1", port=server.port, token=TOKEN)
        with pytest.raises(BackendError, match=r"has version 9\.9, which does not fit .* on both machines"):
            launcher.connect()


@pytest.mark.parametrize("health", [b"<html>", {"hello": "world"}, ["odd"]])
def test_another_program_elsewhere_is_not_taken_for_the_backend(home, health):
    with running() as server:
        server.health = health
        elsewhere(home, host="127.0.0.1", port=server.port, token=TOKEN)
        with pytest.raises(BackendError, match="is not Reverie's backend"):
            launcher.connect()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[" * 100_000,
        "[]",
        "{}",
        '{"host": "a", "port": "seven", "token": "b"}',
        '{"host": "a", "port": 7, "token": "…"}',
    ],
    ids=range(6),
)
def test_settings_that_name_no_backend_are_told(home, text):
    (home / "settings.json").write_text(text, encoding="utf-8")
    with pytest.raises(BackendError, match=r"do not name a backend; they look like \{"):
        launcher.connect()


@pytest.mark.parametrize("version", [(2, 7), (3, 13)])
def test_on_windows_no_window_opens_and_python_2_7_is_asked_for_nothing_it_refuses(home, monkeypatch, version):
    asked = {}

    class Popen:
        def __init__(self, words, **options):
            asked.update(options, words=words)

    monkeypatch.setattr(launcher.subprocess, "Popen", Popen)
    monkeypatch.setattr(launcher.sys, "platform", "win32")
    monkeypatch.setattr(launcher.sys, "version_info", version)
    install(home, sys.executable)
    launcher._start()
    create_no_window, create_new_process_group = 0x08000000, 0x00000200
    assert asked["creationflags"] == create_no_window | create_new_process_group
    assert not {"close_fds", "start_new_session", "preexec_fn"} & set(asked)
    assert asked["words"] == [sys.executable, "-m", "reverie", "serve"]


# Like a plug-in of GIMP: connects, says to which port, and stays until it is killed.
PLUGIN = """
import json, sys, time
from reverie.plugin.shared import launcher, places
launcher.connect()
print(json.load(open(places.ready_file()))["pid"])
sys.stdout.flush()
time.sleep(100)
"""


@pytest.fixture
def starts(home):
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


def test_a_real_backend_that_serves_other_machines_is_attached_to_through_settings(home, tmp_path):
    secret, ready = "a-secret-of-twenty-or-more", tmp_path / "elsewhere.json"
    words = ["-m", "reverie", "serve", "--host", "0.0.0.0", "--ready-file", str(ready), "--device", "cpu"]
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env={**os.environ, "REVERIE_TOKEN": secret}, stderr=subprocess.DEVNULL
    )
    try:
        assert wait_until(ready.exists, 60)
        assert json.loads(ready.read_text())["host"] == "127.0.0.1"  # where this machine's own GIMP finds it
        port = json.loads(ready.read_text())["port"]
        elsewhere(home, host=own_address(), port=port, token=secret)
        assert len(launcher.connect().classes()) == 1000
        elsewhere(home, host=own_address(), port=port, token="something else")
        with pytest.raises(BackendError, match="refuses the token"):
            launcher.connect()
    finally:
        process.terminate()
        process.wait(timeout=20)


def own_address() -> str:
    """This machine's address in its network, through which other machines come; loopback where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.1"
        return probe.getsockname()[0]


def test_two_at_once_start_one_real_backend_which_outlives_them(home, starts):
    plugins = [
        subprocess.Popen(
            [sys.executable, "-c", PLUGIN], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        for _ in range(2)
    ]
    try:
        assert all(plugin.stdout for plugin in plugins)
        said = [plugin.stdout.readline().strip() for plugin in plugins]
    finally:
        for plugin in plugins:
            os.killpg(plugin.pid, signal.SIGKILL)  # as GIMP does
            plugin.communicate()
    assert said[0] == said[1] != "", (home / "backend.log").read_text()
    ready = json.loads((home / "ready.json").read_text())
    assert ready["pid"] == int(said[0])
    assert ready["pid"] in starts()
    assert [pid for pid in starts() if alive(pid)] == [ready["pid"]]  # another that was started has made way for it
    assert launcher.connect().health()["protocol"] == 1
    connection = http.client.HTTPConnection("127.0.0.1", ready["port"], timeout=10)
    connection.request("POST", "/v1/shutdown", headers={"Authorization": "Bearer " + ready["token"]})
    assert connection.getresponse().status == 202
    connection.close()
    assert wait_until(lambda: not (home / "ready.json").exists(), 20)
