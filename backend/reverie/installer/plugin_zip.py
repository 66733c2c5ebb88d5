"""Makes the zip with the plug-in alone, to be unpacked in GIMP's folder plug-ins: `make(wheel, folder)`.

Beside the plug-in, in `setup/`, it has what sets the backend up: install.py, the backend's wheel, the lists of
packages, and pip, which the Python that comes with GIMP often lacks.
"""

from __future__ import annotations

import importlib.metadata
import os
import time
import zipfile
from pathlib import Path

from reverie.installer import CLONE, Failure, checksums, plugin
from reverie.installer.environment import CONSTRAINTS, REQUIREMENTS

_LEAST_PIP = (24, 1)  # the first that says its progress for programs to read
_NOT_IN_A_WHEEL = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def make(wheel: Path, folder: Path) -> Path:
    """Writes `reverie-gimp3-VERSION.zip` into the folder, with the version of the wheel; returns its path.

    It belongs to a clone, whose install.py and lists it takes. Raises Failure when the environment's pip is too old.
    """
    version = wheel.name.split("-")[1]
    target = folder / f"{plugin.NAME}-gimp3-{version}.zip"
    pip = _pip_wheel(folder)
    lists = [CLONE / name for name in (REQUIREMENTS, CONSTRAINTS, checksums.FILE)]
    setup = [CLONE / "install.py", *lists, wheel, pip]
    files = [*plugin.sources(), *((path, Path("setup") / path.name) for path in setup)]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, place in files:
            archive.writestr(_entry(Path(plugin.NAME) / place), path.read_bytes())
    pip.unlink()
    return target


def _entry(place: Path) -> zipfile.ZipInfo:
    """A file of the archive. GIMP starts only what may be executed; and it reads a plug-in anew only when its main file
    is younger than GIMP's own record of it, so that the time has to be that of the build."""
    now = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    entry = zipfile.ZipInfo(place.as_posix(), now[:6])
    entry.create_system = 3  # Unix, whose rights follow
    entry.external_attr = (0o100755 if place.name == plugin.MAIN else 0o100644) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _pip_wheel(folder: Path) -> Path:
    """The pip of this environment, made into a wheel again: nothing is fetched for it."""
    pip = importlib.metadata.distribution("pip")
    if tuple(map(int, pip.version.split(".")[:2])) < _LEAST_PIP:
        raise Failure(
            f"pip {pip.version} of this environment is too old to go into the zip. Run: python -m pip install -U pip"
        )
    path = folder / f"pip-{pip.version}-py3-none-any.whl"
    info = f"pip-{pip.version}.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in pip.files or ():
            wanted = file.parts[0] in ("pip", info) and "__pycache__" not in file.parts
            if wanted and file.name not in _NOT_IN_A_WHEEL:
                archive.write(file.locate(), file.as_posix())
        archive.writestr(f"{info}/RECORD", "")
    return path
