"""Is the plug-in in every GIMP, and in a form that GIMP accepts?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from reverie.installer import gimp, plugin
from reverie.installer.doctor.finding import Finding
from reverie.installer.way import Way


def check_gimp(way: Way, programs: list[gimp.Program], folders: list[Path]) -> Finding:
    names = "; ".join(map(str, programs))
    if programs and folders:
        return Finding("gimp", True, names)
    if programs:
        return Finding("gimp", False, f"{names}, never started", f"Start GIMP once, close it, then run: {way.install}")
    if folders:
        where = ", ".join(map(str, folders))
        return Finding("gimp", None, f"No GIMP 3 program was found, but its configuration: {where}")
    fix = f"Install GIMP 3 (https://www.gimp.org/downloads), start it once, then run: {way.install}"
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


def check_plugin(way: Way, configuration: Path) -> Iterator[Finding]:
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
            yield Finding(name, False, f"{main} is missing", f"Run: {way.install}")
        return
    if sys.platform != "win32" and not os.access(main, os.X_OK):
        yield Finding(name, False, f"{main} is not executable, so GIMP ignores it", f'Run: chmod +x "{main}"')
        return
    stale = [place for source, place in plugin.sources() if not same(source, folder / place)]
    if stale:
        yield Finding(name, False, f"{folder / stale[0]} is missing or of another version", f"Run: {way.install}")
        return
    yield Finding(name, True, f"{main} is in place")
    yield check_pluginrc(configuration, main)


def check_older_plugin(way: Way, configuration: Path) -> Finding:
    """The same for GIMP 2.10, of which cannot be seen whether it has Python-Fu."""
    folder, name = configuration / "plug-ins" / plugin.NAME, f"plug-in in {configuration}"
    if not (folder / plugin.MAIN).exists():
        return Finding(name, False, f"{folder / plugin.MAIN} is missing", f"Run: {way.install}")
    stale = [place for source, place in plugin.sources(entry="gimp2") if not same(source, folder / place)]
    if stale:
        return Finding(name, False, f"{folder / stale[0]} is missing or of another version", f"Run: {way.install}")
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


def same(source: Path, target: Path) -> bool:
    return target.is_file() and source.read_bytes() == target.read_bytes()
