"""Many machines: a cluster of Ray's paints what one machine would. The package is the extra `cluster`: what imports the
other files here asks `check_packages` first."""

from __future__ import annotations

import importlib.util
import sys

from reverie.errors import ReverieError


def check_packages() -> None:
    """Raises ReverieError that says what to install, where Ray is missing."""
    if importlib.util.find_spec("ray") is None:
        raise ReverieError(
            f"A cluster needs Ray (about 250 MB), which is not installed. Give the command “{sys.executable} -m pip "
            "install ray”, and then this one again.",
            "cluster",
        )
