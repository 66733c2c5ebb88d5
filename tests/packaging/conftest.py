"""The wheel, built once as `python -m build` does (out of the source distribution), in an environment of its own."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.installer import stand_ins

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment: its command, and variables that point to an empty home. `needs` is a folder with
    empty packages in the place of those that it needs."""

    folder: Path
    wheel: Path

    @property
    def python(self) -> Path:
        return self.folder / "environment" / "bin" / "python"

    @property
    def needs(self) -> Path:
        return self.folder / "needs"

    @property
    def variables(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        return {**kept, "HOME": str(self.folder / "home"), "LANGUAGE": "en", "https_proxy": "http://127.0.0.1:9"}

    def command(self, *words: object) -> list[str]:
        return [str(self.python.with_name("reverie")), *map(str, words)]

    def run(self, *words: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), cwd=self.folder, env={**self.variables, **variables},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip


@pytest.fixture(scope="session")
def build() -> Callable[..., Path]:
    """Builds the wheel of this checkout in a folder, with more options for `python -m build`."""
    return _build


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    wheel = _build(folder)
    environment = folder / "environment"
    _run([sys.executable, "-m", "venv", str(environment)])
    _share_packages(environment)
    made = Installed(folder, wheel)
    _stand_in_for_needs(made.needs)
    from_there = ["--no-index", "--find-links", str(made.needs)]
    _run([str(made.python), "-m", "pip", "install", "-q", *from_there, str(wheel)])
    (folder / "home").mkdir()
    return made


def _stand_in_for_needs(folder: Path) -> None:
    """An empty package for each line of the list, so that installing finds all that the wheel asks for."""
    folder.mkdir()
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([\w-]+)==([\w.]+)", line):
            stand_ins.wheel(folder, *found.groups())


def _build(folder: Path, *options: str) -> Path:
    """The wheel of this checkout, built in a folder."""
    source = folder / "source"  # a copy: what an earlier build left in the checkout is not to get in
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "dist", "out", "*.egg-info", "tests"))
    _run([sys.executable, "-m", "build", *options, "--no-isolation", "--outdir", str(folder), str(source)])
    shutil.rmtree(source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _share_packages(environment: Path) -> None:
    """Lets an environment use the packages of this one; what a .pth adds here, as the checkout's own package, stays
    out."""
    (site,) = environment.glob("lib/python*/site-packages")
    folders = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "shared.pth").write_text("\n".join([*folders, sysconfig.get_paths()["purelib"]]) + "\n")


@pytest.fixture(scope="session")
def photo(installed: Installed) -> Path:
    path = installed.folder / "photo.jpg"
    shutil.copy(ROOT / "backend" / "reverie" / "demo" / "landscape.jpg", path)
    return path


@pytest.fixture(scope="module")
def gimp():
    """A real GIMP 3, as the tests of the plug-in have it, without the plug-in."""
    conftest = _module(ROOT / "tests" / "gimp" / "conftest.py")
    found = conftest.installed()
    if not found:
        missing = "no GIMP 3 here: as root on Debian, tests/gimp/provision.sh makes one for these tests"
        if os.environ.get("CI") == "true" or os.environ.get("REVERIE_REQUIRE_GIMP") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    made = conftest.Gimp(*found[0])
    shutil.rmtree(made.folder / "config" / "plug-ins")
    (made.folder / "home" / "install.json").unlink()
    yield made
    shutil.rmtree(made.folder, ignore_errors=True)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("tests_of_gimp", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
