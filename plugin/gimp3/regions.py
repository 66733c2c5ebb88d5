"""Where a layer is painted, and which part of it in which style: the selection, grown and feathered, and regions.

A region is a layer: where it is opaque, or a channel: where it is white. Its name names the style. The layers of a
group are a map of regions, in which the upper ones cover the lower ones, as they are seen. Outside of all regions the
picture stays as it is, as it does outside of a selection: together they become the new layer's mask.
"""

import os
import re

import layers
from gi.repository import Gegl, Gimp
from layers import Refusal
from shared import geometry, npy, work
from shared.words import _
from styles import bundled_styles

_LONGEST = 2048  # pixels: a mask of a style says nothing finer at the sizes at which pictures are computed
_LEAST = 1e-4  # share of the part that is worked on: what is smaller cannot be seen


class Region:
    """A part of the picture that takes its own style: the `item` that is the region, and its `mask`, as .npy."""

    def __init__(self, item, mask):
        self.item, self.mask = item, mask
        self.reference = "region: " + item.get_name()  # what the recipe calls the mask


def place(source, config):
    """Sets where a source is worked on, by its image's selection and a filter's arguments: its area, its mask and its
    regions. Raises Refusal when nothing is left of it."""
    item, grow, feather = (_argument(config, name) for name in ("regions", "grow", "feather"))
    source.size = source.layer.get_width(), source.layer.get_height()
    source.area, source.mask, source.regions = source.asked, None, []
    if source.frame is not None:
        return
    if source.keeps_mask:
        source.mask = layers.mask_of_version(source)
    if not source.selected and item is None:
        return
    stencil = _Stencil(source.image, layers.MASK_FORMATS[source.depth])
    try:
        if source.selected:
            stencil.take_selection(grow or 0, feather or 0)
        shares = [] if item is None else stencil.take_regions(_parts(item, source))
        area = stencil.bounds(source.layer)
        if area is None and item is not None:
            raise Refusal(
                _("The regions in “%s” do not touch the layer “%s”, or what is selected of it. Paint where each is.")
                % (item.get_name(), source.layer.get_name())
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
    finally:
        stencil.close()
    if not source.selected and not source.keeps_mask and layers.is_white(source):
        source.mask = None  # the regions leave nothing out


def styled(recipe, pictures, source):
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
    kept = dict((name, picture) for name, picture in pictures.items() if name in used)
    return dict(recipe, style=chosen + named), kept


def maps(image):
    """What can be chosen as regions in an image: its layer groups, then its channels."""
    groups = [layer for layer in layers.all_layers(image) if isinstance(layer, Gimp.GroupLayer)]
    return groups + list(image.get_channels())


def _argument(config, name):
    return config.get_property(name) if config.find_property(name) else None


def _parts(item, source):
    """The regions of a map, the topmost first; the layer that is painted is none."""
    parts = item.get_children() if isinstance(item, Gimp.GroupLayer) else [item]
    parts = [part for part in parts if part != source.layer]
    if not parts:
        raise Refusal(
            _("The group “%s” has no regions: put a layer for each into it, and paint where it is.") % item.get_name()
        )
    return parts


def _style_of(item, source):
    """(The reference, the picture) of the style that a region's name names; None when it names none.

    Raises BackendError for a file that cannot be read.
    """
    name = re.sub(r" #\d+$", "", item.get_name()).strip()  # GIMP numbers layers of one name
    bundled = dict((work.short_name(path), path) for path in bundled_styles())
    path = bundled.get(name.lower().replace(" ", "_"), os.path.expanduser(name))
    if os.path.isabs(path):
        return path, work.read_file(path)
    for layer in layers.all_layers(source.image):
        if layer.get_name() == name and layer not in (item, source.layer):
            return name, layers.picture_of(layer)
    return None


def _mask(source, share):
    """A channel of a stencil as a picture for the backend, of the part of the source that is worked on; None when there
    is next to nothing of it."""
    x, y, width, height = source.area
    left, top = layers.offsets(source.layer)
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

    def __init__(self, image, form):
        """`form` is that of masks, as in layers.MASK_FORMATS."""
        self._of, self._form = image, form
        precision = Gimp.Precision.U8_LINEAR if form == "Y u8" else Gimp.Precision.FLOAT_LINEAR
        self._width, self._height = image.get_width(), image.get_height()
        self._image = Gimp.Image.new_with_precision(self._width, self._height, Gimp.ImageBaseType.GRAY, precision)
        self._image.undo_disable()

    def close(self):
        self._image.delete()

    def take_selection(self, grow, feather):
        """Selects what is selected in the other image, larger by `grow` and softened by `feather` pixels."""
        self._select(self._of.get_selection(), self._form)
        if grow:
            Gimp.Selection.grow(self._image, grow)
        if feather:
            Gimp.Selection.feather(self._image, feather)

    def take_regions(self, parts):
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

    def bounds(self, layer):
        """The rectangle of a layer of the other image, relative to it, in which something is selected, or None."""
        some, left, top, right, bottom = Gimp.Selection.bounds(self._image)[1:]
        x, y = layers.offsets(layer)
        if not some:
            return None
        selected = (left - x, top - y, right - left, bottom - top)
        return geometry.intersection(selected, (0, 0, layer.get_width(), layer.get_height()))

    def mask(self, layer):
        """What is selected of a layer of the other image: the samples of a mask for it."""
        return layers.mask_samples(self._image.get_selection(), layer, self._form)

    def _select_part(self, part):
        if isinstance(part, Gimp.Layer):
            self._select_opaque(part)
            return
        # A channel's samples are what it covers; but those of usual 8-bit images are marked as sRGB-encoded light.
        encoded = not isinstance(part, Gimp.LayerMask) and self._of.get_precision() == Gimp.Precision.U8_NON_LINEAR
        self._select(part, self._form.replace("Y", "Y'") if encoded else self._form)

    def _select_opaque(self, layer):
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

    def _select(self, channel, form):
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

    def _channel(self):
        """A new channel, wholly black."""
        channel = Gimp.Channel.new(self._image, "", self._width, self._height, 100.0, Gegl.Color.new("black"))
        self._image.insert_channel(channel, None, 0)
        return channel
