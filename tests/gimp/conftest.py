"""A real GIMP 3 and a real backend for the tests of the plug-in.

GIMP is the host's own where that is version 3, else the one that `provision.sh` puts into a Debian tree of its own.
That tree shares the host's loopback, so the plug-in in it reaches the backend outside. Where neither is to be had, the
tests are skipped and say so; with CI=true or REVERIE_REQUIRE_GIMP=1 they fail instead.

A choice of the tests runs in the other GIMP 3 as well, 3.2 beside 3.0, where there is one: see test_other_gimp.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reverie.networks.weights.catalogue import BUNDLED, CATALOGUE

from tests.stand_in_backend import TOKEN, StandIn, running, write_private

ROOT = Path(__file__).resolve().parents[2]
TREES = Path("/var/cache/reverie-gimp")
TREE = Path(os.environ.get("REVERIE_GIMP_ROOT", TREES / "trixie"))
VERSIONS = ("3.2", "3.0")
WEIGHTS = ROOT.parent / "shared" / "weights"
GIMPRC = "(show-welcome-dialog no)\n(check-updates no)\n(color-profile-policy keep)\n(save-session-info no)\n"


#: Runs in GIMP: the scripts that come, each behind the prelude.
SESSION = """
import os, time, traceback
gimp = os.getppid()
while os.getppid() == gimp:  # whose end is not told to one who does not ask it for anything
    if not os.path.exists(FOLDER + "/next.py"):
        time.sleep(0.01)
        continue
    os.rename(FOLDER + "/next.py", FOLDER + "/running.py")
    Gimp.context_push()
    try:
        space = {"FOLDER": FOLDER, "__name__": "__main__"}
        for name in ("prelude.py", "running.py"):
            exec(compile(open(FOLDER + "/" + name).read(), name, "exec"), space)
    except Exception:
        with open(FOLDER + "/failed.txt", "w") as out:
            out.write(traceback.format_exc())
    Gimp.context_pop()
    for image in Gimp.get_images():
        image.delete()
    open(FOLDER + "/ended", "w").close()
"""


# Most tests wait for what a dialog paints before OK is pressed, and do not look at it: no pictures in the gallery, and
# previews of two iterations. Those that do look have it as usual again; so has the plug-in that comes as a zip.
_CHEAPER = (
    ("ui/looks.py", "\n_AT_ONCE = 2 ", "\n_AT_ONCE = 0 "),
    ("job/previews.py", "\n_ITERATIONS = 40\n", "\n_ITERATIONS = 2\n"),
)


# How long a job takes is measured by carrying out one of its kind, which a dialog asks for as it opens. No test of the
# plug-in asks whether the time is right: tests/unit/tools/test_estimate.py does.
_SERVE = """
from reverie.cli.main import run
from reverie.tools import estimate
estimate._measured = lambda job, device, stop: estimate.Speed(0.1, 0.1, 1e-5, 0.1)
run()
"""


class Gimp:
    """GIMP with a configuration of its own, in which only this plug-in is installed."""

    def __init__(self, tree: Path | None, version: str) -> None:
        """`tree` is the root of the system that GIMP lives in; None for this one. `version`, as in 3.0, ends its
        programs' names."""
        self._tree, self.version, self.language = tree, version, "en"
        self._session: subprocess.Popen[str] | None = None
        parent = tree / "tmp" if tree else Path(tempfile.gettempdir())
        self.folder = Path(tempfile.mkdtemp(prefix="reverie-gimp-", dir=parent))
        (self.folder / "home").mkdir()
        plugin = self.folder / "config" / "plug-ins" / "reverie"
        shutil.copytree(ROOT / "plugin" / "gimp3", plugin, ignore=shutil.ignore_patterns("__pycache__"))
        (plugin / "reverie.py").chmod(0o755)
        for file, usual, cheap in _CHEAPER:
            text = (plugin / "reverie_gimp" / file).read_text(encoding="utf-8")
            assert usual in text
            (plugin / "reverie_gimp" / file).write_text(text.replace(usual, cheap), encoding="utf-8")
        for folder in ("shared", "locale"):
            shutil.copytree(ROOT / "plugin" / folder, plugin / folder)
        (self.folder / "config" / "gimprc").write_text(GIMPRC)
        package = self.folder / "clone" / "backend" / "reverie"
        for folder in ("demo", "presets"):
            shutil.copytree(ROOT / "backend" / "reverie" / folder, package / folder)
        shutil.copy(ROOT / "tests" / "gimp" / "prelude.py", self.folder)
        record = {
            "python": "/nowhere/python",
            "package": self.inside(package),
            "folder": self.inside(self.folder / "clone"),
            "version": "test",
        }
        (self.folder / "home" / "install.json").write_text(json.dumps(record))

    def inside(self, path: Path) -> str:
        """A path as GIMP sees it."""
        return "/" + str(path.relative_to(self._tree)) if self._tree else str(path)

    def command(self, *words: str) -> list[str]:
        """A command to be run beside GIMP, with its environment."""
        environment = {
            "HOME": self.folder,
            "REVERIE_HOME": self.folder / "home",
            "GIMP3_DIRECTORY": self.folder / "config",
        }
        settings = [f"{name}={self.inside(path)}" for name, path in environment.items()]
        settings.append(f"LANGUAGE={self.language}")
        return [*(["chroot", str(self._tree)] if self._tree else []), "env", *settings, *words]

    def start(self, script: str, fonts: bool = False, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Runs a Python script, behind the prelude, in a GIMP without windows; `fonts` are only loaded if wanted."""
        (self.folder / "result.json").unlink(missing_ok=True)
        (self.folder / "script.py").write_text(script)
        code = "; ".join(
            f"exec(open({self.inside(self.folder / name)!r}).read())" for name in ("prelude.py", "script.py")
        )
        code = f"FOLDER={self.inside(self.folder)!r}; {code}"
        words = (
            f"gimp-console-{self.version}",
            "-i",
            "-d",
            *([] if fonts else ["-f"]),
            "-c",
            "--quit",
            "--batch-interpreter",
            "python-fu-eval",
            "-b",
            code,
        )
        return subprocess.Popen(self.command(*words), stdout=output, stderr=subprocess.STDOUT, text=True)

    def run(self, script: str, seconds: float = 90, fonts: bool = False) -> dict:
        """What the script passed to `answer(…)`, in a GIMP that runs one script after the other: each has a name space
        of its own, and its images are closed after it. Fonts, or another language, are a matter of the start."""
        if fonts or self.language != "en":
            process = self.start(script, fonts)
            try:
                output, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                pytest.fail("GIMP did not end in time")
            return self.result(output)
        if self._session is None or self._session.poll() is not None:
            self._session = self.start(SESSION, output=subprocess.DEVNULL)
        (self.folder / "result.json").unlink(missing_ok=True)
        (self.folder / "failed.txt").unlink(missing_ok=True)
        (self.folder / "next.part").write_text(script)
        (self.folder / "next.part").rename(self.folder / "next.py")
        until = time.monotonic() + seconds
        while not (self.folder / "ended").exists():
            if time.monotonic() > until or self._session.poll() is not None:
                self.end()
                pytest.fail("GIMP did not end the script in time, or ended itself")
            time.sleep(0.01)
        (self.folder / "ended").unlink()
        failed = self.folder / "failed.txt"
        return self.result(failed.read_text() if failed.exists() else "")

    def end(self) -> None:
        """Ends the GIMP that runs scripts."""
        if self._session is not None:
            self._session.kill()
            self._session.wait()
            self._session = None

    def result(self, output: str = "") -> dict:
        path = self.folder / "result.json"
        assert path.exists(), f"the script gave no answer; GIMP said:\n{output}"
        return json.loads(path.read_text())


class Backend:
    """A real backend, for the plug-in that runs in `gimp`."""

    def __init__(self, gimp: Gimp) -> None:
        self._ready = gimp.folder / "home" / "ready.json"
        self._ready.unlink(missing_ok=True)
        self.log = gimp.folder / "backend.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, "serve", "--ready-file", str(self._ready), "--device", "cpu"],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    "REVERIE_WEIGHTS": str(WEIGHTS),
                    "XDG_CACHE_HOME": str(gimp.folder / "cache"),  # an atlas begins without a picture
                    "XDG_DATA_HOME": str(gimp.folder / "data"),  # of fast styles there are those that a test makes
                },
            )
        self.wait(self._ready.exists, 60)

    def health(self) -> dict:
        return self._ask("health")

    def paints(self) -> bool:
        """Whether the newest job is past its loading: pictures of it have been painted."""
        jobs = self._ask("jobs")["jobs"]
        return bool(jobs) and jobs[0]["state"] == "running" and jobs[0]["progress"] > 0

    def _ask(self, what: str) -> dict:
        ready = json.loads(self._ready.read_text())
        address = f"http://127.0.0.1:{ready['port']}/v1/{what}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {ready['token']}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def wait(self, condition, seconds: float) -> float:
        """Waits until the condition holds; returns the seconds that it took."""
        begun = time.monotonic()
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() - begun < seconds, "waited in vain"
            time.sleep(0.05)
        return time.monotonic() - begun


def installed() -> list[tuple[Path | None, str]]:
    """The tree and the version of each GIMP 3 at hand; that of the tests comes first."""
    here = [(None, version) for version in VERSIONS if shutil.which(f"gimp-console-{version}")]
    trees = dict.fromkeys((TREE, TREES / "trixie", TREES / "forky")) if os.geteuid() == 0 else ()
    return here + [
        (tree, version)
        for tree in trees
        for version in VERSIONS
        if (tree / f"usr/bin/gimp-console-{version}").exists() and (tree / ".reverie-finished").exists()
    ]


@pytest.fixture(scope="session")
def gimp() -> Iterator[Gimp]:
    if not installed():
        message = "no GIMP 3 here: as root on Debian, tests/gimp/provision.sh makes one for these tests"
        if os.environ.get("CI") == "true" or os.environ.get("REVERIE_REQUIRE_GIMP") == "1":
            pytest.fail(message)
        pytest.skip(message)
    yield from provided(*installed()[0])


def provided(tree: Path | None, version: str) -> Iterator[Gimp]:
    """A GIMP for tests; what it wrote is gone after them."""
    made = Gimp(tree, version)
    yield made
    made.end()
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def squeezenet() -> None:
    """What dreams by a class's name, or in that network's layers, is skipped without its weights."""
    if not any((folder / file).is_file() for folder in (BUNDLED, WEIGHTS) for file in CATALOGUE["squeezenet1_0"].files):
        pytest.skip("needs the weights of squeezenet1_0 in ../shared/weights, which is not beside this checkout")


@pytest.fixture
def backend(running_backend: Callable[[], Backend]) -> Backend:
    """A backend that answers."""
    return running_backend()


@pytest.fixture(scope="session")
def running_backend(gimp: Gimp) -> Iterator[Callable[[], Backend]]:
    """Gives the backend that runs; a new one when a test has killed the last."""
    yield from backends(gimp)


def backends(gimp: Gimp) -> Iterator[Callable[[], Backend]]:
    started: list[Backend] = []

    def running() -> Backend:
        if not started or started[-1].process.poll() is not None:
            started.append(Backend(gimp))
        return started[-1]

    yield running
    for each in started:
        each.process.terminate()
        each.process.wait(timeout=20)


@pytest.fixture
def echo(gimp) -> Iterator[StandIn]:
    """A backend that gives back what it gets: computing takes no time, and what is left is the plug-in's own."""
    yield from echoing(gimp)


@pytest.fixture(scope="module")
def module_echo(gimp) -> Iterator[StandIn]:
    """The same for several tests of one script."""
    yield from echoing(gimp)


def echoing(gimp: Gimp) -> Iterator[StandIn]:
    ready = gimp.folder / "home" / "ready.json"
    real = ready.read_text() if ready.exists() else None
    with running() as server:
        server.events = [{"type": "done", "recipe": {}}]
        write_private(ready, json.dumps({"host": "127.0.0.1", "port": server.port, "token": TOKEN}))
        yield server
    if real is None:
        ready.unlink()
    else:
        write_private(ready, real)
