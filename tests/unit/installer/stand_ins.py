"""Programs, environments and folders of a made-up machine, for the tests of the installer."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from reverie.installer import (
    torch_build,
)
from reverie.installer.environment import Environment
from reverie.plugin.shared import places

from tests.stand_in_backend import StandIn, running


@pytest.fixture(name="home", autouse=True)
def home_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an environment without anything that points out of it."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("SNAP_REAL_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "GIMP3_DIRECTORY", "REVERIE_HOME", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(name="program")
def program_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a shell script of that name on PATH, which holds nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return lambda name, script: write_script(folder / name, script)


def write_script(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def tree(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what the server's `pages` say for a path; notes each request and its token."""

    def do_GET(self) -> None:
        self.server.requests.append((self.command, self.path, self.headers.get("Authorization")))  # type: ignore[attr-defined]
        page = self.server.pages.get(unquote(self.path))  # type: ignore[attr-defined]
        self.send_response(404 if page is None else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Cache-Control", "max-age=3600")  # as package indexes have it
        self.end_headers()
        self.wfile.write(page or b"")

    do_POST = do_GET

    def do_HEAD(self) -> None:
        page = self.server.pages.get(unquote(self.path))  # type: ignore[attr-defined]
        self.send_response(404 if page is None else 200)
        if page is not None and self.server.tells_sizes:  # type: ignore[attr-defined]
            self.send_header("Content-Length", str(len(page)))
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(name="web")
def web_fixture() -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.pages, server.requests, server.tells_sizes = {}, [], True
    server.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(name="stand_in")
def stand_in_fixture() -> Iterator[StandIn]:
    """A backend that answers and does nothing."""
    with running() as server:
        yield server


def wheel(folder: Path, name: str, version: str, *needs: str) -> Path:
    """A package with nothing in it, which pip can install, with what it needs."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {need}" for need in needs]
        archive.writestr(f"{info}/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


# Builds the package of a clone for `pip install -e`, as setuptools does, which a test would have to fetch.
BUILDER = """
import os, zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "reverie-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        archive.writestr("reverie.pth", os.path.abspath("backend"))
        archive.writestr("reverie-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: reverie\\nVersion: 1\\n")
        archive.writestr("reverie-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        archive.writestr("reverie-1.dist-info/RECORD", "")
    return name
"""


def make_package(clone: Path) -> None:
    """The package reverie of a clone, empty, and how it is built."""
    (clone / "backend" / "reverie").mkdir(parents=True)
    (clone / "backend" / "reverie" / "__init__.py").touch()
    (clone / "setup.py").write_text(BUILDER)
    (clone / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "setup"\nbackend-path = ["."]\n'
        '[project]\nname = "reverie"\nversion = "1"\n'
    )


@pytest.fixture(name="clone")
def clone_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, web: Any) -> Path:
    """A clone that wants an empty “torch” and “numpy”, which the user's pip configuration has a folder of."""
    folder, wheels = tmp_path / "clone", tmp_path / "wheels"
    folder.mkdir()
    wheels.mkdir()
    wheel(wheels, "torch", "2.13.0")
    numpy = wheel(wheels, "numpy", "2.4.6")
    (folder / "requirements.txt").write_text("# pins\nnumpy>=2\ntorch==2.13.0\n")
    (folder / "requirements-test.txt").write_text("pytest==9\n")
    (folder / "requirements-film.txt").touch()
    (folder / "requirements-onnx.txt").touch()
    (folder / "requirements-cluster.txt").touch()
    (folder / "constraints.txt").write_text("h11==0.16.0\n")
    (folder / "checksums.txt").write_text(f"{checksum(numpy)}  {numpy.name}\n")
    make_package(folder)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nindex-url = {web.address}/simple\nfind-links = {wheels}\nretries = 0\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setattr(torch_build, "WHEELS", f"{web.address}/whl")
    monkeypatch.setattr(torch_build, "choose", lambda: torch_build.Build("cpu", "a test", ("cpu",)))
    return folder


@pytest.fixture(name="finished")
def finished_fixture(tmp_path: Path) -> Environment:
    """A finished environment, whose Python is the one that runs the tests."""
    version = pytest.__version__
    (tmp_path / "requirements.txt").write_text(f"pytest=={version}\n")
    (tmp_path / "requirements-test.txt").write_text("hypothesis\n")
    (tmp_path / "requirements-film.txt").touch()
    (tmp_path / "requirements-onnx.txt").touch()
    (tmp_path / "requirements-cluster.txt").touch()
    (tmp_path / "constraints.txt").write_text("# none\n")
    (tmp_path / "checksums.txt").touch()
    make_package(tmp_path)
    made = Environment(tmp_path)
    made.python.parent.mkdir(parents=True)
    # Not a link: the Python of a virtual environment finds its packages by its own path.
    write_script(made.python, f'PYTHONPATH="{tmp_path}/backend" exec "{sys.executable}" "$@"')
    record = {
        "torch": "cpu",
        "python": [str(part) for part in sys.version_info[:2]],
        "requirements": made.fingerprint(tests=False),
    }
    made.finished.write_text(json.dumps(record))
    return made


# A backend that is starting: it holds its lock, and accepts nothing yet.
STARTING = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(name="starting")
def starting_fixture(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until its input ends."""
    Path(places.state_folder()).mkdir(parents=True)
    command = [sys.executable, "-c", STARTING, places.lock_file(places.ready_file())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        yield process
        process.kill()
