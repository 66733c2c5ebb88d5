"""GIMP 2.10 with Python-Fu for the tests: a stand-in under a real Python 2.7, and a real one where there is one.

Each test is a script that runs in both, with the same checks: the stand-in is held to what the real GIMP does.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stand_in_backend import TOKEN, StandIn, running, write_private

ROOT = Path(__file__).resolve().parents[2]
TREE = Path(os.environ.get("REVERIE_GIMP2_ROOT", "/var/cache/reverie-gimp/bullseye"))

START = "import imp, sys; sys.dont_write_bytecode = True; imp.load_source('reverie', {plugin!r}); execfile({script!r})"


class Gimp2:
    """Where scripts run: in a GIMP in a tree of its own (`tree`), or in the stand-in (`python`)."""

    def __init__(self, folder: Path, *, tree: Path | None = None, python: str = "") -> None:
        self.folder, self._tree, self._python = folder, tree, python
        self.is_real, self.language = tree is not None, "en"
        (folder / "style.png").write_bytes(b"a style")
        self._plugin = folder / "config" / "plug-ins" / "reverie"
        shutil.copytree(ROOT / "plugin" / "gimp2", self._plugin, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        for name in ("shared", "locale"):
            shutil.copytree(ROOT / "plugin" / name, self._plugin / name)
        (self._plugin / "reverie.py").chmod(0o755)

    def inside(self, path: Path) -> str:
        """A path as GIMP sees it."""
        return "/" + str(path.relative_to(self._tree)) if self._tree else str(path)

    def attach(self, server: StandIn) -> None:
        """Lets the plug-in find a backend."""
        ready = {"host": "127.0.0.1", "port": server.port, "token": TOKEN}
        write_private(self.folder / "ready.json", json.dumps(ready))

    def start(self, code: str) -> subprocess.Popen[str]:
        prelude = (Path(__file__).parent / "prelude.py").read_text(encoding="utf-8")
        script = f"# -*- coding: utf-8 -*-\nFOLDER = {self.inside(self.folder)!r}\n{prelude}\n{code}\n"
        (self.folder / "script.py").write_text(script, encoding="utf-8")
        inside = self.inside(self.folder)
        environment = {
            "REVERIE_HOME": inside,
            "HOME": inside,
            "LANG": "C.UTF-8",
            "LANGUAGE": self.language,
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        }
        words: tuple[str, ...]
        if self._tree:
            environment["GIMP2_DIRECTORY"] = self.inside(self.folder / "config")
            words = ("chroot", str(self._tree), "gimp-console-2.10", "-i", "-d", "-f")
            words += ("--batch-interpreter", "python-fu-eval", "-b", f"execfile('{inside}/script.py')")
            words += ("-b", "pdb.gimp_quit(1)")
        else:
            environment["PYTHONPATH"] = str(Path(__file__).parent / "in_memory")
            started = START.format(plugin=str(self._plugin / "reverie.py"), script=str(self.folder / "script.py"))
            words = (self._python, "-c", started)
        return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, code: str) -> tuple[dict[str, Any], str]:
        """Runs a script; returns what it passed to `answer`, and what GIMP said meanwhile."""
        said, _ = self.start(code).communicate(timeout=100)
        path = self.folder / "answer.json"
        assert path.exists(), said
        return json.loads(path.read_text()), said


def _missing(reason: str, required: bool) -> None:
    if required:
        pytest.fail(reason)
    pytest.skip(reason)


def _python2() -> str:
    candidates = [shutil.which("python2.7"), *glob.glob(os.path.expanduser("~/.pyenv/versions/2.7.*/bin/python2.7"))]
    for candidate in candidates:
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    _missing(
        "there is no Python 2.7 here, which GIMP 2.10 runs plug-ins in: Debian 11 and pyenv have it",
        os.environ.get("REVERIE_REQUIRE_PYTHON2") == "1",
    )
    raise AssertionError


@pytest.fixture(scope="session", params=["stand-in", "real"])
def installed_gimp2(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gimp2]:
    """One configuration for all tests: GIMP takes ten seconds to make a new one."""
    if request.param == "stand-in":
        yield Gimp2(tmp_path_factory.mktemp("gimp2"), python=_python2())
        return
    if os.geteuid() != 0 or not (TREE / ".reverie-finished").exists():
        _missing(
            "no GIMP 2.10 with Python-Fu here: as root on Debian, tests/gimp2/provision.sh makes one",
            "REVERIE_GIMP2_ROOT" in os.environ,
        )
    folder = Path(tempfile.mkdtemp(prefix="reverie-gimp2-", dir=TREE / "tmp"))
    try:
        yield Gimp2(folder, tree=TREE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def gimp2(installed_gimp2: Gimp2) -> Gimp2:
    for name in ("answer.json", "ready.json", "plugin.log"):
        (installed_gimp2.folder / name).unlink(missing_ok=True)
    return installed_gimp2


@pytest.fixture
def backend(gimp2: Gimp2) -> Iterator[StandIn]:
    """A backend that computes nothing: the result is the content, as at strength 0."""
    with running() as server:
        server.events = [
            {"type": "fetching", "here": 300_000, "total": 2_900_000, "licence": "BSD"},
            {"type": "started", "device": "cpu"},
            {"type": "progress", "fraction": 0.5, "seconds_left": 70.0},
            {"type": "alive"},
            {"type": "done", "recipe": {"network": "squeezenet"}},
        ]
        gimp2.attach(server)
        yield server
