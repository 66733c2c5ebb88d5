"""Answers “why is the menu missing?” and “is my graphics processor used?”: one line and one fix for each finding."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reverie.installer import Failure, backend, gimp, plugin, service, torch_build
from reverie.installer.environment import Environment, clean_environment, require_venv
from reverie.plugin.shared import launcher, places
from reverie.plugin.shared.client import BackendError

AGAIN = "Run: python3 install.py"
START_SECONDS = 60
ANSWER_SECONDS = 120


@dataclass(frozen=True)
class Finding:
    """One line of the report. `good` None means that there is nothing to judge (yet); `fix` says what to do."""

    name: str
    good: bool | None
    text: str
    fix: str = ""


def examine(environment: Environment) -> Iterator[Finding]:
    """Everything that has to be right, in the order in which one thing needs another."""
    yield check_python()
    build = torch_build.choose()
    complete = check_environment(environment, build.kind)
    yield complete
    if complete.good:
        yield from check_torch(environment, build)
        yield check_weights(environment)
    programs, folders = gimp.programs(), gimp.configurations()
    yield check_gimp(programs, folders)
    if any(program.packaging == "native" for program in programs):
        yield check_gi()
    for folder in folders:
        yield from check_plugin(folder)
    for folder in gimp.older_configurations():
        yield check_older_plugin(folder)
    yield check_record(environment)
    yield from check_service(environment, programs)
    if Path(places.settings_file()).exists():
        yield check_elsewhere()
    elif complete.good:
        yield check_backend(environment)
    yield from check_logs()


def check_python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    try:
        require_venv()
    except Failure as failure:
        return Finding("python", False, f"Python {version}", str(failure))
    return Finding("python", True, f"Python {version} ({sys.executable})")


def check_environment(environment: Environment, kind: str) -> Finding:
    todo, why = environment.fault(kind)
    if todo:
        return Finding("environment", False, f"The environment {environment.folder} is not ready: {why}.", AGAIN)
    return Finding("environment", True, f"The environment {environment.folder} is complete")


TORCH_QUESTION = """
import json, torch
cuda = torch.cuda.is_available()
print(json.dumps({"version": torch.__version__, "cuda": torch.version.cuda, "hip": torch.version.hip, "gpu": cuda,
                  "name": torch.cuda.get_device_name(0) if cuda else None, "mps": torch.backends.mps.is_available()}))
"""


def check_torch(environment: Environment, build: torch_build.Build) -> Iterator[Finding]:
    """Does torch's build suit the hardware, and does it see the graphics processor?"""
    result = ask_environment(environment, ["-c", TORCH_QUESTION])
    try:
        torch = json.loads(last_line(result.stdout))
    except ValueError:
        text = f"torch does not start: {last_line(result.stderr)}"
        yield Finding("torch", False, text, f"Delete {environment.folder} and run: python3 install.py")
        return
    has = "cuda" if torch["cuda"] else "rocm" if torch["hip"] else "mps" if torch["mps"] else "cpu"
    text = f"torch {torch['version']} is built for {has}; this machine: {build.reason}"
    if build.kind in ("cuda", "rocm") and has != build.kind:
        fix = (
            f"PyTorch's own package index has the build for {build.kind}, but could not be reached. When "
            f"{torch_build.WHEELS} can be, delete {environment.folder} and run: python3 install.py"
        )
        yield Finding("torch", False, text, fix)
    else:
        yield Finding("torch", True, text)
    if torch["gpu"] or torch["mps"]:
        yield Finding("gpu", True, f"The graphics processor is used: {torch['name'] or 'Apple (Metal)'}")
    elif build.kind == "cpu":
        yield Finding("gpu", None, f"The CPU does the work: {build.reason}")
    else:
        fix = (
            "Look at the driver (nvidia-smi or rocminfo must work for this user; AMD needs the group “render”), reboot."
        )
        yield Finding("gpu", False, f"torch does not see the graphics processor: {build.reason}", fix)


def check_weights(environment: Environment) -> Finding:
    result = ask_environment(environment, ["-m", "reverie", "networks", "--json"])
    try:
        networks = json.loads(result.stdout)["networks"] if result.returncode == 0 else None
    except (ValueError, KeyError, TypeError):
        networks = None
    if networks is None:
        said = last_line(result.stderr or result.stdout)
        return Finding("weights", False, f"The networks cannot be listed: {said}", "Run: git status; git pull")
    at_hand = [network["name"] for network in networks if network["available"]]
    if not at_hand:
        fix = "Connect to the internet for the first picture, or name a folder with weights in REVERIE_WEIGHTS."
        return Finding("weights", False, "No network's weights are on this machine", fix)
    return Finding("weights", True, f"Weights are at hand for {', '.join(at_hand)}")


def check_gimp(programs: list[gimp.Program], folders: list[Path]) -> Finding:
    names = "; ".join(map(str, programs))
    if programs and folders:
        return Finding("gimp", True, names)
    if programs:
        return Finding(
            "gimp", False, f"{names}, never started", "Start GIMP once, close it, then run: python3 install.py"
        )
    if folders:
        where = ", ".join(map(str, folders))
        return Finding("gimp", None, f"No GIMP 3 program was found, but its configuration: {where}")
    fix = "Install GIMP 3 (https://www.gimp.org/downloads), start it once, then run: python3 install.py"
    return Finding("gimp", False, "No GIMP 3 was found", fix)


def check_gi() -> Finding:
    """A `python3` without `gi` first on PATH (a virtual or conda environment) makes all Python plug-ins vanish."""
    python = shutil.which("python3")
    if python is None:
        return Finding("gi", False, "There is no python3 on PATH for GIMP to run plug-ins with", "Install python3.")
    try:
        works = subprocess.run([python, "-c", "import gi"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("gi", False, f"{python}, which is first on PATH, does not run: {error}", "Install python3 anew.")
    if works:
        return Finding("gi", True, f"{python}, which GIMP runs plug-ins with, has gi")
    fix = (
        "Start GIMP from the desktop or from a shell without that environment (deactivate; conda deactivate), or "
        "install gi for it (Debian, Ubuntu: sudo apt install python3-gi)."
    )
    return Finding("gi", False, f"{python} is first on PATH and has no gi: GIMP drops every Python plug-in", fix)


def check_plugin(configuration: Path) -> Iterator[Finding]:
    """Is the plug-in in this configuration, and in a form that GIMP accepts?"""
    folder = configuration / "plug-ins" / plugin.NAME
    main = folder / plugin.MAIN
    name = f"plug-in in {configuration}"
    if not main.is_file():
        strays = sorted((configuration / "plug-ins").glob(f"**/{plugin.MAIN}"))
        if strays:
            fix = f"GIMP wants {plugin.NAME}/{plugin.MAIN}: rename {strays[0].parent} to {folder}"
            yield Finding(name, False, f"{strays[0]} lies in a folder of another name, so GIMP ignores it", fix)
        else:
            yield Finding(name, False, f"{main} is missing", AGAIN)
        return
    if sys.platform != "win32" and not os.access(main, os.X_OK):
        yield Finding(name, False, f"{main} is not executable, so GIMP ignores it", f'Run: chmod +x "{main}"')
        return
    stale = [place for source, place in plugin.sources() if not same(source, folder / place)]
    if stale:
        yield Finding(name, False, f"{folder / stale[0]} is missing or of another version", AGAIN)
        return
    yield Finding(name, True, f"{main} is in place")
    yield check_pluginrc(configuration, main)


def check_older_plugin(configuration: Path) -> Finding:
    """The same for GIMP 2.10, of which cannot be seen whether it has Python-Fu."""
    folder, name = configuration / "plug-ins" / plugin.NAME, f"plug-in in {configuration}"
    stale = [place for source, place in plugin.sources(entry="gimp2") if not same(source, folder / place)]
    if stale:
        return Finding(name, False, f"{folder / stale[0]} is missing or of another version", AGAIN)
    if sys.platform != "win32" and not os.access(folder / plugin.MAIN, os.X_OK):
        text = f"{folder / plugin.MAIN} is not executable, so GIMP ignores it"
        return Finding(name, False, text, f'Run: chmod +x "{folder / plugin.MAIN}"')
    text = f"{folder / plugin.MAIN} is in place; GIMP 2.10 shows it if it has Filters ▸ Python-Fu"
    return Finding(name, True, text)


def check_pluginrc(configuration: Path, main: Path) -> Finding:
    """GIMP's record of plug-ins; what failed when GIMP asked it is in there without a procedure, or not at all."""
    name, record = f"GIMP's record in {configuration}", configuration / "pluginrc"
    if not record.is_file() or record.stat().st_mtime < main.stat().st_mtime:
        return Finding(name, None, "GIMP has not been started since the plug-in was installed", "Start GIMP.")
    text = record.read_text(encoding="utf-8", errors="replace")
    entry = re.search(
        rf'\(plug-in-def "[^"]*{plugin.NAME}[/\\]+{re.escape(plugin.MAIN)}".*?(?=\(plug-in-def |\Z)', text, re.DOTALL
    )
    if entry and "(proc-def" in entry.group():
        return Finding(name, True, "GIMP knows the plug-in: Filters ▸ Artistic ▸ Neural Style…")
    fix = "Start GIMP from a terminal and read what it says about reverie.py; often its python3 lacks gi (see above)."
    return Finding(name, False, f"GIMP looked at the plug-in and did not accept it ({record})", fix)


def check_record(environment: Environment) -> Finding:
    path = Path(places.install_record())
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        python, folder = Path(record["python"]), Path(record["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return Finding("record", False, f"{path}, by which the plug-in finds the backend, is missing or damaged", AGAIN)
    if not python.exists() or not (folder / "backend").is_dir():
        return Finding("record", False, f"{path} names {folder}, where no backend is any more", AGAIN)
    if folder.resolve() != environment.clone.resolve():
        return Finding("record", None, f"The plug-in uses another clone: {folder}", f"{AGAIN} to have it use this one")
    return Finding("record", True, f"The plug-in finds the backend through {path}")


def check_service(environment: Environment, programs: list[gimp.Program]) -> Iterator[Finding]:
    """Is there a service, is it this version's, and does it run? Is one wanted?"""
    file, again = service.path(), "Run: python3 install.py --service"
    if file.exists():
        if file.read_bytes() != service.content(environment.python, environment.clone):
            yield Finding(
                "service", False, f"{file}, which keeps a backend ready, is of another version or clone", again
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


def check_backend(environment: Environment) -> Finding:
    """Asks the running backend, or starts one of its own for the question, in a folder of its own."""
    address = backend.ready()
    health = backend.ask(address, "GET", "/v1/health") if address else None
    if health is not None:
        return Finding("backend", True, f"A backend runs and answers; it computes on {health.get('device')}")
    with tempfile.TemporaryDirectory() as name, (Path(name) / "log").open("w+b") as log:
        file = Path(name) / "ready.json"
        variables = {**clean_environment(), "REVERIE_HOME": name}
        process = subprocess.Popen(
            [environment.python, "-m", "reverie", "serve", "--ready-file", file],
            cwd=environment.clone, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            health = _wait_for_health(process, file)
            if health is not None:
                return Finding("backend", True, f"A backend starts and answers; it computes on {health.get('device')}")
            log.seek(0)
            end = last_line(log.read().decode("utf-8", "replace"))
            fix = f"Look at all it says: {environment.python} -m backend serve"
            return Finding("backend", False, f"The backend does not start: {end}", fix)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def check_logs() -> Iterator[Finding]:
    """Where to read on, when something failed in GIMP."""
    logs = [path for path in (Path(places.log_file()), Path(places.plugin_log_file())) if path.is_file()]
    if logs:
        yield Finding("logs", None, f"What was said when something failed last is in {' and '.join(map(str, logs))}")


def _wait_for_health(process: subprocess.Popen[bytes], file: Path) -> dict[str, object] | None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        address = backend.ready(file)
        if address and (health := backend.ask(address, "GET", "/v1/health")) is not None:
            return health
        time.sleep(0.2)
    return None


def ask_environment(environment: Environment, words: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [environment.python, *words], cwd=environment.clone, env=clean_environment(),
            capture_output=True, encoding="utf-8", errors="replace", timeout=ANSWER_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(words, 1, "", str(error))


def same(source: Path, target: Path) -> bool:
    return target.is_file() and source.read_bytes() == target.read_bytes()


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"


def report(environment: Environment, *, as_json: bool) -> int:
    """Prints the findings; 0 when nothing is wrong, else 1."""
    findings = []
    for finding in examine(environment):
        findings.append(finding)
        if not as_json:
            mark = {True: "✓", False: "✗", None: "–"}[finding.good]
            print(f"{mark} {finding.text}", flush=True)
            if finding.fix:
                print(f"    → {finding.fix}", flush=True)
    faults = [finding for finding in findings if finding.good is False]
    if as_json:
        print(json.dumps({"good": not faults, "findings": [vars(finding) for finding in findings]}, ensure_ascii=False))
    else:
        print(f"{len(faults)} thing(s) to mend." if faults else "All is well.")
    return 1 if faults else 0
