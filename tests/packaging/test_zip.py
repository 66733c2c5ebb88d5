"""The zip with the plug-in alone, in a real GIMP with an empty home: its first dialog sets the backend up, and paints.

The installer is the real one, and so are GIMP's own Python, pip and the backend's wheel. Of the packages, which are
fetched elsewhere, there are only empty ones of the right names and versions; the backend's process then goes on in the
environment of these tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from reverie.installer import plugin_zip

from tests.gimp import clicks
from tests.gimp.test_start import shut_down
from tests.unit.installer.stand_ins import checksum, wheel

ROOT = Path(__file__).resolve().parents[2]

# Comes with the stand-in of torch, and is run whenever the environment's Python starts: a backend goes on elsewhere.
STEP_OUT = """
import os, sys
if sys.orig_argv[-1] == "serve":
    if {root!r}:
        os.chroot({root!r})
    os.chdir({home!r})
    os.execve({python!r}, [{python!r}, "-m", "reverie", "serve", "--device", "cpu"], {variables!r})
"""


@pytest.fixture(scope="module")
def archive(build, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("zip")
    return plugin_zip.make(build(folder, "--wheel"), folder)


@pytest.fixture(scope="module")
def unpacked(archive, gimp):
    """GIMP with the zip in its plug-ins folder; pip's usual sources are a folder, as its user has set them, and the
    checksums that are held to are those of what is in it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        yield from _unpacked(archive, gimp)


def _unpacked(archive, gimp):
    plugins = gimp.folder / "config" / "plug-ins"
    subprocess.run(["unzip", "-q", archive, "-d", plugins], check=True)
    wheels = gimp.folder / "wheels"
    wheels.mkdir()
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if text := line.partition("#")[0].strip():
            wanted = Requirement(text)
            wheel(wheels, wanted.name, next(iter(wanted.specifier)).version)
    lines = [f"{checksum(file)}  {file.name}\n" for file in wheels.iterdir() if not file.name.startswith("torch-")]
    (plugins / "reverie" / "setup" / "checksums.txt").write_text("".join(lines))
    home = gimp.folder / "home"
    outside = "" if gimp.inside(home) == str(home) else f"/proc/{os.getpid()}/root"
    variables = {**os.environ, "REVERIE_HOME": str(home)}
    script = STEP_OUT.format(root=outside, home=str(home), python=sys.executable, variables=variables)
    with zipfile.ZipFile(next(wheels.glob("torch-*")), "a") as torch:
        torch.writestr("stepping_out.py", script)
        torch.writestr("stepping_out.pth", "import stepping_out\n")
    settings = gimp.folder / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[global]\nno-index = true\nfind-links = {gimp.inside(wheels)}\n")
    yield gimp
    shut_down(home)


BEFORE = """
procedure = Gimp.get_pdb().lookup_procedure("plug-in-reverie-style")
image = load()
answer(menus=procedure.get_menu_paths(), label=procedure.get_menu_label(), said=paint(image, image.get_layers()))
"""

# The set-up's dialog comes first, and is cancelled while it works. Alt+G is “Go on”, of that page and of the last.
SET_UP = """
is_offered() { is_open Reverie && place && [ $HEIGHT -gt 200 ]; }
wait_for 60 is_offered; wait_for 10 still; shot offered
begun() { test -e .local/share/reverie/environment/incomplete; }
ended() { ! pgrep -f "$PWD/config/plug-ins/reverie/setup/install.py" >/dev/null; }
keys Return; wait_for 30 begun; sleep 1; place; shot running
keys Escape; wait_for 10 ended && begun && touch stopped; sleep 1; place; shot stopped
for _ in $(seq 90); do keys alt+g; wait_for 1 is_closed Reverie && break; done
"""
PAINT = """
act keys alt+y                         # Styles, where the one is that is chosen
act keys Left space                    # the one before it: stained glass
shot filter; paint
"""


def test_the_zip_has_the_plugin_as_gimp_wants_it_and_the_installer(archive):
    with zipfile.ZipFile(archive) as opened:
        entries = {entry.filename: entry for entry in opened.infolist()}
    assert {name.split("/")[0] for name in entries} == {"reverie"}
    assert [name for name, entry in entries.items() if entry.external_attr >> 16 & 0o111] == ["reverie/reverie.py"]
    setup = {name.split("/")[-1].split("-")[0] for name in entries if name.startswith("reverie/setup/")}
    assert setup == {"install.py", "requirements.txt", "constraints.txt", "checksums.txt", "reverie", "pip"}


def test_out_of_nothing_but_the_zip_the_first_dialog_sets_the_backend_up_and_paints(unpacked):
    before = unpacked.run(BEFORE)
    unpacked.end()
    assert before["menus"] == ["<Image>/Filters/Artistic"]
    works, said = before["said"]
    assert not works
    assert f'python3 "{unpacked.inside(unpacked.folder)}/config/plug-ins/reverie/setup/install.py"' in said
    answer = clicks.drive(
        unpacked, f"zip-{unpacked.version}", "Neural Style", "plug-in-reverie-style", PAINT, first=SET_UP
    )
    assert (unpacked.folder / "stopped").exists(), "by Cancel"
    assert answer["status"] == "success"
    assert len(answer["after"]) == 2 and answer["same"]
    record = json.loads((unpacked.folder / "home" / "install.json").read_text())
    environment = f"{unpacked.inside(unpacked.folder)}/.local/share/reverie/environment"
    assert record["python"] == f"{environment}/bin/python"
    assert record["package"].startswith(f"{environment}/lib/")
    assert not (unpacked.folder / ".local" / "share" / "reverie" / "downloads").exists()
