"""What the user asked for: from a filter's arguments to an order for the backend, and back from a result's record."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import chosen
import frames
import layers
import pixels
import regions
from shared import filters, presets, refusals, work
from shared.filters import DREAM, STYLE
from shared.refusals import Refusal
from shared.words import _

if TYPE_CHECKING:
    from gi.repository import Gimp

KINDS = {STYLE: "style", DREAM: "dream"}  # as presets call them
ANYTHING = "auto"  # as a layer to dream in: the backend chooses one, beside a style one that it does not use
DETAILS = {  # how finely it is painted, as a recipe calls it: in words, and what that means
    "sketch": (_("Quick sketch"), _("Small and soon done: to see whether it goes the right way.")),
    "usual": (_("As usual"), _("What suits this machine.")),
    "fine": (_("Fine"), _("Larger, with finer strokes, and longer at work on them.")),
    "best": (_("Best"), _("Each pixel of the layer is painted, however long that takes.")),
}

_ONE_PASS_HAS_NOT = ("budget", "content_mask", "init", "method", "pooling")  # fields of which a fast style has no use


def order(
    filter_name: str,
    config: Gimp.ProcedureConfig,
    source: layers.Source,
    pictures: chosen.Pictures | None = None,
    reduced: bytes | None = None,
) -> tuple[work.Order, str]:
    """(order, name of the result's layer). `pictures` are those read before; for a preview, `reduced` is sent in the
    place of the source's own picture, and the source is placed already. Raises Refusal when something is missing, or
    BackendError for a file."""
    if not source.layer.is_valid():
        raise Refusal(_("The image or its layer was closed meanwhile. Open it again, then start anew."))
    if pixels.is_indexed(source.image) and not config.get_property("convert-indexed"):
        raise Refusal(refusals.INDEXED)
    if reduced is None:
        layers.select_again(source)
        regions.place(source, config)
    recipe, sent = _with_pictures(filter_name, config, source, pictures or chosen.Pictures())
    recipe.setdefault("seed", random.randrange(2**31))
    made = work.Order(source.picture() if reduced is None else reduced, sent, recipe)
    if source.frame is not None:
        frames.go_on(made, source, source.frame, config)
    return made, filters.title(filter_name, recipe)


def _with_pictures(
    filter_name: str, config: Gimp.ProcedureConfig, source: layers.Source, pictures: chosen.Pictures
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(The recipe in a filter's arguments, for this source; the pictures that it refers to)."""
    recipe, names = recipe_of(filter_name, config), names_of_layers(filter_name, config)
    sent = {}
    if filter_name == STYLE:
        for each in chosen.read(config):
            if each.kind != "fast":
                sent[chosen.reference(each, names)] = pictures.of(each)
        if source.regions:
            recipe, sent = _in_regions(recipe, sent, source)
        recipe, sent = regions.guided(recipe, sent, source)
    guide = layers.named_by(config, "dream-guide")
    if guide is not None:
        sent[names[guide.get_id()]] = pictures.of_layer(guide)
    for name in work.references(recipe):
        if name not in sent:
            sent[name] = pictures.named(name, source.image)
    return recipe, sent


def _in_regions(
    recipe: dict[str, Any], sent: dict[str, Any], source: layers.Source
) -> tuple[dict[str, Any], dict[str, Any]]:
    if not recipe.get("style"):
        raise Refusal(
            _("A fast style paints the whole picture at once. For regions, choose at least one style picture, too.")
        )
    return regions.styled(recipe, sent, source)


# --- from the arguments to a recipe ----------------------------------------------------------------------------------


def recipe_of(filter_name: str, config: Gimp.ProcedureConfig) -> dict[str, Any]:
    """The recipe in a filter's arguments; a style or guide that is a layer goes by the layer's name. Raises Refusal."""
    kept = further(config)
    recipe = dict(kept, network=_text(config, "network") or "auto", detail=config.get_property("detail"))
    if config.get_property("seed") >= 0:  # else each order has another
        recipe["seed"] = config.get_property("seed")
    for optional in ("size", "iterations"):  # 0 leaves it to the backend
        if config.get_property(optional):
            recipe[optional] = config.get_property(optional)
    dreams = _dreams(filter_name, config, kept.get("dream") or [])
    recipe.pop("dream", None)
    if dreams:
        recipe.update(dream=dreams, dream_strength=config.get_property("dream-strength"))
    return (_with_style if filter_name == STYLE else _with_dream)(recipe, config)


def further(config: Gimp.ProcedureConfig) -> dict[str, Any]:
    """Fields of a recipe that no argument has, which a preset or the record of a result has set. Raises Refusal."""
    try:
        return dict(json.loads(_text(config, "further") or "{}"))
    except (TypeError, ValueError):
        raise Refusal(_('The argument “further” is no JSON object such as {"style_loss": "nearest"}.')) from None


def _with_style(recipe: dict[str, Any], config: Gimp.ProcedureConfig) -> dict[str, Any]:
    uses = chosen.read(config)
    if not uses:
        raise Refusal(_("Choose a style first: a fast style, a picture, or another open layer."))
    recipe.update(chosen.fields(uses, names_of_layers(STYLE, config), config.get_property("style-scale")))
    recipe.update(strength=config.get_property("strength"), color=config.get_property("color"))
    if "style" not in recipe:
        recipe = {name: value for name, value in recipe.items() if name not in _ONE_PASS_HAS_NOT}
    return recipe


def _with_dream(recipe: dict[str, Any], config: Gimp.ProcedureConfig) -> dict[str, Any]:
    recipe["parametrisation"] = config.get_property("parametrisation")
    if config.get_property("octaves"):
        recipe["octaves"] = config.get_property("octaves")
    return recipe


def _dreams(filter_name: str, config: Gimp.ProcedureConfig, kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What to dream of; `kept` are dreams that no control shows in full, the first of which is the one they show."""
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
    if kept and all(kept[0].get(name) == dream.get(name) for name in ("class_name", "layer", "channel", "guide")):
        dream = kept[0]
    return [dream, *kept[1:]]


def names_of_layers(filter_name: str, config: Gimp.ProcedureConfig) -> dict[int, str]:
    """{a layer's id: what the recipe calls it}, of the layers that are style or guide."""
    used = [each.value for each in chosen.read(config) if each.kind == "layer"] if filter_name == STYLE else []
    guide = layers.named_by(config, "dream-guide")
    return chosen.named(used if guide is None else [*used, guide])


def _text(config: Gimp.ProcedureConfig, name: str) -> str:
    return (config.get_property(name) or "").strip()  # GIMP gives None for an empty text that was stored


# --- the record on a result, for editing it --------------------------------------------------------------------------

_ALIKE = {  # arguments that are fields of the recipe as they stand; a change of the detail forgets size and iterations
    STYLE: ("dream-strength", "network", "seed", "detail", "size", "iterations", "strength", "color"),
    DREAM: ("dream-strength", "network", "seed", "detail", "size", "iterations", "parametrisation", "octaves"),
}
_DECIDED = ("content_layers", "style_layers", "dream", "style", "fast")  # what a record says in full, asked or not


def origin(filter_name: str, config: Gimp.ProcedureConfig, source: layers.Source) -> dict[str, Any]:
    """What the recipe as carried out cannot say: the filter, what was asked for, and the layers of that image that were
    style, guide or regions, by their tattoos. To be taken with the order: controls may change afterwards."""
    names, here = names_of_layers(filter_name, config), {}
    for number, name in names.items():
        layer = layers.by_id(number)
        if layer is not None and layer.get_image() == source.image:
            here[name] = layer.get_tattoo()
    return {
        "filter": filter_name,
        "asked": recipe_of(filter_name, config),
        "layers": here,
        "regions": regions.recorded(config, source),
    }


def restore(recipe: dict[str, Any], origin: dict[str, Any], config: Gimp.ProcedureConfig, image: Gimp.Image) -> None:
    """Sets a filter's arguments to what a record says. What the backend decided stays decided."""
    asked = dict(origin.get("asked") or recipe)  # records of older versions do not say what was asked
    left_open = asked.get("dream") and not any(asked["dream"])
    for name, value in recipe.items():
        if name not in _DECIDED or (left_open and name in ("dream", "style_layers")):
            asked[name] = value
    found = {}
    for name, tattoo in origin.get("layers", {}).items():
        layer = image.get_layer_by_tattoo(tattoo)
        if layer is not None:
            found[name] = layer
    show(asked, origin["filter"], config, found)
    regions.restore(origin.get("regions") or [], config, image)


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
    config.set_property("further", json.dumps(unusual) if unusual else "")
    if filter_name == STYLE:
        _show_styles(recipe, config, found)


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
    uses = chosen.of_recipe(recipe, found, scale)
    if uses or any(entry.get("image") for entry in style):
        chosen.write(config, uses)
