"""The extras: packages that only some commands need, and that are installed when somebody wants those."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping

from reverie.errors import ReverieError


def check(who: str, packages: Mapping[str, str], megabytes: int, field: str | None = None) -> None:
    """Raises ReverieError that says what to install, where one of the packages is missing: each module, and what pip
    calls it. `who` needs them ("Films need"); `field` is of the recipe or the command."""
    missing = [name for module, name in packages.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ReverieError(
            f"{who} {' and '.join(packages.values())} (about {megabytes} MB), and not all of it is installed. Give the "
            f"command “{sys.executable} -m pip install {' '.join(missing)}”, and then this one again.",
            field,
        )
