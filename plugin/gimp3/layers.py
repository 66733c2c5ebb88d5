"""Layers: which are worked on, their pixels out of GIMP, and results back into it as new layers, in one undo step."""

from __future__ import annotations

import contextlib
import json
import struct
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gi.repository import Gegl, Gimp
from shared import geometry, npy
from shared.words import _

if TYPE_CHECKING:
    from frames import Frame
    from regions import Region

RECIPE = "reverie-recipe"  # the parasite that says what was computed, as the backend carried it out
IMAGE = "reverie-image"  # the image's own parasite: a name by which a result knows that it is still at home
ORIGIN = "reverie-origin"  # the parasite that says of which layers, by their tattoos: what they are called in a .xcf

# Samples of a picture, as the backend names them, and as babl does. R'G'B' is sRGB-encoded; babl converts from and to
# whatever the image has: grey, linear light, another profile.
FORMATS = {"u1": "R'G'B'A u8", "u2": "R'G'B'A u16", "f4": "R'G'B'A float"}

MASK_FORMATS = {"u1": "Y u8", "u2": "Y float", "f4": "Y float"}  # of the masks beside them

_AT_ONCE = 2**24  # bytes of a picture that are asked of GIMP, or given to it: it makes a copy, and caches the layer's

Rectangle = tuple[int, int, int, int]  # x, y, width, height
Pixels = tuple[bytes, int, int]  # 8-bit RGBA samples, width, height


class Refusal(Exception):
    """The job cannot be done; `str()` of it is a sentence that says why and what to do."""


class Source:
    """A layer that is worked on, and which part of it: `area`, relative to the layer.

    `version` is an earlier result for the same area: a new one goes above it, or into its place if it `replaces` it,
    with the same mask if it `keeps_mask`. Without one (None), the selection decides. Before a job, regions.py sets the
    area anew, the samples of the new layer's `mask` (None: it gets none), a `guide` (where styles act, as .npy; None:
    everywhere), and its `regions`.
    """

    def __init__(self, layer: Gimp.Layer, area: Rectangle, selected: bool, version: Gimp.Layer | None = None) -> None:
        self.image, self.layer, self.area, self.version = layer.get_image(), layer, area, version
        self.selected, self.keeps_mask, self.replaces = selected, False, False
        self.asked = area
        self.mask: bytes | None = None
        self.guide: bytes | None = None
        self.regions: list[Region] = []
        self.frame: Frame | None = None  # what frames.py says of it, when it is a frame of an animation
        self.result: Result | None = None  # once it is painted
        self.depth = _depth(self.image)
        # For when the image is gone before the picture is there.
        self.size = layer.get_width(), layer.get_height()
        self.precision, self.profile = self.image.get_precision(), self.image.get_color_profile()

    def picture(self) -> bytearray:
        """The part that is worked on, as .npy. Raises Refusal when nothing of it can be seen."""
        picture = _picture(self.layer, self.area, self.depth)
        if _is_transparent(picture, self.depth):
            raise Refusal(
                _("There is nothing to paint: the layer “%s” is empty (wholly transparent) here.")
                % self.layer.get_name()
            )
        return picture

    def thumbnail(self, longest: int) -> Pixels:
        """The part that is worked on, reduced: (8-bit RGBA samples, width, height)."""
        return thumbnail(self.layer, self.area, longest)


def selected_sources(image: Gimp.Image, drawables: list[Gimp.Drawable]) -> list[Source]:
    """What the user has selected, as Sources, topmost layer first as in GIMP. Raises Refusal when it cannot be used."""
    if not drawables:
        raise Refusal(_("No layer is selected. Select the layer to work on, then try again."))
    _refuse_floating(image)
    sources: list[Source] = []
    for drawable in drawables:
        # While a mask is edited, GIMP passes the mask: what is meant is the picture that it belongs to.
        layer = Gimp.Layer.from_mask(drawable) if isinstance(drawable, Gimp.LayerMask) else drawable
        if not isinstance(layer, Gimp.Layer):
            raise Refusal(_("A channel is selected. Select a layer instead, then try again."))
        if layer not in [source.layer for source in sources]:
            sources.append(_selected_part(image, layer))
    return sources


def _selected_part(image: Gimp.Image, layer: Gimp.Layer) -> Source:
    overlap, x, y, width, height = layer.mask_intersect()
    if not overlap:
        raise Refusal(
            _("The selection does not touch the layer “%s”. Select a part of the layer, or nothing.") % layer.get_name()
        )
    if Gimp.Selection.is_empty(image):
        return Source(layer, _whole(layer), False)
    return Source(layer, geometry.work_area((x, y, width, height), layer.get_width(), layer.get_height()), True)


def recorded_source(image: Gimp.Image, version: Gimp.Layer) -> tuple[Source, dict[str, Any], dict[str, Any]]:
    """(Source, recipe, origin) of an earlier result, to make a new version of it. Raises Refusal when it is none."""
    _refuse_floating(image)
    recipe, origin = record(version, RECIPE), record(version, ORIGIN)
    if recipe is None or origin is None:
        raise Refusal(_("The layer “%s” was not made by Neural Style or Deep Dream.") % version.get_name())
    at_home = record(image, IMAGE) == origin["image"]  # elsewhere, the same tattoo is of another layer
    layer = image.get_layer_by_tattoo(origin["source"]) if at_home else None
    if layer is None:
        raise Refusal(
            _("The layer that “%s” was made of is not in this image any more. Start anew on another layer.")
            % version.get_name()
        )
    area = geometry.intersection(tuple(origin["area"]), _whole(layer))
    if area is None:
        raise Refusal(_("The layer “%s” was cropped: the painted part is gone. Start anew on it.") % layer.get_name())
    source = Source(layer, area, False, version)
    # Where regions alone made the mask, they make it again: they may have been painted on meanwhile.
    by_regions = bool(origin.get("regions")) and not origin.get("selected")
    source.keeps_mask = version.get_mask() is not None and not by_regions
    return source, recipe, origin


def _refuse_floating(image: Gimp.Image) -> None:
    if image.get_floating_sel() is not None:
        raise Refusal(_("There is a floating selection. Anchor it or make it a new layer, then try again."))


def is_indexed(image: Gimp.Image) -> bool:
    return image.get_base_type() == Gimp.ImageBaseType.INDEXED


def record(owner: Gimp.Item | Gimp.Image, name: str) -> Any:
    """What a parasite of a layer or image says; None where there is none."""
    parasite = owner.get_parasite(name)
    return None if parasite is None else json.loads(bytes(parasite.get_data()).decode("utf-8"))


# --- pixels out of GIMP ----------------------------------------------------------------------------------------------


def _whole(drawable: Gimp.Drawable) -> Rectangle:
    return (0, 0, drawable.get_width(), drawable.get_height())


def _depth(image: Gimp.Image) -> str:
    """The sample type in which nothing of the image's colours is lost.

    Colours of a wider profile than sRGB lie outside 0–1 in sRGB, which only float can say.
    """
    profile, nick = image.get_color_profile(), image.get_precision().value_nick
    if profile is not None and "sRGB" not in profile.get_label():
        return "f4"
    return "u1" if nick.startswith("u8-") else "u2" if nick.startswith("u16-") else "f4"


@contextlib.contextmanager
def _as_seen(drawable: Gimp.Drawable) -> Iterator[Gimp.Drawable]:
    """The drawable; where it has non-destructive filters, which its own buffer is without, a copy with them applied."""
    if not drawable.get_filters():
        yield drawable
        return
    image = _filtered(drawable)
    try:
        yield image.get_layers()[0]
    finally:
        image.delete()


def _filtered(drawable: Gimp.Drawable) -> Gimp.Image:
    """An image of nothing but the drawable, with its filters applied, which its own buffer is without."""
    image = drawable.get_image()
    size = drawable.get_width(), drawable.get_height()
    new = Gimp.Image.new_with_precision(*size, image.get_base_type(), image.get_precision())
    new.undo_disable()
    if is_indexed(image):
        new.set_palette(image.get_palette())
    else:
        new.set_color_profile(image.get_effective_color_profile())
    layer = Gimp.Layer.new_from_drawable(drawable, new)
    new.insert_layer(layer, None, 0)
    if layer.get_mask() is not None:
        layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    layer.set_offsets(0, 0)
    layer.set_opacity(100.0)
    layer.set_mode(Gimp.LayerMode.NORMAL)
    layer.set_visible(True)
    new.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    return new


def _picture(drawable: Gimp.Drawable, area: Rectangle, depth: str) -> bytearray:
    """An area of a drawable, as it looks, as .npy (a bytearray)."""
    picture = bytearray(npy.header(area[2], area[3], 4, depth))
    with _as_seen(drawable) as seen:
        for strip in _strips(area, depth):
            picture += seen.get_buffer().get(Gegl.Rectangle.new(*strip), 1.0, FORMATS[depth], Gegl.AbyssPolicy.NONE)
    return picture


def _strips(area: Rectangle, depth: str) -> list[Rectangle]:
    """The parts of an area, from the top, that have as many samples as GIMP is to handle at once."""
    x, y, width, height = area
    rows = max(1, _AT_ONCE // _row(area, depth))
    return [(x, y + top, width, min(rows, height - top)) for top in range(0, height, rows)]


def _row(area: Rectangle, depth: str) -> int:
    """The bytes of a row of an area."""
    return 4 * npy.SAMPLE_SIZE[depth] * area[2]


def _is_transparent(picture: bytearray, depth: str) -> bool:
    """Is no pixel of a picture, as .npy, seen? The highest bytes of alpha, which mostly say no, come first."""
    size, first = npy.SAMPLE_SIZE[depth], len(picture) - len(npy.unpack(picture)[0])
    alpha = (picture[first + 3 * size + byte :: 4 * size] for byte in reversed(range(size)))
    return all(part.count(0) == len(part) for part in alpha)


def picture_of(drawable: Gimp.Drawable) -> bytearray:
    """A whole drawable, as an 8-bit .npy: a style or a guide."""
    return _picture(drawable, _whole(drawable), "u1")


def thumbnail(drawable: Gimp.Drawable, area: Rectangle | None, longest: int) -> Pixels:
    """An area of a drawable (None: all of it), reduced: (8-bit RGBA samples, width, height)."""
    x, y, width, height = area or _whole(drawable)
    factor = min(1.0, longest / max(width, height))
    reduced = (int(x * factor), int(y * factor), max(1, int(width * factor)), max(1, int(height * factor)))
    with _as_seen(drawable) as seen:
        samples = seen.get_buffer().get(Gegl.Rectangle.new(*reduced), factor, FORMATS["u1"], Gegl.AbyssPolicy.NONE)
    return samples, reduced[2], reduced[3]


def offsets(drawable: Gimp.Drawable) -> tuple[int, int]:
    return drawable.get_offsets()[1:]


def all_layers(image: Gimp.Image) -> list[Gimp.Layer]:
    """Every layer of an image, those in groups included, from the top."""
    found, rest = [], list(image.get_layers())
    while rest:
        layer = rest.pop(0)
        found.append(layer)
        if isinstance(layer, Gimp.GroupLayer):
            rest = list(layer.get_children()) + rest
    return found


def by_tattoo(image: Gimp.Image, number: int) -> Gimp.Item | None:
    """The layer, channel or layer mask of an image that has that tattoo; None when there is none."""
    found = image.get_layer_by_tattoo(number) or image.get_channel_by_tattoo(number)
    masks = (layer.get_mask() for layer in all_layers(image))
    return found or next((mask for mask in masks if mask is not None and mask.get_tattoo() == number), None)


# --- results into GIMP -----------------------------------------------------------------------------------------------


class Result:
    """A finished picture: its samples for the `area` of its source, its layer's name, and what its records say."""

    def __init__(
        self, source: Source, samples: memoryview, name: str, recipe: dict[str, Any], origin: dict[str, Any]
    ) -> None:
        self.source, self.samples, self.name = source, samples, name
        self.recipe = recipe
        source.result = self
        self.origin = dict(
            origin,
            source=source.layer.get_tattoo(),
            area=list(source.area),
            selected=source.selected or source.keeps_mask,
            title=name,
        )


class Homeless(Exception):
    """Finished pictures cannot go where they belong; `str()` of it is a sentence that says why."""


def insert(results: list[Result]) -> None:
    """Adds finished pictures as new layers, each above its source or in the place of the version that it replaces: one
    step to undo, and nothing else is changed.

    An indexed image is converted to RGB in the same step. Raises Homeless when their place is gone meanwhile.
    """
    image = results[0].source.image
    if not image.is_valid() or not all(result.source.layer.is_valid() for result in results):
        raise Homeless(_("The image or its layer was closed meanwhile."))
    if image.get_floating_sel() is not None:
        raise Homeless(_("There is a floating selection meanwhile."))
    active, replaced = _Active(image), {}
    # Only now, with every picture complete: GIMP may kill a plug-in at any time, and must not be left half way.
    image.undo_group_start()
    try:
        if is_indexed(image):
            image.convert_rgb()
        for result in results:
            version = result.source.version
            if result.source.replaces and version is not None and can_be_replaced(version):
                replaced[version] = _replace(image, result, version)
            else:
                _insert(image, result)
        active.restore(replaced)
    finally:
        image.undo_group_end()
    Gimp.displays_flush()


def new_image(results: list[Result]) -> Gimp.Image:
    """An image of finished pictures that have no other place: each a layer, with its mask."""
    source = results[0].source
    width, height = (max(result.source.size[side] for result in results) for side in (0, 1))
    image = Gimp.Image.new_with_precision(width, height, Gimp.ImageBaseType.RGB, source.precision)
    image.undo_disable()
    if source.profile is not None and source.profile.is_rgb():
        image.set_color_profile(source.profile)
    for result in results:
        layer = _new_layer(image, result, (0, 0))
        image.insert_layer(layer, None, 0)
        if result.source.mask is not None:
            layer.add_mask(_mask(layer, result.source))
    image.undo_enable()
    return image


class _Active:
    """What is active in an image, which inserting a layer changes: layers or channels, and paths."""

    def __init__(self, image: Gimp.Image) -> None:
        self._image = image
        self._layers, self._channels = image.get_selected_layers(), image.get_selected_channels()
        self._paths = image.get_selected_paths()

    def restore(self, replaced: dict[Gimp.Layer, Gimp.Layer]) -> None:
        """Makes it active again, or what has replaced it."""
        if self._layers:
            self._image.set_selected_layers([replaced.get(layer, layer) for layer in self._layers])
        if self._channels:  # only one of both can be active
            self._image.set_selected_channels(self._channels)
        if self._paths:
            self._image.set_selected_paths(self._paths)


def _insert(image: Gimp.Image, result: Result) -> None:
    source, version = result.source, result.source.version
    layer = _new_layer(image, result, offsets(source.layer))
    below = version if version is not None and version.is_valid() else source.layer
    image.insert_layer(layer, below.get_parent(), image.get_item_position(below))
    if source.mask is not None:
        layer.add_mask(_mask(layer, source))


def can_be_replaced(version: Gimp.Layer) -> bool:
    """May its pixels be changed, or those of the groups that it is in?"""
    if not version.is_valid():
        return False
    item = version
    while item is not None:
        if item.get_lock_content():
            return False
        item = item.get_parent()
    return True


def _replace(image: Gimp.Image, result: Result, version: Gimp.Layer) -> Gimp.Layer:
    """Puts a result into the place of its source's version, whose opacity, mode, filters and locks it takes over."""
    source, layer = result.source, version.copy()
    # Outside of all groups, and with no lock of its own: GIMP refuses to resize, or ends the plug-in, where one holds.
    position, alpha = layer.get_lock_position(), layer.get_lock_alpha()
    layer.set_lock_position(False)
    layer.set_lock_alpha(False)
    image.insert_layer(layer, None, 0)
    if not layer.has_alpha():
        layer.add_alpha()
    (x, y), (left, top) = offsets(version), offsets(source.layer)
    layer.resize(*source.size, x - left, y - top)
    layer.get_buffer().clear(Gegl.Rectangle.new(*_whole(layer)))
    fill(layer, result)
    _attach_records(image, layer, result)
    if not source.keeps_mask:
        if layer.get_mask() is not None:
            layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
        if source.mask is not None:
            layer.add_mask(_mask(layer, source))
    image.reorder_item(layer, version.get_parent(), image.get_item_position(version))
    name = version.get_name()
    named_by_user = not name.startswith(record(version, ORIGIN).get("title", ""))
    image.remove_layer(version)
    layer.set_name(name if named_by_user else result.name)
    layer.set_lock_position(position)
    layer.set_lock_alpha(alpha)
    return layer


def _new_layer(image: Gimp.Image, result: Result, place: tuple[int, int]) -> Gimp.Layer:
    """The picture as a layer as large as its source, transparent where nothing was painted, at a place of the image."""
    source = result.source
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    mode = image.get_default_new_layer_mode()
    layer = Gimp.Layer.new(image, result.name, *source.size, kind, 100.0, mode)
    fill(layer, result)
    layer.set_offsets(*place)
    _attach_records(image, layer, result)
    return layer


def _attach_records(image: Gimp.Image, layer: Gimp.Layer, result: Result) -> None:
    if record(image, IMAGE) is None:
        attach(image, IMAGE, uuid.uuid4().hex)
    attach(layer, RECIPE, result.recipe)
    attach(layer, ORIGIN, dict(result.origin, image=record(image, IMAGE)))


def fill(layer: Gimp.Layer, result: Result) -> None:
    """Writes a result's samples into a layer, where its source had them."""
    area, depth, begin = result.source.area, result.source.depth, 0
    for strip in _strips(area, depth):
        end = begin + strip[3] * _row(area, depth)
        buffer = layer.get_buffer()
        buffer.set(Gegl.Rectangle.new(*strip), FORMATS[depth], bytes(result.samples[begin:end]))
        buffer.flush()
        begin = end
    layer.update(*area)


def attach(owner: Gimp.Item | Gimp.Image, name: str, document: Any) -> None:
    """Puts a document on a layer or image, where it is saved with it."""
    text = json.dumps(document).encode("ascii")  # GIMP takes no byte above 127 from Python
    owner.attach_parasite(Gimp.Parasite.new(name, Gimp.PARASITE_PERSISTENT, text))


def _mask(layer: Gimp.Layer, source: Source) -> Gimp.LayerMask:
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    buffer = mask.get_buffer()
    buffer.set(Gegl.Rectangle.new(*_whole(layer)), MASK_FORMATS[source.depth], source.mask)
    buffer.flush()
    return mask


def mask_samples(mask: Gimp.Channel, layer: Gimp.Layer, form: str) -> bytes:
    """The samples of a mask, channel or selection where a layer lies."""
    (x, y), (left, top) = offsets(layer), offsets(mask)
    area = Gegl.Rectangle.new(x - left, y - top, layer.get_width(), layer.get_height())
    return mask.get_buffer().get(area, 1.0, form, Gegl.AbyssPolicy.NONE)


def is_white(mask: bytes, depth: str) -> bool:
    """Do the samples of a mask, for a picture of that depth, hide nothing of it?"""
    white = b"\xff" if MASK_FORMATS[depth] == "Y u8" else struct.pack("<f", 1.0)
    return mask == white * (len(mask) // len(white))
