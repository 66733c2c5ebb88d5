# -*- coding: utf-8 -*-
"""All that touches GIMP 2.10's layers: their samples, the selection, and the new layer with its undo step."""

from __future__ import unicode_literals

import json

import gimp
from gimpenums import (
    ADD_SELECTION_MASK,
    CLIP_TO_IMAGE,
    INDEXED,
    LAYER_MODE_NORMAL,
    MASK_DISCARD,
    PARASITE_PERSISTENT,
    PRECISION_FLOAT_GAMMA,
    PRECISION_U8_GAMMA,
    PRECISION_U8_LINEAR,
    PRECISION_U16_GAMMA,
    PRECISION_U16_LINEAR,
    RGB,
    RGBA_IMAGE,
)
from gimpfu import pdb
from shared import geometry, npy, refusals
from shared.client import as_text
from shared.refusals import Refusal
from shared.words import _

#: The precision, sRGB-encoded, in which samples of each type are got from GIMP and given to it.
PRECISIONS = {"u1": PRECISION_U8_GAMMA, "u2": PRECISION_U16_GAMMA, "f4": PRECISION_FLOAT_GAMMA}


def utf8(text):
    """Text as Python-Fu takes it."""
    return text if isinstance(text, bytes) else text.encode("utf-8")


# --- pixels out of GIMP ----------------------------------------------------------------------------------------------


def source_of(image, drawable):
    # type: (gimp.Image, gimp.Drawable) -> tuple[gimp.Layer, tuple[int, int, int, int], bool]
    """(the layer that is meant, which part of it is worked on, whether a selection decided that)."""
    if pdb.gimp_image_get_floating_sel(image) is not None:
        raise Refusal(refusals.FLOATING)
    # While a mask is edited, GIMP passes the mask: what is meant is the picture that it belongs to.
    layer = pdb.gimp_layer_from_mask(drawable) if pdb.gimp_item_is_layer_mask(drawable) else drawable
    if not isinstance(layer, gimp.Layer):
        raise Refusal(refusals.CHANNEL)
    overlap, x, y, width, height = pdb.gimp_drawable_mask_intersect(layer)
    if not overlap:
        raise Refusal(refusals.NOT_SELECTED % as_text(layer.name))
    if pdb.gimp_selection_is_empty(image):
        return layer, (0, 0, layer.width, layer.height), False
    return layer, geometry.work_area((x, y, width, height), layer.width, layer.height), True


def depth_of(image):
    # type: (gimp.Image) -> str
    """The sample type in which nothing of the image's precision is lost that a picture needs.

    Colours of a wider profile than sRGB lie outside 0–1 in sRGB, which only float can say.
    """
    profile = _profile(image)
    if profile and b"sRGB" not in profile.replace(b"\0", b""):  # its name is in Latin letters or, later, in UTF-16
        return "f4"
    if image.precision in (PRECISION_U8_GAMMA, PRECISION_U8_LINEAR):
        return "u1"
    return "u2" if image.precision in (PRECISION_U16_GAMMA, PRECISION_U16_LINEAR) else "f4"


def _profile(image):
    # type: (gimp.Image) -> bytes
    """The image's colour profile, an ICC file; empty where it has none."""
    return bytes(bytearray(pdb.gimp_image_get_color_profile(image)[1] or b""))


def _rgb_image(width, height, depth):
    # type: (int, int, str) -> gimp.Image
    """An image that nobody sees. GIMP converts layers that are copied into it or out of it: colours, encoding, profile.

    Python-Fu gives the samples of a layer as they are stored, so it takes this to get them in one known form.
    """
    image = gimp.Image(width, height, RGB)
    image.disable_undo()
    if PRECISIONS[depth] != PRECISION_U8_GAMMA:
        pdb.gimp_image_convert_precision(image, PRECISIONS[depth])
    return image


def samples_of(drawable, area, depth):
    # type: (gimp.Drawable, tuple[int, int, int, int], str) -> bytes
    """RGBA samples of a part of a drawable, sRGB-encoded."""
    image = _rgb_image(drawable.width, drawable.height, depth)
    try:
        layer = pdb.gimp_layer_new_from_drawable(drawable, image)
        if pdb.gimp_item_is_group(layer):  # a copied group has no pixels before it is merged
            pdb.gimp_image_insert_layer(image, layer, None, 0)
            if layer.mask is not None:
                pdb.gimp_layer_remove_mask(layer, MASK_DISCARD)
            layer.set_offsets(0, 0)
            layer.opacity, layer.mode, layer.visible = 100.0, LAYER_MODE_NORMAL, True
            layer = pdb.gimp_image_merge_visible_layers(image, CLIP_TO_IMAGE)
        if not layer.has_alpha:
            layer.add_alpha()
        x, y, width, height = area
        region = layer.get_pixel_rgn(0, 0, layer.width, layer.height, False, False)
        return region[x : x + width, y : y + height]
    finally:
        gimp.delete(image)


def picture_of(drawable):
    # type: (gimp.Drawable) -> bytes
    """A whole drawable, as an 8-bit .npy: a style or a guide."""
    width, height = drawable.width, drawable.height
    return npy.pack(samples_of(drawable, (0, 0, width, height), "u1"), width, height, 4, "u1")


# --- results into GIMP -----------------------------------------------------------------------------------------------


def insert(image, source, area, selected, samples, depth, title, records):
    # type: (gimp.Image, gimp.Layer, tuple[int, int, int, int], bool, memoryview, str, str, dict[str, object]) -> None
    """Adds the finished picture as a new layer above its source: one step to undo, and nothing else is changed."""
    if not pdb.gimp_image_is_valid(image) or not pdb.gimp_item_is_valid(source):
        raise Refusal(_("The image or its layer was closed meanwhile, so the result has no place to go."))
    active, own = image.active_layer, _rgb_image(source.width, source.height, depth)
    try:
        picture = _layer_with(own, source, area, samples)
        # Only now, with the picture complete: GIMP may kill a plug-in at any time, and must not be left half way.
        image.undo_group_start()
        try:
            if image.base_type == INDEXED:
                pdb.gimp_image_convert_rgb(image)
            layer = pdb.gimp_layer_new_from_drawable(picture, image)
            layer.name = utf8(title)
            layer.mode = pdb.gimp_image_get_default_new_layer_mode(image)
            layer.set_offsets(*source.offsets)
            position = pdb.gimp_image_get_item_position(image, source)
            pdb.gimp_image_insert_layer(image, layer, pdb.gimp_item_get_parent(source), position)
            if selected and not pdb.gimp_selection_is_empty(image):  # taken back meanwhile, it would hide everything
                pdb.gimp_layer_add_mask(layer, pdb.gimp_layer_create_mask(layer, ADD_SELECTION_MASK))
            for name in sorted(records):
                text = utf8(json.dumps(records[name], ensure_ascii=False))
                layer.parasite_attach(gimp.Parasite(utf8(name), PARASITE_PERSISTENT, text))
            pdb.gimp_image_set_active_layer(image, active)
        finally:
            image.undo_group_end()
    finally:
        gimp.delete(own)
    gimp.displays_flush()


def _layer_with(image, source, area, samples):
    # type: (gimp.Image, gimp.Layer, tuple[int, int, int, int], memoryview) -> gimp.Layer
    """A layer as large as the source, transparent where nothing was painted."""
    layer = gimp.Layer(image, b"picture", source.width, source.height, RGBA_IMAGE, 100.0, LAYER_MODE_NORMAL)
    pdb.gimp_image_insert_layer(image, layer, None, 0)
    x, y, width, height = area
    region = layer.get_pixel_rgn(0, 0, source.width, source.height, True, False)
    region[x : x + width, y : y + height] = samples.tobytes()
    layer.flush()
    layer.update(x, y, width, height)
    return layer


# --- registration ----------------------------------------------------------------------------------------------------
