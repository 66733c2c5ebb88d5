"""The record on a result's layer, from which it is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reverie_gimp.data import Source
from reverie_gimp.gimp import layers
from reverie_gimp.job import regions
from reverie_gimp.job.recipes import names_of_layers, recipe_of, show

if TYPE_CHECKING:
    from gi.repository import Gimp

_DECIDED = ("content_layers", "style_layers", "dream", "style", "fast")  # what a record says in full, asked or not


def origin(filter_name: str, config: Gimp.ProcedureConfig, source: Source, title: str) -> dict[str, Any]:
    """What the recipe as carried out cannot say: the filter, what was asked for, the layers of that image that were
    style, guide, regions or source, by their tattoos, and what was painted of the source. To be taken when the job
    begins: controls may change afterwards, and the image may be closed."""
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
        "source": source.layer.get_tattoo(),
        "area": list(source.area),
        "selected": source.selected or source.keeps_mask,
        "title": title,
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
