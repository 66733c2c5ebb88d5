"""Layers: which are worked on, what is written on them, and results as new layers, in one undo step."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pixels
from gi.repository import Gegl, Gimp
from pixels import Rectangle, offsets
from shared import geometry, refusals
from shared.filters import ORIGIN, RECIPE
from shared.refusals import Refusal
from shared.words import _

if TYPE_CHECKING:
    from frames import Frame
    from regions import Region

IMAGE = "reverie-image"  # the image's own parasite: a name by which a result knows that it is still at home


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
        self.depth = pixels.depth_of(self.image)
        # For when the image is gone before the picture is there.
        self.size = layer.get_width(), layer.get_height()
        self.precision, self.profile = self.image.get_precision(), self.image.get_color_profile()

    def picture(self) -> bytearray:
        """The part that is worked on, as .npy. Raises Refusal when nothing of it can be seen."""
        picture = pixels.picture(self.layer, self.area, self.depth)
        if pixels.is_transparent(picture, self.depth):
            raise Refusal(refusals.TRANSPARENT % self.layer.get_name())
        return picture

    def thumbnail(self, longest: int) -> pixels.Pixels:
        """The part that is worked on, reduced: (8-bit RGBA samples, width, height)."""
        return pixels.thumbnail(self.layer, self.area, longest)


def selected_sources(image: Gimp.Image, drawables: list[Gimp.Drawable]) -> list[Source]:
    """What the user has selected, as Sources, topmost layer first as in GIMP. Raises Refusal when it cannot be used."""
    return [_selected_part(image, layer) for layer in selected_layers(image, drawables)]


def selected_layers(image: Gimp.Image, drawables: list[Gimp.Drawable]) -> list[Gimp.Layer]:
    """The layers that the user has selected, each once. Raises Refusal when they cannot be used."""
    if not drawables:
        raise Refusal(_("No layer is selected. Select the layer to work on, then try again."))
    _refuse_floating(image)
    found: list[Gimp.Layer] = []
    for drawable in drawables:
        # While a mask is edited, GIMP passes the mask: what is meant is the picture that it belongs to.
        layer = Gimp.Layer.from_mask(drawable) if isinstance(drawable, Gimp.LayerMask) else drawable
        if not isinstance(layer, Gimp.Layer):
            raise Refusal(refusals.CHANNEL)
        if layer not in found:
            found.append(layer)
    return found


def _selected_part(image: Gimp.Image, layer: Gimp.Layer) -> Source:
    overlap, x, y, width, height = layer.mask_intersect()
    if not overlap:
        raise Refusal(refusals.NOT_SELECTED % layer.get_name())
    if Gimp.Selection.is_empty(image):
        return Source(layer, pixels.whole(layer), False)
    return Source(layer, geometry.work_area((x, y, width, height), layer.get_width(), layer.get_height()), True)


def select_again(source: Source) -> None:
    """Sets which part of a source is selected by now: while a dialog is open, people select. Raises Refusal."""
    if source.version is None and source.frame is None:
        now = _selected_part(source.image, source.layer)
        source.asked, source.selected = now.area, now.selected


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
    area = geometry.intersection(tuple(origin["area"]), pixels.whole(layer))
    if area is None:
        raise Refusal(_("The layer “%s” was cropped: the painted part is gone. Start anew on it.") % layer.get_name())
    source = Source(layer, area, False, version)
    # Where regions alone made the mask, they make it again: they may have been painted on meanwhile.
    by_regions = bool(origin.get("regions")) and not origin.get("selected")
    source.keeps_mask = version.get_mask() is not None and not by_regions
    return source, recipe, origin


def _refuse_floating(image: Gimp.Image) -> None:
    if image.get_floating_sel() is not None:
        raise Refusal(refusals.FLOATING)


def record(owner: Gimp.Item | Gimp.Image, name: str) -> Any:
    """What a parasite of a layer or image says; None where there is none."""
    parasite = owner.get_parasite(name)
    return None if parasite is None else json.loads(bytes(parasite.get_data()).decode("utf-8"))


def all_layers(image: Gimp.Image) -> list[Gimp.Layer]:
    """Every layer of an image, those in groups included, from the top."""
    found, rest = [], list(image.get_layers())
    while rest:
        layer = rest.pop(0)
        found.append(layer)
        if isinstance(layer, Gimp.GroupLayer):
            rest = list(layer.get_children()) + rest
    return found


def open_layers() -> list[Gimp.Layer]:
    """Every layer of every image that is open."""
    return [layer for image in Gimp.get_images() for layer in all_layers(image)]


def open_layer(wanted: int | str) -> Gimp.Layer | None:
    """The open layer that has an id, or a name; None when there is none."""
    if isinstance(wanted, int):
        found = by_id(wanted)
        return found if isinstance(found, Gimp.Layer) else None
    return next((layer for layer in open_layers() if layer.get_name() == wanted), None)


def named_by(config: Gimp.ProcedureConfig, argument: str) -> Gimp.Item | None:
    """The layer, channel or layer mask that an argument names, or None. Raises Refusal when it is closed by now."""
    item = config.get_property(argument)
    if item is not None and not item.is_valid():
        raise Refusal(
            _("A layer that was chosen as a style, to dream of, or as a region is not open any more. Choose another.")
        )
    return item


def by_id(number: int) -> Gimp.Item | None:
    """The layer, channel or layer mask that has an id; None when there is none, as when it was closed."""
    return Gimp.Item.get_by_id(number) if Gimp.Item.id_is_valid(number) else None


def by_tattoo(image: Gimp.Image, number: int) -> Gimp.Item | None:
    """The layer, channel or layer mask of an image that has that tattoo; None when there is none."""
    found = image.get_layer_by_tattoo(number) or image.get_channel_by_tattoo(number)
    masks = (layer.get_mask() for layer in all_layers(image))
    return found or next((mask for mask in masks if mask is not None and mask.get_tattoo() == number), None)


def kind(item: Gimp.Item) -> str:
    """What an item of an image is: a “group”, another “layer”, a “mask” or a “channel”."""
    kinds = (("group", Gimp.GroupLayer), ("layer", Gimp.Layer), ("mask", Gimp.LayerMask), ("channel", Gimp.Channel))
    return next(name for name, of_that_kind in kinds if isinstance(item, of_that_kind))


def name_of(item: Gimp.Item) -> str:
    """What an item is called: a mask as its layer, since GIMP calls it “… mask”, in the user's language."""
    layer = Gimp.Layer.from_mask(item) if isinstance(item, Gimp.LayerMask) else item
    return layer.get_name()


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
        if pixels.is_indexed(image):
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
        _add_mask(layer, result.source)
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
    _add_mask(layer, source)


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
    layer.get_buffer().clear(Gegl.Rectangle.new(*pixels.whole(layer)))
    pixels.write(result.samples, layer, source.area, source.depth)
    _attach_records(image, layer, result)
    if not source.keeps_mask:
        if layer.get_mask() is not None:
            layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
        _add_mask(layer, source)
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
    form = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    mode = image.get_default_new_layer_mode()
    layer = Gimp.Layer.new(image, result.name, *source.size, form, 100.0, mode)
    pixels.write(result.samples, layer, source.area, source.depth)
    layer.set_offsets(*place)
    _attach_records(image, layer, result)
    return layer


def _attach_records(image: Gimp.Image, layer: Gimp.Layer, result: Result) -> None:
    if record(image, IMAGE) is None:
        attach(image, IMAGE, uuid.uuid4().hex)
    attach(layer, RECIPE, result.recipe)
    attach(layer, ORIGIN, dict(result.origin, image=record(image, IMAGE)))


def attach(owner: Gimp.Item | Gimp.Image, name: str, document: Any) -> None:
    """Puts a document on a layer or image, where it is saved with it."""
    text = json.dumps(document).encode("ascii")  # GIMP takes no byte above 127 from Python
    owner.attach_parasite(Gimp.Parasite.new(name, Gimp.PARASITE_PERSISTENT, text))


def _add_mask(layer: Gimp.Layer, source: Source) -> None:
    """Gives a result's layer the mask that its source asks for, if it does."""
    if source.mask is not None:
        mask = layer.create_mask(Gimp.AddMaskType.BLACK)
        pixels.write_mask(source.mask, mask, source.depth)
        layer.add_mask(mask)


# --- layers of new images --------------------------------------------------------------------------------------------


def as_played(image: Gimp.Image) -> list[Gimp.Layer]:
    """Each layer of an image, from the bottom, as it is seen when the animation is played: upon those below, unless its
    name says “(replace)”. They are layers of a new image."""
    played, seen = image.duplicate(), []
    if pixels.is_indexed(played):
        played.convert_rgb()
    new = pixels.image_like(played, played.get_width(), played.get_height())
    for layer in played.get_layers():
        layer.set_visible(False)
    for layer in reversed(played.get_layers()):
        if "(replace)" in layer.get_name():
            for other in played.get_layers():
                other.set_visible(False)
        layer.set_visible(True)
        seen.append(_put_on_top(new, Gimp.Layer.new_from_visible(played, new, layer.get_name())))
    played.delete()
    return seen


def copied(layer: Gimp.Layer, image: Gimp.Image, name: str) -> Gimp.Layer:
    """A copy of a layer, perhaps of another image, at the top of an image; it is visible."""
    copy = Gimp.Layer.new_from_drawable(layer, image)
    copy.set_name(name)
    copy.set_visible(True)
    return _put_on_top(image, copy)


def _put_on_top(image: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer:
    image.insert_layer(layer, None, 0)
    layer.set_offsets(0, 0)
    if not layer.has_alpha():
        layer.add_alpha()
    return layer


def remove_others(layer: Gimp.Layer) -> None:
    """Removes every layer of an image but one."""
    image = layer.get_image()
    for other in image.get_layers():
        if other != layer:
            image.remove_layer(other)


def finish(results: list[Result]) -> Gimp.Image:
    """Puts finished pictures into their sources, which are layers of a new image; returns the image."""
    image = results[0].source.image
    for result in results:
        source = result.source
        pixels.write(result.samples, source.layer, source.area, source.depth)
        attach(source.layer, RECIPE, result.recipe)
    image.undo_enable()
    return image
