"""From a filter's arguments to a recipe, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import fields, presets
from shared.filters import DREAM, STYLE
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.gimp import layers
from reverie_gimp.gimp.arguments import CHOICES
from reverie_gimp.job import kept, styles

if TYPE_CHECKING:
    from gi.repository import Gimp

KINDS = {STYLE: "style", DREAM: "dream"}  # as presets call them
ANYTHING = "auto"  # as a layer to dream in: the backend chooses one, beside a style one that it does not use


# --- from the arguments to a recipe ----------------------------------------------------------------------------------


def recipe_of(filter_name: str, config: Gimp.ProcedureConfig) -> dict[str, Any]:
    """The recipe in a filter's arguments; a style or guide that is a layer goes by the layer's name. Raises Refusal."""
    unshown = further(config)
    recipe = dict(unshown, network=_text(config, "network") or "auto", detail=_choice(config, "detail"))
    if config.get_property("seed") >= 0:  # else each job has another
        recipe["seed"] = config.get_property("seed")
    for optional in ("size", "iterations"):  # 0 leaves it to the backend
        if config.get_property(optional):
            recipe[optional] = config.get_property(optional)
    dreams = _dreams(filter_name, config, unshown.get("dream") or [])
    recipe.pop("dream", None)
    if dreams:
        recipe.update(dream=dreams, dream_strength=config.get_property("dream-strength"))
    return (_with_style if filter_name == STYLE else _with_dream)(recipe, config)


def further(config: Gimp.ProcedureConfig) -> dict[str, Any]:
    """Fields of a recipe that no argument has, which a preset, a script or the record of a result has set. Raises
    Refusal."""
    return {name: value for name, value in kept.read(config).items() if name != kept.STYLES}


def _with_style(recipe: dict[str, Any], config: Gimp.ProcedureConfig) -> dict[str, Any]:
    chosen = styles.read(config)
    if not chosen:
        raise Refusal(_("Choose a style first: a fast style, a picture, or another open layer."))
    recipe.update(styles.fields(chosen, names_of_layers(STYLE, config), config.get_property("style-scale")))
    recipe.update(strength=config.get_property("strength"), color=_choice(config, "color"))
    method = _choice(config, "method")
    if "style" not in recipe:  # a fast style has a method of its own
        return _without(recipe, ["method", *fields.unused("only fast")])
    if method != "optimise" and "fast" in recipe:
        raise Refusal(
            _("A fast style goes with pictures where these are painted stroke by stroke. Leave it out, or do so.")
        )
    recipe["method"] = method
    return _without(recipe, fields.unused(method))


def _without(recipe: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: value for name, value in recipe.items() if name not in names}


def _with_dream(recipe: dict[str, Any], config: Gimp.ProcedureConfig) -> dict[str, Any]:
    recipe["parametrisation"] = _choice(config, "parametrisation")
    if config.get_property("octaves"):
        recipe["octaves"] = config.get_property("octaves")
    return recipe


def _dreams(filter_name: str, config: Gimp.ProcedureConfig, unshown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What to dream of; `unshown` are dreams that no control shows in full, the first of which is the one they show."""
    dream, layer, guide = {}, _text(config, "dream-layer"), layers.named_by(config, "dream-guide")
    if _text(config, "dream-class"):
        dream["class_name"] = _text(config, "dream-class")
    if layer and layer != ANYTHING:
        dream["layer"] = layer
    if config.get_property("dream-channel") >= 0:
        dream["channel"] = config.get_property("dream-channel")
    if guide is not None:
        dream["guide"] = names_of_layers(filter_name, config)[guide.get_id()]
    if filter_name == STYLE and not dream and layer != ANYTHING:
        return []
    if unshown and all(unshown[0].get(name) == dream.get(name) for name in ("class_name", "layer", "channel", "guide")):
        dream = unshown[0]
    return [dream, *unshown[1:]]


def names_of_layers(filter_name: str, config: Gimp.ProcedureConfig) -> dict[int, str]:
    """{a layer's id: what the recipe calls it}, of the layers that are style or guide."""
    used = [each.value for each in styles.read(config) if each.kind == "layer"] if filter_name == STYLE else []
    guide = layers.named_by(config, "dream-guide")
    return styles.unique_names(used if guide is None else [*used, guide])


def _choice(config: Gimp.ProcedureConfig, name: str) -> str:
    """Raises Refusal where an argument is none of those that it can be."""
    value = _text(config, name) or fields.defaults()[name]
    if value not in CHOICES[name]:
        offered = ", ".join("“%s”" % each for each in CHOICES[name])
        raise Refusal(_("The argument “%s” cannot be “%s”. It can be one of these: %s.") % (name, value, offered))
    return value


def _text(config: Gimp.ProcedureConfig, name: str) -> str:
    return (config.get_property(name) or "").strip()  # GIMP gives None for an empty text that was stored


# --- from a recipe to the arguments ----------------------------------------------------------------------------------

_ALIKE = {  # arguments that are fields of the recipe as they stand; a change of the detail forgets size and iterations
    STYLE: ("dream-strength", "network", "seed", "detail", "size", "iterations", "strength", "color", "method"),
    DREAM: ("dream-strength", "network", "seed", "detail", "size", "iterations", "parametrisation", "octaves"),
}


def show(
    recipe: dict[str, Any], filter_name: str, config: Gimp.ProcedureConfig, found: dict[str, Gimp.Layer] | None = None
) -> None:
    """Sets a filter's arguments to what a recipe says; to their defaults where it says nothing. Only the styles stay
    where the recipe names none. `found` are layers by their references. Raises TypeError or ValueError when a value
    cannot be one."""
    usual, found = config.get_procedure().create_config(), found or {}
    for name in _ALIKE[filter_name]:
        value = recipe.get(name.replace("-", "_"))
        config.set_property(name, usual.get_property(name) if value is None else value)
    dreams = recipe.get("dream") or []
    _show_dream(dreams, filter_name, config, found)
    unusual = presets.further(recipe, KINDS[filter_name])
    if len(dreams) > 1 or any(name in dream for dream in dreams for name in ("at", "weight")):
        unusual["dream"] = dreams
    if filter_name == DREAM:
        unusual.update((name, recipe[name]) for name in ("style", "fast") if recipe.get(name))
    kept.write(config, dict(unusual, **{kept.STYLES: _styles_kept(config)}))
    if filter_name == STYLE:
        _show_styles(recipe, config, found)


def _styles_kept(config: Gimp.ProcedureConfig) -> list[dict[str, Any]]:
    try:
        return list(kept.read(config).get(kept.STYLES) or [])
    except Refusal:  # nonsense that a script has left
        return []


def _show_dream(
    dreams: list[dict[str, Any]], filter_name: str, config: Gimp.ProcedureConfig, found: dict[str, Gimp.Layer]
) -> None:
    first = dreams[0] if dreams else {}
    anything = ANYTHING if filter_name == STYLE and dreams and not first else ""
    config.set_property("dream-class", first.get("class_name") or "")
    config.set_property("dream-guide", found.get(first.get("guide") or ""))
    config.set_property("dream-layer", first.get("layer") or anything)
    config.set_property("dream-channel", -1 if first.get("channel") is None else first["channel"])


def _show_styles(recipe: dict[str, Any], config: Gimp.ProcedureConfig, found: dict[str, Gimp.Layer]) -> None:
    style = recipe.get("style") or []
    scale = float((style or [{}])[0].get("scale", 1.0))
    scale = min(max(scale, 0.25), 4.0)  # the rest is left to each style's own
    config.set_property("style-scale", scale)
    chosen = styles.of_recipe(recipe, found, scale)
    if chosen or any(entry.get("image") for entry in style):
        styles.write(config, chosen)
