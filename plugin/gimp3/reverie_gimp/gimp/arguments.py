"""The arguments of the procedures, as GIMP's database, its dialogs and scripts know them."""

from __future__ import annotations

from gi.repository import Gimp, Gio, GObject
from shared import bundled, fields
from shared.words import _

FLAGS = GObject.ParamFlags.READWRITE
DETAILS = {  # how finely it is painted, as a recipe calls it: in words, and what that means
    "sketch": (_("Quick sketch"), _("Small and soon done: to see whether it goes the right way.")),
    "usual": (_("Normal"), _("What suits this machine.")),
    "fine": (_("Fine"), _("Larger, with finer strokes, and longer at work on them.")),
    "best": (_("Best"), _("Each pixel of the layer is painted, however long that takes.")),
}
COLORS = {  # of Neural Style
    "style": (_("From the style"), _("The picture takes the style's colours.")),
    "luminance": (_("Keep mine"), _("The picture keeps its colours; only light and shade are painted.")),
    "match": (_("Style in my colours"), _("The style is first given the picture's range of colours.")),
}
METHODS = {
    "optimise": (_("Stroke by stroke"), _("The picture is gone over again and again: the best brushwork.")),
    "instant": (_("In one pass"), _("In seconds, at the layer's own size: a first look, with few strokes.")),
    "patches": (_("From pieces of the style"), _("The picture is put together of them: a look of its own.")),
}
PARAMETRISATIONS = {  # of Deep Dream
    "pixels": (_("Of the dream"), _("The dream's colours appear as they come.")),
    "decorrelated": (_("As in photos"), _("Colours and shapes are kept nearer to those of photos.")),
}
#: What an argument may be, if not anything: a text, since GIMP takes its own choices for their default, without a word,
#: where a script says none of them.
CHOICES = {"color": COLORS, "detail": DETAILS, "method": METHODS, "parametrisation": PARAMETRISATIONS}


def add_edit_arguments(procedure: Gimp.Procedure) -> None:
    procedure.add_boolean_argument(
        "replace",
        _("Rep_lace the layer"),
        _("The new version takes the layer's place; Undo brings it back"),
        False,
        FLAGS,
    )


def add_style_arguments(procedure: Gimp.Procedure) -> None:
    first = bundled.style("strokes")
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
    procedure.add_double_argument(
        "strength", _("Streng_th"), _("How much the style changes the picture"), 0.0, 1.0, 0.85, FLAGS
    )
    procedure.add_double_argument(
        "style-scale", _("Si_ze of strokes"), _("2 makes the style's strokes twice as large"), 0.25, 4.0, 1.0, FLAGS
    )
    _add_choice(procedure, "color", _("Colo_urs"), _("Where the colours come from"))
    _add_choice(procedure, "method", _("_Brushwork"), _("How the picture comes into being"))
    _add_dream_subject(procedure)
    procedure.add_double_argument(
        "dream-strength", _("Strength of the drea_m"), _("How much of it appears"), 0.0, 1.0, 0.5, FLAGS
    )


def _add_choice(procedure: Gimp.Procedure, name: str, nick: str, blurb: str) -> None:
    """An argument that is one of CHOICES."""
    usual = fields.defaults()[name]
    told = "%s: %s" % (blurb, ", ".join("“%s”" % each for each in CHOICES[name]))
    procedure.add_string_argument(name, nick, told, usual, FLAGS)


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


def add_dream_arguments(procedure: Gimp.Procedure) -> None:
    _add_dream_subject(procedure)
    procedure.add_double_argument(
        "dream-strength", _("Streng_th"), _("How much the dream changes the picture"), 0.0, 1.0, 0.5, FLAGS
    )
    _add_choice(procedure, "parametrisation", _("Colo_urs"), _("Which colours appear"))
    procedure.add_int_argument(
        "octaves",
        _("Si_ze of shapes"),
        _("1 is fine detail alone, 8 brings large shapes as well; 0 is automatic"),
        0,
        16,
        0,
        FLAGS,
    )


def add_zoom_arguments(procedure: Gimp.Procedure) -> None:
    procedure.add_double_argument(
        "zoom", _("Enlar_ge by (%)"), _("How much each frame is larger than the last"), 0.5, 50.0, 4.0, FLAGS
    )
    procedure.add_int_argument("frames", _("_Frames"), _("How many frames there are"), 2, 1000, 30, FLAGS)


def add_selection_arguments(procedure: Gimp.Procedure) -> None:
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


def add_regions_argument(procedure: Gimp.Procedure) -> None:
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


def add_common_arguments(procedure: Gimp.Procedure) -> None:
    procedure.add_string_argument(
        "preset",
        _("Preset"),
        _("The title of a preset, such as “%s”, from which whatever is not passed beside it is taken") % "Bold brush",
        "",
        FLAGS,
    )
    _add_choice(procedure, "detail", _("_Detail"), _("How finely it is painted; more takes longer"))
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
        _("It_erations"),
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
        "recipe",
        _("Recipe"),
        _(
            "A recipe, or a part of one, as a JSON object; its pictures are files, patterns or layers of the image. "
            "What is passed beside it goes first"
        ),
        "",
        FLAGS,
    )
    procedure.add_string_argument(
        "layers", _("Layers used last"), _("For Repeat, which GIMP tells no layers; scripts leave it empty"), "", FLAGS
    )
    procedure.add_boolean_argument(
        "convert-indexed",
        _("Convert t_he image to RGB"),
        _("An indexed image has too few colours; Undo brings it back"),
        False,
        FLAGS,
    )
