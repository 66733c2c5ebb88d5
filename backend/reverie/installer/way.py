"""How Reverie came to this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from reverie.installer import CLONE, PACKAGE
from reverie.installer.environment import Environment

PROGRAM = "reverie gimp"


@dataclass(frozen=True)
class Way:
    """The words that a person gives (`program`), the Python that runs the backend, the package reverie that it runs,
    and the clone, where there is one with an environment of its own."""

    program: str
    python: Path
    clone: Path | None = None
    package: Path = PACKAGE

    @property
    def install(self) -> str:
        """The command that installs, once more."""
        return f"{self.program} install" if self.program == PROGRAM else self.program

    @property
    def folder(self) -> Path:
        """The clone, or what the package lies in."""
        return self.clone or self.package.parent


def from_clone(clone: Path = CLONE) -> Way:
    """With install.py, which makes an environment in the clone."""
    return Way("python3 install.py", Environment(clone).python, clone)


def as_package() -> Way:
    """With pip: the environment is the one that this runs in."""
    return Way(PROGRAM, Path(sys.executable))


def from_zip(zip_folder: Path = CLONE) -> Way:
    """With the install.py in the zip of the plug-in, which makes an environment in the user's data folder."""
    environment = Environment(zip_folder)
    return Way(zip_program(zip_folder), environment.python, package=environment.package())


def zip_program(zip_folder: Path = CLONE) -> str:
    python = "py" if sys.platform == "win32" else "python3"
    return f'{python} "{zip_folder / "install.py"}"'
