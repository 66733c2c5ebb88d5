"""What comes with Reverie, style pictures and presets; and the pictures whose style was used lately."""

from __future__ import annotations

import json
import os
from typing import Any

from shared import places, presets


def bundled_styles() -> list[str]:
    """The paths of the style pictures where Reverie is installed; none if that cannot be seen from here."""
    folder = _folder("demo")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name.endswith(".jpg") and name != "landscape.jpg"]


_LATELY = 12  # pictures


def recent_styles() -> list[str]:
    """The paths of the user's own style pictures that were used lately and are there still, the last one first."""
    try:
        with open(_recent_file(), encoding="utf-8") as file:
            return [path for path in json.load(file) if os.path.exists(path)]
    except (OSError, ValueError, TypeError):
        return []  # before the first, or after somebody wrote there by hand


def remember(paths: list[str]) -> None:
    """Puts pictures whose style is used at the beginning of those used lately."""
    own = [path for path in paths if path not in bundled_styles()]
    if not own:
        return
    kept = [path for path in recent_styles() if path not in own]
    try:
        with open(_recent_file(), "w", encoding="utf-8") as file:
            json.dump([*own, *kept][:_LATELY], file)
    except OSError:
        pass  # a full disk must not stop a painting for the sake of a list


def _recent_file() -> str:
    return os.path.join(places.state_folder(), "recent-styles.json")


def bundled_presets() -> list[dict[str, Any]]:
    """The presets, as `presets.read` gives them; none if the folder cannot be seen from here."""
    return presets.listed(_folder("presets"))[0]


def _folder(name: str) -> str:
    """A folder of the backend that is installed; one that does not exist, if none is."""
    try:
        with open(places.install_record(), encoding="utf-8") as file:
            return os.path.join(json.load(file)["folder"], "backend", name)
    except (OSError, ValueError, KeyError):
        return os.path.join(places.state_folder(), name, "missing")
