"""The pictures whose style was used lately."""

from __future__ import annotations

import json
import os

from shared import bundled, places

_LATELY, _REMEMBERED = 12, 500  # pictures that are offered, and that are known


def listed() -> list[str]:
    """The paths of the user's own style pictures that were used lately and are there still, the last one first."""
    return [path for path in remembered()[:_LATELY] if os.path.exists(path)]


def remembered() -> list[str]:
    """The paths of all that were used, as far as they are known; they may be gone."""
    try:
        with open(_recent_file(), encoding="utf-8") as file:
            return [path for path in json.load(file) if isinstance(path, str)]
    except (OSError, ValueError, TypeError):
        return []  # before the first, or after somebody wrote there by hand


def remember(paths: list[str]) -> None:
    """Puts pictures whose style is used at the beginning of those used lately."""
    own = list(dict.fromkeys(path for path in paths if path not in bundled.styles()))
    if not own:
        return
    kept = [path for path in remembered() if path not in own]
    try:
        with open(_recent_file(), "w", encoding="utf-8") as file:
            json.dump([*own, *kept][:_REMEMBERED], file)
    except OSError:
        pass  # a full disk must not stop a painting for the sake of a list


def _recent_file() -> str:
    return os.path.join(places.state_folder(), "recent-styles.json")
