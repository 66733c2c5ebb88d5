"""Pixels: out of GIMP, as the backend takes them, and into it."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator

from gi.repository import Babl, Gegl, Gimp, Gio, GLib
from shared import npy
from shared.refusals import UNREADABLE, Refusal
from shared.words import _

from reverie_gimp.data import Rectangle

# Samples of a picture, as the backend names them, and as babl does. R'G'B' is sRGB-encoded; babl converts from and to
# whatever the image has: grey, linear light, another profile.
FORMATS = {"u1": "R'G'B'A u8", "u2": "R'G'B'A u16", "f4": "R'G'B'A float"}

MASK_FORMATS = {"u1": "Y u8", "u2": "Y float", "f4": "Y float"}  # of the masks beside them

_AT_ONCE = 2**24  # bytes of a picture that are asked of GIMP, or given to it: it makes a copy, and caches the layer's

Pixels = tuple[bytes, int, int]  # 8-bit RGBA samples, width, height


def is_indexed(image: Gimp.Image) -> bool:
    return image.get_base_type() == Gimp.ImageBaseType.INDEXED


def whole(drawable: Gimp.Drawable) -> Rectangle:
    return (0, 0, drawable.get_width(), drawable.get_height())


def offsets(drawable: Gimp.Drawable) -> tuple[int, int]:
    return drawable.get_offsets()[1:]


def depth_of(image: Gimp.Image) -> str:
    """The sample type in which nothing of the image's colours is lost.

    Colours of a wider profile than sRGB lie outside 0–1 in sRGB, which only float can say.
    """
    profile, nick = image.get_color_profile(), image.get_precision().value_nick
    if profile is not None and "sRGB" not in profile.get_label():
        return "f4"
    return "u1" if nick.startswith("u8-") else "u2" if nick.startswith("u16-") else "f4"


def image_like(image: Gimp.Image, width: int, height: int) -> Gimp.Image:
    """An empty image that nobody sees, of another's kind and precision, and with its profile or palette."""
    new = Gimp.Image.new_with_precision(width, height, image.get_base_type(), image.get_precision())
    new.undo_disable()
    if is_indexed(image):
        new.set_palette(image.get_palette())
    elif image.get_color_profile() is not None:
        new.set_color_profile(image.get_color_profile())
    return new


# --- out of GIMP ------------------------------------------------------------------------------------------------------


def picture(drawable: Gimp.Drawable, area: Rectangle, depth: str) -> bytearray:
    """An area of a drawable, as it looks, as .npy (a bytearray)."""
    packed = bytearray(npy.header(area[2], area[3], 4, depth))
    with _as_seen(drawable) as seen:
        for strip in _strips(area, depth):
            packed += seen.get_buffer().get(Gegl.Rectangle.new(*strip), 1.0, FORMATS[depth], Gegl.AbyssPolicy.NONE)
    return packed


def picture_of(drawable: Gimp.Drawable) -> bytearray:
    """A whole drawable, as an 8-bit .npy: a style or a guide."""
    return picture(drawable, whole(drawable), "u1")


def has_selection(layer: Gimp.Layer) -> bool:
    """Is something selected in a layer's image?"""
    return not Gimp.Selection.is_empty(layer.get_image())


def selected_of(layer: Gimp.Layer) -> bytearray:
    """What is selected of a layer, as an 8-bit .npy in which the rest is transparent; all of it where nothing in its
    image is selected. Raises Refusal where something is, but not of the layer."""
    if not has_selection(layer):
        return picture_of(layer)
    overlap, *bounds = layer.mask_intersect()
    if not overlap:
        raise Refusal(
            _("Nothing is selected of the layer “%s”, whose style is wanted. Select a part of it, or nothing.")
            % layer.get_name()
        )
    area: Rectangle = tuple(bounds)
    seen = picture(layer, area, "u1")
    shown = covered(layer.get_image().get_selection(), layer, area, max(area[2:]))[0]
    alpha = slice(len(seen) - 4 * len(shown) + 3, None, 4)
    whole_there = seen[alpha].count(255) == len(shown)
    seen[alpha] = shown if whole_there else bytes(one * by // 255 for one, by in zip(seen[alpha], shown, strict=True))
    return seen


def thumbnail(drawable: Gimp.Drawable, area: Rectangle | None, longest: int) -> Pixels:
    """An area of a drawable (None: all of it), reduced: (8-bit RGBA samples, width, height)."""
    x, y, width, height = area or whole(drawable)
    factor = min(1.0, longest / max(width, height))
    reduced = (int(x * factor), int(y * factor), max(1, int(width * factor)), max(1, int(height * factor)))
    with _as_seen(drawable) as seen:
        samples = seen.get_buffer().get(Gegl.Rectangle.new(*reduced), factor, FORMATS["u1"], Gegl.AbyssPolicy.NONE)
    return samples, reduced[2], reduced[3]


@contextlib.contextmanager
def _as_seen(drawable: Gimp.Drawable) -> Iterator[Gimp.Drawable]:
    """The drawable; where it has non-destructive filters or a mask, which its own buffer is without, a copy to which
    they are applied."""
    masked = isinstance(drawable, Gimp.Layer) and drawable.get_mask() is not None and drawable.get_apply_mask()
    if not drawable.get_filters() and not masked:
        yield drawable
        return
    image = _merged(drawable)
    try:
        yield image.get_layers()[0]
    finally:
        image.delete()


def _merged(drawable: Gimp.Drawable) -> Gimp.Image:
    """An image of nothing but the drawable, with its filters and its mask applied."""
    new = image_like(drawable.get_image(), drawable.get_width(), drawable.get_height())
    layer = Gimp.Layer.new_from_drawable(drawable, new)
    new.insert_layer(layer, None, 0)
    if layer.get_mask() is not None:
        layer.set_show_mask(False)
    layer.set_offsets(0, 0)
    layer.set_opacity(100.0)
    layer.set_mode(Gimp.LayerMode.NORMAL)
    layer.set_visible(True)
    new.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    return new


def _strips(area: Rectangle, depth: str) -> list[Rectangle]:
    """The parts of an area, from the top, that have as many samples as GIMP is to handle at once."""
    x, y, width, height = area
    rows = max(1, _AT_ONCE // _row(area, depth))
    return [(x, y + top, width, min(rows, height - top)) for top in range(0, height, rows)]


def _row(area: Rectangle, depth: str) -> int:
    """The bytes of a row of an area."""
    return 4 * npy.SAMPLE_SIZE[depth] * area[2]


def is_transparent(picture: bytearray, depth: str) -> bool:
    """Is no pixel of a picture, as .npy, seen? The highest bytes of alpha, which mostly say no, come first."""
    size, first = npy.SAMPLE_SIZE[depth], len(picture) - len(npy.unpack(picture)[0])
    alpha = (picture[first + 3 * size + byte :: 4 * size] for byte in reversed(range(size)))
    return all(part.count(0) == len(part) for part in alpha)


def patterns(least: int) -> list[str]:
    """The names of GIMP's patterns that have so many pixels each way."""
    return [each.get_name() for each in Gimp.patterns_get_list("") if min(each.get_info()[1:3]) >= least]


def pattern(name: str, least: int = 1) -> Pixels:
    """(8-bit RGBA samples, width, height) of one of GIMP's patterns, laid out as often as `least` pixels each way need.

    Raises Refusal when GIMP has none of that name.
    """
    found = Gimp.Pattern.get_by_name(name)
    if found is None:
        raise Refusal(_("GIMP has no pattern “%s” here. Choose another style.") % name)
    width, height = found.get_info()[1:3]
    buffer = found.get_buffer(width, height, Babl.format("R'G'B'A u8"))
    wide, high = -(-least // width) * width, -(-least // height) * height
    row = buffer.get(Gegl.Rectangle.new(0, 0, wide, height), 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.LOOP)
    return row * (high // height), wide, high


def picture_in(file: Gio.File) -> bytearray:
    """What is seen of a picture that GIMP reads, as an 8-bit .npy. Raises Refusal when it cannot."""
    try:
        image, reason = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file), Gimp.get_pdb().get_last_error()
    except GLib.Error as error:
        image, reason = None, error.message
    if image is None:  # of a broken file, GIMP tells in one way or the other
        place = file.get_path() or file.get_uri()
        raise Refusal(UNREADABLE % (place, reason.rstrip(".")))
    try:
        return picture_of(Gimp.Layer.new_from_visible(image, image, None))
    finally:
        image.delete()


# --- into GIMP --------------------------------------------------------------------------------------------------------


def write(samples: memoryview, layer: Gimp.Layer, area: Rectangle, depth: str) -> None:
    """Writes the samples of a picture into an area of a layer."""
    begin = 0
    for strip in _strips(area, depth):
        end = begin + strip[3] * _row(area, depth)
        buffer = layer.get_buffer()
        buffer.set(Gegl.Rectangle.new(*strip), FORMATS[depth], bytes(samples[begin:end]))
        buffer.flush()
        begin = end
    layer.update(*area)


# --- masks ------------------------------------------------------------------------------------------------------------


def mask_samples(mask: Gimp.Channel, layer: Gimp.Layer, form: str) -> bytes:
    """The samples of a mask, channel or selection where a layer lies."""
    (x, y), (left, top) = offsets(layer), offsets(mask)
    area = Gegl.Rectangle.new(x - left, y - top, layer.get_width(), layer.get_height())
    return mask.get_buffer().get(area, 1.0, form, Gegl.AbyssPolicy.NONE)


def covered(mask: Gimp.Channel, layer: Gimp.Layer, area: Rectangle, longest: int) -> tuple[bytes, int, int]:
    """How much a mask, channel or selection covers of an area of a layer, reduced: (8-bit samples, width, height)."""
    (x, y), (left, top) = offsets(layer), offsets(mask)
    factor = min(1.0, longest / max(area[2:]))
    x, y, width, height = (int(side * factor) for side in (area[0] + x - left, area[1] + y - top, *area[2:]))
    reduced = Gegl.Rectangle.new(x, y, max(1, width), max(1, height))
    return mask.get_buffer().get(reduced, factor, "Y u8", Gegl.AbyssPolicy.NONE), reduced.width, reduced.height


def write_mask(samples: bytes, mask: Gimp.LayerMask, depth: str) -> None:
    """Writes the samples of a mask beside a picture of that depth."""
    buffer = mask.get_buffer()
    buffer.set(Gegl.Rectangle.new(*whole(mask)), MASK_FORMATS[depth], samples)
    buffer.flush()


def is_white(mask: bytes, depth: str) -> bool:
    """Do the samples of a mask, for a picture of that depth, hide nothing of it?"""
    white = b"\xff" if MASK_FORMATS[depth] == "Y u8" else struct.pack("<f", 1.0)
    return mask == white * (len(mask) // len(white))
