"""Reverie as a new user installs it, into an empty home: the wheel with pipx, and as a tool of uv (with pip: see
conftest.py); and out of a clone.

What it needs is stood in for by empty packages of the same names and versions: nothing is fetched. So these tests show
that it is installed, that the command is found and puts the plug-in into GIMP; what paints is tested in test_wheel.py.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import reverie

from tests.unit.installer.stand_ins import checksum, wheel

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """An empty home with a GIMP 3.0, and no network."""
    (tmp_path / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(tmp_path), "LANGUAGE": "en", "PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}


@pytest.mark.parametrize("way", ["pipx", "uv"])
def test_the_command_is_there_and_puts_the_plugin_into_gimp(installed, variables, tmp_path, way):
    links, wheel = str(installed.needs), str(installed.wheel)
    words = {
        "pipx": ["pipx", "install", "--python", sys.executable, f"--pip-args=--find-links {links}", wheel],
        "uv": ["uv", "tool", "install", "--python", sys.executable, "--no-index", "--find-links", links, wheel],
    }[way]
    _run([str(PROGRAMS / words[0]), *words[1:]], variables)
    command = str(tmp_path / ".local" / "bin" / "reverie")
    assert _run([command, "--version"], variables) == f"Reverie {reverie.__version__}\n"
    assert "Plug-in in" in _run([command, "gimp", "install"], variables)
    settings = tmp_path / ".config" / "GIMP"
    assert (settings / "3.0" / "plug-ins" / "reverie" / "reverie.py").is_file()
    record = json.loads((settings / "reverie" / "install.json").read_text())
    share = tmp_path / ".local" / "share" / way
    assert Path(record["python"]).is_relative_to(share) and Path(record["package"]).is_relative_to(share)
    _run([command, "gimp", "uninstall"], variables)
    assert not (settings / "3.0" / "plug-ins" / "reverie").exists()


@pytest.fixture
def needs(installed, tmp_path: Path) -> Path:
    """What a clone needs, which is what the wheel does: and setuptools, as PyTorch brings it, to build the package."""
    folder = tmp_path / "needs"
    shutil.copytree(installed.needs, folder)
    (torch,) = folder.glob("torch-*")
    torch.unlink()
    wheel(folder, "torch", torch.name.split("-")[1], "setuptools")
    setuptools = importlib.metadata.distribution("setuptools")
    with zipfile.ZipFile(folder / f"setuptools-{setuptools.version}-py3-none-any.whl", "w") as archive:
        for file in setuptools.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(file.locate(), file.as_posix())
    return folder


def test_a_clone_puts_the_plugin_into_gimp_and_takes_all_of_it_away(needs, variables, tmp_path):
    clone, plugin = tmp_path / "clone", tmp_path / ".config" / "GIMP" / "3.0" / "plug-ins" / "reverie" / "reverie.py"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".*", "build", "dist", "out", "*.egg-info", "tests"))
    lines = [f"{checksum(file)}  {file.name}\n" for file in needs.iterdir() if "torch-" not in file.name]
    (clone / "checksums.txt").write_text("".join(lines))
    installer = [sys.executable, str(clone / "install.py")]
    from_there = {**variables, "PIP_FIND_LINKS": str(needs), "https_proxy": "http://127.0.0.1:9"}
    assert "Plug-in in" in _run(installer, from_there)
    assert plugin.is_file()
    record = json.loads((tmp_path / ".config" / "GIMP" / "reverie" / "install.json").read_text())
    assert record["python"] == str(clone / ".venv" / "bin" / "python")
    assert _run([record["python"], "-m", "reverie", "--version"], variables) == f"Reverie {reverie.__version__}\n"
    _run([*installer, "uninstall"], variables)
    assert not plugin.parent.exists() and not (clone / ".venv").exists()


def _run(command: list[str], variables: dict[str, str]) -> str:
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
