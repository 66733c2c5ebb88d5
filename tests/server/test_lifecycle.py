"""The backend as a process of its own, with the real engine."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import asyncio
import io
import json
import math
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import requests
from filelock import FileLock, Timeout
from live import Controlled, OwnClock, running, small  # noqa: F401 (fixture)
from reverie import demo
from reverie.engine import loaded
from reverie.errors import ReverieError
from reverie.networks import registry
from reverie.plugin.shared import TAKEN
from reverie.server import job as jobs
from reverie.server import lifecycle, worker

ROOT = Path(__file__).resolve().parents[2]


def _serve(folder: Path, *words: object, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "reverie", "serve", "--device", "cpu", *map(str, words)]
    settings = {**os.environ, "REVERIE_HOME": str(folder), **environment}
    return subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _ready(process: subprocess.Popen[str], folder: Path) -> dict:
    path = folder / "ready.json"
    for _ in range(1200):
        if path.exists():
            return json.loads(path.read_text())
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    raise AssertionError("no ready file after a minute")


@pytest.mark.parametrize("words", [[], ["--page"]])
def test_the_ready_file_is_private_true_and_goes_with_the_backend(tmp_path, words):
    """And the token, where it is printed in the page's address, is in no log."""
    process = _serve(tmp_path, *words)
    ready = _ready(process, tmp_path)
    assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
    assert ready["pid"] == process.pid
    assert requests.get(f"http://127.0.0.1:{ready['port']}/v1/health", timeout=10).ok
    process.send_signal(signal.SIGTERM)
    printed, log = process.communicate(timeout=20)
    assert not (tmp_path / "ready.json").exists() and ready["token"] not in log
    assert printed == (f"Reverie's page: http://127.0.0.1:{ready['port']}/#token={ready['token']}\n" if words else "")


@pytest.mark.skipif(not registry.available(), reason="needs the weights of a network, and there are none here")
def test_a_real_job_and_an_orderly_end(tmp_path):
    process = _serve(tmp_path)
    ready = _ready(process, tmp_path)
    root, headers = f"http://127.0.0.1:{ready['port']}/v1", {"Authorization": f"Bearer {ready['token']}"}
    ids = [
        requests.post(root + "/images", data=path.read_bytes(), headers=headers, timeout=20).json()["id"]
        for path in (demo.content(), demo.styles()["ink"])
    ]
    recipe = {"style": ids[1], "size": 64, "smallest": 32, "iterations": 4}
    job = requests.post(root + "/jobs", json={"recipe": recipe, "content": ids[0]}, headers=headers, timeout=20).json()
    with requests.get(f"{root}/jobs/{job['id']}/events", headers=headers, stream=True, timeout=60) as answer:
        events = [json.loads(line) for line in answer.iter_lines()]
    assert events[-1]["type"] == "done", events[-1]
    assert events[-1]["recipe"]["network"] in registry.NETWORKS
    result = requests.get(f"{root}/jobs/{job['id']}/result", headers=headers, timeout=20).content
    assert np.load(io.BytesIO(result)).shape == (576, 768, 3)
    assert requests.post(root + "/shutdown", headers=headers, timeout=5).status_code == 202
    assert process.wait(timeout=20) == 0
    assert not (tmp_path / "ready.json").exists()


def test_it_leaves_when_there_is_nothing_to_do_and_lets_another_ones_file_be(tmp_path):
    process = _serve(tmp_path, "--idle-exit", 2)
    _ready(process, tmp_path)
    other = {"pid": 1, "port": 1}
    (tmp_path / "ready.json").write_text(json.dumps(other))
    assert process.wait(timeout=20) == 0
    assert json.loads((tmp_path / "ready.json").read_text()) == other


def test_an_idle_backend_lets_go_of_pictures_and_results(monkeypatch, small):
    OwnClock(monkeypatch, lifecycle, worker, jobs)
    controlled = Controlled()
    with running(controlled) as backend:
        image = backend.upload(small)
        done, waits = backend.submit(image), backend.submit(image)
        backend.wait(done, "running")
        controlled.release.set()
        backend.wait(waits, "done")
        assert backend.client.get(f"/v1/jobs/{done}/result").status_code == 200
        watch = lifecycle._watch(backend.worker, backend.store, 900, lambda: None)
        asyncio.run(watch)  # up to the time when it would leave
        assert backend.store.get(image) is None
        assert backend.client.get(f"/v1/jobs/{done}/result").status_code == 404
        assert backend.client.get(f"/v1/jobs/{waits}/result").status_code == 200, "this one was not fetched"


def test_a_backend_that_rests_gives_its_working_memory_back_and_keeps_pictures_and_results(monkeypatch, small):
    forgotten = []
    monkeypatch.setattr(loaded, "forget_network", lambda: forgotten.append(clock.now - begun))
    clock = OwnClock(monkeypatch, lifecycle, worker, jobs)
    controlled = Controlled()
    controlled.release.set()
    with running(controlled) as backend:
        image = backend.upload(small)
        job = backend.submit(image)
        backend.wait(job, "done")
        begun = clock.now
        asyncio.run(lifecycle._watch(backend.worker, backend.store, 240, lambda: None))
        (when,) = forgotten  # once, and not every second
        assert 60 < when < 63
        assert backend.store.get(image) is not None
        assert backend.client.get(f"/v1/jobs/{job}/result").status_code == 200


def test_the_ready_file_is_private_whatever_an_earlier_one_left_behind(tmp_path):
    """A file of this process's number that others may read."""
    part = tmp_path / f"ready.{os.getpid()}.part"
    part.touch()
    part.chmod(0o666)
    lifecycle._write_ready(tmp_path / "ready.json", "127.0.0.1", 1, "secret")
    assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["ready.json"]


def test_a_ready_file_that_cannot_be_removed_is_a_line_in_the_log(tmp_path, caplog):
    (tmp_path / "ready.json").mkdir()
    lifecycle._remove_ready(tmp_path / "ready.json")
    assert "cannot be removed: Is a directory" in caplog.text


def test_a_port_that_is_taken_is_said_so(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = _serve(tmp_path, "--port", taken.getsockname()[1])
        _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cannot listen" in log
    assert "Traceback" not in log


def test_a_second_one_leaves_the_first_ones_file_alone(tmp_path):
    first = _serve(tmp_path)
    try:
        ready = _ready(first, tmp_path)
        _refused(tmp_path)
        assert json.loads((tmp_path / "ready.json").read_text()) == ready
        (tmp_path / "ready.json").unlink()  # as if it were still loading
        _refused(tmp_path)
    finally:
        first.kill()
        first.communicate(timeout=20)
    third = _serve(tmp_path)  # whatever became of the first
    try:
        assert _ready(third, tmp_path)["pid"] == third.pid
    finally:
        third.terminate()
        third.communicate(timeout=20)


def _refused(folder: Path) -> None:
    second = _serve(folder)
    _, log = second.communicate(timeout=60)
    assert second.returncode == TAKEN
    assert f"A backend runs already, or is just starting; “{folder}/ready.json” says where." in log
    assert "Traceback" not in log


def test_a_second_one_leaves_before_it_loads_what_takes_seconds(tmp_path):
    code = """
import math, sys
from pathlib import Path
from reverie.server import lifecycle
try:
    lifecycle.serve(host="127.0.0.1", port=0, ready_file=Path(sys.argv[1]), idle_exit=math.inf, device="cpu")
except lifecycle.RunsAlready:
    print(*sys.modules)
"""
    with FileLock(tmp_path / "ready.json.lock"):
        command = [sys.executable, "-c", code, str(tmp_path / "ready.json")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert {"torch", "numpy", "fastapi", "uvicorn", "pydantic"} & set(done.stdout.split()) == set()
    assert "reverie.server.lifecycle" in done.stdout.split()


def test_a_full_disk_is_said_so(tmp_path, fill_disk):
    fill_disk(tmp_path)
    process = _serve(tmp_path)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "by which GIMP finds the backend, cannot be written: No space left on device. Make room" in log
    assert "Traceback" not in log
    assert {path.name for path in tmp_path.iterdir()} <= {"filler", "ready.json.lock"}


@pytest.mark.parametrize("token", ["", "guessable"])
def test_other_machines_are_let_in_only_with_a_long_token_of_ones_own(tmp_path, token):
    process = _serve(tmp_path, "--host", "0.0.0.0", REVERIE_TOKEN=token)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Set the environment variable REVERIE_TOKEN to a secret of 20 characters or more" in log


@pytest.mark.parametrize("token", ["x", "guessable", "nineteen_characters", "twenty characters, an é", "a\nb" * 10])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused_on_loopback_too(tmp_path, monkeypatch, token):
    monkeypatch.setenv("REVERIE_TOKEN", token)
    with pytest.raises(ReverieError, match="REVERIE_TOKEN to a secret of 20 characters or more"):
        lifecycle.serve(host="127.0.0.1", port=0, ready_file=tmp_path / "r.json", idle_exit=1, device="cpu")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_one_left_is_gone_before_anything_is_loaded(tmp_path):
    """Its port is anybody's by now."""
    (tmp_path / "ready.json").write_text('{"port": 1}')
    lifecycle._take_place(tmp_path / "ready.json")
    assert not (tmp_path / "ready.json").exists()


def test_its_place_is_taken_until_its_process_is_gone(tmp_path):
    """Who waits for that may change its files then: they are in use as long as Python ends."""
    code = """
import atexit, sys, time
from pathlib import Path
from reverie.server import lifecycle
lifecycle._bind = lambda *_: 1 / 0
atexit.register(lambda: (print("ending", flush=True), sys.stdin.read()))
lifecycle.serve(host="127.0.0.1", port=0, ready_file=Path(sys.argv[1]), idle_exit=1, device="cpu")
"""
    command = [sys.executable, "-c", code, str(tmp_path / "ready.json")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout.readline() == "ending\n"
        lock = FileLock(tmp_path / "ready.json.lock")
        with pytest.raises(Timeout):
            lock.acquire(blocking=False)
        process.stdin.close()
        process.wait(timeout=20)
        lock.acquire(blocking=False)


def test_without_standard_streams_it_serves_all_the_same(tmp_path):
    """As under Windows' pythonw, where both are None."""
    code = (
        "import sys; sys.stdout = sys.stderr = None\nfrom reverie.cli.main import main\n"
        "main(['serve', '--device', 'cpu', '--idle-exit', 'inf'])"
    )
    settings = {**os.environ, "REVERIE_HOME": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=settings, stderr=subprocess.PIPE, text=True)
    ready = _ready(process, tmp_path)
    headers = {"Authorization": f"Bearer {ready['token']}"}
    assert requests.post(f"http://127.0.0.1:{ready['port']}/v1/shutdown", headers=headers, timeout=10).ok
    assert process.wait(timeout=20) == 0
    assert "ready on port" in (tmp_path / "backend.log").read_text()


@pytest.mark.parametrize(("port", "says"), [(99999, "port must be 0-65535"), (-1, "port must be 0-65535")])
def test_a_port_that_there_is_not_is_a_sentence(tmp_path, port, says):
    with pytest.raises(ReverieError, match=says):
        lifecycle.serve(host="127.0.0.1", port=port, ready_file=tmp_path / "r.json", idle_exit=1, device="cpu")
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize("seconds", [0, -1, math.nan])
def test_a_time_to_leave_after_that_is_none_is_a_sentence(tmp_path, seconds):
    with pytest.raises(ReverieError, match="above 0"):
        lifecycle.serve(host="127.0.0.1", port=0, ready_file=tmp_path / "r.json", idle_exit=seconds, device="cpu")


@pytest.mark.parametrize("taken", ["r.json", "r.json.lock"])
def test_a_ready_file_that_cannot_be_written_is_a_sentence(tmp_path, taken):
    (tmp_path / taken).mkdir()
    with pytest.raises(ReverieError, match=r"r\.json”, by which GIMP finds the backend, cannot be written: Is a direc"):
        lifecycle.serve(host="127.0.0.1", port=0, ready_file=tmp_path / "r.json", idle_exit=1, device="cpu")


def test_a_folder_for_the_ready_file_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReverieError, match="cannot be made"):
        lifecycle.serve(
            host="127.0.0.1", port=0, ready_file=tmp_path / "file" / "ready.json", idle_exit=1, device="cpu"
        )


def test_no_answer_waits_until_the_one_before_was_acknowledged():
    """Nagle's algorithm: an answer's body would come 40 ms after its head."""
    with lifecycle._bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
