"""Earlier results of a layer: which there are, and which of them a new one hides."""

from __future__ import annotations

from gi.repository import Gimp

from reverie_gimp.gimp import parasites, pixels
from reverie_gimp.gimp.layers import all_layers

_SIDE = 128  # pixels: so finely it is looked at where a result shows
_OPAQUE = (Gimp.LayerMode.NORMAL, Gimp.LayerMode.NORMAL_LEGACY)
_LEFT = 0.02  # share of an earlier result that may show beside a new one: rounded borders are no picture


def results(image: Gimp.Image, source: Gimp.Layer | None = None) -> list[Gimp.Layer]:
    """The painted layers of an image, from the top; those of one source alone, if that is given."""
    home, found = parasites.read(image, parasites.IMAGE), []
    for layer in all_layers(image):
        origin = parasites.origin(layer)
        if origin is None or origin["image"] != home:  # copied from elsewhere, the same tattoo is of another layer
            continue
        if source is None or origin.get("source") == source.get_tattoo():
            found.append(layer)
    return found


def newest(image: Gimp.Image, source: Gimp.Layer) -> Gimp.Layer | None:
    """The result of a source that is seen, or else the topmost; None where there is none."""
    of_source = results(image, source)
    return next((layer for layer in of_source if layer.get_visible()), of_source[0] if of_source else None)


def covers(new: Gimp.Layer, old: Gimp.Layer) -> bool:
    """Would next to nothing of an earlier result be seen beside a new one? Selections gave both their masks: the sky
    in one style and the ground in another are one picture."""
    if new.get_opacity() < 100.0 or new.get_mode() not in _OPAQUE:
        return False  # what lies below is part of what is seen
    x, y, width, height = _bounds(old)
    left, top, wide, high = _bounds(new)
    if x < left or y < top or x + width > left + wide or y + height > top + high:
        return False
    shown, hidden = _shown(old, old), _shown(new, old)
    left_over = sum(max(0, one - other) for one, other in zip(shown, hidden, strict=True))
    return left_over <= _LEFT * sum(shown)


def _bounds(layer: Gimp.Layer) -> tuple[int, int, int, int]:
    return (*pixels.offsets(layer), layer.get_width(), layer.get_height())


def _shown(layer: Gimp.Layer, place: Gimp.Layer) -> bytes:
    """How much a layer's mask shows of it where another lies, reduced: 8-bit samples."""
    if layer.get_mask() is not None and layer.get_apply_mask():
        return pixels.covered(layer.get_mask(), place, pixels.whole(place), _SIDE)[0]
    factor = min(1.0, _SIDE / max(place.get_width(), place.get_height()))
    return b"\xff" * (max(1, int(place.get_width() * factor)) * max(1, int(place.get_height() * factor)))
