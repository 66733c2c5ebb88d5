"""The backend's own virtual environment: made, recognised as finished or not, and repaired."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reverie.installer import CLONE, Failure, backend, files, torch_build
from reverie.installer.console import run, say, waiting
from reverie.installer.pip import Fetched, Pip, megabytes
from reverie.installer.torch_build import Build

REQUIREMENTS = "requirements.txt"
TEST_REQUIREMENTS = (
    "requirements-test.txt",
    "requirements-film.txt",
    "requirements-onnx.txt",
    "requirements-cluster.txt",
)
CONSTRAINTS = "constraints.txt"
BUILD = ("pyproject.toml", "setup.py")
_OTHERS, _WITH_TESTS = 45, 320  # MB of packages that torch is none of, as they were on Linux in November 2026
_UNFORESEEN = "torch (how large, this pip cannot say: about 0.2 GB for the CPU, 2 to 5 GB for a graphics processor)"

# Run by the environment's own Python: its version, where it has the package reverie from, and which lines of the lists
# it does not meet. A line may be for some Pythons only; pip, which every environment has, brings the parser that pip
# itself reads the lists with.
CHECK = """
import importlib.metadata, importlib.util, sys
from pip._vendor.packaging.requirements import Requirement
sys.path = [path for path in sys.path if path]  # less the current folder
print("python", *sys.version_info[:2])
found = importlib.util.find_spec("reverie")
print("reverie", found and found.origin or "")
for path in sys.argv[1:]:
    for line in open(path, encoding="utf-8"):
        text = line.partition("#")[0].strip()
        wanted = Requirement(text) if text else None
        if wanted is None or (wanted.marker and not wanted.marker.evaluate()):
            continue
        try:
            have = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            have = None
        if have is None or not wanted.specifier.contains(have, prereleases=True):
            print("missing", wanted.name)
"""


class Environment:
    """`<clone>/.venv`. Two files in it say how far it is: `incomplete` while it is made, `finished.json` afterwards."""

    def __init__(self, clone: Path = CLONE) -> None:
        self.clone = clone
        self.folder = clone / ".venv"
        self.log = self.folder / "install.log"
        self.incomplete = self.folder / "incomplete"
        self.finished = self.folder / "finished.json"

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def requirement_files(self, tests: bool) -> list[Path]:
        return [self.clone / name for name in (REQUIREMENTS, *(TEST_REQUIREMENTS if tests else ()))]

    def fingerprint(self, tests: bool) -> str:
        """Of everything that says what is installed."""
        paths = [*self.requirement_files(tests), *(self.clone / name for name in (CONSTRAINTS, *BUILD))]
        return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()

    def record(self) -> dict[str, Any]:
        """What the finished marker says; empty when there is none or it cannot be read."""
        try:
            record = json.loads(self.finished.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def fault(self, kind: str, *, tests: bool = False) -> tuple[str, str]:
        """What is wrong, as (what to do, why); `kind` is the torch build that suits the machine.

        What to do is "" when nothing is wrong, "update" when pip can mend it in place, and else "rebuild".
        """
        if not self.folder.is_dir():
            return "rebuild", "there is none yet"
        if self.incomplete.exists() or not self.finished.exists():
            return "rebuild", "an earlier install was not finished"
        record = self.record()
        # Not for “cpu”: every build of torch computes there too, and nvidia-smi fails at times, after an update of the
        # driver, for example.
        if record.get("torch") != kind and not (kind == "cpu" and record.get("torch")):
            return "rebuild", f"it has torch for {record.get('torch')}, and this machine now wants {kind}"
        lines = self._check(tests)
        if lines is None:
            return "rebuild", "its Python does not run any more (was the system's Python replaced?)"
        if lines[0].split()[1:] != record.get("python"):
            return "rebuild", "the system's Python has another version now"
        if missing := [line.split()[1] for line in lines if line.startswith("missing")]:
            return "update", f"it lacks {', '.join(missing)} in the pinned version"
        if not self._has_package(lines):
            return "update", "the package reverie of this folder is not in it yet"
        if record.get("requirements") != self.fingerprint(tests=False):
            return "update", "the list of packages has changed"
        if tests and record.get("tests") != self.fingerprint(tests=True):
            return "update", "the packages for the tests are wanted too"
        return "", ""

    def _check(self, tests: bool) -> list[str] | None:
        """The lines that CHECK prints; None when the environment's Python does not run."""
        try:
            result = subprocess.run(
                [self.python, "-c", CHECK, *self.requirement_files(tests)],
                capture_output=True, encoding="utf-8", errors="replace", timeout=60, env=clean_environment(),
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
        lines = result.stdout.splitlines()
        return lines if result.returncode == 0 and lines else None

    def _has_package(self, lines: Sequence[str]) -> bool:
        """Is the package reverie the one of this clone, which may have been moved?"""
        origin = lines[1].removeprefix("reverie ")
        return bool(origin) and Path(origin).parent.resolve() == (self.clone / "backend" / "reverie").resolve()

    def ensure(self, *, tests: bool = False) -> bool:
        """Makes or mends the environment as needed; False when nothing was. A running backend, which uses its files, is
        ended first. An update that fails leaves the environment as it was, as far as pip does; the next run goes on
        with it. Raises Failure with what to do."""
        with waiting("Looking at this machine and its environment"):
            build = torch_build.choose()
            todo, why = self.fault(build.kind, tests=tests)
        if not todo:
            return False
        if backend.stop():
            say("The running backend has ended, since its environment changes.")
        if todo == "rebuild":
            require_venv()
            if self.folder.exists():
                say(f"The environment in {self.folder} is made anew: {why}.")
            self._create()
        else:
            say(f"The environment in {self.folder} is brought up to date: {why}.")
        self._install(build, tests)
        return True

    def _create(self) -> None:
        try:
            self.remove()
            self.folder.mkdir()
            self.incomplete.touch()
        except OSError as error:
            raise Failure(
                f"The folder {self.folder} cannot be written ({error.strerror}). Put the clone where you may "
                "write, and close programs that use it."
            ) from error
        # Links to the system's Python where there can be any: its security updates then reach the environment.
        command = [sys.executable, "-m", "venv", str(self.folder)]
        run("Making the environment", command, self.log, environment=clean_environment())

    def _install(self, build: Build, tests: bool) -> None:
        before, pip = self.record(), Pip(self.python, self.log, clean_environment())
        version = torch_build.pinned_version(self.clone / REQUIREMENTS)
        others = _WITH_TESTS if tests else _OTHERS
        if before.get("version", version) == version and before.get("torch"):
            kind, index = before["torch"], before.get("index")  # pip leaves it in place
            say(f"To be fetched: about {others} MB at most; torch stays as it is.")
        else:
            kind, index = build.kind, self._index(build, version)
            fetched = pip.foresee(version, [*_offer(index), "-c", str(self.clone / CONSTRAINTS)])
            say(f"To be fetched: {fetched or _UNFORESEEN}, and about {others} MB of other packages.")
            if kind != "cuda" and fetched is not None and fetched.cuda:
                _agree_to_cuda(fetched)
        lists = [word for path in self.requirement_files(tests) for word in ("-r", str(path))]
        pip.install("Installing the packages", [*_offer(index), *lists, "-c", str(self.clone / CONSTRAINTS)])
        # As it lies in the clone, built by the setuptools that the lists have just brought: nothing more is fetched.
        own = ["--no-deps", "--no-build-isolation", "-e", str(self.clone)]
        pip.install("Installing the command reverie", own)
        with waiting("Looking whether all is there"):
            lines = self._check(tests)
        if lines is None or any(line.startswith("missing") for line in lines) or not self._has_package(lines):
            raise Failure(f"pip finished, yet packages are missing; {self.log} says more. Run the same command again.")
        record = {
            "torch": kind,
            "version": version,
            "index": index,
            "python": lines[0].split()[1:],
            "requirements": self.fingerprint(tests=False),
            "tests": self.fingerprint(tests=True) if tests else None,
            "finished": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        files.replace(self.finished, json.dumps(record, indent=1) + "\n")
        self.incomplete.unlink(missing_ok=True)

    def _index(self, build: Build, version: str) -> str | None:
        """The address of PyTorch's index with the build; None for pip's usual sources."""
        say(f"torch {version} for {build.kind}: {build.reason}.")
        if not build.indexes:
            return None
        with waiting("Looking for PyTorch's own package index"):
            index = torch_build.reachable_index(build.indexes, version)
        if index is None:
            say("PyTorch's own package index is out of reach, or lacks it; pip's usual sources must do.")
        elif index.endswith("/cpu") and build.kind != "cpu":
            say(f"PyTorch has none for {build.kind} on this system; the one for the CPU is taken.")
        return index

    def remove(self) -> bool:
        """Deletes the environment; False when there was none."""
        if not self.folder.is_dir():
            return False
        self.finished.unlink(missing_ok=True)  # first: half of an environment is no finished one
        with waiting("Deleting the old environment"):
            shutil.rmtree(self.folder)
        return True


def _offer(index: str | None) -> list[str]:
    """How pip is told of an index: on the command line, since that adds to those of the user's pip configuration; the
    variable PIP_EXTRA_INDEX_URL would replace them."""
    return ["--extra-index-url", index] if index else []


def _agree_to_cuda(fetched: Fetched) -> None:
    """Asks whether the build for a graphics processor that is not there is to be fetched. Raises Failure when it is
    not, or nobody is there to answer."""
    say(
        "That is the build for NVIDIA's graphics processors, which is of no use here. The one for the CPU, about 200 "
        f"MB, is in {torch_build.WHEELS}/cpu, which cannot be reached, and not at pip's usual sources."
    )
    try:
        wanted = sys.stdin.isatty() and input(f"Fetch {megabytes(fetched.size)} all the same? [y/N] ")
    except EOFError:
        wanted = ""
    if str(wanted).strip().lower() not in ("y", "yes"):
        raise Failure(
            "Nothing of torch was fetched. Run the same command again when that address can be reached; a copy of it "
            "within your network goes into pip's settings (pip config set global.extra-index-url ADDRESS)."
        )


def require_venv() -> None:
    """Raises Failure when this Python cannot make environments: Debian and Ubuntu package that apart."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise Failure(
            f"This Python ({sys.executable}) cannot make virtual environments: its part “venv” is not installed. On "
            f"Debian and Ubuntu: sudo apt install {package}; then run the same command again."
        )


def clean_environment() -> dict[str, str]:
    """This process's environment, less the variables that would make the new Python look for another one's packages."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
