"""Recipes with a name: those that come with the project (the JSON files here) and the user's own.

The files are read by `reverie.plugin.shared.presets`, which says what is in them; here they become recipes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reverie import demo
from reverie.errors import ReverieError
from reverie.plugin.shared import presets as files

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


def recipe(preset: dict[str, Any]) -> dict[str, Any]:
    """The recipe's document of a preset, with the project's pictures by their paths. A style may be left without a
    picture: whoever uses the preset adds one. Raises ReverieError for a file that was mended by hand, and badly."""
    document = dict(preset["recipe"])
    try:
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()  # as it will travel to GIMP
        if "style" in document:
            styles = document["style"] if isinstance(document["style"], list) else [document["style"]]
            document["style"] = [_with_path({"image": entry} if isinstance(entry, str) else entry) for entry in styles]
    except (ValueError, TypeError) as error:
        raise ReverieError(
            f"The preset “{preset['title']}” is damaged: {error}. Save it again, or delete it."
        ) from error
    return document


def _with_path(style: Any) -> dict[str, Any]:
    """A style with the path of the project's picture that it names. Raises TypeError for what is no style."""
    if not isinstance(style, dict) or not isinstance(style.get("image", ""), str):
        raise TypeError(f"{style!r:.40} is no style")
    bundled = demo.styles().get(style.get("image", ""))
    return {**style, **({"image": str(bundled)} if bundled else {})}
