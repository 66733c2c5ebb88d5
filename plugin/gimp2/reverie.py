#!/usr/bin/env python2
# -*- coding: utf-8 -*-
"""Reverie for GIMP 2.10: Filters ▸ Artistic ▸ Neural Style… and Deep Dream…, with Python-Fu's own dialog.

Runs in the Python 2.7 that GIMP 2.10 brings, with nothing but the standard library: the pictures are computed by the
backend, another process (see `shared/`). What it does is what the filters for GIMP 3 do, but without a preview, and one
layer at a time, as GIMP 2.10 knows no more. Text for GIMP is UTF-8 in bytes, as all text is in Python-Fu.
"""

from __future__ import unicode_literals

import json
import os
import sys

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
from gimpfu import (
    PF_DRAWABLE,
    PF_FILENAME,
    PF_IMAGE,
    PF_OPTION,
    PF_SLIDER,
    PF_SPINNER,
    PF_STRING,
    PF_TOGGLE,
    fail,
    main,
    pdb,
    register,
)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shared import bundled, faults, filters, geometry, jobs, launcher, npy, refusals
from shared.client import BackendError, as_text
from shared.filters import DREAM, STYLE
from shared.refusals import Refusal
from shared.words import _

COLORS = ("style", "luminance", "match")
PARAMETRISATIONS = ("pixels", "decorrelated")
FILE, LAYER = 0, 1  # what a style is taken from
ITSELF, BY_NAME, GUIDE = 0, 1, 2  # what is dreamt of

#: The precision, sRGB-encoded, in which samples of each type are got from GIMP and given to it.
PRECISIONS = {"u1": PRECISION_U8_GAMMA, "u2": PRECISION_U16_GAMMA, "f4": PRECISION_FLOAT_GAMMA}

# gimpfu adds to it before it opens a dialog; it tells its functions nothing else of how they are run.
_in_dialog = []  # type: list[bool]


# --- the filters -----------------------------------------------------------------------------------------------------


def neural_style(
    image,
    drawable,
    style_from,
    style_file,
    style_layer,
    strength,
    style_scale,
    color,
    dream_class,
    dream_strength,
    size,
    iterations,
    network,
    seed,
    convert_indexed,
):
    # type: (gimp.Image, gimp.Drawable, int, bytes, gimp.Drawable, float, float, int, bytes, float, int, int, bytes, int, int) -> None
    """Paints the drawable in the style of a file or a layer."""

    def recipe():
        used = None
        if style_from == LAYER:
            if style_layer is None:
                raise Refusal(_("Choose the layer whose style is taken."))
            name, picture, used = as_text(style_layer.name), _picture_of(style_layer), style_layer
        elif style_file:
            path = bundled.present(as_text(style_file))
            here = style_file if path == as_text(style_file) else _utf8(path)
            name, picture = path, jobs.read_file(path if sys.platform == "win32" else here)
        else:
            raise Refusal(_("Choose a style first: a picture file, or another open layer."))
        wanted = {
            "style": [{"image": name, "scale": style_scale}],
            "strength": strength,
            "color": _choice(COLORS, color),
        }
        dream = as_text(dream_class or b"").strip()
        if dream:
            wanted.update(dream=[{"class_name": dream}], dream_strength=dream_strength)
        return dict(wanted, **_common(size, iterations, network, seed)), {name: picture}, used

    _guarded(lambda: _work(STYLE, image, drawable, recipe, convert_indexed))


def deep_dream(
    image,
    drawable,
    dream_of,
    dream_class,
    dream_guide,
    dream_strength,
    parametrisation,
    dream_layer,
    dream_channel,
    size,
    iterations,
    network,
    seed,
    convert_indexed,
):
    # type: (gimp.Image, gimp.Drawable, int, bytes, gimp.Drawable, float, int, bytes, int, int, int, bytes, int, int) -> None
    """Brings out in the drawable what a network sees in it, or is told to see."""

    def recipe():
        dream, pictures, used = {}, {}, None
        layer, wanted_class = as_text(dream_layer or b"").strip(), as_text(dream_class or b"").strip()
        if dream_of == BY_NAME:
            if not wanted_class:
                raise Refusal(_("Type the name of what is to be dreamt of, such as “golden retriever”."))
            dream["class_name"] = wanted_class
        elif layer:
            dream["layer"] = layer
        if dream_of == ITSELF and dream_channel >= 0:
            dream["channel"] = int(dream_channel)
        if dream_of == GUIDE:
            if dream_guide is None:
                raise Refusal(_("Choose the layer that is to be dreamt of."))
            dream["guide"], used = as_text(dream_guide.name), dream_guide
            pictures[dream["guide"]] = _picture_of(dream_guide)
        wanted = {
            "dream": [dream],
            "dream_strength": dream_strength,
            "parametrisation": _choice(PARAMETRISATIONS, parametrisation),
        }
        return dict(wanted, **_common(size, iterations, network, seed)), pictures, used

    _guarded(lambda: _work(DREAM, image, drawable, recipe, convert_indexed))


def _choice(names, index):
    """The name at a place of a list, as its number comes from Python-Fu."""
    if not 0 <= index < len(names):
        raise Refusal(_("There is no choice number %d; the choices are 0 to %d.") % (index, len(names) - 1))
    return names[int(index)]


def _common(size, iterations, network, seed):
    recipe = {"network": as_text(network or b"").strip() or "auto", "seed": int(seed)}
    for name, value in (("size", int(size)), ("iterations", int(iterations))):  # a spinner of gimpfu gives floats
        if value:  # 0 leaves it to the backend
            recipe[name] = value
    return recipe


def _work(filter_name, image, drawable, recipe, convert_indexed):
    """Paints and inserts. `recipe` returns (recipe, its pictures, the layer it was taken from)."""
    layer, area, selected = _source(image, drawable)
    if image.base_type == INDEXED and not convert_indexed:
        raise Refusal(refusals.INDEXED)
    wanted, pictures, used = recipe()
    depth = _depth(image)
    samples = _samples(layer, area, depth)
    if not any(
        samples[3 * npy.SAMPLE_SIZE[depth] + byte :: 4 * npy.SAMPLE_SIZE[depth]].strip(b"\0")
        for byte in range(npy.SAMPLE_SIZE[depth])
    ):
        raise Refusal(refusals.TRANSPARENT % as_text(layer.name))
    content = npy.pack(samples, area[2], area[3], 4, depth)
    samples, carried_out = _paint(filter_name, jobs.Job(content, pictures, wanted))
    title = filters.title(filter_name, wanted)
    here = used is not None and used.image.ID == image.ID
    origin = {"filter": filter_name, "used": used.tattoo if here else None}
    origin.update(source=layer.tattoo, area=list(area))
    _insert(image, layer, area, selected, samples, depth, title, {filters.RECIPE: carried_out, filters.ORIGIN: origin})


def _paint(filter_name, job):
    """The result's samples and the recipe as carried out, with GIMP's progress bar."""
    gimp.progress_init(_utf8(filters.TITLES[filter_name]))

    def waiting(seconds):
        tell({"type": "starting", "seconds": seconds})
        pdb.gimp_progress_pulse()

    def tell(event):
        if jobs.status(event):
            pdb.gimp_progress_set_text(_utf8(jobs.status(event)))
        if event["type"] == "progress":
            gimp.progress_update(event["fraction"])
        elif event["type"] == "fetching":
            gimp.progress_update(float(event["here"]) / event["total"])
        elif event["type"] == "alive":
            pdb.gimp_progress_pulse()  # where GIMP has gone, this ends the plug-in, and with it the job

    return jobs.run(launcher.connect(waiting), job, tell)


def _guarded(action):
    """Runs a filter. Every failure becomes a sentence in GIMP's error message, and nothing was changed."""
    try:
        action()
        return
    except (Refusal, BackendError) as error:
        sentence = error.args[0]
    except Exception as error:
        sentence = faults.told(error)
    # A script that called this must learn that it failed; gimpfu's dialog would add a traceback to what is said here.
    (gimp.message if _in_dialog else fail)(_utf8(sentence))


def _utf8(text):
    """Text as Python-Fu takes it."""
    return text if isinstance(text, bytes) else text.encode("utf-8")


# --- pixels out of GIMP ----------------------------------------------------------------------------------------------


def _source(image, drawable):
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


def _depth(image):
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


def _samples(drawable, area, depth):
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


def _picture_of(drawable):
    # type: (gimp.Drawable) -> bytes
    """A whole drawable, as an 8-bit .npy: a style or a guide."""
    width, height = drawable.width, drawable.height
    return npy.pack(_samples(drawable, (0, 0, width, height), "u1"), width, height, 4, "u1")


# --- results into GIMP -----------------------------------------------------------------------------------------------


def _insert(image, source, area, selected, samples, depth, title, records):
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
            layer.name = _utf8(title)
            layer.mode = pdb.gimp_image_get_default_new_layer_mode(image)
            layer.set_offsets(*source.offsets)
            position = pdb.gimp_image_get_item_position(image, source)
            pdb.gimp_image_insert_layer(image, layer, pdb.gimp_item_get_parent(source), position)
            if selected and not pdb.gimp_selection_is_empty(image):  # taken back meanwhile, it would hide everything
                pdb.gimp_layer_add_mask(layer, pdb.gimp_layer_create_mask(layer, ADD_SELECTION_MASK))
            for name in sorted(records):
                text = _utf8(json.dumps(records[name], ensure_ascii=False))
                layer.parasite_attach(gimp.Parasite(_utf8(name), PARASITE_PERSISTENT, text))
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


_SOURCE = [(PF_IMAGE, "image", "The image", None), (PF_DRAWABLE, "drawable", "The layer to work on", None)]
_COMMON = [
    (PF_SPINNER, "size", _("_Detail: longest side in pixels when computed (0: as suits)"), 0, (0, 16384, 1)),
    (PF_SPINNER, "iterations", _("Iteratio_ns (0: as usual)"), 0, (0, 10000, 1)),
    (PF_STRING, "network", _("Networ_k"), "auto"),
    (PF_SPINNER, "seed", _("S_eed: the same gives the same picture"), 0, (0, 2**31 - 1, 1)),
    (PF_TOGGLE, "convert-indexed", _("Convert an indexed image to RG_B"), False),
]


def _encoded(value):
    """What a parameter is described by, with every text in it as Python-Fu takes it."""
    if isinstance(value, (list, tuple)):
        return type(value)(_encoded(each) for each in value)
    return _utf8(value) if isinstance(value, type("")) else value


def _register(name, text, parameters, function):
    label, blurb = filters.MENU[name]
    developers = _utf8("The Reverie developers")
    register(
        _utf8(name),
        _utf8(blurb),
        _utf8(text),
        developers,
        developers,
        b"2026",
        _utf8(label),
        b"*",
        _encoded(_SOURCE + parameters + _COMMON),
        [],
        function,
        menu=b"<Image>/Filters/Artistic",
        on_run=lambda: _in_dialog.append(True),
    )


_register(
    STYLE,
    _(
        "Paints the layer, or its selected part, in the style of a picture file or of another layer. The result is a "
        "new layer; the selection becomes its mask."
    ),
    [
        (PF_OPTION, "style-from", _("Style _from"), FILE, [_("the picture file"), _("the layer")]),
        (PF_FILENAME, "style-file", _("Style _picture"), bundled.style("strokes") or ""),
        (PF_DRAWABLE, "style-layer", _("Style la_yer"), None),
        (PF_SLIDER, "strength", _("Streng_th"), 0.85, (0.0, 1.0, 0.01)),
        (PF_SLIDER, "style-scale", _("S_ize of strokes"), 1.0, (0.25, 4.0, 0.05)),
        (PF_OPTION, "color", _("Colo_urs"), 0, [_("from the style"), _("keep mine"), _("style in my colours")]),
        (PF_STRING, "dream-class", _("Dream as _well of (may be empty)"), ""),
        (PF_SLIDER, "dream-strength", _("Strength of the drea_m"), 0.5, (0.0, 1.0, 0.01)),
    ],
    neural_style,
)
_register(
    DREAM,
    _(
        "Lets a neural network dream on the layer, or its selected part: of what it finds there, of one of the 1000 "
        "things that it knows by name, or of another layer. The result is a new layer; the selection becomes its mask."
    ),
    [
        (
            PF_OPTION,
            "dream-of",
            _("Dream _of"),
            ITSELF,
            [_("what it sees by itself"), _("something by name"), _("a layer")],
        ),
        (PF_STRING, "dream-class", _("So_mething by name"), "golden retriever"),
        (PF_DRAWABLE, "dream-guide", _("La_yer to dream of"), None),
        (PF_SLIDER, "dream-strength", _("Streng_th"), 0.5, (0.0, 1.0, 0.01)),
        (PF_OPTION, "parametrisation", _("Colo_urs"), 0, [_("of the dream"), _("as in photos")]),
        (PF_STRING, "dream-layer", _("_Layer of the network (may be empty)"), ""),
        (PF_SPINNER, "dream-channel", _("C_hannel of that layer (-1: all)"), -1, (-1, 4095, 1)),
    ],
    deep_dream,
)

main()
