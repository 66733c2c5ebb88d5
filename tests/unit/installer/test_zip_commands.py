"""The backend out of the plug-in's zip: made without a pip of the system's, resumed, brought up to date, removed."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from reverie.installer import Failure, plugin_zip, torch_build, zip_commands
from reverie.installer.downloaded import Downloaded
from reverie.installer.environment import Environment
from reverie.installer.pip import Fetched, Pip
from reverie.plugin.shared import places

from tests.unit.installer.stand_ins import (
    clone_fixture,  # noqa: F401
    home_fixture,  # noqa: F401
    tree,
    web_fixture,  # noqa: F401
    wheel,
)

ROOT = Path(__file__).resolve().parents[3]
DIALOG = (ROOT / "plugin" / "gimp3" / "reverie_gimp" / "ui" / "set_up_dialog.py").read_text(encoding="utf-8")
DIALOG_STEPS = set(re.findall(r'^    "(.+)": _\(', DIALOG, re.MULTILINE))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the environment's Python is in bin/")


def reverie_wheel(folder: Path, version: str) -> Path:
    """The backend's wheel, less all that is not code."""
    path = wheel(folder, "reverie", version)
    with zipfile.ZipFile(path, "a") as archive:
        for source, place in ((ROOT / "backend" / "reverie", "reverie"), (ROOT / "plugin", "reverie/plugin")):
            for file in source.rglob("*.py"):
                archive.write(file, f"{place}/{file.relative_to(source)}")
    return path


@pytest.fixture(scope="session")
def pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plugin_zip._pip_wheel(tmp_path_factory.mktemp("pip"))


@pytest.fixture(name="zip_folder")
def zip_folder_fixture(tmp_path: Path, clone: Path, pip: Path) -> Path:
    """The folder `setup` of the zip, with the lists of the stand-in clone, whose packages are empty."""
    folder = tmp_path / "plug-ins" / "reverie" / "setup"
    folder.mkdir(parents=True)
    for name in ("requirements.txt", "constraints.txt", "checksums.txt"):
        (folder / name).write_bytes((clone / name).read_bytes())
    (folder / "install.py").write_bytes((ROOT / "install.py").read_bytes())
    (folder / pip.name).symlink_to(pip)
    reverie_wheel(folder, "1")
    return folder


def run(folder: Path, *words: str) -> list[dict[str, Any]]:
    """What its install.py tells, as the dialog in GIMP runs it."""
    done = subprocess.run(
        [sys.executable, folder / "install.py", *words, "--json"], capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours(home: Path) -> set[str]:
    """The files in the folders that Reverie may write to; what pip asks for its name may write to others."""
    files = {name for name, content in tree(home).items() if content is not None}
    return {name for name in files if name.startswith((".config", ".local", ".cache"))}


def test_it_is_set_up_found_by_the_plugin_brought_up_to_date_and_removed_again(zip_folder: Path, home: Path) -> None:
    *_, plan = run(zip_folder, "plan")
    environment = Environment(zip_folder)
    assert plan["folder"] == str(environment.folder) == str(home / ".local/share/reverie/environment")
    assert plan["fetch"] > 10**8 and plan["disk"] > plan["fetch"]
    assert ours(home) == set()
    told = run(zip_folder, "install")
    assert told[-1]["type"] == "done" and told[-1]["bytes"] > 10**6
    steps = {event["title"] for event in told if event["type"] == "step"}
    assert "Installing the packages" in steps
    assert steps <= DIALOG_STEPS, "the dialog has no words for one"
    assert [event["fetch"] > 0 for event in told if event["type"] == "size"] == [True]
    record = json.loads(Path(places.install_record()).read_text())
    assert record["python"] == str(environment.python) and record["folder"] == str(zip_folder)
    assert Path(record["package"]) == environment.package()
    assert environment.package().is_relative_to(environment.folder)
    assert not environment.downloads.exists()
    assert environment.fault("cpu") == ("", "")

    (environment.folder / "sign").touch()
    reverie_wheel(zip_folder, "2")  # a newer zip, unpacked over this one
    assert Environment(zip_folder).fault("cpu") == ("update", "the list of packages has changed")
    assert run(zip_folder, "install")[-1]["type"] == "done"
    assert list(environment.folder.glob("lib/*/site-packages/reverie-2.dist-info"))
    assert (environment.folder / "sign").exists()

    assert run(zip_folder, "uninstall")[-1]["type"] == "done"
    assert ours(home) == set()
    assert (zip_folder / "install.py").exists()


def test_a_second_try_need_not_fetch_again_what_the_first_has(
    zip_folder: Path, web: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_TRUSTED_HOST", web.address.removeprefix("http://"))  # pip keeps nothing of others
    large = wheel(tmp_path, "large", "1")
    with zipfile.ZipFile(large, "a") as archive:
        archive.writestr("large.txt", "large " * 1000)
    web.pages["/simple/large/"] = f'<a href="/files/{large.name}">{large.name}</a>'.encode()
    web.pages[f"/files/{large.name}"] = large.read_bytes()
    (zip_folder / "requirements.txt").write_text("large==1\ntorch==2.13.0\nmissing==1\n")
    for _ in range(2):
        with pytest.raises(Failure, match="pip found no such package"):
            Environment(zip_folder).ensure()
    assert [path for _, path, _ in web.requests if path.startswith("/files/")] == [f"/files/{large.name}"]
    assert "Using cached large-1" in Environment(zip_folder).log.read_text()


def test_what_was_fetched_for_nothing_is_removed_too_and_what_is_the_users_stays(zip_folder: Path, home: Path) -> None:
    own = home / ".local/share/reverie/styles/mine.safetensors"
    own.parent.mkdir(parents=True)
    own.touch()
    left = Environment(zip_folder).downloads / "http" / "part"
    left.parent.mkdir(parents=True)
    left.touch()
    run(zip_folder, "uninstall")
    assert not left.exists() and own.exists()


def test_a_failure_is_told_with_what_helps(zip_folder: Path) -> None:
    (zip_folder / "requirements.txt").write_text("torch==2.13.0\nno-such-package==1\n")
    failed = run(zip_folder, "install")[-1]
    assert failed["type"] == "failed" and "no-such-package" in failed["message"]
    assert failed["hint"]["template"].startswith("pip found no such package")


def test_what_pip_says_is_counted() -> None:
    downloaded = Downloaded()
    for line, here in (
        ("Collecting torch==2.13.0", 0),
        ("  Downloading torch-2.13.0-cp313.whl (526.6 MB)", 0),
        ("Progress 0 of 526600000", 0),
        ("Progress 100000000 of 526600000", 100_000_000),
        ("Progress 526600000 of 526600000", 526_600_000),
        ("  Downloading mdurl-0.1.2-py3-none-any.whl (10.0 kB)", 526_610_000),
        ("  Using cached numpy-2.4.6.whl (16.6 MB)", 543_210_000),
        ("Installing collected packages: mdurl, numpy, torch", 543_210_000),
    ):
        downloaded.hear(line)
        assert downloaded.here == here, line


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere pip's usual sources have the small build")
def test_what_would_not_be_fetched_is_not_offered(zip_folder: Path, web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyTorch's own index is out of reach, pip's usual sources decide: their build for the CPU is offered, and
    where they have CUDA's alone the offer ends as the installation does, in the same words. A person at a terminal is
    asked by the installation."""
    monkeypatch.setattr(zip_commands, "CLONE", zip_folder)
    monkeypatch.setattr(Environment, "_create", lambda self: self.folder.mkdir(parents=True))
    build, environment = torch_build.Build("cpu", "a test", ("cpu",)), Environment(zip_folder)
    plain, cuda = Fetched("2.13.0", 1, 190_000_000, 0, cuda=False), Fetched("2.13.0", 20, 4_800_000_000, 0, cuda=True)
    monkeypatch.setattr(Pip, "foresee", lambda *words: plain)
    assert zip_commands._sizes(environment, build) == torch_build.SIZES["cpu"]
    monkeypatch.setattr(Pip, "foresee", lambda *words: cuda)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    told = []
    for act in (lambda: zip_commands._sizes(environment, build), environment.ensure):
        with pytest.raises(Failure, match="Nothing of torch was fetched") as failure:
            act()
        told.append((str(failure.value), failure.value.hint))
    assert told[0] == told[1]
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    assert zip_commands._sizes(environment, build) == torch_build.SIZES["cuda"]
    web.pages["/whl/cpu/torch/"] = b"torch-2.13.0-py3-none-any.whl"
    assert zip_commands._sizes(environment, build) == torch_build.SIZES["cpu"]


def test_an_update_that_keeps_torch_is_offered_whatever_is_out_of_reach(
    zip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_commands, "CLONE", zip_folder)
    monkeypatch.setattr(Environment, "foresee", lambda *words: pytest.fail("nothing of torch is to be fetched"))
    made = Environment(zip_folder)
    made.folder.mkdir(parents=True)
    made.finished.write_text(json.dumps({"torch": "cpu", "version": "2.13.0"}))
    build = torch_build.Build("cpu", "a test", ("cpu",))
    assert zip_commands._sizes(made, build) == torch_build.SIZES["cpu"]


def test_a_pip_that_tells_no_progress_does_not_go_into_the_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_zip, "_LEAST_PIP", (999, 0))
    with pytest.raises(Failure, match="too old to go into the zip"):
        plugin_zip.make(wheel(tmp_path, "reverie", "1"), tmp_path)
