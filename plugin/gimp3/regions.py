"""Where a layer is painted, and which part of it in which style: the selection, grown and feathered, and regions.

A region is a layer: where it is opaque, or a channel or a layer's mask: where it is white. Its name names the style; a
mask has that of its layer. The layers of a group are a map of regions, in which the upper ones cover the lower ones, as
they are seen; so do the first of several regions the others. Outside of all regions the picture stays as it is, as it
does outside of a selection: together they become the new layer's mask.
"""

from __future__ import annotations

import os
import re
from typing import Any

import layers
from chosen import picture_of_file
from gi.repository import Gegl, Gimp
from layers import Refusal
from shared import geometry, npy, work
from shared.words import _
from styles import bundled_styles

_LONGEST = 2048  # pixels: a mask of a style says nothing finer at the sizes at which pictures are computed
_SELECTION = "the selection"  # what the recipe calls its mask
_LEAST = 1e-4  # share of the part that is worked on: what is smaller cannot be seen


class Region:
    """A part of the picture that takes its own style: the `item` that is the region, and its `mask`, as .npy."""

    def __init__(self, item: Gimp.Item, mask: bytes) -> None:
        self.item, self.mask = item, mask
        self.reference = "region: " + _name(item)  # what the recipe calls the mask


def place(source: layers.Source, config: Gimp.ProcedureConfig) -> None:
    """Sets where a source is worked on, by its image's selection and a filter's arguments: its area, its mask and its
    regions. Raises Refusal when nothing is left of it."""
    items, grow, feather = chosen(config, source), _argument(config, "grow"), _argument(config, "feather")
    source.size = source.layer.get_width(), source.layer.get_height()
    source.area, source.mask, source.guide, source.regions = source.asked, None, None, []
    if source.frame is not None:
        return
    if source.version is not None and source.keeps_mask:
        kept = source.version.get_mask()
        source.mask = layers.mask_samples(kept, source.layer, layers.MASK_FORMATS[source.depth])
        source.guide = _mask(source, kept)
    if not source.selected and not items:
        return
    stencil = _Stencil(source.image, layers.MASK_FORMATS[source.depth])
    try:
        if source.selected:
            stencil.take_selection(grow or 0, feather or 0)
        shares = stencil.take_regions(_parts(items, source)) if items else []
        area = stencil.bounds(source.layer)
        if area is None and items:
            raise Refusal(
                _("The regions in “%s” do not touch the layer “%s”, or what is selected of it. Paint where each is.")
                % (", ".join(_name(item) for item in items), source.layer.get_name())
            )
        if area is None:
            raise Refusal(
                _("The selection does not touch the layer “%s”. Select a part of the layer, or nothing.")
                % source.layer.get_name()
            )
        if not source.keeps_mask:
            source.area = geometry.work_area(area, source.layer.get_width(), source.layer.get_height())
            source.mask = stencil.mask(source.layer)
        for part, share in shares:
            mask = _mask(source, share)
            if mask is not None:
                source.regions.append(Region(part, mask))
        if source.selected and not items:
            source.guide = _mask(source, stencil.selection)
    finally:
        stencil.close()
    by_regions_alone = not source.selected and not source.keeps_mask
    if by_regions_alone and source.mask is not None and layers.is_white(source.mask, source.depth):
        source.mask = None  # the regions leave nothing out


def styled(
    recipe: dict[str, Any], pictures: dict[str, Any], source: layers.Source
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(The recipe, the pictures) with the styles of the source's regions, and a mask for each; the styles that were
    chosen are for the regions whose name names none, and come first."""
    chosen, named, pictures = [], [], dict(pictures)
    for region in source.regions:
        pictures[region.reference] = region.mask
        own = _style_of(region.item, source)
        if own is None:
            chosen += [dict(entry, mask=region.reference) for entry in recipe["style"]]
        else:
            reference, pictures[reference] = own
            entry = {"image": reference, "mask": region.reference, "scale": recipe["style"][0]["scale"]}
            named.append(entry)
    used = {entry[field] for entry in chosen + named for field in ("image", "mask")}
    kept = {name: picture for name, picture in pictures.items() if name in used}
    return dict(recipe, style=chosen + named), kept


def guided(
    recipe: dict[str, Any], pictures: dict[str, Any], source: layers.Source
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(The recipe, the pictures) with the styles where the source's selection is, if it has no regions. What is around
    it is context: were the styles' statistics taken there, too, what is shown would only get a share of them."""
    if source.guide is None or source.regions or not recipe.get("style"):
        return recipe, pictures
    styles = [dict(entry, mask=_SELECTION) for entry in recipe["style"]]
    return dict(recipe, style=styles), dict(pictures, **{_SELECTION: source.guide})


# --- which they are --------------------------------------------------------------------------------------------------


CHANNELS, MASKS = "channels", "masks"  # values of the argument regions-of: all of an image's


def chosen(config: Gimp.ProcedureConfig, source: layers.Source) -> list[Gimp.Item]:
    """The layers, groups, channels or masks that a filter's arguments name as regions of a source. Raises Refusal."""
    if not config.find_property("regions"):
        return []
    which, item = (config.get_property("regions-of") or "").strip(), config.get_property("regions")
    if which not in ("", CHANNELS, MASKS):
        raise Refusal(_("Regions can be of “channels” or of “masks”, not of “%s”.") % which)
    return _all_of(which, source) if which else [] if item is None else [item]


def choose(config: Gimp.ProcedureConfig, which: str, item: Gimp.Item | None) -> None:
    """Sets the arguments to all channels or masks, an item, or, with neither, to none."""
    config.set_property("regions-of", which)
    config.set_property("regions", item)


def offered(source: layers.Source) -> list[tuple[str, str, Gimp.Item | None]]:
    """[(what is said, which, item)]: what can be chosen as regions of a source, the likeliest first."""
    several = [(_("all channels"), CHANNELS, None), (_("the masks of all layers"), MASKS, None)]
    masks, channels = (_all_of(which, source) for which in (MASKS, CHANNELS))
    others = [layer for layer in layers.all_layers(source.image) if layer != source.layer]
    groups = [each for each in others if isinstance(each, Gimp.GroupLayer)]
    single = [*groups, *channels, *masks, *(each for each in others if each not in groups)]
    return [
        *(choice for choice in several if len(_all_of(choice[1], source)) > 1),
        *((_spoken(each), "", each) for each in single),
    ]


def recorded(config: Gimp.ProcedureConfig, source: layers.Source) -> list[int]:
    """What a result's record says of the regions that are chosen: their tattoos."""
    return [item.get_tattoo() for item in chosen(config, source)]


def restore(tattoos: list[int], config: Gimp.ProcedureConfig, image: Gimp.Image) -> None:
    """Chooses the regions that a record names. Raises Refusal when one is gone."""
    found = [layers.by_tattoo(image, tattoo) for tattoo in tattoos]
    if None in found:
        raise Refusal(
            _("A region by which this layer was painted is not in the image any more. Bring it back, or start anew.")
        )
    if len(found) > 1:
        choose(config, MASKS if isinstance(found[0], Gimp.LayerMask) else CHANNELS, None)
    elif found:
        choose(config, "", found[0])


def _all_of(which: str, source: layers.Source) -> list[Gimp.Item]:
    """All channels of a source's image, or the masks of its layers; but not those of results, nor the source's own."""
    if which == CHANNELS:
        return source.image.get_channels()
    others = [each for each in layers.all_layers(source.image) if each != source.layer]
    masks = [each.get_mask() for each in others if layers.record(each, layers.RECIPE) is None]
    return [mask for mask in masks if mask is not None]


def _spoken(item: Gimp.Item) -> str:
    if isinstance(item, Gimp.LayerMask):
        return _("the mask of “%s”") % _name(item)
    return _("the channel “%s”") % _name(item) if isinstance(item, Gimp.Channel) else _name(item)


def _name(item: Gimp.Item) -> str:
    """What a region is called: a mask as its layer, since GIMP calls it “… mask”, in the user's language."""
    layer = Gimp.Layer.from_mask(item) if isinstance(item, Gimp.LayerMask) else item
    return layer.get_name()


def _argument(config: Gimp.ProcedureConfig, name: str) -> Any:
    return config.get_property(name) if config.find_property(name) else None


def _parts(items: list[Gimp.Item], source: layers.Source) -> list[Gimp.Item]:
    """The regions, the topmost first: the layers of a group instead of it; the layer that is painted is none."""
    parts = []
    for item in items:
        if item.get_image() != source.image:
            raise Refusal(
                _("“%s” is in another image, so it says nothing of where to paint here. Choose regions of this image.")
                % _name(item)
            )
        inner = item.get_children() if isinstance(item, Gimp.GroupLayer) else [item]
        inner = [part for part in inner if part != source.layer]
        if not inner:
            raise Refusal(
                _("The group “%s” has no regions: put a layer for each into it, and paint where it is.") % _name(item)
            )
        parts += inner
    return parts


def _style_of(item: Gimp.Item, source: layers.Source) -> tuple[str, bytes | bytearray] | None:
    """(The reference, the picture) of the style that a region's name names; None when it names none.

    Raises Refusal or BackendError for a file that cannot be read.
    """
    name = re.sub(r" #\d+$", "", _name(item)).strip()  # GIMP numbers layers of one name
    bundled = {work.short_name(path): path for path in bundled_styles()}
    path = bundled.get(name.lower().replace(" ", "_"), os.path.expanduser(name))
    if os.path.isabs(path):
        return path, picture_of_file(path)
    for layer in layers.all_layers(source.image):
        if layer.get_name() == name and layer not in (item, source.layer):
            return name, layers.picture_of(layer)
    return None


def _mask(source: layers.Source, share: Gimp.Channel) -> bytes | None:
    """A channel or mask as a picture for the backend, of the part of the source that is worked on; None when there
    is next to nothing of it."""
    x, y, width, height = source.area
    left, top = (here - there for here, there in zip(layers.offsets(source.layer), layers.offsets(share), strict=True))
    factor = min(1.0, float(_LONGEST) / max(width, height))
    reduced = Gegl.Rectangle.new(
        int((x + left) * factor), int((y + top) * factor), max(1, int(width * factor)), max(1, int(height * factor))
    )
    gray = share.get_buffer().get(reduced, factor, "Y u8", Gegl.AbyssPolicy.NONE)
    if sum(gray) < 255 * _LEAST * len(gray):
        return None
    samples = bytearray(3 * len(gray))
    for channel in range(3):
        samples[channel::3] = gray
    return npy.pack(bytes(samples), reduced.width, reduced.height, 3, "u1")


class _Stencil:
    """An image as large as another, with nothing but a selection to cut with: the user's own must not be touched.

    It has linear precision: only there do channels, masks and selections all say how much they cover in one way.
    """

    def __init__(self, image: Gimp.Image, form: str) -> None:
        """`form` is that of masks, as in layers.MASK_FORMATS."""
        self._of, self._form = image, form
        precision = Gimp.Precision.U8_LINEAR if form == "Y u8" else Gimp.Precision.FLOAT_LINEAR
        self._width, self._height = image.get_width(), image.get_height()
        self._image = Gimp.Image.new_with_precision(self._width, self._height, Gimp.ImageBaseType.GRAY, precision)
        self._image.undo_disable()

    def close(self) -> None:
        self._image.delete()

    def take_selection(self, grow: int, feather: float) -> None:
        """Selects what is selected in the other image, larger by `grow` and softened by `feather` pixels."""
        self._select(self._of.get_selection(), self._form)
        if grow:
            Gimp.Selection.grow(self._image, grow)
        if feather:
            Gimp.Selection.feather(self._image, feather)

    def take_regions(self, parts: list[Gimp.Item]) -> list[tuple[Gimp.Item, Gimp.Channel]]:
        """[(the part, a channel that says where it is seen)]; then selects what all cover of what was selected."""
        within = None if Gimp.Selection.is_empty(self._image) else Gimp.Selection.save(self._image)
        shares, covered = [], self._channel()
        for part in parts:
            self._select_part(part)
            self._image.select_item(Gimp.ChannelOps.SUBTRACT, covered)
            share = Gimp.Selection.save(self._image)
            covered.combine_masks(share, Gimp.ChannelOps.ADD, 0, 0)
            shares.append((part, share))
        self._image.select_item(Gimp.ChannelOps.REPLACE, covered)
        if within is not None:
            self._image.select_item(Gimp.ChannelOps.INTERSECT, within)
        return shares

    def bounds(self, layer: Gimp.Layer) -> layers.Rectangle | None:
        """The rectangle of a layer of the other image, relative to it, in which something is selected, or None."""
        some, left, top, right, bottom = Gimp.Selection.bounds(self._image)[1:]
        x, y = layers.offsets(layer)
        if not some:
            return None
        selected = (left - x, top - y, right - left, bottom - top)
        return geometry.intersection(selected, (0, 0, layer.get_width(), layer.get_height()))

    @property
    def selection(self) -> Gimp.Selection:
        """What is selected, as a channel."""
        return self._image.get_selection()

    def mask(self, layer: Gimp.Layer) -> bytes:
        """What is selected of a layer of the other image: the samples of a mask for it."""
        return layers.mask_samples(self.selection, layer, self._form)

    def _select_part(self, part: Gimp.Item) -> None:
        if isinstance(part, Gimp.Layer):
            self._select_opaque(part)
            return
        # A channel's samples are what it covers; but those of usual 8-bit images are marked as sRGB-encoded light.
        encoded = not isinstance(part, Gimp.LayerMask) and self._of.get_precision() == Gimp.Precision.U8_NON_LINEAR
        self._select(part, self._form.replace("Y", "Y'") if encoded else self._form)

    def _select_opaque(self, layer: Gimp.Layer) -> None:
        """Selects where a layer is opaque, its mask and filters included, whether it is visible or not."""
        copy = Gimp.Layer.new_from_drawable(layer, self._image)
        self._image.insert_layer(copy, None, 0)
        copy.set_offsets(*layers.offsets(layer))
        copy.set_opacity(100.0)
        copy.set_mode(Gimp.LayerMode.NORMAL)
        copy.set_visible(True)
        merged = self._image.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
        self._image.select_item(Gimp.ChannelOps.REPLACE, merged)
        self._image.remove_layer(merged)

    def _select(self, channel: Gimp.Channel, form: str) -> None:
        """Selects what a channel of the other image covers, whose samples say so when read in `form`."""
        x, y = layers.offsets(channel)
        area = Gegl.Rectangle.new(-x, -y, self._width, self._height)
        samples = channel.get_buffer().get(area, 1.0, form, Gegl.AbyssPolicy.NONE)
        copy = self._channel()
        buffer = copy.get_buffer()
        buffer.set(Gegl.Rectangle.new(0, 0, self._width, self._height), self._form, samples)
        buffer.flush()
        copy.update(0, 0, self._width, self._height)
        self._image.select_item(Gimp.ChannelOps.REPLACE, copy)
        self._image.remove_channel(copy)

    def _channel(self) -> Gimp.Channel:
        """A new channel, wholly black."""
        channel = Gimp.Channel.new(self._image, "", self._width, self._height, 100.0, Gegl.Color.new("black"))
        self._image.insert_channel(channel, None, 0)
        return channel
