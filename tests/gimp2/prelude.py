# -*- coding: utf-8 -*-
# ruff: noqa: UP004, UP009, UP010, RUF100
"""What the tests' scripts begin with, in GIMP 2.10's Python 2.7 (or the stand-in for it)."""

import json

import gimp
from gimpenums import (
    CHANNEL_OP_REPLACE,
    GRAY_IMAGE,
    LAYER_MODE_NORMAL,
    RGB_IMAGE,
    RGBA_IMAGE,
)
from gimpfu import pdb

BYTES = {RGB_IMAGE: 3, RGBA_IMAGE: 4, GRAY_IMAGE: 1}


def pattern(count):
    return "".join(chr(index * 7 % 251 + 2) for index in range(count))


def new_image(width=40, height=30, kind=RGB_IMAGE):
    return gimp.Image(width, height, kind // 2)


def new_layer(image, name="photo", width=40, height=30, kind=RGB_IMAGE, x=0, y=0, samples=None):
    layer = gimp.Layer(image, name, width, height, kind, 100.0, LAYER_MODE_NORMAL)
    pdb.gimp_image_insert_layer(image, layer, None, 0)
    write(layer, samples or pattern(width * height * BYTES[kind]))
    layer.set_offsets(x, y)
    return layer


def write(layer, samples):
    region = layer.get_pixel_rgn(0, 0, layer.width, layer.height, True, False)
    region[0 : layer.width, 0 : layer.height] = samples
    layer.flush()
    layer.update(0, 0, layer.width, layer.height)


def read(layer):
    return layer.get_pixel_rgn(0, 0, layer.width, layer.height, False, False)[0 : layer.width, 0 : layer.height]


def select(image, x, y, width, height):
    pdb.gimp_image_select_rectangle(image, CHANNEL_OP_REPLACE, x, y, width, height)


STYLE = [
    ("style_from", 0),
    ("style_file", FOLDER + "/style.png"),  # noqa: F821
    ("style_layer", None),
    ("strength", 0.5),
    ("style_scale", 1.0),
    ("color", 0),
    ("dream_class", ""),
    ("dream_strength", 0.5),
    ("size", 0),
    ("iterations", 0),
    ("network", "auto"),
    ("seed", 0),
    ("convert_indexed", 0),
]
DREAM = [
    ("dream_of", 0),
    ("dream_class", ""),
    ("dream_guide", None),
    ("dream_strength", 0.5),
    ("parametrisation", 0),
    ("dream_layer", ""),
    ("dream_channel", -1),
    ("size", 0),
    ("iterations", 0),
    ("network", "auto"),
    ("seed", 0),
    ("convert_indexed", 0),
]


def style(image, layer, **changed):
    return call(pdb.plug_in_reverie_style, STYLE, image, layer, changed)


def dream(image, layer, **changed):
    return call(pdb.plug_in_reverie_dream, DREAM, image, layer, changed)


def call(procedure, arguments, image, layer, changed):
    """Whether the filter succeeded."""
    values = [changed.pop(name, default) for name, default in arguments]
    assert not changed, changed
    try:
        procedure(image, layer, *values)
    except RuntimeError:
        return False
    return True


def names(image):
    return [layer.name for layer in image.layers]


def record(layer, name):
    return json.loads(layer.parasite_find(name).data.decode("utf-8"))


def answer(**values):
    with open(FOLDER + "/answer.json", "w") as file:  # noqa: F821
        json.dump(values, file)
