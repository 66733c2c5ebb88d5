"""Selections that are worked on aside: the user's own must not be touched."""

from __future__ import annotations

from gi.repository import Gegl, Gimp
from shared import geometry

from reverie_gimp.data import Rectangle
from reverie_gimp.gimp import pixels


class ScratchSelection:
    """The selection of an image that nobody sees, as large as another, whose own stays as it is.

    It has linear precision: only there do channels, masks and selections all say how much they cover in one way.
    """

    def __init__(self, image: Gimp.Image, form: str) -> None:
        """`form` is that of masks, as in pixels.MASK_FORMATS."""
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

    def bounds(self, layer: Gimp.Layer) -> Rectangle | None:
        """The rectangle of a layer of the other image, relative to it, in which something is selected, or None."""
        some, left, top, right, bottom = Gimp.Selection.bounds(self._image)[1:]
        x, y = pixels.offsets(layer)
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
        return pixels.mask_samples(self.selection, layer, self._form)

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
        copy.set_offsets(*pixels.offsets(layer))
        copy.set_opacity(100.0)
        copy.set_mode(Gimp.LayerMode.NORMAL)
        copy.set_visible(True)
        merged = self._image.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
        self._image.select_item(Gimp.ChannelOps.REPLACE, merged)
        self._image.remove_layer(merged)

    def _select(self, channel: Gimp.Channel, form: str) -> None:
        """Selects what a channel of the other image covers, whose samples say so when read in `form`."""
        x, y = pixels.offsets(channel)
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
