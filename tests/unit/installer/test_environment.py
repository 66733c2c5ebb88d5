"""The environment: which torch, made and verified, recognised, repaired."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from reverie.installer import (
    Failure,
    environment,
    pip,
    torch_build,
)
from reverie.installer.environment import Environment
from reverie.plugin.shared import places

from tests.stand_in_backend import TOKEN, StandIn
from tests.unit.installer.stand_ins import (
    clone_fixture,  # noqa: F401
    finished_fixture,  # noqa: F401
    home_fixture,  # noqa: F401
    make_package,
    stand_in_fixture,  # noqa: F401
    web_fixture,  # noqa: F401
    wheel,
    write_script,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


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


@pytest.fixture
def updated(finished: Environment, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """A finished environment whose list of packages has grown by one that is there; nothing is run to update it."""
    plant_longer_list(finished)
    monkeypatch.setattr(environment.Pip, "install", lambda *words: None)
    monkeypatch.setattr(torch_build, "pinned_version", lambda path: "2.13.0")
    monkeypatch.setattr(torch_build, "choose", lambda: torch_build.Build("cpu", "a test", ()))
    return finished


def test_an_environment_is_made_verified_repaired_and_extended(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, web: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Environment(clone)
    made.ensure()
    assert made.record()["torch"] == "cpu"
    assert made.record()["index"] is None
    said = capsys.readouterr().out
    assert "out of reach, or lacks it; pip's usual sources must do" in said
    assert said.index("To be fetched: torch 2.13.0 (1 MB), and about 45 MB") < said.index("✓ Installing the packages")

    started: list[Any] = []
    popen = subprocess.Popen
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", lambda words, **options: started.append(words) or popen(words, **options))
        made.ensure()
    assert not any("pip" in words for words in started)
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
    own = environment.clean_environment()
    said = subprocess.run(words, cwd=tmp_path, env=own, capture_output=True, text=True, check=True).stdout
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


def test_a_finished_environment_is_recognised(finished: Environment) -> None:
    assert finished.fault("cpu") == ("", "")


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


def test_an_environment_with_cuda_stays_when_nvidia_smi_fails(updated: Environment) -> None:
    updated.finished.write_text(json.dumps({**updated.record(), "torch": "cuda"}))
    assert updated.fault("cpu")[0] == "update"
    assert updated.ensure()
    assert updated.record()["torch"] == "cuda", "it is the same torch"
    assert updated.fault("cuda") == ("", "")


def test_a_running_backend_ends_before_its_environment_changes(
    updated: Environment, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = Path(places.state_folder())
    state.mkdir(parents=True)
    (state / "ready.json").write_text(json.dumps({"host": "127.0.0.1", "port": stand_in.port, "token": TOKEN}))
    asked: list[int] = []
    monkeypatch.setattr(environment.Pip, "install", lambda *words: asked.append(len(stand_in.requests)))
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


@pytest.fixture
def cuda_for_nobody(finished: Environment, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of an environment that is to have another torch, for which only CUDA's is to be had: what is installed."""
    installed: list[str] = []
    cuda = pip.Fetched("2.14.0", 20, 4_800_000_000, 0, cuda=True)
    monkeypatch.setattr(pip.Pip, "install", lambda self, title, words: installed.append(title))
    monkeypatch.setattr(pip.Pip, "foresee", lambda *words: cuda)
    monkeypatch.setattr(torch_build, "pinned_version", lambda path: "2.14.0")
    monkeypatch.setattr(torch_build, "choose", lambda: torch_build.Build("cpu", "a test", ()))
    plant_longer_list(finished)
    finished.finished.write_text(json.dumps({**finished.record(), "version": "2.13.0"}))
    return installed


def test_gigabytes_for_a_processor_that_is_not_there_are_not_fetched_unasked(
    finished: Environment, cuda_for_nobody: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(Failure, match="Nothing of torch was fetched") as failure:
        finished.ensure()
    assert "only the build for NVIDIA's" in str(failure.value.hint)  # what the first dialog in GIMP shows
    assert cuda_for_nobody == []
    said = capsys.readouterr().out
    assert (
        "torch 2.14.0 and 19 packages that it needs (4.8 GB)" in said
        and "build for NVIDIA's graphics processors" in said
    )


@pytest.mark.parametrize(("answer", "fetches"), [("y", True), ("n", False), ("", False)])
def test_a_person_is_asked_before_gigabytes_are_fetched(
    finished: Environment, cuda_for_nobody: list[str], monkeypatch: pytest.MonkeyPatch, answer: str, fetches: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    if fetches:
        finished.ensure()
    else:
        with pytest.raises(Failure):
            finished.ensure()
    assert asked == ["Fetch 4.8 GB all the same? [y/N] "]
    assert bool(cuda_for_nobody) == fetches
