"""The styles that a gallery offers, and the pictures of styles and presets as they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from gi.repository import GdkPixbuf, GLib
from shared import bundled
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.gimp import layers, pixels, sources
from reverie_gimp.job import known_presets, recent_styles
from reverie_gimp.ui.widgets import pixbuf

KINDS = {  # groups of looks, in their order, as a list calls them
    "preset": _("Presets"),
    "picture": _("Pictures"),
    "fast": _("Fast styles"),
    "recent": _("Used lately"),
    "layer": _("Open layers"),
    "pattern": _("GIMP's patterns"),
}
_SIDE = 256  # pixels of a picture, the longest
_SMALLEST = 45  # pixels of a pattern, each way: what is smaller is a dot or a line, and no style


def styles() -> Iterator[tuple[str, str, Any, str | None]]:
    """(Group, kind, value, where it is) of each style, but for the fast ones, which the backend knows."""
    for path in bundled.styles():
        yield "picture", "file", path, None
    for path in recent_styles.listed():
        yield "recent", "file", path, os.path.dirname(path)
    for layer in layers.open_layers():
        yield "layer", "layer", layer, layer.get_image().get_name()
    for name in pixels.patterns(_SMALLEST):
        yield "pattern", "pattern", name, None


def of_style(kind: str, value: Any) -> GdkPixbuf.Pixbuf | None:
    """A picture of a style, about as small as it is shown; None where it cannot be read."""
    if kind == "file":
        return read_at(value, _SIDE)
    if kind == "layer":
        return pixbuf(*pixels.thumbnail(value, None, _SIDE)) if value.is_valid() else None
    return pixbuf(*pixels.pattern(value))


def read_at(place: str, longest: int) -> GdkPixbuf.Pixbuf | None:
    """The picture in a file, reduced or enlarged to that longest side; None where GTK cannot read it."""
    try:
        read = GdkPixbuf.Pixbuf.new_from_file_at_scale(place, longest, longest, True) if os.path.exists(place) else None
    except GLib.Error:  # no picture that GTK knows; the backend may know it all the same
        return None
    return read


def of_preset(preset: dict[str, Any], source: Source) -> GdkPixbuf.Pixbuf | None:
    """The style that a preset has, or, without one, the layer as it is."""
    style = known_presets.with_paths(preset["recipe"]).get("style") or [{}]
    path = bundled.present(style[0].get("image") or "")
    return of_style("file", path) if path else pixbuf(*sources.thumbnail(source, _SIDE))
