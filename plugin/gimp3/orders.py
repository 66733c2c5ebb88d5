"""What the user asked for: from a filter's arguments to an order for the backend, and back from a result's record."""

import os

import layers
from gi.repository import Gio
from layers import Refusal
from shared import work
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
    return (_style if filter_name == STYLE else _dream)(config, source)


def _style(config, source):
    layer, file = config.get_property("style-layer"), config.get_property("style-file")
    if layer is not None:
        picture, name = layers.picture_of(layer), layer.get_name()
    elif file is not None and file.get_path():
        picture, name = work.read_file(file.get_path()), file.get_path()
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
    title = _("Neural style: ") + work.short_name(name) + (", " + dream if dream else "")
    return work.Order(source.picture(), {name: picture}, dict(recipe, **_common(config))), title


def _dream(config, source):
    dream, pictures = {}, {}
    guide = config.get_property("dream-guide")
    for field, argument in (("class_name", "dream-class"), ("layer", "dream-layer")):
        if _text(config, argument):
            dream[field] = _text(config, argument)
    if config.get_property("dream-channel") >= 0:
        dream["channel"] = config.get_property("dream-channel")
    if guide is not None:
        dream["guide"] = guide.get_name()
        pictures[guide.get_name()] = layers.picture_of(guide)
    recipe = {
        "dream": [dream],
        "dream_strength": config.get_property("dream-strength"),
        "parametrisation": config.get_property("parametrisation"),
    }
    what = dream.get("class_name") or dream.get("guide") or dream.get("layer")
    title = _("Deep dream") + (": " + what if what else "")
    return work.Order(source.picture(), pictures, dict(recipe, **_common(config))), title


def _common(config):
    recipe = {"network": _text(config, "network") or "auto", "seed": config.get_property("seed")}
    for optional in ("size", "iterations"):  # 0 leaves it to the backend
        if config.get_property(optional):
            recipe[optional] = config.get_property(optional)
    return recipe


def _text(config, name):
    return (config.get_property(name) or "").strip()  # GIMP gives None for an empty text that was stored


# --- the record on a result, for editing it --------------------------------------------------------------------------

_LAYERS = {STYLE: "style-layer", DREAM: "dream-guide"}  # the argument of each filter that is a layer


def origin(filter_name, config, image):
    """What the recipe cannot say: the filter, and the layer of this image that was style or guide, by its tattoo."""
    used = config.get_property(_LAYERS[filter_name])
    here = used is not None and used.get_image() == image
    return {"filter": filter_name, "used": used.get_tattoo() if here else None}


def restore(recipe, origin, config, image):
    """Sets a filter's arguments to what a record says."""
    used = origin["used"] and image.get_layer_by_tattoo(origin["used"])
    config.set_property(_LAYERS[origin["filter"]], used or None)
    dream = (recipe["dream"] or [{}])[0]
    config.set_property("dream-class", dream.get("class_name") or "")
    for name in ("dream-strength", "network", "seed", "size", "iterations"):
        config.set_property(name, recipe[name.replace("-", "_")])
    if origin["filter"] == STYLE:
        style = recipe["style"][0]
        config.set_property("style-scale", style["scale"])
        config.set_property("strength", recipe["strength"])
        config.set_property("color", recipe["color"])
        path = style["image"] if os.path.isabs(style["image"]) else None
        config.set_property("style-file", Gio.File.new_for_path(path) if path and not used else None)
    else:
        config.set_property("dream-layer", dream.get("layer") or "")
        config.set_property("dream-channel", -1 if dream.get("channel") is None else dream["channel"])
        config.set_property("parametrisation", recipe["parametrisation"])
