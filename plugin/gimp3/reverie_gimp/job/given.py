"""What a script says in few words: a preset, or a recipe, from which whatever is not passed beside it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import fields
from shared.filters import TITLES
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.gimp import layers
from reverie_gimp.job import kept, known_presets, recipes
from reverie_gimp.job.pictures import NO_PICTURE
from reverie_gimp.job.styles import PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gi.repository import Gimp

#: Arguments that say one thing together: where one is passed, what is said in the others does not count.
_TOGETHER = (("style-file", "style-layer"), ("dream-class", "dream-guide", "dream-layer", "dream-channel"))
_OF_GIMP = ("content_mask", "before", "zoom")  # fields for which GIMP has selections, regions and frames


def take(filter_name: str, config: Gimp.ProcedureConfig, image: Gimp.Image, scripted: bool) -> None:
    """Sets a filter's arguments to the preset that one of them names, by its title or its file, and to the recipe that
    a script passes, if it is one (`scripted`); what is passed beside them, and is not as usual, stays. Raises Refusal
    where there is no such preset, or the recipe cannot be used."""
    preset = _preset(filter_name, config)
    # Of others than scripts it is what the last dialog has left, beside its arguments.
    recipe = kept.read(config) if scripted else {}
    styles = recipe.pop(kept.STYLES, None)
    if preset is None and not recipe:
        return
    passed = _passed(config)
    try:
        _check(recipe)
        wanted = known_presets.with_paths({**(preset or {}).get("recipe", {}), **recipe})
        found = _layers_in(wanted, image)
        if recipe:
            _check_pictures(wanted, found)
        recipes.show(wanted, filter_name, config, found)
    except (TypeError, ValueError, AttributeError, KeyError) as error:  # written by hand
        if preset is not None and not recipe:
            raise Refusal(_("The preset “%s” cannot be used: %s.") % (preset["title"], error)) from error
        raise Refusal(_("The argument “recipe” cannot be used: %s.") % error) from error
    for name, value in passed.items():
        config.set_property(name, value)
    if styles or any(name in passed for name in _TOGETHER[0]):
        kept.write_styles(config, styles or [])
    config.set_property("preset", "")  # which the next time is not to take again


def _preset(filter_name: str, config: Gimp.ProcedureConfig) -> dict[str, Any] | None:
    wanted = (config.get_property("preset") or "").strip()
    if not wanted:
        return None
    offered = known_presets.listed(filter_name)[0]
    found = next((each for each in offered if wanted.lower() in (each["title"].lower(), each["name"].lower())), None)
    if found is None:
        titles = ", ".join("“%s”" % each["title"] for each in offered)
        raise Refusal(_("%s has no preset “%s”. There are these: %s.") % (TITLES[filter_name], wanted, titles))
    return found


def _check(recipe: dict[str, Any]) -> None:
    """Nothing that a recipe says is passed over in silence."""
    known = fields.schema()["properties"]
    for name in recipe:
        if name not in known:
            raise Refusal(_("The argument “recipe” has a field “%s”, which no recipe has.") % name)
    usual = fields.defaults()  # which a recipe as carried out says, too
    masked = any(isinstance(each, dict) and each.get("mask") for each in recipe.get("style") or [])
    there = [name for name in _OF_GIMP if recipe.get(name) not in (None, usual.get(name))]
    for name in there + ["mask"] * masked:
        raise Refusal(
            _(
                "The argument “recipe” has a field “%s”, for which GIMP has selections, regions and frames. Leave it "
                "out."
            )
            % name
        )


def _check_pictures(recipe: dict[str, Any], found: dict[str, Gimp.Layer]) -> None:
    """What is no file and no pattern has to be a layer that is there."""
    for name in _pictures(recipe):
        if name not in found and not name.startswith(PATTERN) and "/" not in name and "\\" not in name:
            raise Refusal(NO_PICTURE % name)


def _layers_in(recipe: dict[str, Any], image: Gimp.Image) -> dict[str, Gimp.Layer]:
    """{a picture's name in the recipe: the layer of the image that is called so}."""
    named = {layer.get_name(): layer for layer in reversed(layers.all_layers(image))}
    return {name: named[name] for name in _pictures(recipe) if name in named}


def _pictures(recipe: dict[str, Any]) -> Iterable[str]:
    for field, reference in (("style", "image"), ("dream", "guide")):
        for entry in recipe.get(field) or []:
            if isinstance(entry, dict) and isinstance(entry.get(reference), str):
                yield entry[reference]


def _passed(config: Gimp.ProcedureConfig) -> dict[str, Any]:
    """The arguments that are not as usual, and those that belong to them."""
    usual = config.get_procedure().create_config()
    every = (spec.get_name() for spec in config.get_procedure().get_arguments())
    names = [name for name in every if config.find_property(name)]  # image and layers are none of them here
    differ = {name for name in names if _said(config, name) != _said(usual, name)} - {"preset", "recipe"}
    for group in _TOGETHER:
        there = [name for name in group if name in names]
        if differ.intersection(there):
            differ.update(there)
    return {name: config.get_property(name) for name in names if name in differ}


def _said(config: Gimp.ProcedureConfig, name: str) -> Any:
    value = config.get_property(name)
    return value.get_uri() if hasattr(value, "get_uri") else value or None  # GIMP gives None for a text that was empty
