"""The installer on made-up homes, machines and environments; nothing is downloaded.

Programs of the machine (nvidia-smi, GIMP, python3, the environment's Python) are stood in for by shell scripts where a
test needs one that this machine has not, or one that fails.
"""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from reverie.installer import (
    CLONE,
    PACKAGE,
    Failure,
    backend,
    commands,
    console,
    doctor,
    environment,
    gimp,
    plugin,
    testing,
    torch_build,
)
from reverie.installer.doctor import environment_checks
from reverie.installer.environment import Environment
from reverie.installer.way import Way
from reverie.plugin.shared import places, presets

from tests.stand_in_backend import TOKEN, running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an environment without anything that points out of it."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("SNAP_REAL_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "GIMP3_DIRECTORY", "REVERIE_HOME", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
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


# Where GIMP keeps plug-ins


@pytest.mark.parametrize(
    ("platform", "variables", "made", "expected"),
    [
        ("linux", {}, [".config/GIMP/3.0", ".config/GIMP/2.10"], [".config/GIMP/3.0"]),
        ("linux", {}, [".config/GIMP/3.0", ".config/GIMP/3.2"], [".config/GIMP/3.0", ".config/GIMP/3.2"]),
        ("linux", {}, [".config/GIMP/reverie", ".config/GIMP/3.0-old"], []),
        ("linux", {"XDG_CONFIG_HOME": "moved"}, ["moved/GIMP/3.0"], ["moved/GIMP/3.0"]),
        ("linux", {}, [".var/app/org.gimp.GIMP/config/GIMP/3.0"], [".var/app/org.gimp.GIMP/config/GIMP/3.0"]),
        ("linux", {"SNAP_REAL_HOME": "real"}, ["real/.config/GIMP/3.0"], ["real/.config/GIMP/3.0"]),
        ("linux", {"GIMP3_DIRECTORY": "mine"}, ["mine", ".config/GIMP/3.0"], ["mine"]),
        ("darwin", {}, ["Library/Application Support/GIMP/3.0"], ["Library/Application Support/GIMP/3.0"]),
        ("win32", {"APPDATA": "Roaming"}, ["Roaming/GIMP/3.0"], ["Roaming/GIMP/3.0"]),
    ],
    ids=["native", "two", "none", "xdg", "flatpak", "snap", "GIMP3_DIRECTORY", "macos", "windows"],
)  # fmt: skip
def test_configurations_of_each_packaging(
    home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], made: list[str],
    expected: list[str],
) -> None:  # fmt: skip
    for name in made:
        (home / name).mkdir(parents=True)
    for name, value in variables.items():
        monkeypatch.setenv(name, str(home / value))
    monkeypatch.setattr(sys, "platform", platform)
    assert gimp.configurations() == [home / name for name in expected]


def test_gimp_programs_and_their_versions(program: Callable[[str, str], Path]) -> None:
    program("gimp", 'echo "GNU Image Manipulation Program version 2.10.34"')
    new = program("gimp-console-3.0", 'echo "GNU Image Manipulation Program version 3.0.4"')
    program("flatpak", '[ "$1" = info ] && printf "GIMP\\n\\n  ID: org.gimp.GIMP\\n  Version: 3.2.6\\n"')
    found = gimp.programs()
    assert [(one.packaging, one.version) for one in found] == [("native", (3, 0, 4)), ("flatpak", (3, 2, 6))]
    assert found[0].command == (str(new),)


# The plug-in's files


def test_gimp_2_10_gets_the_plug_in_for_python_fu(home: Path) -> None:
    for name in ("3.0", "2.10"):
        (home / ".config/GIMP" / name).mkdir(parents=True)
    before = tree(home)
    assert gimp.older_configurations() == [home / ".config/GIMP/2.10"]
    new, old = plugin.install(gimp.configurations(), Path("python"), older=gimp.older_configurations())
    assert "gimpfu" in (old / "reverie.py").read_text(encoding="utf-8")
    assert "gimpfu" not in (new / "reverie.py").read_text(encoding="utf-8")
    assert (old / "reverie.py").stat().st_mode & 0o111
    assert (old / "shared/client.py").read_bytes() == (new / "shared/client.py").read_bytes()
    plugin.uninstall()
    assert tree(home) == before


def test_install_then_uninstall_leaves_everything_as_it_was(home: Path) -> None:
    for name in ("3.0/plug-ins/other", "3.2"):
        (home / ".config/GIMP" / name).mkdir(parents=True)
    (home / ".config/GIMP/3.0/plug-ins/other/other.py").write_text("mine")
    before = tree(home)

    targets = plugin.install(gimp.configurations(), Path("/clone/.venv/bin/python"))
    assert targets == [home / ".config/GIMP" / version / "plug-ins/reverie" for version in ("3.0", "3.2")]
    for target in targets:
        assert os.access(target / "reverie.py", os.X_OK)
        assert (target / "shared/places.py").read_bytes() == Path(places.__file__).read_bytes()
        dialog = "reverie_gimp/ui/dialog.py"
        assert (target / dialog).read_bytes() == (CLONE / "plugin/gimp3" / dialog).read_bytes()
        assert not os.access(target / dialog, os.X_OK)  # only the main file is a program
        for folder in (target, target / "shared"):  # as GIMP's Python does
            (folder / "__pycache__").mkdir()
            (folder / "__pycache__/module.cpython-313.pyc").write_bytes(b"compiled")
    record = json.loads(Path(places.install_record()).read_text())
    assert record["python"] == "/clone/.venv/bin/python"
    assert Path(record["package"]) == PACKAGE and Path(record["folder"]) == CLONE
    for name in (
        "backend.log",
        "plugin.log.1",
        "start.lock",
        "start.lock.5f3a",
        "ready.json",
        "ready.json.lock",
        "ready.17.part",
        "recent-styles.json",
    ):
        (Path(places.state_folder()) / name).write_text("left by the backend and the plug-in")
    preset = presets.own_path("Mine")
    presets.write(preset, "Mine", "dream", "", {})
    Path(preset).unlink()  # deleted again: the folder that was made for it is nobody's

    assert plugin.uninstall() == []
    assert tree(home) == before


def test_installing_twice_drops_what_the_new_version_has_not_and_still_uninstalls(home: Path) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    before = tree(home)
    (target,) = plugin.install(gimp.configurations(), Path("python"))
    stale = target / "shared/old.py"
    stale.write_text("of an older version")
    plugin.Account(plugin.manifest_file()).note(stale)
    main = target / "reverie.py"
    os.utime(main, (0, 0))
    plugin.install(gimp.configurations(), Path("python"))
    assert not stale.exists()
    assert main.stat().st_mtime > 0, "GIMP would go on with its record of the older plug-in"
    plugin.uninstall()
    assert tree(home) == before


def test_files_of_others_stay(home: Path) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    (target,) = plugin.install(gimp.configurations(), Path("python"))
    (target / "notes.txt").write_text("mine")
    assert target in plugin.uninstall()
    assert [path.name for path in target.iterdir()] == ["notes.txt"]


def test_a_link_to_a_working_copy_is_not_written_through(home: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (home / ".config/GIMP/3.0/plug-ins").mkdir(parents=True)
    (home / ".config/GIMP/3.0/plug-ins/reverie").symlink_to(tmp_path / "work")
    with pytest.raises(Failure, match="is a link"):
        plugin.install(gimp.configurations(), Path("python"))
    assert list((tmp_path / "work").iterdir()) == []


# Which torch

SMI = """case "$1" in
  --query-gpu=name) echo "NVIDIA GeForce RTX 3060";;
  *) echo "| NVIDIA-SMI 580.65.06    Driver Version: 580.65.06    CUDA Version: {} |";;
esac"""


@pytest.mark.parametrize(
    ("name", "script", "kind", "index"),
    [
        ("nvidia-smi", SMI.format("13.0"), "cuda", "cu130"),
        ("nvidia-smi", SMI.format("12.8"), "cuda", "cu128"),
        ("nvidia-smi", SMI.format("12.7"), "cuda", "cu126"),
        ("nvidia-smi", SMI.format("11.4"), "cpu", "cpu"),
        ("nvidia-smi", "echo 'couldn't communicate with the NVIDIA driver'; exit 9", "cpu", "cpu"),
        ("rocminfo", "echo '  Name: gfx1100'; echo '  Marketing Name: AMD Radeon RX 7900 XTX'", "rocm", "rocm7.2"),
        ("rocminfo", "echo '  Name: AMD Ryzen 7'; echo '  Marketing Name: AMD Ryzen 7'", "cpu", "cpu"),
    ],
)
def test_torch_build_for_the_hardware(
    program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, name: str, script: str, kind: str, index: str
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    program(name, script)
    build = torch_build.choose()
    assert (build.kind, build.indexes[0]) == (kind, index)


def test_torch_build_for_apple_is_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert (torch_build.choose().kind, torch_build.choose().indexes) == ("mps", ())


def test_an_index_that_never_answers_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    assert torch_build.PROBE_SECONDS <= 3
    monkeypatch.setattr(torch_build, "PROBE_SECONDS", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(torch_build, "WHEELS", f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        assert torch_build.reachable_index(["cu130", "cu126"], "2.13.0") is None
        assert time.monotonic() - started < 1.5


# The environment


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what the server's `pages` say for a path; notes each request and its token."""

    def do_GET(self) -> None:
        self.server.requests.append((self.command, self.path, self.headers.get("Authorization")))  # type: ignore[attr-defined]
        page = self.server.pages.get(unquote(self.path))  # type: ignore[attr-defined]
        self.send_response(404 if page is None else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page or b"")
        if self.path == "/v1/shutdown":
            self.server.pages.clear()  # type: ignore[attr-defined]

    do_POST = do_GET

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.pages, server.requests = {}, []
    server.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def wheel(folder: Path, name: str, version: str) -> Path:
    """A package with nothing in it, which pip can install."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


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


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, web: Any) -> Path:
    """A clone that wants an empty “torch” and “numpy”, which the user's pip configuration has a folder of."""
    folder, wheels = tmp_path / "clone", tmp_path / "wheels"
    folder.mkdir()
    wheels.mkdir()
    wheel(wheels, "torch", "2.13.0")
    wheel(wheels, "numpy", "2.4.6")
    (folder / "requirements.txt").write_text("# pins\nnumpy>=2\ntorch==2.13.0\n")
    (folder / "requirements-test.txt").write_text("pytest==9\n")
    (folder / "constraints.txt").write_text("h11==0.16.0\n")
    make_package(folder)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nindex-url = {web.address}/simple\nfind-links = {wheels}\nretries = 0\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setattr(torch_build, "WHEELS", f"{web.address}/whl")
    monkeypatch.setattr(torch_build, "choose", lambda: torch_build.Build("cpu", "a test", ("cpu",)))
    return folder


def test_an_environment_is_made_verified_repaired_and_extended(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, web: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Environment(clone)
    made.ensure()
    assert made.record()["torch"] == "cpu"
    assert made.record()["index"] is None
    assert "out of reach; pip's usual sources must do" in capsys.readouterr().out

    started = time.monotonic()
    made.ensure()
    assert time.monotonic() - started < 1
    assert capsys.readouterr().out == ""

    wheel(tmp_path / "wheels", "pytest", "9")
    made.ensure(tests=True)
    assert made.fault("cpu", tests=True) == ("", "")
    assert made.fault("cpu") == ("", "")

    # An install that was killed while pip worked; and now PyTorch's index answers, and has the better build.
    (made.folder / "incomplete").touch()
    better = wheel(tmp_path, "torch", "2.13.0+cpu")
    link = f'<a href="/whl/cpu/torch/{better.name}">{better.name}</a>'
    web.pages["/whl/cpu/torch/"] = link.encode()
    web.pages[f"/whl/cpu/torch/{better.name}"] = better.read_bytes()
    made.ensure()
    assert "an earlier install was not finished" in capsys.readouterr().out
    assert made.record()["index"] == f"{web.address}/whl/cpu"
    assert list(made.folder.glob("lib/*/site-packages/torch-2.13.0+cpu.dist-info"))
    assert list(made.folder.glob("lib/*/site-packages/numpy-2.4.6.dist-info")), "from the user's own pip configuration"
    words = [made.python, "-c", "import reverie; print(reverie.__file__)"]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Path(said.strip()) == clone / "backend/reverie/__init__.py"


def test_a_failing_pip_shows_the_end_of_its_log_and_leaves_the_marker(clone: Path) -> None:
    (clone / "requirements.txt").write_text("torch==2.13.0\nno-such-package==1\n")
    broken = Environment(clone)
    with pytest.raises(Failure) as caught:
        broken.ensure()
    assert "no-such-package" in str(caught.value)
    assert "install.log" in str(caught.value)
    assert "pip found no such package" in str(caught.value)
    assert broken.fault("cpu") == ("rebuild", "an earlier install was not finished")


def test_an_update_that_fails_stays_an_update(clone: Path) -> None:
    """`install.py test` without a network, for example: what was good is still there, and is not made anew."""
    made = Environment(clone)
    made.ensure()
    (made.folder / "sign").touch()
    with pytest.raises(Failure, match="pip found no such package"):
        made.ensure(tests=True)
    assert made.fault("cpu") == ("", "")
    (clone / "requirements.txt").write_text("torch==2.13.0\nno-such-package==1\n")
    with pytest.raises(Failure):
        made.ensure()
    assert made.fault("cpu")[0] == "update"
    (clone / "requirements.txt").write_text("torch==2.13.0\n")
    assert made.ensure()
    assert made.fault("cpu") == ("", "")
    assert (made.folder / "sign").exists()


@pytest.fixture
def finished(tmp_path: Path) -> Environment:
    """A finished environment, whose Python is the one that runs the tests."""
    version = pytest.__version__
    (tmp_path / "requirements.txt").write_text(f"pytest=={version}\n")
    (tmp_path / "requirements-test.txt").write_text("hypothesis\n")
    (tmp_path / "constraints.txt").write_text("# none\n")
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


def test_a_finished_environment_is_recognised(finished: Environment) -> None:
    assert finished.fault("cpu") == ("", "")


def plant_no_marker(made: Environment) -> None:
    made.finished.unlink()


def plant_marker_cut_off(made: Environment) -> None:
    made.finished.write_text('{"torch": "cp')


def plant_dead_python(made: Environment) -> None:
    made.python.unlink()


def plant_python_of_another_encoding(made: Environment) -> None:
    write_script(made.python, r"printf 'no module in /home/J\374rgen' >&2; exit 1")


def plant_other_version(made: Environment) -> None:
    made.finished.write_text(json.dumps({**made.record(), "python": ["3", "9"]}))


def plant_new_pin(made: Environment) -> None:
    (made.clone / "requirements.txt").write_text("pytest==1.0\n")


def plant_lines_for_two_pythons(made: Environment) -> None:
    """Only the second is for this Python, and is met."""
    lines = ['pytest==1.0; python_version < "3"', f'pytest=={pytest.__version__}; python_version >= "3"']
    (made.clone / "requirements.txt").write_text("\n".join(lines) + "\n")


def plant_no_package(made: Environment) -> None:
    """As in the environment of a version that had none."""
    write_script(made.python, f'PYTHONPATH="{made.clone}/nothing" exec "{sys.executable}" "$@"')


def plant_package_of_another_clone(made: Environment) -> None:
    """As after the clone was moved."""
    make_package(made.clone / "moved")
    write_script(made.python, f'PYTHONPATH="{made.clone}/moved/backend" exec "{sys.executable}" "$@"')


def plant_other_build(made: Environment) -> None:
    with (made.clone / "pyproject.toml").open("a") as file:
        file.write("[project.scripts]\nmore = 'reverie:more'\n")


def plant_new_constraint(made: Environment) -> None:
    (made.clone / "constraints.txt").write_text("pluggy==1.0\n")


def plant_longer_list(made: Environment) -> None:
    with (made.clone / "requirements.txt").open("a") as file:
        file.write("hypothesis\n")


@pytest.mark.parametrize(
    ("plant", "kind", "todo", "why"),
    [
        (plant_no_marker, "cpu", "rebuild", "not finished"),
        (plant_marker_cut_off, "cpu", "rebuild", "torch for None"),
        (plant_dead_python, "cpu", "rebuild", "does not run"),
        (plant_python_of_another_encoding, "cpu", "rebuild", "does not run"),
        (plant_other_version, "cpu", "rebuild", "another version"),
        (plant_new_pin, "cpu", "update", "lacks pytest"),
        (plant_longer_list, "cpu", "update", "list of packages"),
        (plant_lines_for_two_pythons, "cpu", "update", "list of packages has changed"),
        (plant_no_package, "cpu", "update", "package reverie of this folder"),
        (plant_package_of_another_clone, "cpu", "update", "package reverie of this folder"),
        (plant_other_build, "cpu", "update", "list of packages has changed"),
        (plant_new_constraint, "cpu", "update", "list of packages has changed"),
        (lambda made: None, "cuda", "rebuild", "torch for cpu, and this machine now wants cuda"),
    ],
)
def test_half_finished_and_outdated_environments_are_recognised(
    finished: Environment, plant: Callable[[Environment], None], kind: str, todo: str, why: str
) -> None:
    plant(finished)
    found = finished.fault(kind)
    assert found[0] == todo
    assert why in found[1]


@pytest.fixture
def updated(finished: Environment, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """A finished environment whose list of packages has grown by one that is there; nothing is run to update it."""
    plant_longer_list(finished)
    monkeypatch.setattr(environment, "run", lambda *words, **options: None)
    monkeypatch.setattr(torch_build, "pinned_version", lambda path: "2.13.0")
    monkeypatch.setattr(torch_build, "choose", lambda: torch_build.Build("cpu", "a test", ()))
    return finished


def test_an_environment_with_cuda_stays_when_nvidia_smi_fails(updated: Environment) -> None:
    updated.finished.write_text(json.dumps({**updated.record(), "torch": "cuda"}))
    assert updated.fault("cpu")[0] == "update"
    assert updated.ensure()
    assert updated.record()["torch"] == "cuda", "it is the same torch"
    assert updated.fault("cuda") == ("", "")


def test_a_running_backend_ends_before_its_environment_changes(
    updated: Environment, web: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = Path(places.state_folder())
    state.mkdir(parents=True)
    (state / "ready.json").write_text(json.dumps({"host": "127.0.0.1", "port": web.server_port, "token": "secret"}))
    web.pages.update({"/v1/shutdown": b"{}", "/v1/health": b"{}"})
    asked: list[int] = []
    monkeypatch.setattr(environment, "run", lambda *words, **options: asked.append(len(web.requests)))
    updated.ensure()
    assert asked and asked[0] > 0, "pip ran when the backend had been told"
    assert "running backend has ended" in capsys.readouterr().out


def test_half_of_an_environment_is_never_taken_for_a_finished_one(
    finished: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_use(path: Path) -> None:
        raise PermissionError(13, "Permission denied", "torch.dll")

    monkeypatch.setattr("shutil.rmtree", in_use)
    with pytest.raises(PermissionError):
        finished.remove()
    assert finished.fault("cpu") == ("rebuild", "an earlier install was not finished")


def test_a_python_without_venv_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(Failure, match=r"sudo apt install python3\.\d+-venv"):
        environment.require_venv()


def test_a_step_that_fails_says_what_its_log_says(tmp_path: Path) -> None:
    script = write_script(tmp_path / "step", "echo OSError: No space left on device; exit 3")
    with pytest.raises(Failure, match=r"exit code 3\)(.|\n)*No space left(.|\n)*The disk is full"):
        console.run("Filling the disk", [script], tmp_path / "log")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_step_ends_when_its_log_cannot_be_written(tmp_path: Path) -> None:
    """More than a pipe holds is said: whoever does not read it makes the step wait for ever."""
    much = f'"{sys.executable}" -c "print(200000 * chr(46))"'
    step = write_script(tmp_path / "step", f"{much}; echo too much >&2; exit 3")
    code = (
        "import sys\nfrom pathlib import Path\nfrom reverie.installer import Failure, console\n"
        "try:\n    console.run('Saying a lot', [sys.argv[1]], Path('/dev/full'))\n"
        "except Failure as failure:\n    print(str(failure)[-200:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(step)], cwd=CLONE, capture_output=True, text=True, timeout=60, check=True
    )
    assert "too much" in done.stdout


# The commands


def test_what_the_system_refuses_is_a_sentence(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    (target,) = plugin.install(gimp.configurations(), Path("python"))
    (target / "reverie_gimp/ui/dialog.py").unlink()
    (target / "reverie_gimp/ui/dialog.py").mkdir()
    assert commands.main(["uninstall"]) == 1
    said = capsys.readouterr().err
    assert str(target / "reverie_gimp/ui/dialog.py") in said and "then run the same command again" in said
    (target / "reverie_gimp/ui/dialog.py").rmdir()
    assert plugin.uninstall() == [], "the account of the rest is still there"


def test_the_account_survives_a_full_disk(home: Path, fill_disk: Callable[..., None]) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    plugin.install(gimp.configurations(), Path("python"))
    before = plugin.manifest_file().read_bytes()
    fill_disk(plugin.manifest_file().parent, keep=("manifest.json",))
    with pytest.raises(OSError, match="No space left"):
        plugin.Account(plugin.manifest_file()).note(home / "a file")
    assert plugin.manifest_file().read_bytes() == before


@pytest.mark.parametrize("port", [None, "many", [1]])
def test_a_ready_file_without_a_port_names_no_backend(home: Path, port: object) -> None:
    state = Path(places.state_folder())
    state.mkdir(parents=True)
    (state / "ready.json").write_text(json.dumps({"host": "127.0.0.1", "port": port, "token": "t"}))
    assert backend.ready() is None
    assert backend.stop() is False


# A backend that is starting: it holds its lock, and accepts nothing yet.
STARTING = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def starting(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until its input ends."""
    Path(places.state_folder()).mkdir(parents=True)
    command = [sys.executable, "-c", STARTING, places.lock_file(places.ready_file())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_backend_that_is_starting_is_ended_too_and_waited_for(starting: subprocess.Popen[str], web: Any) -> None:
    """Its ready file comes while the command waits for it; its process goes a while after it has taken the order."""
    assert backend.is_held()
    web.pages.update({"/v1/shutdown": b"{}", "/v1/health": b"{}"})
    text = json.dumps({"host": "127.0.0.1", "port": web.server_port, "token": "secret"})
    threading.Timer(0.5, Path(places.ready_file()).write_text, (text,)).start()
    assert starting.stdin is not None
    threading.Timer(1.5, starting.stdin.close).start()
    begun = time.monotonic()
    assert backend.stop() is True
    assert ("POST", "/v1/shutdown", "Bearer secret") in web.requests
    assert time.monotonic() - begun > 1.4
    assert not backend.is_held()


def test_a_backend_that_does_not_end_is_named(
    starting: subprocess.Popen[str], web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "END_SECONDS", 0.3)
    web.pages.update({"/v1/shutdown": b"{}", "/v1/health": b"{}"})
    address = {"host": "127.0.0.1", "port": web.server_port, "token": "secret", "pid": 4711}
    Path(places.ready_file()).write_text(json.dumps(address))
    with pytest.raises(Failure, match=r"process 4711\) does not end"):
        backend.stop()


def test_a_lock_that_nobody_holds_is_not_waited_for(home: Path) -> None:
    Path(places.state_folder()).mkdir(parents=True)
    Path(places.lock_file(places.ready_file())).touch()
    assert backend.stop() is False


@pytest.fixture
def root_on_debian(finished: Environment, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The test command is given by root on a Debian, in a clone whose environment is finished."""
    program("apt-get", "exit 0")
    write_script(finished.python, "exit 0")
    monkeypatch.setattr(commands, "Environment", lambda: finished)
    monkeypatch.setattr(testing, "CLONE", finished.clone)
    monkeypatch.setattr(Environment, "ensure", lambda self, tests: False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.mark.usefixtures("root_on_debian")
def test_root_without_the_rights_for_a_gimp_tree_is_no_failure_but_in_ci(
    finished: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_script(finished.clone / "tests/gimp/provision.sh", "echo mount: permission denied; exit 32")
    assert commands.main(["test"]) == 0
    said = capsys.readouterr().out
    assert "need GIMP 3 are skipped" in said and "permission denied" in said
    monkeypatch.setenv("CI", "true")
    assert commands.main(["test"]) == 1


@pytest.mark.usefixtures("root_on_debian")
def test_a_second_gimp_that_cannot_be_set_up_or_hangs_is_said_and_is_no_failure_in_ci(
    finished: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(testing, "_PATIENCE", 0.5)
    monkeypatch.setenv("CI", "true")
    for fate in ("echo no such suite; exit 1", "exec sleep 600"):
        script = f'[ -z "$REVERIE_GIMP_SUITE" ] && exit 0; {fate}'
        write_script(finished.clone / "tests/gimp/provision.sh", script)
        assert commands.main(["test"]) == 0
        assert "The tests in GIMP 3.2 are skipped" in capsys.readouterr().out


def test_the_test_command_runs_all_tools_and_returns_the_first_failure(
    finished: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = finished.clone / "calls"
    write_script(
        finished.python,
        f'words="$2 $3"; [ "$2" = pytest ] && words="$2 $3 … $7 $8"; echo "$words" >> "{log}"; '
        'case "$2" in mypy) exit 3;; pytest) exit 5;; esac',
    )
    monkeypatch.setattr(commands, "Environment", lambda: finished)
    monkeypatch.setattr(Environment, "ensure", lambda self, tests: False)
    monkeypatch.setattr(gimp, "programs", lambda: ["a GIMP"])
    assert commands.main(["test", "-k", "something"]) == 3
    assert log.read_text().splitlines() == ["ruff check", "mypy ", "mypy --config-file", "pytest -n … -k something"]


def test_without_gimp_the_tests_go_on_for_a_user_and_fail_in_ci(
    finished: Environment, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    write_script(finished.python, "exit 0")
    monkeypatch.setattr(commands, "Environment", lambda: finished)
    monkeypatch.setattr(Environment, "ensure", lambda self, tests: False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert commands.main(["test"]) == 0
    assert "need GIMP 3 are skipped" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    assert commands.main(["test"]) == 1


def test_the_demo_passes_on_that_the_backend_failed(
    finished: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_script(finished.python, "exit 1")
    monkeypatch.setattr(commands, "Environment", lambda: finished)
    monkeypatch.setattr(commands, "CLONE", tmp_path)
    monkeypatch.setattr(Environment, "ensure", lambda self, tests: False)
    assert commands.main(["demo"]) == 1


def test_uninstall_stops_the_backend_and_keeps_the_models_unless_asked(
    home: Path, finished: Environment, monkeypatch: pytest.MonkeyPatch, web: Any
) -> None:
    platformdirs = pytest.importorskip("platformdirs")
    monkeypatch.setattr(commands, "Environment", lambda: finished)
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    before = tree(home)
    models = platformdirs.user_cache_path("reverie", appauthor=False) / "weights"
    models.mkdir(parents=True)
    plugin.install(gimp.configurations(), finished.python)
    web.pages.update({"/v1/shutdown": b"{}", "/v1/health": b"{}"})
    ready = {"host": "127.0.0.1", "port": web.server_port, "token": "secret"}
    Path(places.ready_file()).write_text(json.dumps(ready))

    assert commands.main(["uninstall"]) == 0
    assert ("POST", "/v1/shutdown", "Bearer secret") in web.requests
    assert models.is_dir()
    assert not finished.folder.exists()

    assert commands.main(["uninstall", "--models"]) == 0
    assert not models.exists()
    (home / ".cache").rmdir()
    assert tree(home) == before


# The doctor

WAY = Way("python3 install.py", Path("python"), CLONE)


def way_of(environment: Environment) -> Way:
    return Way("python3 install.py", environment.python, environment.clone)


@pytest.fixture
def installed(home: Path) -> Path:
    """A GIMP configuration with the plug-in in it."""
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    plugin.install(gimp.configurations(), Path(sys.executable))
    return home / ".config/GIMP/3.0"


def test_the_doctor_is_content_with_a_plugin_that_gimp_knows(installed: Path) -> None:
    (installed / "pluginrc").write_text(
        '(plug-in-def "${gimp_dir}/plug-ins/reverie/reverie.py" 1\n    (proc-def "plug-in-reverie-style" 1))\n'
    )
    assert [finding.good for finding in doctor.check_plugin(WAY, installed)] == [True, True]


def plant_missing(configuration: Path) -> None:
    (configuration / "plug-ins/reverie/reverie.py").unlink()


def plant_no_exec_bit(configuration: Path) -> None:
    (configuration / "plug-ins/reverie/reverie.py").chmod(0o644)


def plant_wrong_folder(configuration: Path) -> None:
    (configuration / "plug-ins/reverie").rename(configuration / "plug-ins/reverie-main")


def plant_old_part(configuration: Path) -> None:
    (configuration / "plug-ins/reverie/shared/client.py").write_text("# old")


def plant_rejected(configuration: Path) -> None:
    (configuration / "pluginrc").write_text(
        '(plug-in-def "${gimp_dir}/plug-ins/reverie/reverie.py" 1)\n(plug-in-def "x/y" 1\n    (proc-def "y" 1))\n'
    )


def plant_unknown_to_gimp(configuration: Path) -> None:
    (configuration / "pluginrc").write_text('(plug-in-def "x/y" 1\n    (proc-def "y" 1))\n')


@pytest.mark.parametrize(
    ("plant", "text", "fix"),
    [
        (plant_missing, "is missing", "python3 install.py"),
        (plant_no_exec_bit, "not executable", "chmod +x"),
        (plant_wrong_folder, "folder of another name", "rename"),
        (plant_old_part, "of another version", "python3 install.py"),
        (plant_rejected, "did not accept it", "terminal"),
        (plant_unknown_to_gimp, "did not accept it", "terminal"),
    ],
)
def test_the_doctor_finds_what_is_wrong_with_the_plugin(
    installed: Path, plant: Callable[[Path], None], text: str, fix: str
) -> None:
    plant(installed)
    (fault,) = [finding for finding in doctor.check_plugin(WAY, installed) if finding.good is False]
    assert text in fault.text
    assert fix in fault.fix


def test_the_doctor_does_not_blame_a_gimp_that_was_not_started_since(installed: Path) -> None:
    plant_unknown_to_gimp(installed)
    os.utime(installed / "pluginrc", (0, 0))
    assert [finding.good for finding in doctor.check_plugin(WAY, installed)] == [True, None]


def test_the_doctor_finds_a_python3_without_gi(program: Callable[[str, str], Path]) -> None:
    assert doctor.check_gi().good is False
    python = program("python3", "exit 0")
    assert doctor.check_gi().good is True
    program("python3", "exit 1")
    finding = doctor.check_gi()
    assert finding.good is False
    assert str(python) in finding.text
    assert "deactivate" in finding.fix


def test_the_doctor_finds_a_python3_that_is_no_program(program: Callable[[str, str], Path]) -> None:
    program("python3", "").write_bytes(b"\x7fELF no program")
    finding = doctor.check_gi()
    assert finding.good is False
    assert "does not run" in finding.text


def test_the_doctor_finds_a_torch_that_hangs(finished: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_checks, "ANSWER_SECONDS", 0.3)
    write_script(finished.python, "exec sleep 20")
    (finding,) = doctor.check_torch(way_of(finished), torch_build.Build("cpu", "a test", ()))
    assert finding.good is False and "timed out" in finding.text
    assert doctor.check_weights(way_of(finished)).good is False


def test_the_doctor_looks_into_gimp_2_10_too(home: Path) -> None:
    (home / ".config/GIMP/2.10").mkdir(parents=True)
    (folder,) = gimp.older_configurations()
    assert "reverie.py is missing" in doctor.check_older_plugin(WAY, folder).text
    plugin.install([], Path("python"), older=[folder])
    assert doctor.check_older_plugin(WAY, folder).good is True
    (folder / "plug-ins/reverie/reverie.py").chmod(0o644)
    assert "chmod +x" in doctor.check_older_plugin(WAY, folder).fix


def test_the_doctor_says_where_to_read_on(home: Path) -> None:
    assert list(doctor.check_logs()) == []
    Path(places.state_folder()).mkdir(parents=True)
    Path(places.log_file()).touch()
    (finding,) = doctor.check_logs()
    assert finding.good is None and "backend.log" in finding.text and "plugin.log" not in finding.text


def test_the_doctor_finds_that_there_is_no_gimp(program: Callable[[str, str], Path], home: Path) -> None:
    assert doctor.check_gimp(WAY, gimp.programs(), gimp.configurations()).good is False
    program("gimp-3.0", 'echo "GNU Image Manipulation Program version 3.0.4"')
    finding = doctor.check_gimp(WAY, gimp.programs(), gimp.configurations())
    assert (finding.good, "never started" in finding.text) == (False, True)
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    finding = doctor.check_gimp(WAY, gimp.programs(), gimp.configurations())
    assert (finding.good, "3.0.4" in finding.text) == (True, True)


def test_the_doctor_finds_a_lost_install_record(installed: Path, finished: Environment) -> None:
    record = Path(places.install_record())
    record.write_text(json.dumps({"python": sys.executable, "package": "/moved/away", "folder": "/moved"}))
    assert "no backend is any more" in doctor.check_record(way_of(finished)).text
    record.write_text("{")
    assert doctor.check_record(way_of(finished)).good is False
    record.unlink()
    assert doctor.check_record(way_of(finished)).good is False


TORCH = {"version": "2.13.0", "cuda": None, "hip": None, "gpu": False, "name": None, "mps": False}


@pytest.mark.parametrize(
    ("torch", "kind", "goods"),
    [
        ({}, "cpu", [True, None]),
        ({}, "cuda", [False, False]),
        ({"cuda": "13.0"}, "cuda", [True, False]),
        ({"cuda": "13.0", "gpu": True, "name": "RTX 3060"}, "cuda", [True, True]),
        ({"hip": "7.2", "gpu": True, "name": "RX 7900"}, "rocm", [True, True]),
        ({"cuda": "13.0"}, "rocm", [False, False]),
        ({"mps": True}, "mps", [True, True]),
    ],
)
def test_the_doctor_compares_torch_with_the_hardware(
    finished: Environment, torch: dict[str, object], kind: str, goods: list[bool | None]
) -> None:
    write_script(finished.python, f"echo '{json.dumps({**TORCH, **torch})}'")
    findings = list(doctor.check_torch(way_of(finished), torch_build.Build(kind, "a test", ())))
    assert [finding.good for finding in findings] == goods


def test_the_doctor_finds_a_torch_that_does_not_start(finished: Environment) -> None:
    write_script(finished.python, "echo 'ImportError: libcudart.so.13' >&2; exit 1")
    (finding,) = doctor.check_torch(way_of(finished), torch_build.Build("cpu", "a test", ()))
    assert finding.good is False
    assert "libcudart" in finding.text


def test_the_doctor_finds_missing_weights(finished: Environment) -> None:
    rows = [{"name": "vgg19", "available": False}, {"name": "squeezenet1_0", "available": False}]
    write_script(finished.python, f"echo '{json.dumps({'networks': rows})}'")
    assert doctor.check_weights(way_of(finished)).good is False
    rows[1]["available"] = True
    write_script(finished.python, f"echo '{json.dumps({'networks': rows})}'")
    assert doctor.check_weights(way_of(finished)).text.endswith("squeezenet1_0")


def test_the_doctor_starts_a_backend_and_finds_one_that_does_not_start(finished: Environment, web: Any) -> None:
    web.pages["/v1/health"] = b'{"device": "cpu"}'
    ready = json.dumps({"host": "127.0.0.1", "port": web.server_port, "token": "t"})
    write_script(finished.python, f"""echo '{ready}' > "$5"; exec sleep 60""")  # reverie serve --ready-file F
    assert doctor.check_backend(way_of(finished)).good is True
    assert backend.ready() is None, "the doctor's own backend keeps out of the user's state folder"
    write_script(finished.python, "echo 'starting'; echo 'reverie: the port is taken.' >&2; exit 1")
    finding = doctor.check_backend(way_of(finished))
    assert finding.good is False
    assert "the port is taken" in finding.text


def test_the_report_is_json_on_request_and_its_exit_code_tells(
    finished: Environment, program: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (finished.folder / "incomplete").touch()
    assert doctor.report(way_of(finished), as_json=True) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["good"] is False
    faults = {finding["name"]: finding["fix"] for finding in answer["findings"] if finding["good"] is False}
    assert set(faults) == {"environment", "gimp", "record"}
    assert all(faults.values()), "each fault comes with what to do"


def test_the_doctor_tries_the_backend_that_the_settings_name(home: Path) -> None:
    settings = Path(places.settings_file())
    settings.parent.mkdir(parents=True)
    with running() as server:
        server.health["device"] = "a far processor"
        settings.write_text(json.dumps({"host": "127.0.0.1", "port": server.port, "token": TOKEN}))
        finding = doctor.check_elsewhere()
        assert finding.good is True and "a far processor" in finding.text
        settings.write_text(json.dumps({"host": "127.0.0.1", "port": server.port, "token": "guessed"}))
        assert "refuses the token" in doctor.check_elsewhere().text
    finding = doctor.check_elsewhere()
    assert finding.good is False and "cannot be reached" in finding.text
