"""Results into GIMP: new layers, in one step to undo, that know how they were made."""

from __future__ import annotations

import uuid

from gi.repository import Gegl, Gimp
from shared.filters import ORIGIN, RECIPE
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Result, Source
from reverie_gimp.gimp import earlier, parasites, pixels
from reverie_gimp.gimp.display import display
from reverie_gimp.gimp.pixels import offsets


class NewLayers:
    """Keeps results as new layers of the images that they were painted in, each as it comes, in one step to undo: what
    ends this process meanwhile must neither lose what is painted nor leave a group of steps open. `layers` are they."""

    def __init__(self, run_mode: Gimp.RunMode) -> None:
        self.layers: list[Gimp.Layer] = []
        self._run_mode = run_mode
        self._homeless: list[Result] = []
        self._why = ""

    def add(self, result: Result) -> None:
        """Inserts a result, unless its place is gone meanwhile, and selects it with those before it."""
        why = _why_not(result)
        if why is not None:
            self._homeless.append(result)
            self._why = why
            return
        self.layers = [layer for layer in self.layers if layer.is_valid()]
        here = [layer for layer in self.layers if layer.get_image() == result.source.image]
        self.layers.append(_insert(result, here))

    def finish(self) -> None:
        """Raises Refusal when the place of a result is gone: it is a new image then."""
        if not self._homeless:
            return
        new, self._homeless = new_image(self._homeless), []
        if self._run_mode != Gimp.RunMode.NONINTERACTIVE:
            display(new)
        raise Refusal(_("%s So nothing is lost, what was painted is a new image.") % self._why)


def _why_not(result: Result) -> str | None:
    """Why a finished picture cannot go where it belongs; None if it can."""
    image = result.source.image
    if not image.is_valid() or not result.source.layer.is_valid():
        return _("The image or its layer was closed meanwhile.")
    if image.get_floating_sel() is not None:
        return _("There is a floating selection meanwhile.")
    return None


def _insert(result: Result, before: list[Gimp.Layer]) -> Gimp.Layer:
    """Adds a finished picture as a new layer, seen above its source or in the place of the version that it replaces;
    selects it beside those that came `before`. One step to undo, and nothing else is changed. An indexed image is
    converted to RGB in the same step."""
    source, image = result.source, result.source.image
    version, paths = source.version, image.get_selected_paths()
    # Only now, with the picture complete: GIMP may kill a plug-in at any time, and must not be left half way.
    image.undo_group_start()
    try:
        if pixels.is_indexed(image):
            image.convert_rgb()
        earlier_ones = earlier.results(image, source.layer)
        if source.replaces and version is not None and can_be_replaced(version):
            layer = _replace(image, result, version)
        else:
            layer = _on_top(image, result, earlier_ones)
        for each in earlier_ones:
            if each.is_valid() and each.get_visible() and earlier.covers(layer, each):
                each.set_visible(False)
        image.set_selected_layers([*before, layer])
        if paths:  # which GIMP takes for another selection
            image.set_selected_paths(paths)
    finally:
        image.undo_group_end()
    Gimp.displays_flush()
    return layer


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


def _on_top(image: Gimp.Image, result: Result, earlier_ones: list[Gimp.Layer]) -> Gimp.Layer:
    """Inserts a result where nothing of what it was made of lies over it: above its source, the earlier results and the
    regions. Those that are outside of its source's group, and might lie over that, are hidden."""
    source = result.source
    layer, parent = _new_layer(image, result, offsets(source.layer)), source.layer.get_parent()
    regions = [_layer_of(region.item) for region in source.regions if region.item.is_valid()]
    below = [source.layer]
    for each in [*earlier_ones, *(region for region in regions if region is not None)]:
        sibling = _among(each, parent)
        if sibling is not None:
            below.append(sibling)
        elif each in regions:
            each.set_visible(False)
    image.insert_layer(layer, parent, min(image.get_item_position(each) for each in below))
    _add_mask(layer, source)
    return layer


def _layer_of(item: Gimp.Item) -> Gimp.Layer | None:
    """The layer that a region is, or whose mask it is; None for a channel, which lies over nothing."""
    if isinstance(item, Gimp.LayerMask):
        return Gimp.Layer.from_mask(item)
    return item if isinstance(item, Gimp.Layer) else None


def _among(item: Gimp.Item, parent: Gimp.GroupLayer | None) -> Gimp.Item | None:
    """The item of that group (None: of the image's top level) that another is, or is in; None where it is elsewhere."""
    while item is not None and item.get_parent() != parent:
        item = item.get_parent()
    return item


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
    named_by_user = not name.startswith((parasites.origin(version) or {}).get("title", ""))
    image.remove_layer(version)
    layer.set_visible(True)
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
