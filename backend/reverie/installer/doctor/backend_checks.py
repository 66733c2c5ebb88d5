"""Does the plug-in find a backend, or start one? Is the service as it should be?"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from reverie.installer import PACKAGE, backend, gimp, service
from reverie.installer.doctor.environment_checks import last_line
from reverie.installer.doctor.finding import Finding
from reverie.installer.environment import clean_environment
from reverie.installer.way import Way
from reverie.plugin.shared import launcher, places
from reverie.plugin.shared.client import BackendError

START_SECONDS = 60


def check_record(way: Way) -> Finding:
    path, again = Path(places.install_record()), f"Run: {way.install}"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        python, package = Path(record["python"]), Path(record["package"])
    except (OSError, ValueError, KeyError, TypeError):
        text = f"{path}, by which the plug-in finds the backend, is missing, damaged or of an earlier version"
        return Finding("record", False, text, again)
    if not python.exists() or not (package / "presets").is_dir():
        return Finding("record", False, f"{path} names {package}, where no backend is any more", again)
    if package.resolve() != PACKAGE.resolve():
        text = f"The plug-in uses the Reverie in another place: {package}"
        return Finding("record", None, text, f"{again} to have it use this one")
    return Finding("record", True, f"The plug-in finds the backend through {path}")


def check_service(way: Way, programs: list[gimp.Program]) -> Iterator[Finding]:
    """Is there a service, is it this version's, and does it run? Is one wanted?"""
    file, again = service.path(), f"Run: {way.install} --service"
    if file.exists():
        if file.read_bytes() != service.content(way.python):
            yield Finding(
                "service", False, f"{file}, which keeps a backend ready, is of another version or place", again
            )
        elif service.active() is False:
            fix = f"Run: systemctl --user restart {service.UNIT}; why it ended: journalctl --user -u {service.UNIT}"
            yield Finding("service", False, f"The service {file} does not run", fix)
        else:
            yield Finding("service", True, f"{file} keeps a backend ready")
    elif sandboxed := [str(program) for program in programs if program.packaging in ("flatpak", "snap")]:
        text = f"{'; '.join(sandboxed)} is sandboxed and cannot start the backend: it has to run already"
        yield Finding("service", None, text, again)


def check_elsewhere() -> Finding:
    """The user's settings name a backend on another machine; the plug-in's own launcher tries it."""
    try:
        device = launcher.connect().health()["device"]
    except BackendError as error:
        return Finding(
            "backend", False, str(error), f"docs/elsewhere.md says how; the settings: {places.settings_file()}"
        )
    return Finding("backend", True, f"The backend that {places.settings_file()} names answers; it computes on {device}")


def check_backend(way: Way) -> Finding:
    """Asks the running backend, or starts one of its own for the question, in a folder of its own."""
    address = backend.ready()
    health = backend.health(address) if address else None
    if health is not None:
        return Finding("backend", True, f"A backend runs and answers; it computes on {health.get('device')}")
    with tempfile.TemporaryDirectory() as name, (Path(name) / "log").open("w+b") as log:
        file = Path(name) / "ready.json"
        variables = {**clean_environment(), "REVERIE_HOME": name}
        process = subprocess.Popen(
            [way.python, "-m", "reverie", "serve", "--ready-file", file],
            cwd=name, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            health = _wait_for_health(process, file)
            if health is not None:
                return Finding("backend", True, f"A backend starts and answers; it computes on {health.get('device')}")
            log.seek(0)
            end = last_line(log.read().decode("utf-8", "replace"))
            fix = f'Look at all it says: "{way.python}" -m reverie serve'
            return Finding("backend", False, f"The backend does not start: {end}", fix)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for_health(process: subprocess.Popen[bytes], file: Path) -> dict[str, object] | None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        address = backend.ready(file)
        if address and (health := backend.health(address)) is not None:
            return health
        time.sleep(0.2)
    return None


def check_logs() -> Iterator[Finding]:
    """Where to read on, when something failed in GIMP."""
    logs = [path for path in (Path(places.log_file()), Path(places.plugin_log_file())) if path.is_file()]
    if logs:
        yield Finding("logs", None, f"What was said when something failed last is in {' and '.join(map(str, logs))}")
