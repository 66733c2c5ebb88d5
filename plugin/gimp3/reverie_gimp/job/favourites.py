"""The looks that the user keeps at the beginning of the gallery: styles and presets, by kind and what names them."""

from __future__ import annotations

import json
import os

from shared import bundled, jobs, places

Key = tuple[str, str]  # the kind of a style, or “preset”; its path or name


def listed() -> list[Key]:
    """The favourites, the first one kept first."""
    try:
        with open(_file(), encoding="utf-8") as file:
            return [(str(kind), str(name)) for kind, name in json.load(file)]
    except (OSError, ValueError, TypeError):
        return []  # before the first, or after somebody wrote there by hand


def key(kind: str, value: str) -> Key:
    """What stands for a style or a preset, wherever Reverie is installed."""
    ours = value in bundled.styles() or os.path.dirname(value) == bundled.folder("presets")
    return kind, jobs.short_name(value) if ours else value


def keep(favourite: Key, kept: bool) -> None:
    """Keeps one, or keeps it no longer."""
    rest = [each for each in listed() if each != favourite]
    try:
        os.makedirs(places.state_folder(), exist_ok=True)
        with open(_file(), "w", encoding="utf-8") as file:
            json.dump([*rest, favourite] if kept else rest, file)
    except OSError:
        pass  # on a full disk, it is one only as long as the dialog is open


def _file() -> str:
    return os.path.join(places.state_folder(), "favourites.json")
