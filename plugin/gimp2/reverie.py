#!/usr/bin/env python2
# -*- coding: utf-8 -*-
"""Reverie for GIMP 2.10: Filters ▸ Artistic ▸ Neural Style… and Deep Dream…, with Python-Fu's own dialog.

Runs in the Python 2.7 that GIMP 2.10 brings, with nothing but the standard library: the pictures are computed by the
backend, another process (see `shared/`). What it does is what the filters for GIMP 3 do, but without a preview, and one
layer at a time, as GIMP 2.10 knows no more. Text for GIMP is UTF-8 in bytes, as all text is in Python-Fu.
"""

from __future__ import unicode_literals

import os
import sys

import gimp
from gimpenums import INDEXED
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
from layers import depth_of, insert, picture_of, samples_of, source_of, utf8
from shared import bundled, faults, filters, jobs, launcher, npy, refusals
from shared.client import BackendError, as_text
from shared.filters import DREAM, STYLE
from shared.refusals import Refusal
from shared.words import _

COLORS = ("style", "luminance", "match")
PARAMETRISATIONS = ("pixels", "decorrelated")
FILE, LAYER = 0, 1  # what a style is taken from
ITSELF, BY_NAME, GUIDE = 0, 1, 2  # what is dreamt of


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
            name, picture, used = as_text(style_layer.name), picture_of(style_layer), style_layer
        elif style_file:
            path = bundled.present(as_text(style_file))
            here = style_file if path == as_text(style_file) else utf8(path)
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
            pictures[dream["guide"]] = picture_of(dream_guide)
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
    layer, area, selected = source_of(image, drawable)
    if image.base_type == INDEXED and not convert_indexed:
        raise Refusal(refusals.INDEXED)
    wanted, pictures, used = recipe()
    depth = depth_of(image)
    samples = samples_of(layer, area, depth)
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
    insert(image, layer, area, selected, samples, depth, title, {filters.RECIPE: carried_out, filters.ORIGIN: origin})


def _paint(filter_name, job):
    """The result's samples and the recipe as carried out, with GIMP's progress bar."""
    gimp.progress_init(utf8(filters.TITLES[filter_name]))

    def waiting(seconds):
        tell({"type": "starting", "seconds": seconds})
        pdb.gimp_progress_pulse()

    def tell(event):
        if jobs.status(event):
            pdb.gimp_progress_set_text(utf8(jobs.status(event)))
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
    (gimp.message if _in_dialog else fail)(utf8(sentence))


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
    return utf8(value) if isinstance(value, type("")) else value


def _register(name, text, parameters, function):
    label, blurb = filters.MENU[name]
    developers = utf8("The Reverie developers")
    register(
        utf8(name),
        utf8(blurb),
        utf8(text),
        developers,
        developers,
        b"2026",
        utf8(label),
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
