#!/usr/bin/env python3
"""Reverie for GIMP 3: Filters ▸ Artistic ▸ Neural Style…, Deep Dream… and Edit Neural Style…

The procedures, as GIMP's database and menus know them. It all runs in GIMP's own Python, which has nothing but the
standard library: the pictures are computed by the backend, another process (see `shared/`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import gi

gi.require_version("GdkPixbuf", "2.0")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gegl, Gimp, GimpUi, Gio, GLib, GObject  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import chosen  # noqa: E402
import frames  # noqa: E402
import last_values  # noqa: E402
import layers  # noqa: E402
import orders  # noqa: E402
from shared import faults, filters, launcher, work  # noqa: E402
from shared.client import BackendError  # noqa: E402
from shared.refusals import Refusal  # noqa: E402
from shared.words import _  # noqa: E402
from styles import bundled_styles  # noqa: E402

EDIT = "plug-in-reverie-edit"
FILTERS = {  # what each procedure paints with
    filters.STYLE: filters.STYLE,
    filters.DREAM: filters.DREAM,
    frames.LAYERS_STYLE: filters.STYLE,
    frames.LAYERS_DREAM: filters.DREAM,
    frames.ZOOM: filters.DREAM,
}
ANIMATIONS = (frames.LAYERS_STYLE, frames.LAYERS_DREAM, frames.ZOOM)
FLAGS = GObject.ParamFlags.READWRITE


# --- running ---------------------------------------------------------------------------------------------------------


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    data: object,
) -> Gimp.ValueArray:
    """Neural Style and Deep Dream."""

    def paint() -> None:
        sources = layers.selected_sources(image, drawables)
        _with_last_layers(config, run_mode, lambda: _work(procedure.get_name(), procedure, config, sources, run_mode))

    return _guarded(procedure, paint)


def run_edit(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    data: object,
) -> Gimp.ValueArray:
    """Edit Neural Style: the filter that made a layer, with the settings that it was made with."""

    def edit() -> None:
        if len(drawables) != 1 or not isinstance(drawables[0], Gimp.Layer):
            raise Refusal(_("Select the one layer that is to be made anew, then try again."))
        source, recipe, origin = layers.recorded_source(image, drawables[0])
        source.replaces = config.get_property("replace")
        asked = run_mode == Gimp.RunMode.INTERACTIVE  # in the dialog, whose button cannot be pressed then
        if source.replaces and not asked and not layers.can_be_replaced(drawables[0]):
            raise Refusal(
                _("The layer “%s” is locked, so it cannot be replaced. Unlock it, or let the new version lie above it.")
                % drawables[0].get_name()
            )
        maker = procedure.get_plug_in().do_create_procedure(origin["filter"])
        settings = maker.create_config()
        orders.restore(recipe, origin, settings, image)
        _work(origin["filter"], maker, settings, [source], run_mode)
        config.set_property("replace", source.replaces)  # what was chosen in the dialog is kept for the next time

    return _guarded(procedure, edit)


def run_animation(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    data: object,
) -> Gimp.ValueArray:
    """All layers as frames, and Dream Zoom: the result is a new image, which is returned."""
    made = []

    def finish(results: list[layers.Result]) -> None:
        made.append(layers.finish(results))

    def animate() -> None:
        if procedure.get_name() == frames.ZOOM:
            sources = frames.of_zoom(layers.selected_layers(image, drawables)[0])
        else:
            sources = frames.of_layers(image)
        try:
            filter_name = FILTERS[procedure.get_name()]
            _with_last_layers(
                config, run_mode, lambda: _work(filter_name, procedure, config, sources, run_mode, finish)
            )
        finally:
            if not made:
                sources[0].image.delete()

    values = _guarded(procedure, animate)
    if made:
        _show(made[0], run_mode)
        values.remove(1)
        values.insert(1, GObject.Value(Gimp.Image, made[0]))
    return values


def _with_last_layers(config: Gimp.ProcedureConfig, run_mode: Gimp.RunMode, action: Callable[[], None]) -> None:
    """Does something with the layers used last, and writes down those used now. Raises Refusal where one is gone and
    nobody is asked."""
    gone = [] if run_mode == Gimp.RunMode.NONINTERACTIVE else last_values.recall(config)
    if gone and run_mode == Gimp.RunMode.WITH_LAST_VALS:
        raise Refusal(
            _("The layer “%s”, which was used the last time, is not open any more. Choose another in the dialog.")
            % gone[0]
        )
    action()
    last_values.keep(config)


def _work(
    filter_name: str,
    procedure: Gimp.Procedure,
    config: Gimp.ProcedureConfig,
    sources: list[layers.Source],
    run_mode: Gimp.RunMode,
    insert: Callable[[list[layers.Result]], None] = layers.insert,
) -> None:
    """Paints the sources and inserts the results, all or none."""
    if run_mode == Gimp.RunMode.INTERACTIVE:
        import dialog  # GTK is not wanted without windows

        GimpUi.init(filter_name)
        results, warnings = dialog.ask_and_paint(filters.TITLES[filter_name], filter_name, procedure, config, sources)
    else:
        results, warnings = paint_quietly(filter_name, config, sources)
    if results is None:
        raise Cancelled
    if warnings:
        Gimp.message("\n".join(warnings))
    try:
        insert(results)
    except layers.Homeless as why:
        _show(layers.new_image(results), run_mode)
        raise Refusal(_("%s So nothing is lost, what was painted is a new image.") % why) from None


def _show(image: Gimp.Image, run_mode: Gimp.RunMode) -> None:
    """Opens an image that was made, where there may be windows."""
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        return
    try:
        Gimp.Display.new(image)
    except TypeError:
        return  # a GIMP without windows gives none
    Gimp.displays_flush()


class Cancelled(Exception):
    """The user pressed Cancel."""


def paint_quietly(
    filter_name: str, config: Gimp.ProcedureConfig, sources: list[layers.Source]
) -> tuple[list[layers.Result], list[str]]:
    """(The results, what the backend warned of), computed with GIMP's own progress bar. Its Cancel kills this process;
    the backend then notices and stops."""
    sources = frames.wanted(sources, config)
    Gimp.progress_init(filters.TITLES[filter_name])

    def waiting(seconds: int) -> None:
        Gimp.progress_set_text(work.status({"type": "starting", "seconds": seconds}))
        Gimp.progress_pulse()

    client, pictures = launcher.connect(waiting), chosen.Pictures()
    results: list[layers.Result] = []
    warnings: list[str] = []
    for source in sources:
        order, title = orders.order(filter_name, config, source, pictures)
        origin = orders.origin(filter_name, config, source)

        def tell(event: dict[str, Any]) -> None:
            if work.status(event):
                Gimp.progress_set_text(work.status(event))
            if event["type"] == "progress":
                Gimp.progress_update((len(results) + event["fraction"]) / len(sources))
            elif event["type"] == "fetching":
                Gimp.progress_update(float(event["here"]) / event["total"])
            elif event["type"] == "warning" and event["message"] not in warnings:
                warnings.append(event["message"])
            elif event["type"] == "alive":
                Gimp.progress_pulse()  # where GIMP has gone, this ends the plug-in, and with it the job

        samples, recipe = work.carry_out(client, order, tell)
        results.append(layers.Result(source, samples, title, recipe, origin))
    Gimp.progress_end()
    return results, warnings


def _guarded(procedure: Gimp.Procedure, action: Callable[[], None]) -> Gimp.ValueArray:
    """Runs a procedure. Every failure becomes a sentence in GIMP's error message, and nothing was changed."""
    Gegl.init(None)
    try:
        action()
    except Cancelled:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    except (Refusal, BackendError) as error:
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(str(error)))
    except Exception as error:
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(faults.told(error)))
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)


# --- registration ----------------------------------------------------------------------------------------------------


class Reverie(Gimp.PlugIn):  # type: ignore[misc]  # gi tells no types
    def do_query_procedures(self) -> list[str]:
        return [*FILTERS, EDIT]

    def do_set_i18n(self, name: str) -> bool:
        return False

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        Gegl.init(None)
        action = run_edit if name == EDIT else run_animation if name in ANIMATIONS else run
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, action, None)
        procedure.set_image_types("*")
        some = Gimp.ProcedureSensitivityMask.DRAWABLE
        several = name not in (EDIT, frames.ZOOM)
        procedure.set_sensitivity_mask(some | Gimp.ProcedureSensitivityMask.DRAWABLES if several else some)
        label, blurb, text = _DESCRIPTIONS[name]
        procedure.set_menu_label(label)
        procedure.add_menu_path("<Image>/Filters/" + ("Animation" if name in ANIMATIONS else "Artistic"))
        procedure.set_documentation(blurb, text, name)
        procedure.set_attribution("The Reverie developers", "The Reverie developers", "2026")
        if name == EDIT:
            procedure.add_boolean_argument(
                "replace",
                _("Rep_lace the layer"),
                _("The new version takes the layer's place; Undo brings it back"),
                False,
                FLAGS,
            )
        else:
            (_add_style_arguments if FILTERS[name] == filters.STYLE else _add_dream_arguments)(procedure)
            _add_common_arguments(procedure)
        if name in filters.TITLES:
            _add_selection_arguments(procedure)
        if name == filters.STYLE:
            _add_regions_argument(procedure)
        if name == frames.ZOOM:
            _add_zoom_arguments(procedure)
        if name in ANIMATIONS:
            procedure.add_image_return_value("animation", _("Animation"), _("The new image"), True, FLAGS)
        return procedure


_DESCRIPTIONS = {
    filters.STYLE: (
        *filters.MENU[filters.STYLE],
        _(
            "Paints each selected layer, or the selected part of it, in the style of a picture file or of another "
            "layer. The result is a new layer; the selection becomes its mask."
        ),
    ),
    filters.DREAM: (
        *filters.MENU[filters.DREAM],
        _(
            "Lets a neural network dream on each selected layer, or its selected part: of what it finds there, of one "
            "of the 1000 things that it knows by name, or of another layer. The result is a new layer; the selection "
            "becomes its mask."
        ),
    ),
    frames.LAYERS_STYLE: (
        _("Neural _Style, All Layers…"),
        _("Paint an animation: every layer is a frame"),
        _(
            "Paints each layer, from the bottom, in the style of another picture, as a frame of an animation. What "
            "stands still from one frame to the next keeps its strokes, and does not flicker. The frames become the "
            "layers of a new image."
        ),
    ),
    frames.LAYERS_DREAM: (
        _("Deep _Dream, All Layers…"),
        _("Dream on an animation: every layer is a frame"),
        _(
            "Lets a neural network dream on each layer, from the bottom, as a frame of an animation. What stands still "
            "from one frame to the next keeps its dream, and does not flicker. The frames become the layers of a new "
            "image."
        ),
    ),
    frames.ZOOM: (
        _("Dream _Zoom…"),
        _("An animation that falls into a dream for ever"),
        _(
            "Makes an animation of one layer: each frame is the last one enlarged a little and dreamt on. The frames "
            "become the layers of a new image; the layer stays as it is."
        ),
    ),
    EDIT: (
        _("_Edit Neural Style…"),
        _("Make a painted or dreamt layer anew, with other settings"),
        _(
            "Opens the filter that made the selected layer, with the settings that it was made with, also after saving "
            "as .xcf. The new version lies above the old one, with the same mask, or takes its place. Without a "
            "dialog, the layer is made again as it was."
        ),
    ),
}


def _add_style_arguments(procedure: Gimp.Procedure) -> None:
    first = next((path for path in bundled_styles() if path.endswith("strokes.jpg")), None)
    procedure.add_file_argument(
        "style-file",
        _("Style _picture"),
        _("The picture whose style is taken"),
        Gimp.FileChooserAction.OPEN,
        True,
        Gio.File.new_for_path(first) if first else None,
        FLAGS,
    )
    procedure.add_drawable_argument(
        "style-layer", _("or a la_yer"), _("An open layer whose style is taken, instead of a file"), True, FLAGS
    )
    procedure.add_string_argument(
        "styles",
        _("Styles"),
        _(
            'Instead of these, several styles, as a JSON list such as [{"fast": "udnie"}, {"file": "/a.jpg", "weight": '
            '0.5}, {"layer": "sky", "scale": 2}, {"pattern": "Pine"}]'
        ),
        "",
        FLAGS,
    )
    procedure.add_double_argument(
        "strength", _("Streng_th"), _("How much the style changes the picture"), 0.0, 1.0, 0.85, FLAGS
    )
    procedure.add_double_argument(
        "style-scale", _("Si_ze of strokes"), _("2 makes the style's strokes twice as large"), 0.25, 4.0, 1.0, FLAGS
    )
    color = Gimp.Choice.new()
    color.add("style", 0, _("From the style"), _("The picture takes the style's colours."))
    color.add("luminance", 1, _("Keep mine"), _("The picture keeps its colours; only light and shade are painted."))
    color.add("match", 2, _("Style in my colours"), _("The style is first given the picture's range of colours."))
    procedure.add_choice_argument("color", _("Colo_urs"), _("Where the colours come from"), color, "style", FLAGS)
    _add_dream_subject(procedure)
    procedure.add_double_argument(
        "dream-strength", _("Strength of the drea_m"), _("How much of it appears"), 0.0, 1.0, 0.5, FLAGS
    )


def _add_dream_subject(procedure: Gimp.Procedure) -> None:
    procedure.add_string_argument(
        "dream-class",
        _("Dream o_f"),
        _("One of the 1000 things that the network knows by name, such as “golden retriever”"),
        "",
        FLAGS,
    )
    procedure.add_drawable_argument(
        "dream-guide", _("Dream of a la_yer"), _("An open layer: what it shows appears in the picture"), True, FLAGS
    )
    procedure.add_string_argument(
        "dream-layer",
        _("Layer of the network"),
        _(
            "Early layers dream of edges and swirls, late ones of eyes and animals; “auto” chooses one, and empty "
            "leaves it to the others"
        ),
        "",
        FLAGS,
    )
    procedure.add_int_argument(
        "dream-channel",
        _("Pattern"),
        _("One pattern of that layer, by its number; -1 is all of them"),
        -1,
        4095,
        -1,
        FLAGS,
    )


def _add_dream_arguments(procedure: Gimp.Procedure) -> None:
    _add_dream_subject(procedure)
    procedure.add_double_argument(
        "dream-strength", _("Streng_th"), _("How much the dream changes the picture"), 0.0, 1.0, 0.5, FLAGS
    )
    colors = Gimp.Choice.new()
    colors.add("pixels", 0, _("Of the dream"), _("The dream's colours appear as they come."))
    colors.add("decorrelated", 1, _("As in photos"), _("Colours and shapes are kept nearer to those of photos."))
    procedure.add_choice_argument("parametrisation", _("Colo_urs"), _("Which colours appear"), colors, "pixels", FLAGS)
    procedure.add_int_argument(
        "octaves",
        _("Si_zes of shapes"),
        _("In how many sizes shapes appear: 1 is fine detail alone, 8 brings large ones; 0 is usual"),
        0,
        16,
        0,
        FLAGS,
    )


def _add_zoom_arguments(procedure: Gimp.Procedure) -> None:
    procedure.add_double_argument(
        "zoom", _("Enlar_ge by (%)"), _("How much each frame is larger than the last"), 0.5, 50.0, 4.0, FLAGS
    )
    procedure.add_int_argument("frames", _("_Frames"), _("How many frames there are"), 2, 1000, 30, FLAGS)


def _add_selection_arguments(procedure: Gimp.Procedure) -> None:
    procedure.add_int_argument(
        "grow",
        _("Grow the se_lection by"),
        _("So many pixels more are painted all around; the selection itself stays as it is"),
        0,
        10000,
        0,
        FLAGS,
    )
    procedure.add_double_argument(
        "feather",
        _("Feat_her it by"),
        _("The border of what is painted is so many pixels soft; the selection itself stays as it is"),
        0.0,
        10000.0,
        0.0,
        FLAGS,
    )


def _add_regions_argument(procedure: Gimp.Procedure) -> None:
    procedure.add_drawable_argument(
        "regions",
        _("Re_gions"),
        _(
            "A layer group, each layer of which is painted where its own style goes; the layer's name names the style: "
            "one of Reverie's, a file, or another layer. Any other name stands for the style that is chosen. Or a "
            "single layer, layer mask or channel"
        ),
        True,
        FLAGS,
    )
    procedure.add_string_argument(
        "regions-of",
        _("Regions of"),
        _("Instead of one of these, “channels”: all of the image, or “masks”: those of all layers"),
        "",
        FLAGS,
    )


def _add_common_arguments(procedure: Gimp.Procedure) -> None:
    detail = Gimp.Choice.new()
    for number, (value, words) in enumerate(orders.DETAILS.items()):
        detail.add(value, number, *words)
    procedure.add_choice_argument(
        "detail", _("_Detail"), _("How finely it is painted; more takes longer"), detail, "usual", FLAGS
    )
    procedure.add_int_argument(
        "size",
        _("E_xact size"),
        _("Longest side, in pixels, at which the picture is computed; 0 leaves it to the detail"),
        0,
        16384,
        0,
        FLAGS,
    )
    procedure.add_int_argument(
        "iterations",
        _("Rounds of brush_work"),
        _("How often the whole picture is gone over; 0 leaves it to the detail"),
        0,
        10000,
        0,
        FLAGS,
    )
    procedure.add_string_argument(
        "network",
        _("Networ_k"),
        _("The neural network that looks at the pictures; a better one gives better brushwork"),
        "auto",
        FLAGS,
    )
    procedure.add_int_argument(
        "seed",
        _("Variatio_n"),
        _("Each number gives another picture, and the same number the same one; -1 is another each time"),
        -1,
        2**31 - 1,
        0,
        FLAGS,
    )
    procedure.add_string_argument(
        "further",
        _("Further fields"),
        _("Fields of a recipe that no other argument has, as a JSON object; presets set them"),
        "",
        FLAGS,
    )
    procedure.add_string_argument(
        "layers", _("Layers used last"), _("For Repeat, which GIMP tells no layers; scripts leave it empty"), "", FLAGS
    )
    procedure.add_boolean_argument(
        "convert-indexed",
        _("Convert the image to RG_B"),
        _("An indexed image has too few colours; Undo brings it back"),
        False,
        FLAGS,
    )


if __name__ == "__main__":
    Gimp.main(Reverie.__gtype__, sys.argv)
