"""The procedures, as GIMP's database and menus know them."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gimp
from shared import filters
from shared.words import _

from reverie_gimp.gimp import arguments

LAYERS_STYLE = "plug-in-reverie-style-frames"
LAYERS_DREAM = "plug-in-reverie-dream-frames"
ZOOM = "plug-in-reverie-dream-zoom"
IMAGES_STYLE = "plug-in-reverie-style-images"
IMAGES_DREAM = "plug-in-reverie-dream-images"
EDIT = "plug-in-reverie-edit"
ANOTHER = "plug-in-reverie-another"
OF_RESULTS = (EDIT, ANOTHER)
FILTERS = {  # what each procedure paints with
    filters.STYLE: filters.STYLE,
    filters.DREAM: filters.DREAM,
    LAYERS_STYLE: filters.STYLE,
    LAYERS_DREAM: filters.DREAM,
    ZOOM: filters.DREAM,
    IMAGES_STYLE: filters.STYLE,
    IMAGES_DREAM: filters.DREAM,
}
IMAGES = (IMAGES_STYLE, IMAGES_DREAM)
ANIMATIONS = (LAYERS_STYLE, LAYERS_DREAM, ZOOM)

Run = Callable[..., Gimp.ValueArray]  # of (procedure, run mode, image, drawables, config, data)


def create(plug_in: Gimp.PlugIn, name: str, run: Run) -> Gimp.Procedure:
    """The procedure of that name, as `do_create_procedure` is to give it."""
    procedure = Gimp.ImageProcedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, run, None)
    procedure.set_image_types("*")
    some = Gimp.ProcedureSensitivityMask.DRAWABLE
    several = name not in (*OF_RESULTS, ZOOM)
    procedure.set_sensitivity_mask(some | Gimp.ProcedureSensitivityMask.DRAWABLES if several else some)
    label, blurb, text = _DESCRIPTIONS[name]
    procedure.set_menu_label(label)
    procedure.add_menu_path("<Image>/Filters/" + ("Animation" if name in ANIMATIONS else "Artistic"))
    procedure.set_documentation(blurb, text, name)
    procedure.set_attribution("The Reverie developers", "The Reverie developers", "2026")
    _add_arguments(procedure, name)
    if name in ANIMATIONS:
        procedure.add_image_return_value("animation", _("Animation"), _("The new image"), True, arguments.FLAGS)
    else:
        procedure.add_core_object_array_return_value(
            "new-layers", _("New layers"), _("What was painted"), Gimp.Layer, arguments.FLAGS
        )
    return procedure


def _add_arguments(procedure: Gimp.Procedure, name: str) -> None:
    if name in OF_RESULTS:
        if name == EDIT:
            arguments.add_edit_arguments(procedure)
        return
    if FILTERS[name] == filters.STYLE:
        arguments.add_style_arguments(procedure)
    else:
        arguments.add_dream_arguments(procedure)
    arguments.add_common_arguments(procedure)
    if name in filters.TITLES or name in IMAGES:
        arguments.add_selection_arguments(procedure)
    if name == filters.STYLE:
        arguments.add_regions_argument(procedure)
    if name == ZOOM:
        arguments.add_zoom_arguments(procedure)


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
    LAYERS_STYLE: (
        _("Neural _Style, All Layers…"),
        _("Paint an animation: every layer is a frame"),
        _(
            "Paints each layer, from the bottom, in the style of another picture, as a frame of an animation. What "
            "stands still from one frame to the next keeps its strokes, and does not flicker. The frames become the "
            "layers of a new image."
        ),
    ),
    LAYERS_DREAM: (
        _("Deep _Dream, All Layers…"),
        _("Dream on an animation: every layer is a frame"),
        _(
            "Lets a neural network dream on each layer, from the bottom, as a frame of an animation. What stands still "
            "from one frame to the next keeps its dream, and does not flicker. The frames become the layers of a new "
            "image."
        ),
    ),
    IMAGES_STYLE: (
        _("Neural _Style, All Open Images…"),
        _("Paint the selected layers of every open image in one style"),
        _(
            "Paints the selected layers of each open image, or the selected part of them, with the same settings. Each "
            "result is a new layer of its own image; those of the image that this was called for are returned."
        ),
    ),
    IMAGES_DREAM: (
        _("Deep _Dream, All Open Images…"),
        _("Dream on the selected layers of every open image"),
        _(
            "Lets a neural network dream on the selected layers of each open image, or the selected part of them, with "
            "the same settings. Each result is a new layer of its own image; those of the image that this was called "
            "for are returned."
        ),
    ),
    ZOOM: (
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
    ANOTHER: (
        _("Another _Variation"),
        _("Paint the selected result once more, a little differently"),
        _(
            "Paints what a painted or dreamt layer was made of once more, with the next seed and other strokes. The "
            "variation lies above it, with the same mask; its settings are in Edit Neural Style."
        ),
    ),
}
