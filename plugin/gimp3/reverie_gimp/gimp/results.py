"""Results into GIMP: new layers, in one step to undo, that know how they were made."""

from __future__ import annotations

import uuid

from gi.repository import Gegl, Gimp
from shared.filters import ORIGIN, RECIPE
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Result, Source
from reverie_gimp.gimp import parasites, pixels
from reverie_gimp.gimp.display import display
from reverie_gimp.gimp.pixels import offsets


class NewLayers:
    """Keeps results as new layers of the images that they were painted in.

    With a dialog they all come with `finish`, in one step to undo. Without one, each comes at once, in a step of its
    own: there, Cancel ends this process, which must neither lose what is painted nor leave a group of steps open.
    """

    def __init__(self, run_mode: Gimp.RunMode) -> None:
        self._run_mode = run_mode
        self._waiting: list[Result] = []

    def add(self, result: Result) -> None:
        self._waiting.append(result)
        if self._run_mode != Gimp.RunMode.INTERACTIVE:
            self.finish()

    def finish(self) -> None:
        """Inserts what there is. Raises Refusal when its place is gone meanwhile: it is a new image then."""
        results, self._waiting = self._waiting, []
        if not results:
            return
        why = _why_not(results)
        if why is None:
            insert(results)
            return
        new = new_image(results)
        if self._run_mode != Gimp.RunMode.NONINTERACTIVE:
            display(new)
        raise Refusal(_("%s So nothing is lost, what was painted is a new image.") % why)


def _why_not(results: list[Result]) -> str | None:
    """Why finished pictures cannot go where they belong; None if they can."""
    image = results[0].source.image
    if not image.is_valid() or not all(result.source.layer.is_valid() for result in results):
        return _("The image or its layer was closed meanwhile.")
    if image.get_floating_sel() is not None:
        return _("There is a floating selection meanwhile.")
    return None


def insert(results: list[Result]) -> None:
    """Adds finished pictures as new layers, each above its source or in the place of the version that it replaces: one
    step to undo, and nothing else is changed. An indexed image is converted to RGB in the same step."""
    image = results[0].source.image
    active, replaced = _Active(image), {}
    # Only now, with the pictures complete: GIMP may kill a plug-in at any time, and must not be left half way.
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
    named_by_user = not name.startswith(parasites.read(version, ORIGIN).get("title", ""))
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
    if parasites.read(image, parasites.IMAGE) is None:
        parasites.attach(image, parasites.IMAGE, uuid.uuid4().hex)
    parasites.attach(layer, RECIPE, result.recipe)
    parasites.attach(layer, ORIGIN, dict(result.origin, image=parasites.read(image, parasites.IMAGE)))


def _add_mask(layer: Gimp.Layer, source: Source) -> None:
    """Gives a result's layer the mask that its source asks for, if it does."""
    if source.mask is not None:
        mask = layer.create_mask(Gimp.AddMaskType.BLACK)
        pixels.write_mask(source.mask, mask, source.depth)
        layer.add_mask(mask)
