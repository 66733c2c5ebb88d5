"""What the launcher says where no backend can be had, and backends elsewhere."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from reverie.plugin.shared import PROTOCOL, launcher
from reverie.plugin.shared.client import BackendError

from tests.stand_in_backend import FALSE, TOKEN, running, write_private
from tests.unit.plugin.launched import (
    ROOT,
    alive,
    home_fixture,  # noqa: F401
    install,
    script,
    starts_fixture,  # noqa: F401
    wait_until,
    write_ready,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


def elsewhere(home: Path, **settings) -> None:
    write_private(home / "settings.json", json.dumps(settings))


# Like a plug-in of GIMP: connects, says to which port, and stays until it is killed.
PLUGIN = """
import json, sys, time
from reverie.plugin.shared import PROTOCOL, launcher, places
launcher.connect()
print(json.load(open(places.ready_file()))["pid"])
sys.stdout.flush()
time.sleep(100)
"""


def own_address() -> str:
    """This machine's address in its network, through which other machines come; loopback where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.1"
        return probe.getsockname()[0]


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
        with pytest.raises(BackendError, match=r"does not know the token in “.*settings\.json”, so it was shown"):
            launcher.connect()


def test_a_backend_elsewhere_of_another_version_is_told(home):
    with running() as server:
        server.health["protocol"] = PROTOCOL + 1
        elsewhere(home, host="127.0.0.1", port=server.port, token=TOKEN)
        with pytest.raises(BackendError, match=r"has version 9\.9, which does not fit .* on both machines"):
            launcher.connect()


@pytest.mark.parametrize("health", [b"<html>", {"hello": "world", **FALSE}, ["odd"]])
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
    write_private(home / "settings.json", text)
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
        with pytest.raises(BackendError, match="does not know the token"):
            launcher.connect()
    finally:
        process.terminate()
        process.wait(timeout=20)


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
    assert launcher.connect().health()["proved"]
    connection = http.client.HTTPConnection("127.0.0.1", ready["port"], timeout=10)
    connection.request("POST", "/v1/shutdown", headers={"Authorization": "Bearer " + ready["token"]})
    assert connection.getresponse().status == 202
    connection.close()
    assert wait_until(lambda: not (home / "ready.json").exists(), 20)
