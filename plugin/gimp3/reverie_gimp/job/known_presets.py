"""The presets that a filter knows, Reverie's and the user's own."""

from __future__ import annotations

import json
from typing import Any

from shared import bundled, jobs, presets

from reverie_gimp.job import recipes


def listed(filter_name: str) -> tuple[list[dict[str, Any]], list[str]]:
    """(The presets of a filter, sentences about files that are none)."""
    own, faults = presets.listed(presets.folder())
    every = presets.listed(bundled.folder("presets"))[0] + own
    return [each for each in every if each["filter"] == recipes.KINDS[filter_name]], faults


def with_paths(recipe: dict[str, Any]) -> dict[str, Any]:
    """The recipe with the paths of Reverie's own pictures instead of their names."""
    paths = {jobs.short_name(path): path for path in bundled.styles()}
    recipe = json.loads(json.dumps(recipe))  # a copy
    for entry in recipe.get("style") or []:
        if entry.get("image") in paths:
            entry["image"] = paths[entry["image"]]
    return recipe
