"""The recipes of small pictures of a layer, each in one style or by one preset, in one pass where that can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared import bundled, fields, npy

from reverie_gimp.gimp import pixels
from reverie_gimp.job import known_presets
from reverie_gimp.job.styles import Style

FAST_SIDE = 320  # pixels, the longest, of what a fast style paints: its strokes have a size in pixels
STYLE_SIDE = 512  # of a style, for these
_ITERATIONS = 40  # of a dream
_SEED = 0

PictureOf = Callable[[Style], "bytes | bytearray"]  # reads the picture of a style, as the backend takes it
Asked = tuple[dict[str, Any], dict[str, bytes | bytearray]]  # a recipe, and the pictures that it names


def of_style(style: Style, side: int, picture_of: PictureOf) -> Asked:
    """A layer in that style. Raises Refusal or BackendError where it cannot be read."""
    if style.kind == "fast":
        return {"fast": [{"name": style.value}], "size": max(side, FAST_SIDE), "seed": _SEED}, {}
    name = "style"
    recipe = {"method": "instant", "style": [{"image": name}], "size": side, "seed": _SEED}
    if style.kind == "layer" and not pixels.has_selection(style.value):  # which would say what of it counts
        return recipe, {name: npy.pack(*pixels.thumbnail(style.value, None, STYLE_SIDE), 4, "u1")}
    return recipe, {name: picture_of(style)}


def of_preset(preset: dict[str, Any], side: int, picture_of: PictureOf) -> Asked:
    """A layer by a preset; where that leaves the style open, in the first one that comes with Reverie."""
    recipe = dict(known_presets.with_paths(preset["recipe"]), size=side, seed=_SEED)
    if preset["filter"] != "style":
        return dict(recipe, iterations=_ITERATIONS), {}
    if not recipe.get("fast") or recipe.get("style"):
        unused = fields.unused("instant")
        recipe = {name: value for name, value in recipe.items() if name not in unused}
        recipe["method"] = "instant"
        recipe.pop("fast", None)
        usual = bundled.style("strokes")
        recipe["style"] = [dict(entry, image=entry.get("image") or usual) for entry in recipe.get("style") or [{}]]
    else:
        recipe["size"] = max(side, FAST_SIDE)
    paths = {entry["image"] for entry in recipe.get("style") or []}
    return recipe, {path: picture_of(Style("file", bundled.present(path))) for path in paths}
