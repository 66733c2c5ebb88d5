"""The presets that a filter knows, Reverie's and the user's own, and the argument that names one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shared import bundled, jobs, presets
from shared.filters import TITLES
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.job import recipes

if TYPE_CHECKING:
    from gi.repository import Gimp

#: Arguments that say one thing together: where one is passed, what a preset says in the others does not count.
_TOGETHER = (
    ("styles", "style-file", "style-layer"),
    ("dream-class", "dream-guide", "dream-layer", "dream-channel"),
)


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


def take(filter_name: str, config: Gimp.ProcedureConfig) -> None:
    """Sets a filter's arguments to the preset that one of them names, by its title or its file; what is passed beside
    it, and is not as usual, stays. Raises Refusal where there is none of that name."""
    wanted = (config.get_property("preset") or "").strip()
    if not wanted:
        return
    offered = listed(filter_name)[0]
    found = next((each for each in offered if wanted.lower() in (each["title"].lower(), each["name"].lower())), None)
    if found is None:
        titles = ", ".join("“%s”" % each["title"] for each in offered)
        raise Refusal(_("%s has no preset “%s”. There are these: %s.") % (TITLES[filter_name], wanted, titles))
    passed = _passed(config)
    try:
        recipes.show(with_paths(found["recipe"]), filter_name, config)
    except (TypeError, ValueError, AttributeError, KeyError) as error:  # a file that somebody wrote by hand
        raise Refusal(_("The preset “%s” cannot be used: %s.") % (found["title"], error)) from error
    for name, value in passed.items():
        config.set_property(name, value)
    config.set_property("preset", "")  # which the next time is not to take again


def _passed(config: Gimp.ProcedureConfig) -> dict[str, Any]:
    """The arguments that are not as usual, and those that belong to them."""
    usual = config.get_procedure().create_config()
    every = (spec.get_name() for spec in config.get_procedure().get_arguments())
    names = [name for name in every if config.find_property(name)]  # image and layers are none of them here
    differ = {name for name in names if _said(config, name) != _said(usual, name)} - {"preset"}
    for group in _TOGETHER:
        there = [name for name in group if name in names]
        if differ.intersection(there):
            differ.update(there)
    return {name: config.get_property(name) for name in names if name in differ}


def _said(config: Gimp.ProcedureConfig, name: str) -> Any:
    value = config.get_property(name)
    return value.get_uri() if hasattr(value, "get_uri") else value or None  # GIMP gives None for a text that was empty
