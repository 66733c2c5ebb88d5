"""The commands of the install.py in the zip of the plug-in, which sets up the backend and leaves the plug-in as it is:
whoever unpacked the zip has put that into GIMP. The first dialog in GIMP runs them with --json."""

from __future__ import annotations

import argparse
import subprocess
import sys

from reverie.installer import CLONE, Failure, files, steps, torch_build, way
from reverie.installer.console import event, say, say_as_json, waiting
from reverie.installer.environment import REQUIREMENTS, Environment, clean_environment
from reverie.installer.pip import agree_to_cuda
from reverie.installer.torch_build import Build


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="install.py",
        description="Sets up the backend of the plug-in that this lies in. Without a command: install.",
    )
    made.set_defaults(run=install, json=False, service=None)
    commands = made.add_subparsers(metavar="COMMAND")
    setup = commands.add_parser("install", help="set up the backend in your data folder, or bring it up to date")
    setup.set_defaults(run=install)
    for command, usual in ((made, None), (setup, argparse.SUPPRESS)):
        command.add_argument(
            "--service",
            action=argparse.BooleanOptionalAction,
            default=usual,
            help="keep a backend running, for a GIMP that may not start programs (flatpak, snap); or no longer",
        )
    plan = commands.add_parser("plan", help="say what would be set up, where, and how large it is")
    plan.set_defaults(run=tell_plan)
    check = commands.add_parser("doctor", help="find out why it does not work, or the graphics processor is unused")
    check.set_defaults(run=examine)
    remove = commands.add_parser("uninstall", help="remove what was set up")
    remove.add_argument("--models", action="store_true", help="the downloaded networks too")
    remove.set_defaults(run=uninstall)
    for command in (setup, plan, check, remove):
        command.add_argument("--json", action="store_true", help="say it as JSON, one object a line")
    return made


def install(options: argparse.Namespace) -> int:
    """The environment, and the record by which the plug-in finds it."""
    if options.json:
        say_as_json()
    else:
        tell_plan(options)
    environment = Environment()
    environment.ensure()
    steps.install_backend(way.from_zip(), options.service)
    say("Filters ▸ Artistic ▸ Neural Style… in GIMP paints now.")
    with waiting("Adding up what it takes of the disk"):
        size = files.size(environment.folder)
    event("done", folder=str(environment.folder), bytes=size)
    return 0


def tell_plan(options: argparse.Namespace) -> int:
    """What would be set up, where, and its size: of what is fetched, and on the disk. Raises Failure where nothing
    would be set up, since what is to be had would not be fetched."""
    if options.json:
        say_as_json()
    environment = Environment()
    with waiting("Looking at this machine and its environment"):
        build = torch_build.choose()
    fetch, disk = _sizes(environment, build)
    if options.json:
        event("plan", folder=str(environment.folder), kind=build.kind, reason=build.reason, fetch=fetch, disk=disk)
    else:
        say(
            f"The backend, with torch for {build.kind} ({build.reason}), goes into {environment.folder}: about "
            f"{fetch // 10**6} MB are fetched, and {disk // 10**6} MB of the disk are used."
        )
    return 0


def _sizes(environment: Environment, build: Build) -> tuple[int, int]:
    """What is fetched, and what it takes of the disk, in bytes. Raises Failure."""
    version = torch_build.pinned_version(CLONE / REQUIREMENTS)
    if sys.platform != "linux" or build.kind != "cpu" or environment.keeps_torch(version):
        return torch_build.SIZES[build.kind]
    with waiting("Looking for PyTorch's own package index"):
        index = torch_build.reachable_index(build.indexes, version)
    # On Linux pip's usual sources have only the large build, for CUDA, unless the user's settings name others.
    fetched = None if index else environment.foresee(version)
    if fetched is None or not fetched.cuda:
        return torch_build.SIZES[build.kind]
    if not sys.stdin.isatty():
        agree_to_cuda(fetched)  # nobody can: what the installation would refuse is not offered
    return torch_build.SIZES["cuda"]


def examine(options: argparse.Namespace) -> int:
    """The backend's own doctor, which knows the environment from inside."""
    python = Environment().python
    if not python.exists():
        raise Failure(f"The backend is not set up: there is no {python}. Run: {way.zip_program()}")
    words = [str(python), "-m", "reverie", "gimp", "doctor", *(["--json"] if options.json else [])]
    return subprocess.run(words, env=clean_environment()).returncode


def uninstall(options: argparse.Namespace) -> int:
    """Removes what `install` made, and what it has fetched where it was not finished."""
    if options.json:
        say_as_json()
    steps.uninstall()
    environment = Environment()
    if environment.remove():
        say(f"✓ {environment.folder} is deleted")
    environment.forget_downloads()
    steps.remove_models(options.models)
    say(f"The plug-in itself is yours to delete: {CLONE.parent}")
    event("done")
    return 0
