"""How Reverie came to this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from reverie.installer import CLONE, PACKAGE
from reverie.installer.environment import Environment


@dataclass(frozen=True)
class Way:
    """The words that a person gives (`program`), the Python that runs the backend, and the clone, where there is one
    with an environment of its own."""

    program: str
    python: Path
    clone: Path | None = None

    @property
    def install(self) -> str:
        """The command that installs, once more."""
        return self.program if self.clone else f"{self.program} install"

    @property
    def folder(self) -> Path:
        """The clone, or what the package lies in."""
        return self.clone or PACKAGE.parent


def from_clone(clone: Path = CLONE) -> Way:
    """With install.py, which makes an environment in the clone."""
    return Way("python3 install.py", Environment(clone).python, clone)


def as_package() -> Way:
    """With pip: the environment is the one that this runs in."""
    return Way("reverie gimp", Path(sys.executable))
