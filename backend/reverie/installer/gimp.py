"""Which GIMPs this machine has, and where each keeps its plug-ins."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reverie.plugin.shared import places

VERSION_FOLDER = re.compile(r"3\.\d+")


@dataclass(frozen=True)
class Program:
    """A GIMP that can be started: its command, version, and how it came here (native, flatpak, bundle)."""

    command: tuple[str, ...]
    version: tuple[int, int, int]
    packaging: str

    @property
    def series(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"

    def __str__(self) -> str:
        return f"GIMP {'.'.join(map(str, self.version))} ({self.packaging}: {' '.join(self.command)})"


def programs() -> list[Program]:
    """Every GIMP 3 found, one a packaging and version."""
    found: dict[tuple[str, tuple[int, int, int]], Program] = {}
    for packaging, command, question in _candidates():
        version = _version([*command, *question] if packaging != "flatpak" else question)
        if version is not None and version[0] == 3:
            found.setdefault((packaging, version), Program(tuple(command), version, packaging))
    return list(found.values())


def _candidates() -> Iterator[tuple[str, list[str], list[str]]]:
    # The console programs first: they start without a display.
    names = [f"{name}-3.{minor}" for name in ("gimp-console", "gimp") for minor in (4, 2, 0)]
    for name in [*names, "gimp-console-3", "gimp-console", "gimp-3", "gimp"]:
        if path := shutil.which(name):
            yield "snap" if path.startswith("/snap/") else "native", [path], ["--version"]
    if shutil.which("flatpak"):
        yield "flatpak", ["flatpak", "run", "org.gimp.GIMP"], ["flatpak", "info", "org.gimp.GIMP"]
    folders: list[Path] = []
    if sys.platform == "darwin":
        applications = [Path("/Applications"), Path.home() / "Applications"]
        folders = [app / "Contents" / "MacOS" for base in applications for app in base.glob("GIMP*.app")]
    elif sys.platform == "win32":
        bases = [os.environ.get("PROGRAMFILES"), os.path.expandvars(r"%LOCALAPPDATA%\Programs")]
        folders = [app / "bin" for base in bases if base for app in Path(base).glob("GIMP*")]
    for folder in folders:
        for program in sorted(folder.glob("gimp-console*")):
            yield "bundle", [str(program)], ["--version"]


def _version(command: list[str]) -> tuple[int, int, int] | None:
    try:
        result = subprocess.run(
            command, capture_output=True, timeout=30, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\bversion:?\s+(\d+)\.(\d+)\.(\d+)", result.stdout, re.IGNORECASE)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def configurations() -> list[Path]:
    """The configuration folders (`…/GIMP/3.0`) of every GIMP 3 of this user that exist.

    GIMP3_DIRECTORY, which GIMP itself obeys, stands for all of them.
    """
    if named := os.environ.get("GIMP3_DIRECTORY"):
        return [Path.home() / named]  # GIMP, too, takes a relative one from the home folder
    folders = [
        path
        for root in _roots()
        if root.is_dir()
        for path in sorted(root.iterdir())
        if path.is_dir() and VERSION_FOLDER.fullmatch(path.name)
    ]
    return list({path.resolve(): path for path in folders}.values())


def older_configurations() -> list[Path]:
    """The configuration folders of every GIMP 2.10 of this user that exist. Whether it has Python-Fu cannot be seen
    from outside; without it, GIMP ignores the plug-in."""
    if named := os.environ.get("GIMP2_DIRECTORY"):
        return [Path.home() / named]
    folders = [root / "2.10" for root in _roots() if (root / "2.10").is_dir()]
    return list({path.resolve(): path for path in folders}.values())


def _roots() -> list[Path]:
    """Where the packagings keep them: native, flatpak and snap of 3.x share one folder, which XDG may move."""
    roots = [Path(places.gimp_configurations())]
    if sys.platform == "linux":
        if moved := os.environ.get("XDG_CONFIG_HOME"):
            roots.append(Path(moved) / "GIMP")
        roots.append(Path.home() / ".var" / "app" / "org.gimp.GIMP" / "config" / "GIMP")
    return roots


def start_once(program: Program) -> bool:
    """Lets a GIMP that never ran make its configuration folder; False when it did not.

    Making the folder ourselves would have GIMP believe that its first start is over, and it would not take over the
    settings of an older GIMP.
    """
    if program.packaging == "flatpak":
        return False
    try:
        subprocess.run(
            [*program.command, "-i", "-d", "-f", "--quit"],
            capture_output=True, timeout=90, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return any(path.name == program.series for path in configurations())
