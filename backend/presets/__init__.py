"""Recipes with a name: those that come with the project (the JSON files here) and the user's own.

The files are read by `plugin.shared.presets`, which says what is in them; here they become recipes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backend import demo
from backend.errors import ReverieError
from plugin.shared import presets as files

FOLDER = Path(__file__).resolve().parent


def listed() -> list[dict[str, Any]]:
    """Every preset that can be read: the project's, then the user's own, styles before dreams."""
    own, _ = files.listed(files.folder())
    return [*files.listed(str(FOLDER))[0], *own]


def find(name: str) -> dict[str, Any]:
    """The preset of that name, the user's own before the project's, or in that file. Raises ReverieError."""
    named = {preset["name"]: preset for preset in listed()}
    if name in named:
        return named[name]
    if not name.endswith(".json"):
        known = ", ".join(named)
        raise ReverieError(f"There is no preset “{name}”. There are: {known}; or name a file that ends in .json.")
    try:
        read: dict[str, Any] = files.read(name)
        return read
    except files.PresetError as error:
        raise ReverieError(error.args[0]) from error
    except RecursionError as error:  # brackets within brackets without end
        raise ReverieError(f"“{name}” is no preset of Reverie; choose another file.") from error


def recipe(preset: dict[str, Any]) -> dict[str, Any]:
    """The recipe's document of a preset, with the project's pictures by their paths. A style may be left without a
    picture: whoever uses the preset adds one."""
    document = dict(preset["recipe"])
    if "style" in document:
        document["style"] = [_with_path(entry) for entry in document["style"]]
    return document


def _with_path(style: dict[str, Any]) -> dict[str, Any]:
    bundled = demo.styles().get(style.get("image", ""))
    return {**style, **({"image": str(bundled)} if bundled else {})}
