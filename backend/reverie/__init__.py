"""Reverie: neural style transfer and deep dream for GIMP, the command line and Python.

    import reverie

    result = reverie.render({"style": "ink"}, "photo.jpg")
    reverie.write("painted.png", result.picture)

docs/python.md has an example of every name. They are imported when they are first used: `import reverie` alone, which
the plug-in's installer does without any of the packages, and `reverie --help` do not wait for PyTorch.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reverie.api import render as render
    from reverie.engine.result import Result as Result
    from reverie.errors import ReverieError as ReverieError
    from reverie.events import Cancelled as Cancelled
    from reverie.events import Event as Event
    from reverie.events import Fetching as Fetching
    from reverie.events import Preview as Preview
    from reverie.events import Progress as Progress
    from reverie.events import Started as Started
    from reverie.events import Warning_ as Warning_
    from reverie.pictures.images import read as read
    from reverie.pictures.images import write as write
    from reverie.pictures.picture import Picture as Picture
    from reverie.recipe import Recipe as Recipe

__version__ = "0.1.0"

# The plug-in is a part of the installed package; in a checkout it lies beside backend/.
if not (Path(__file__).parent / "plugin").is_dir():
    __path__.append(str(Path(__file__).resolve().parents[2]))

# Threads that wait for each other do so by turning in a loop, OpenMP's for milliseconds, and take the time that those
# they wait for would need. Beside two programs that keep two cores busy, an iteration took 4 to 30 times as long as
# alone; with a short loop, after which they sleep, 2.4 times, where an even share would be 2. It costs about 5 % where
# nothing else runs. OpenMP reads this when PyTorch is loaded.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

_MODULES = {
    "render": "api",
    "Recipe": "recipe",
    "Result": "engine.result",
    "read": "pictures.images",
    "write": "pictures.images",
    "Picture": "pictures.picture",
    **dict.fromkeys(("Event", "Fetching", "Started", "Progress", "Preview", "Warning_", "Cancelled"), "events"),
    "ReverieError": "errors",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"reverie.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
