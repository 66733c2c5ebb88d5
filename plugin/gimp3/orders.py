"""What the user asked for: from a filter's arguments to an order for the backend, and back from a result's record."""

import json
import os

import frames
import layers
import regions
from gi.repository import Gio
from layers import Refusal
from shared import presets, work
from shared.words import _

STYLE = "plug-in-reverie-style"
DREAM = "plug-in-reverie-dream"


def order(filter_name, config, source):
    """(order, name of the result's layer). Raises Refusal when something is missing, or BackendError for a file."""
    if layers.is_indexed(source.image) and not config.get_property("convert-indexed"):
        raise Refusal(
            _(
                "An indexed image has too few colours for this. Let it be converted to RGB, or do so with "
                "Image ▸ Mode ▸ RGB, then try again."
            )
        )
    regions.place(source, config)
    made, title = (_style if filter_name == STYLE else _dream)(config, source)
    if source.frame is not None:
        frames.go_on(made, source, config)
    return made, title


def recipe_of(filter_name, config):
    """The recipe in a filter's arguments; a style or guide that is a layer goes by the layer's name. Raises Refusal."""
    recipe = dict(further(config), network=_text(config, "network") or "auto", seed=config.get_property("seed"))
    for optional in ("size", "iterations"):  # 0 leaves it to the backend
        if config.get_property(optional):
            recipe[optional] = config.get_property(optional)
    return dict(recipe, **(_style_fields if filter_name == STYLE else _dream_fields)(config))


def further(config):
    """Fields of a recipe that no argument has, which a preset or the record of a result has set. Raises Refusal."""
    try:
        return dict(json.loads(_text(config, "further") or "{}"))
    except (TypeError, ValueError):
        raise Refusal(_('The argument “further” is no JSON object such as {"style_loss": "nearest"}.')) from None


def _style_fields(config):
    layer, file = config.get_property("style-layer"), config.get_property("style-file")
    if layer is not None:
        name = layer.get_name()
    elif file is not None and file.get_path():
        name = file.get_path()
    else:
        raise Refusal(_("Choose a style first: a picture file, or another open layer."))
    recipe = {
        "style": [{"image": name, "scale": config.get_property("style-scale")}],
        "strength": config.get_property("strength"),
        "color": config.get_property("color"),
    }
    dream = _text(config, "dream-class")
    if dream:
        recipe["dream"] = [{"class_name": dream}]
        recipe["dream_strength"] = config.get_property("dream-strength")
    return recipe


def _style(config, source):
    recipe, layer = recipe_of(STYLE, config), config.get_property("style-layer")
    name, dream = recipe["style"][0]["image"], _text(config, "dream-class")
    picture = work.read_file(name) if layer is None else layers.picture_of(layer)
    pictures = {name: picture}
    if source.regions:
        recipe, pictures = regions.styled(recipe, pictures, source)
    recipe, pictures = regions.guided(recipe, pictures, source)
    names = dict.fromkeys(work.short_name(entry["image"]) for entry in recipe["style"])
    title = _("Neural style: ") + ", ".join([*names, dream] if dream else names)
    return work.Order(source.picture(), pictures, recipe), title


def _dream_fields(config):
    dream, guide = {}, config.get_property("dream-guide")
    for field, argument in (("class_name", "dream-class"), ("layer", "dream-layer")):
        if _text(config, argument):
            dream[field] = _text(config, argument)
    if config.get_property("dream-channel") >= 0:
        dream["channel"] = config.get_property("dream-channel")
    if guide is not None:
        dream["guide"] = guide.get_name()
    recipe = {
        "dream": [dream],
        "dream_strength": config.get_property("dream-strength"),
        "parametrisation": config.get_property("parametrisation"),
    }
    if config.get_property("octaves"):
        recipe["octaves"] = config.get_property("octaves")
    return recipe


def _dream(config, source):
    recipe, guide = recipe_of(DREAM, config), config.get_property("dream-guide")
    pictures = {} if guide is None else {guide.get_name(): layers.picture_of(guide)}
    dream = recipe["dream"][0]
    what = dream.get("class_name") or dream.get("guide") or dream.get("layer")
    title = _("Deep dream") + (": " + what if what else "")
    return work.Order(source.picture(), pictures, recipe), title


def _text(config, name):
    return (config.get_property(name) or "").strip()  # GIMP gives None for an empty text that was stored


# --- the record on a result, for editing it --------------------------------------------------------------------------

LAYERS = {STYLE: "style-layer", DREAM: "dream-guide"}  # the argument of each filter that is a layer
_ALIKE = {  # arguments that are fields of the recipe as they stand
    STYLE: ("dream-strength", "network", "seed", "size", "iterations", "strength", "color"),
    DREAM: ("dream-strength", "network", "seed", "size", "iterations", "parametrisation", "octaves"),
}


def origin(filter_name, config, source):
    """What the recipe cannot say: the filter, and the layer of that image that was style or guide, by its tattoo."""
    used = config.get_property(LAYERS[filter_name])
    here = used is not None and used.get_image() == source.image
    return {
        "filter": filter_name,
        "used": used.get_tattoo() if here else None,
        "regions": regions.recorded(config, source),
    }


def restore(recipe, origin, config, image):
    """Sets a filter's arguments to what a record says."""
    show(recipe, origin["filter"], config)
    used = origin["used"] and image.get_layer_by_tattoo(origin["used"])
    if used and origin["filter"] == STYLE:
        config.set_property("style-file", None)
    config.set_property(LAYERS[origin["filter"]], used or None)
    regions.restore(origin.get("regions") or [], config, image)


def show(recipe, filter_name, config):
    """Sets a filter's arguments to what a recipe says; to their defaults where it says nothing. Only the style picture
    stays where the recipe names none. Raises TypeError or ValueError when a value cannot be one."""
    usual = config.get_procedure().create_config()
    dream = (recipe.get("dream") or [{}])[0]
    config.set_property("dream-class", dream.get("class_name") or "")
    for name in _ALIKE[filter_name]:
        value = recipe.get(name.replace("-", "_"))
        config.set_property(name, usual.get_property(name) if value is None else value)
    unusual = presets.further(recipe)
    config.set_property("further", json.dumps(unusual) if unusual else "")
    if filter_name == STYLE:
        style = (recipe.get("style") or [{}])[0]
        config.set_property("style-scale", style.get("scale", 1.0))
        if style.get("image"):
            path = style["image"] if os.path.isabs(style["image"]) else None
            config.set_property("style-layer", None)
            config.set_property("style-file", Gio.File.new_for_path(path) if path else None)
    else:
        config.set_property("dream-layer", dream.get("layer") or "")
        config.set_property("dream-channel", -1 if dream.get("channel") is None else dream["channel"])
        config.set_property("dream-guide", None)
