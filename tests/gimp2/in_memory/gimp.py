# -*- coding: utf-8 -*-
# ruff: noqa: UP004, UP009, UP010, RUF100
"""A stand-in for GIMP 2.10's Python module: 8-bit images in memory, and only what the plug-in and its tests use.

It exists because no distribution packages a GIMP 2.10 with Python-Fu any more, so that most machines have none; the
same tests run in a real one where `provision.sh` has made it. It runs on Python 2.7. Each image keeps a log of what was
done to it, in order, which the real one does not show.
"""

from __future__ import print_function

import sys

from gimpenums import GRAY, GRAY_IMAGE, GRAYA_IMAGE, LAYER_MODE_NORMAL, PRECISION_U8_GAMMA, RGB, RGB_IMAGE, RGBA_IMAGE

BYTES = {RGB_IMAGE: 3, RGBA_IMAGE: 4, GRAY_IMAGE: 1, GRAYA_IMAGE: 2}
registered = {}
_images = []


class Parasite:
    def __init__(self, name, flags, data):
        self.name, self.flags, self.data = name, flags, data


class Image:
    def __init__(self, width, height, base_type):
        self.width, self.height, self.base_type = width, height, base_type
        self.precision = PRECISION_U8_GAMMA
        self.layers, self.active_layer, self.selection, self.floating, self.log = [], None, None, None, []
        _images.append(self)
        self.ID = len(_images)

    def disable_undo(self):
        self.log.append("undo off")

    def undo_group_start(self):
        self.log.append("group start")

    def undo_group_end(self):
        self.log.append("group end")


class Drawable:
    pass


class Channel(Drawable):
    """A channel or a layer's mask."""

    def __init__(self, image, name, samples, layer=None):
        self.image, self.name, self.samples, self.layer = image, name, samples, layer


class Layer(Drawable):
    _count = 0

    def __init__(self, image, name, width, height, type, opacity, mode):
        assert (type in (GRAY_IMAGE, GRAYA_IMAGE)) == (image.base_type == GRAY)
        self.image, self.name, self.width, self.height, self.type = image, name, width, height, type
        self.opacity, self.mode, self.visible, self.offsets, self.mask = opacity, mode, True, (0, 0), None
        self.samples = bytearray(width * height * BYTES[type])
        self.parasites = {}
        Layer._count += 1
        self.tattoo = Layer._count

    @property
    def has_alpha(self):
        return self.type in (RGBA_IMAGE, GRAYA_IMAGE)

    def add_alpha(self):
        full = _rgba(self)
        self.type = RGBA_IMAGE if self.image.base_type == RGB else GRAYA_IMAGE
        self.samples = _of_type(full, self.type)

    def set_offsets(self, x, y):
        self.offsets = (x, y)

    def get_pixel_rgn(self, x, y, width, height, dirty, shadow):
        assert (x, y) == (0, 0) and (width, height) == (self.width, self.height) and not shadow
        return _Region(self, dirty)

    def flush(self):
        pass

    def update(self, x, y, width, height):
        pass

    def parasite_attach(self, parasite):
        self.parasites[parasite.name] = parasite

    def parasite_find(self, name):
        return self.parasites.get(name)


class _Region:
    def __init__(self, layer, dirty):
        self._layer, self._dirty, self.bpp = layer, dirty, BYTES[layer.type]

    def _rows(self, key):
        across, down = key
        assert 0 <= across.start < across.stop <= self._layer.width
        assert 0 <= down.start < down.stop <= self._layer.height
        for y in range(down.start, down.stop):
            first = (y * self._layer.width + across.start) * self.bpp
            yield first, first + (across.stop - across.start) * self.bpp

    def __getitem__(self, key):
        return b"".join(bytes(self._layer.samples[first:last]) for first, last in self._rows(key))

    def __setitem__(self, key, samples):
        assert self._dirty, "the region was asked for reading only"
        rows, done = list(self._rows(key)), 0
        if len(samples) != sum(last - first for first, last in rows):
            raise TypeError("string is wrong length")
        for first, last in rows:
            self._layer.samples[first:last] = samples[done : done + last - first]
            done += last - first


def _rgba(layer):
    """The samples of a layer of any type, as RGBA."""
    step, full = BYTES[layer.type], bytearray(layer.width * layer.height * 4)
    for channel in range(3):
        full[channel::4] = layer.samples[(channel if step >= 3 else 0) :: step]
    full[3::4] = layer.samples[step - 1 :: step] if layer.has_alpha else b"\xff" * (layer.width * layer.height)
    return full


def _of_type(full, type):
    """RGBA samples as those of a type. Grey is the green here: the tests use pictures without colour for it."""
    step, samples = BYTES[type], bytearray(len(full) // 4 * BYTES[type])
    for channel in range(3 if step >= 3 else 1):
        samples[channel::step] = full[(channel if step >= 3 else 1) :: 4]
    if step in (2, 4):
        samples[step - 1 :: step] = full[3::4]
    return samples


class _Pdb:
    def __getattr__(self, name):
        return registered[name]["function"]

    def gimp_image_get_color_profile(self, image):
        return 0, b""

    def gimp_image_get_floating_sel(self, image):
        return image.floating

    def gimp_image_is_valid(self, image):
        return image in _images

    def gimp_item_is_valid(self, item):
        return item.image in _images and item in item.image.layers

    def gimp_item_is_layer_mask(self, item):
        return isinstance(item, Channel) and item.layer is not None

    def gimp_item_is_group(self, item):
        return False

    def gimp_item_get_parent(self, item):
        return None

    def gimp_layer_from_mask(self, mask):
        return mask.layer

    def gimp_selection_is_empty(self, image):
        return image.selection is None

    def gimp_selection_none(self, image):
        image.selection = None

    def gimp_image_select_rectangle(self, image, operation, x, y, width, height):
        image.selection = (x, y, width, height)

    def gimp_drawable_mask_intersect(self, layer):
        if layer.image.selection is None:
            return 1, 0, 0, layer.width, layer.height
        x, y, width, height = layer.image.selection
        left, top = max(0, x - layer.offsets[0]), max(0, y - layer.offsets[1])
        right = min(layer.width, x + width - layer.offsets[0])
        bottom = min(layer.height, y + height - layer.offsets[1])
        return int(right > left and bottom > top), left, top, right - left, bottom - top

    def gimp_layer_new_from_drawable(self, layer, image):
        alpha = layer.has_alpha
        type = (RGBA_IMAGE if alpha else RGB_IMAGE) if image.base_type == RGB else GRAYA_IMAGE if alpha else GRAY_IMAGE
        new = Layer(image, layer.name + " copy", layer.width, layer.height, type, 100.0, layer.mode)
        new.samples, new.offsets = _of_type(_rgba(layer), type), layer.offsets
        return new

    def gimp_image_get_default_new_layer_mode(self, image):
        return LAYER_MODE_NORMAL

    def gimp_image_get_item_position(self, image, item):
        return image.layers.index(item)

    def gimp_image_insert_layer(self, image, layer, parent, position):
        assert layer.image is image and parent is None
        image.layers.insert(position, layer)
        image.active_layer = layer
        image.log.append("insert")

    def gimp_image_set_active_layer(self, image, layer):
        image.active_layer = layer
        image.log.append("active")

    def gimp_layer_create_mask(self, layer, kind):
        samples = bytearray(layer.width * layer.height)
        x, y, width, height = layer.image.selection or (0, 0, 0, 0)
        for row in range(layer.height):
            for column in range(layer.width):
                if 0 <= column + layer.offsets[0] - x < width and 0 <= row + layer.offsets[1] - y < height:
                    samples[row * layer.width + column] = 255
        return Channel(layer.image, layer.name + " mask", samples, layer)

    def gimp_layer_add_mask(self, layer, mask):
        layer.mask = mask
        layer.image.log.append("mask")

    def gimp_drawable_get_pixel(self, drawable, x, y):
        step = len(drawable.samples) // ((drawable.layer if isinstance(drawable, Channel) else drawable).width)
        height = (drawable.layer if isinstance(drawable, Channel) else drawable).height
        step, width = step // height, (drawable.layer if isinstance(drawable, Channel) else drawable).width
        first = (y * width + x) * step
        return step, tuple(drawable.samples[first : first + step])

    def gimp_progress_set_text(self, text):
        assert isinstance(text, str), "Python-Fu takes bytes"

    def gimp_progress_pulse(self):
        pass


pdb = _Pdb()


def delete(image):
    _images.remove(image)


def message(text):
    assert isinstance(text, str), "Python-Fu takes bytes"
    print("reverie.py-Warning: " + text, file=sys.stderr)


def progress_init(text):
    assert isinstance(text, str), "Python-Fu takes bytes"


def progress_update(fraction):
    assert 0.0 <= fraction <= 1.0


def displays_flush():
    pass
