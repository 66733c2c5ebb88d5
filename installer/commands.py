"""The commands of install.py."""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence

from installer import CLONE, Failure, gimp
from installer.console import run, say
from installer.environment import Environment, clean_environment

DEMO_STYLES = ("strokes", "stained_glass", "watercolour")


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
    except KeyboardInterrupt:
        print("\ninstall.py: stopped. The same command takes up the work again.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="install.py", description="Installs Reverie. Without a command: install.")
    parser.set_defaults(run=demo)
    commands = parser.add_subparsers(metavar="COMMAND")
    commands.add_parser("demo", help="set up, and paint the pictures of the project").set_defaults(run=demo)
    commands.add_parser("test", help="set up, and run the tests; more arguments go to pytest").set_defaults(run=test)
    return parser


def demo(options: argparse.Namespace) -> int:
    """The main job on the project's own pictures."""
    environment = Environment()
    environment.ensure()
    folder = CLONE / "out"
    folder.mkdir(exist_ok=True)
    pictures = []
    for style in DEMO_STYLES:
        target = folder / f"landscape-{style}.png"
        say(f"backend/demo/landscape.jpg in the style of backend/demo/{style}.jpg")
        command = [str(environment.python), "-m", "backend", "style", "backend/demo/landscape.jpg"]
        command += ["--style", f"backend/demo/{style}.jpg", "-o", str(target), "--size", "512"]
        started = time.monotonic()
        code = subprocess.run(command, cwd=CLONE, env=clean_environment()).returncode
        if code:
            return code  # the backend has said why
        pictures.append(f"  {target}  {time.monotonic() - started:.1f} s")
    say("Done. Look at:\n" + "\n".join(pictures))
    return 0


def test(options: argparse.Namespace) -> int:
    """ruff, mypy and pytest, all three always; the code of the first that failed. pytest's last line comes last."""
    environment = Environment()
    environment.ensure(tests=True)
    codes = [_provide_gimp(environment)]
    for tool, *words in (["ruff", "check"], ["mypy"], ["pytest", *options.pytest]):
        say(f"$ {tool} {' '.join(words)}".rstrip())
        command = [environment.python, "-m", tool, *words]
        codes.append(subprocess.run(command, cwd=CLONE, env=clean_environment()).returncode)
    return next((code for code in codes if code), 0)


def _provide_gimp(environment: Environment) -> int:
    """Sets up a GIMP 3 for the tests where that is possible; 1 when it should have been and was not."""
    if gimp.programs():
        return 0
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("apt-get"):
        say(
            "The tests that need GIMP 3 are skipped: it is not installed, and only root on Debian or Ubuntu can set "
            "one up beside the system (tests/gimp/provision.sh)."
        )
        return 1 if os.environ.get("CI") == "true" else 0
    try:
        script = CLONE / "tests" / "gimp" / "provision.sh"
        run("Setting up GIMP 3 for the tests", [script], environment.folder / "gimp.log")
    except Failure as failure:
        say(f"The tests that need GIMP 3 cannot run. {failure}")
        return 1
    return 0
