"""The doctor: what it finds, and what it says to do."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from reverie.installer import (
    CLONE,
    backend,
    doctor,
    gimp,
    plugin,
    torch_build,
)
from reverie.installer.doctor import environment_checks
from reverie.installer.environment import Environment
from reverie.installer.way import Way
from reverie.plugin.shared import places

from tests.stand_in_backend import TOKEN, running, write_private
from tests.unit.installer.stand_ins import (
    finished_fixture,  # noqa: F401
    home_fixture,  # noqa: F401
    program_fixture,  # noqa: F401
    starting_fixture,  # noqa: F401
    web_fixture,  # noqa: F401
    write_script,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


WAY = Way("python3 install.py", Path("python"), CLONE)


def way_of(environment: Environment) -> Way:
    return Way("python3 install.py", environment.python, environment.clone)


@pytest.fixture
def installed(home: Path) -> Path:
    """A GIMP configuration with the plug-in in it."""
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    plugin.install(gimp.configurations(), Path(sys.executable))
    return home / ".config/GIMP/3.0"


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


TORCH = {"version": "2.13.0", "cuda": None, "hip": None, "xpu": None, "gpu": False, "name": None, "mps": False}


def test_the_doctor_is_content_with_a_plugin_that_gimp_knows(installed: Path) -> None:
    (installed / "pluginrc").write_text(
        '(plug-in-def "${gimp_dir}/plug-ins/reverie/reverie.py" 1\n    (proc-def "plug-in-reverie-style" 1))\n'
    )
    assert [finding.good for finding in doctor.check_plugin(WAY, installed)] == [True, True]


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
        ({"xpu": "20250301", "gpu": True, "name": "Intel Arc A770"}, "xpu", [True, True]),
        ({}, "xpu", [False, False]),
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


def test_the_doctor_reads_what_comes_with_reverie() -> None:
    assert doctor.check_models(Way("python3 install.py", Path(sys.executable), CLONE)).good is True


@pytest.mark.parametrize(
    ("name", "length"), [("decoder", None), ("decoder", 100_000), ("fast", 100_000), ("reverie", 100_000)]
)
def test_the_doctor_finds_a_bundled_file_that_is_damaged_or_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, length: int | None
) -> None:
    models, file = tmp_path / "models", f"{name}.safetensors"
    shutil.copytree(environment_checks.PACKAGE / "models", models)
    whole = (models / file).read_bytes()
    (models / file).unlink()
    if length is not None:
        (models / file).write_bytes(whole[:length])
    elsewhere = f"""
import pathlib
from reverie.fast import codec, styles
from reverie.networks.weights import catalogue
catalogue.BUNDLED = pathlib.Path({str(models)!r})
codec.BUNDLED, styles.BUNDLED = (catalogue.BUNDLED / name for name in ("decoder.safetensors", "fast.safetensors"))
"""
    monkeypatch.setattr(environment_checks, "MODELS_QUESTION", elsewhere + environment_checks.MODELS_QUESTION)
    finding = doctor.check_models(Way("python3 install.py", Path(sys.executable), CLONE))
    assert finding.good is False and file in finding.text and "damaged" in finding.text
    assert finding.text.endswith("Install Reverie again.") and finding.fix == "Run: git status; git pull"


def test_the_doctor_starts_a_backend_and_finds_one_that_does_not_start(finished: Environment) -> None:
    with running() as server:
        ready = json.dumps({"host": "127.0.0.1", "port": server.port, "token": TOKEN})
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


def test_the_doctor_looks_at_the_copy_that_a_newer_gimp_has_made(
    installed: Path, finished: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    """At its first start, GIMP 3.2 takes over 3.0's folders as they are; they are brought up to date together."""
    (finished.folder / "incomplete").touch()
    newer = installed.parent / "3.2"
    shutil.copytree(installed, newer)
    plant_old_part(newer)
    doctor.report(way_of(finished), as_json=True)
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [each["name"] for each in findings if each["good"] is False] == ["environment", f"plug-in in {newer}"]


def test_the_doctor_tries_the_backend_that_the_settings_name(home: Path) -> None:
    settings = Path(places.settings_file())
    settings.parent.mkdir(parents=True)
    with running() as server:
        server.health["device"] = "a far processor"
        write_private(settings, json.dumps({"host": "127.0.0.1", "port": server.port, "token": TOKEN}))
        finding = doctor.check_elsewhere()
        assert finding.good is True and "a far processor" in finding.text
        settings.write_text(json.dumps({"host": "127.0.0.1", "port": server.port, "token": "guessed"}))
        assert "does not know the token" in doctor.check_elsewhere().text
    finding = doctor.check_elsewhere()
    assert finding.good is False and "cannot be reached" in finding.text
