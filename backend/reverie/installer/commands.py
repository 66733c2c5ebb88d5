"""The commands of install.py."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from reverie.installer import CLONE, Failure, backend, doctor, gimp, plugin, service
from reverie.installer.console import run, say
from reverie.installer.environment import Environment, clean_environment
from reverie.plugin.shared import places

DEMO_STYLES = ("strokes", "stained_glass", "watercolour")
_PATIENCE = 240.0  # seconds that the second GIMP of the tests may take longer than the first one


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 when it worked and 1 (or the code of what failed) when it did not."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows ? instead of a traceback
    words = list(sys.argv[1:] if arguments is None else arguments)
    # argparse would take the options that are pytest's for its own.
    words, pytest = (words[:1], words[1:]) if words[:1] == ["test"] and words[1:] != ["--help"] else (words, [])
    options = _parser().parse_args(words, argparse.Namespace(pytest=pytest))
    try:
        code: int = options.run(options)
        return code
    except Failure as failure:
        print(f"install.py: {failure}", file=sys.stderr)
        return 1
    except OSError as error:
        about = f"“{error.filename}”: " if error.filename else ""
        print(
            f"install.py: {about}{error.strerror or error}. Look at who may write there (an earlier install with "
            "sudo?), at the room on the disk, and at programs that use it; then run the same command again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\ninstall.py: stopped. The same command takes up the work again.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="install.py", description="Installs Reverie. Without a command: install.")
    parser.set_defaults(run=install)
    commands = parser.add_subparsers(metavar="COMMAND")
    setup = commands.add_parser("install", help="set up the backend and put the plug-in into GIMP")
    setup.set_defaults(run=install)
    for command, usual in ((parser, None), (setup, argparse.SUPPRESS)):
        command.add_argument(
            "--service",
            action=argparse.BooleanOptionalAction,
            default=usual,
            help="keep a backend running, for a GIMP that may not start programs (flatpak, snap); or no longer",
        )
    commands.add_parser("demo", help="set up, and paint the pictures of the project").set_defaults(run=demo)
    commands.add_parser("test", help="set up, and run the tests; more arguments go to pytest").set_defaults(run=test)
    check = commands.add_parser("doctor", help="find out why the menu is missing, or the graphics processor unused")
    check.add_argument("--json", action="store_true", help="the findings as one JSON object")
    check.set_defaults(run=examine)
    commands.add_parser("upgrade", help="fetch the newest version, and install it").set_defaults(run=upgrade)
    remove = commands.add_parser("uninstall", help="remove what was installed")
    remove.add_argument("--models", action="store_true", help="the downloaded networks too")
    remove.set_defaults(run=uninstall)
    return parser


def install(options: argparse.Namespace) -> int:
    """The environment, then the plug-in in every GIMP configuration of this user."""
    environment = Environment()
    environment.ensure()
    folders = gimp.configurations()
    known = {folder.name for folder in folders}
    programs = gimp.programs()
    if not os.environ.get("GIMP3_DIRECTORY"):
        for program in programs:
            if program.series not in known:
                say(f"{program} has not been started yet; it makes its folders now.")
                if not gimp.start_once(program):
                    say("It did not. Start GIMP once, close it, and run this command again.")
        folders = gimp.configurations()
    if options.service is False and service.remove():
        say("✓ The service is gone; GIMP starts the backend again")
    backend.stop()  # so that the next picture is not painted by an older version
    targets = plugin.install(folders, environment.python, older=gimp.older_configurations())
    for target in targets:
        say(f"✓ Plug-in in {target}")
    if options.service or service.path().exists():
        _keep_ready(environment)
    elif any(program.packaging in ("flatpak", "snap") for program in programs):
        say(
            "One of your GIMPs is sandboxed and may not start the backend. “python3 install.py --service” keeps one "
            "ready for it."
        )
    if targets:
        say("Start GIMP (again): Filters ▸ Artistic ▸ Neural Style…   Nothing there? python3 install.py doctor")
    else:
        say(
            "The backend is ready, but no GIMP 3 was found to put the plug-in into. Install GIMP 3 "
            "(https://www.gimp.org/downloads), start it once, and run this command again."
        )
    return 0


def _set_up(*, tests: bool = False) -> Environment:
    """The environment, finished. A service, whose backend was ended for that, runs again."""
    environment = Environment()
    if environment.ensure(tests=tests) and service.path().exists():
        _keep_ready(environment)
    return environment


def _keep_ready(environment: Environment) -> None:
    try:
        todo = service.install(environment.python)
    except OSError as error:
        raise Failure(
            f"The service's file “{error.filename}” cannot be written: {error.strerror}. Give yourself the right to "
            "write there, then run the same command again."
        ) from error
    say(todo or f"✓ The system keeps a backend ready ({service.path()}); “python3 install.py --no-service” ends that")


def upgrade(options: argparse.Namespace) -> int:
    """Fetches the newest version, where the clone follows one, and has that version's own installer do the rest."""
    git = ["git", "-C", str(CLONE)]
    if not shutil.which("git") or subprocess.run([*git, "rev-parse", "@{upstream}"], capture_output=True).returncode:
        say("This clone follows no other repository, so nothing is fetched.")
    elif subprocess.run([*git, "pull", "--ff-only"]).returncode:
        raise Failure(
            "git could not fetch the newest version (it says why above). Changes of your own? Put them aside with "
            "“git stash”, then run the same command again."
        )
    return subprocess.run([sys.executable, str(CLONE / "install.py"), "install"]).returncode


def uninstall(options: argparse.Namespace) -> int:
    """Removes what was installed; what was downloaded only when asked to."""
    environment = Environment()
    if service.remove():
        say("✓ The service is gone")
    if backend.stop():
        say("✓ The running backend has ended")
    for folder in plugin.uninstall():
        if folder == Path(places.state_folder()):
            say(f"Your presets and settings stay in {folder}.")
        elif folder.name == plugin.NAME:
            say(f"{folder} stays: it holds files that Reverie did not put there.")
    say("✓ The plug-in is out of GIMP")
    if environment.remove():
        say(f"✓ {environment.folder} is deleted")
    models = model_cache()
    if options.models and models.is_dir():
        shutil.rmtree(models)
        say(f"✓ The downloaded networks in {models} are deleted")
    elif models.is_dir():
        say(f"The downloaded networks stay in {models}; “uninstall --models” deletes them.")
    say(f"This clone itself is yours to delete: {CLONE}")
    return 0


def model_cache() -> Path:
    """Where the backend keeps what it downloads: the same folder as platformdirs.user_cache_path("reverie")."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "reverie" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "reverie"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reverie"


def examine(options: argparse.Namespace) -> int:
    return doctor.report(Environment(), as_json=options.json)


def demo(options: argparse.Namespace) -> int:
    """The main job on the project's own pictures."""
    environment = _set_up()
    folder = CLONE / "out"
    folder.mkdir(exist_ok=True)
    pictures = []
    for style in DEMO_STYLES:
        target = folder / f"landscape-{style}.png"
        say(f"backend/reverie/demo/landscape.jpg in the style of backend/reverie/demo/{style}.jpg")
        command = [str(environment.python), "-m", "reverie", "style", "backend/reverie/demo/landscape.jpg"]
        command += ["--style", f"backend/reverie/demo/{style}.jpg", "-o", str(target), "--size", "512"]
        started = time.monotonic()
        code = subprocess.run(command, cwd=CLONE, env=clean_environment()).returncode
        if code:
            return code  # the backend has said why
        pictures.append(f"  {target}  {time.monotonic() - started:.1f} s")
    say("Done. Look at:\n" + "\n".join(pictures))
    return 0


def test(options: argparse.Namespace) -> int:
    """ruff, mypy and pytest, all three always; the code of the first that failed. pytest's last line comes last."""
    environment = _set_up(tests=True)
    codes = [_provide_gimp(environment)]
    for tool, *words in (
        ["ruff", "check"],
        ["mypy"],
        ["mypy", "--config-file", "plugin/mypy.ini"],
        ["pytest", *options.pytest],
    ):
        say(f"$ {tool} {' '.join(words)}".rstrip())
        command = [environment.python, "-m", tool, *words]
        codes.append(subprocess.run(command, cwd=CLONE, env=clean_environment()).returncode)
    return next((code for code in codes if code), 0)


def _provide_gimp(environment: Environment) -> int:
    """Sets up GIMP 3.0 and 3.2 for the tests where that is possible; where it is not they are skipped, and 1 with
    CI=true. 3.2 comes from a distribution that is still being made: it may fail."""
    if gimp.programs():
        return 0
    missing = 1 if os.environ.get("CI") == "true" else 0
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("apt-get"):
        say(
            "The tests that need GIMP 3 are skipped: it is not installed, and only root on Debian or Ubuntu can set "
            "one up beside the system (tests/gimp/provision.sh)."
        )
        return missing
    script = CLONE / "tests" / "gimp" / "provision.sh"
    with _beside([str(script)], environment.folder / "gimp-3.2.log"):
        try:
            run("Setting up GIMP 3 for the tests", [script], environment.folder / "gimp.log")
        except Failure as failure:
            say(f"The tests that need GIMP 3 are skipped: it could not be set up. {failure}")
            return missing
    return 0


@contextlib.contextmanager
def _beside(command: Sequence[str], log: Path) -> Iterator[None]:
    """Sets up GIMP 3.2 meanwhile, which mostly waits for the disk and the network, and for a few minutes longer."""
    variables = {name: value for name, value in os.environ.items() if name != "REVERIE_GIMP_ROOT"}
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
            env={**variables, "REVERIE_GIMP_SUITE": "forky"},
        )  # fmt: skip
    try:
        yield
        process.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        say(f"The tests in GIMP 3.2 are skipped: it could not be set up beside 3.0. {log} says why.")
