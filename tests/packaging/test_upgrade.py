"""An installation of before the package was called reverie goes on working after `install.py upgrade`.

The earlier version is this repository's own, out of its history. Its environment shares the packages of this one, so
that nothing is fetched; systemctl is stood in for by a script, no test may touch the services of whoever runs it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EARLIER = "bc6abf2"  # the package was `backend`, started as `python -m backend`, and no command was installed
PRESET = {"title": "Mine", "filter": "style", "description": "", "recipe": {"strength": 0.5}}


def run(command: list[object], **options) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of this repository that is at the earlier version, with an environment that this one calls finished."""
    git = ["git", "-C", ROOT]
    if not shutil.which("git") or subprocess.run([*git, "cat-file", "-e", f"{EARLIER}^{{commit}}"]).returncode:
        pytest.skip(f"this checkout has not the history back to {EARLIER}")
    upstream, clone = tmp_path / "upstream", tmp_path / "clone"
    run(["git", "clone", "-q", "--bare", ROOT, upstream])
    run(["git", "-C", upstream, "update-ref", "refs/heads/upgraded", run([*git, "rev-parse", "HEAD"]).strip()])
    run(["git", "clone", "-q", "-b", "upgraded", upstream, clone])
    run(["git", "-C", clone, "reset", "-q", "--hard", EARLIER])
    environment = clone / ".venv"
    run([sys.executable, "-m", "venv", "--without-pip", environment])
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "shared.pth").write_text("\n".join(path for path in sys.path if Path(path).name == "site-packages"))
    lists = [(clone / name).read_bytes() for name in ("requirements.txt", "constraints.txt")]
    finished = {
        "torch": "cpu",
        "version": "2.13.0",
        "python": [str(part) for part in sys.version_info[:2]],
        "requirements": hashlib.sha256(b"\0".join(lists)).hexdigest(),
    }
    (environment / "finished.json").write_text(json.dumps(finished))
    return clone


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """A user with GIMP 3.0 and a systemd that takes everything, on a machine without a network."""
    (tmp_path / "home" / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, script in (("systemctl", "exit 0"), ("nvidia-smi", "exit 9"), ("rocminfo", "exit 1")):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name in ("LANG", "LC_ALL", "TMPDIR")}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "HOME": str(tmp_path / "home"), "PATH": path, "PIP_NO_INDEX": "1", "LANGUAGE": "en"}


@pytest.mark.skipif(sys.platform != "linux", reason="the service is systemd's, and the stand-ins are shell scripts")
def test_an_earlier_installation_is_upgraded_with_all_that_its_user_has(clone, variables, tmp_path):
    installer = [sys.executable, clone / "install.py"]
    run([*installer, "--service"], env=variables)
    config = tmp_path / "home" / ".config"
    unit, state = config / "systemd" / "user" / "reverie.service", config / "GIMP" / "reverie"
    plugin = config / "GIMP" / "3.0" / "plug-ins" / "reverie"
    assert "-m backend serve" in unit.read_text() and (plugin / "dialog.py").is_file()
    assert "package" not in json.loads((state / "install.json").read_text())
    own = {
        state / "presets" / "mine.json": json.dumps(PRESET),
        state / "recent-styles.json": '["/pictures/starry.jpg"]',
        tmp_path / "home" / ".cache" / "reverie" / "speed.json": "{}",
    }
    for path, text in own.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (state / "start.lock").write_text("left by a plug-in that was killed")

    run([*installer, "upgrade"], env=variables)

    assert {path: path.read_text() for path in own} == own
    python = clone / ".venv" / "bin" / "python"
    record = json.loads((state / "install.json").read_text())
    assert (record["python"], record["package"]) == (str(python), str(clone / "backend" / "reverie"))
    assert not (plugin / "dialog.py").exists() and (plugin / "reverie_gimp" / "ui" / "dialog.py").is_file()
    presets = json.loads(run([python.with_name("reverie"), "presets", "--json"], env=variables, cwd=tmp_path))
    assert "Mine" in [preset["title"] for preset in presets["presets"]]

    # The service starts the backend by its new name, and the installer ends that.
    said = dict(line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line)
    assert "-m reverie serve" in said["ExecStart"]
    with (tmp_path / "log").open("w") as log:
        command = shlex.split(said["ExecStart"])
        process = subprocess.Popen(command, cwd=said["WorkingDirectory"], env=variables, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not (state / "ready.json").exists():
            assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.05)
        run([*installer, "uninstall"], env=variables)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
    assert not unit.exists() and not plugin.exists() and not (clone / ".venv").exists()
    assert [path for path in state.rglob("*") if path.is_file()] == [state / "presets" / "mine.json"]
