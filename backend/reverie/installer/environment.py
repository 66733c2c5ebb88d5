"""The backend's own virtual environment: made, recognised as finished or not, and repaired."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reverie.installer import CLONE, Failure, backend, checksums, files, torch_build, user_folders
from reverie.installer.console import event, run, say, waiting
from reverie.installer.pip import Fetched, Pip, agree_to_cuda, megabytes, offer
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
    """`<clone>/.venv`. Two files in it say how far it is: `incomplete` while it is made, `finished.json` afterwards.

    Where `clone` is no clone but the folder of the zip with the plug-in alone, which has wheels of the backend and of
    pip beside the lists, it is in the user's data folder; what is fetched lies beside it until it is finished, so that
    a second try need not fetch it again.
    """

    def __init__(self, clone: Path = CLONE) -> None:
        self.clone = clone
        self.wheel, self._pip = (newest_wheel(clone, name) for name in ("reverie", "pip"))
        self.folder = user_folders.data() / "environment" if self.wheel else clone / ".venv"
        self.downloads = self.folder.with_name("downloads")
        self._scratch = self.downloads / "unpacked"
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
        build = (self.wheel,) if self.wheel else (self.clone / name for name in BUILD)
        paths = [*self.requirement_files(tests), self.clone / CONSTRAINTS, self.clone / checksums.FILE, *build]
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
        """Is the package reverie the one of this clone, which may have been moved, or the one of the wheel?"""
        origin = lines[1].removeprefix("reverie ")
        if self.wheel:
            return bool(origin) and Path(origin).resolve().is_relative_to(self.folder.resolve())
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
            require_venv(own_pip=self._pip is not None)
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
            self.folder.mkdir(parents=True)
            self.incomplete.touch()
        except OSError as error:
            raise Failure(
                f"The folder {self.folder} cannot be written ({error.strerror}). Put the clone where you may "
                "write, and close programs that use it."
            ) from error
        # Links to the system's Python where there can be any: its security updates then reach the environment.
        command = [sys.executable, "-m", "venv", *(["--without-pip"] if self._pip else []), str(self.folder)]
        run("Making the environment", command, self.log, environment=clean_environment())

    def _install(self, build: Build, tests: bool) -> None:
        before, pip = self.record(), Pip(self.python, self.log, self._variables(), self._unpacked_pip(self._scratch))
        version = torch_build.pinned_version(self.clone / REQUIREMENTS)
        others = _WITH_TESTS if tests else _OTHERS
        self._tell_kept()
        if self.keeps_torch(version):
            kind, index = before["torch"], before.get("index")  # pip leaves it in place
            say(f"To be fetched: about {others} MB at most; torch stays as it is.")
        else:
            kind, index = build.kind, self._index(build, version)
            fetched = pip.foresee(version, [*offer(index), "-c", str(self.clone / CONSTRAINTS)])
            say(f"To be fetched: {fetched or _UNFORESEEN}, and about {others} MB of other packages.")
            event("size", fetch=(fetched.size if fetched else 0) + others * 10**6)
            if kind != "cuda" and fetched is not None and fetched.cuda:
                agree_to_cuda(fetched)
        lists = [word for path in self.requirement_files(tests) for word in ("-r", str(path))]
        lists += ["-c", str(self.clone / CONSTRAINTS)]
        known = checksums.read(self.clone / checksums.FILE)
        files_at = self.downloads / "files" if self.wheel else None
        pip.install_listed("Installing the packages", offer(index), lists, known, files_at)
        if self.wheel:
            own = ["--no-deps", "--force-reinstall", str(self.wheel), *([str(self._pip)] if self._pip else [])]
        else:
            # As it lies there, built by the setuptools that the lists have just brought: nothing more is fetched.
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
        if self.wheel:
            self._clear(self.downloads)

    def _tell_kept(self) -> None:
        """What an earlier try has fetched, which this one goes on from."""
        if not self.wheel:
            return  # pip's cache, then, is the user's own
        with waiting("Looking up what is to be fetched"):
            kept = files.size(self.downloads) - files.size(self._scratch)
        if kept:
            event("kept", bytes=kept)
            say(f"{megabytes(kept)} are here from an earlier try, and are not fetched again.")

    def keeps_torch(self, version: str) -> bool:
        """Is the torch that is in it the one that is wanted? pip then leaves it in place."""
        record = self.record()
        return bool(record.get("torch")) and record.get("version", version) == version

    def foresee(self, version: str) -> Fetched | None:
        """What pip's usual sources have of this version of torch, looked up before there is an environment, and leaving
        nothing behind; None when this pip cannot tell. Raises Failure when there is none to be had."""
        folder = Path(tempfile.mkdtemp())
        variables = {**clean_environment(), "PIP_CACHE_DIR": str(folder)}
        try:
            pip = Pip(Path(sys.executable), folder / "pip.log", variables, self._unpacked_pip(folder))
            return pip.foresee(version, ["-c", str(self.clone / CONSTRAINTS)])
        finally:
            self._clear(folder)

    def _variables(self) -> dict[str, str]:
        """What pip runs with. Out of the zip, what it fetches and unpacks lies in a folder that goes with the rest; the
        system's own for what is temporary may be a part of the memory, and too small."""
        variables = clean_environment()
        if self.wheel:
            self._clear(self._scratch)  # left by one that was killed
            self._scratch.mkdir(parents=True)
            variables["PIP_CACHE_DIR"] = str(self.downloads)
            variables |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self._scratch))
        return variables

    def _unpacked_pip(self, folder: Path) -> Path | None:
        """The pip that comes as a wheel, unpacked into the folder: out of the wheel each of its runs, of which there
        are several, would take a second or two more. None where the environment has its own."""
        if self._pip is None:
            return None
        unpacked = folder / self._pip.stem
        with waiting("Making the environment"), zipfile.ZipFile(self._pip) as wheel:
            wheel.extractall(unpacked)
        return unpacked

    def forget_downloads(self) -> None:
        """Deletes what was fetched for an environment that was not finished, and the data folder if it is empty now."""
        self._clear(self.downloads)
        with contextlib.suppress(OSError):
            self.downloads.parent.rmdir()  # unless the user's own styles are in it

    @staticmethod
    def _clear(folder: Path) -> None:
        with waiting("Deleting what is needed no longer"):
            shutil.rmtree(folder, ignore_errors=True)

    def package(self) -> Path:
        """The package reverie that its Python runs."""
        with waiting("Looking whether all is there"):
            lines = self._check(tests=False)
        if lines is None or not self._has_package(lines):
            raise Failure(f"There is no backend in {self.folder}. Run the same command again.")
        return Path(lines[1].removeprefix("reverie ")).parent

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


def newest_wheel(folder: Path, name: str) -> Path | None:
    """The wheel of that name in a folder; the newest, where a newer zip was unpacked over an older one."""
    found = folder.glob(f"{name}-*.whl")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def require_venv(*, own_pip: bool = False) -> None:
    """Raises Failure when this Python cannot make environments: Debian and Ubuntu package a part of that, ensurepip,
    apart, which is not needed where there is a pip."""
    if any(importlib.util.find_spec(part) is None for part in ("venv", *(() if own_pip else ("ensurepip",)))):
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise Failure(
            f"This Python ({sys.executable}) cannot make virtual environments: its part “venv” is not installed. On "
            f"Debian and Ubuntu: sudo apt install {package}; then run the same command again."
        )


def clean_environment() -> dict[str, str]:
    """This process's environment, less the variables that would make the new Python look for another one's packages."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
