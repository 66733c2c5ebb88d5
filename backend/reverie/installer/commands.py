"""The commands of install.py, which sets Reverie up from a clone; those in the zip of the plug-in are in
`zip_commands`."""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence

from reverie.installer import CLONE, Failure, doctor, service, steps, testing, way, zip_commands
from reverie.installer.console import event, refusal, say
from reverie.installer.environment import Environment, clean_environment, newest_wheel

DEMO_STYLES = ("strokes", "stained_glass", "watercolour")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 when it worked and 1 (or the code of what failed) when it did not."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows ? instead of a traceback
    words = list(sys.argv[1:] if arguments is None else arguments)
    # argparse would take the options that are pytest's for its own.
    words, pytest = (words[:1], words[1:]) if words[:1] == ["test"] and words[1:] != ["--help"] else (words, [])
    parser = zip_commands.parser() if newest_wheel(CLONE, "reverie") else _parser()
    options = parser.parse_args(words, argparse.Namespace(pytest=pytest))
    try:
        code: int = options.run(options)
        return code
    except Failure as failure:
        return _failed(str(failure), hint=failure.hint and failure.hint.as_json())
    except OSError as error:
        return _failed(refusal(error))
    except KeyboardInterrupt:
        print("\ninstall.py: stopped. The same command takes up the work again.", file=sys.stderr)
        return 130


def _failed(message: str, **values: object) -> int:
    print(f"install.py: {message}", file=sys.stderr)
    with contextlib.suppress(OSError):  # where nobody hears
        event("failed", message=message, **values)
    return 1


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
    Environment().ensure()
    steps.install(way.from_clone(), options.service)
    return 0


def _set_up(*, tests: bool = False) -> Environment:
    """The environment, finished. A service, whose backend was ended for that, runs again."""
    environment = Environment()
    if environment.ensure(tests=tests) and service.path().exists():
        steps.keep_ready(way.from_clone())
    return environment


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
    steps.uninstall()
    say("✓ The plug-in is out of GIMP")
    environment = Environment()
    if environment.remove():
        say(f"✓ {environment.folder} is deleted")
    steps.remove_models(options.models)
    say(f"This clone itself is yours to delete: {CLONE}")
    return 0


def examine(options: argparse.Namespace) -> int:
    return doctor.report(way.from_clone(), as_json=options.json)


def test(options: argparse.Namespace) -> int:
    return testing.check(_set_up(tests=True), options.pytest)


def demo(options: argparse.Namespace) -> int:
    """The main job on the project's own pictures."""
    environment = _set_up()
    folder = CLONE / "out"
    folder.mkdir(exist_ok=True)
    pictures = []
    for style in DEMO_STYLES:
        target = folder / f"landscape-{style}.png"
        say(f"{style} on the project's landscape")
        command = [str(environment.python), "-m", "reverie", "style", "backend/reverie/demo/landscape.jpg"]
        command += ["--style", style, "-o", str(target), "--size", "512"]
        started = time.monotonic()
        code = subprocess.run(command, cwd=CLONE, env=clean_environment()).returncode
        if code:
            return code  # the backend has said why
        pictures.append(f"  {target}  {time.monotonic() - started:.1f} s")
    say("Done. Look at:\n" + "\n".join(pictures))
    return 0
