"""The controls of Neural Style, the left half of its dialog; those of Deep Dream are in `dream_panel`.

A panel is a function of (the window, its arguments, what says a sentence to the user); it returns widgets.
"""

import layers
import regions
from choosers import class_entry, layer_chooser, row
from gi.repository import GdkPixbuf, Gio, Gtk
from region_chooser import region_chooser
from shared import work
from shared.words import _
from styles import bundled_styles

_THUMBNAIL = 96


def style_panel(window, config, say):
    """What Neural Style asks: the style first."""
    for name, factor in (("strength", 100.0), ("style-scale", 1.0), ("dream-strength", 100.0)):
        window.get_scale_entry(name, factor)

    def path():
        """Of the style's file; None while the style is a layer, or not chosen yet."""
        file = config.get_property("style-file")
        return None if file is None or config.get_property("style-layer") is not None else file.get_path()

    flow, mark = _style_row(config, path)
    known = [path()]

    def changed(unused, change):
        if change.name == "style-file" and config.get_property("style-layer") is not None:
            config.set_property("style-layer", None)  # the last choice counts
        mark()
        if path() and path() != known[0]:  # GTK's own file button tells of the first choice, too
            say(_("Style: %s. Press OK to paint.") % _spoken(path()))
        known[0] = path()

    config.connect("notify::style-file", changed)
    config.connect("notify::style-layer", changed)
    mark()
    dream = row(_("Dream as _well of"), class_entry(config, "dream-class", say))
    dream.set_tooltip_text(_("Something that appears in the picture; choose one of the names that are suggested"))
    return [
        flow,
        window.fill_box("reverie-style-file", ["style-file"]),
        row(_("or a la_yer"), layer_chooser(config, "style-layer", _("none: the style picture above"))),
        window.fill_box("reverie-settings", ["strength", "style-scale", "color"]),
        advanced(
            dream, window.fill_box("reverie-advanced", ["dream-strength", "size", "iterations", "network", "seed"])
        ),
    ]


def _style_row(config, path):
    """(The styles that come with Reverie, as pictures to click on; what marks the chosen one.)"""
    flow = Gtk.FlowBox(selection_mode=Gtk.SelectionMode.NONE, max_children_per_line=3, homogeneous=True)
    other = Gtk.RadioButton()  # never shown; active while the style is none of these
    buttons = {}

    def choose(button, chosen):
        if button.get_active() and path() != chosen:
            config.set_property("style-file", Gio.File.new_for_path(chosen))

    for each in bundled_styles():
        button = Gtk.RadioButton.new_from_widget(other)
        button.set_mode(False)  # a button that stays down, instead of a dot
        button.set_image(
            Gtk.Image.new_from_pixbuf(GdkPixbuf.Pixbuf.new_from_file_at_scale(each, _THUMBNAIL, _THUMBNAIL, True))
        )
        button.set_tooltip_text(_("Paint in the style of: ") + _spoken(each))
        button.get_accessible().set_name(_spoken(each))
        button.connect("toggled", choose, each)
        buttons[each] = button
        flow.add(button)
    return flow, lambda: buttons.get(path(), other).set_active(True)


def where_controls(window, config, source):
    """What any filter asks about where it works: of a selection, and of an image with groups or channels."""
    controls = []
    if source.selected and config.find_property("grow"):
        controls.append(window.fill_box("reverie-selection", ["grow", "feather"]))
    if regions.offered(source) and config.find_property("regions"):
        controls.append(row(_("Re_gions"), region_chooser(config, source)))
    return controls


def replace_button(source):
    """Whether a new version takes the place of the old one."""
    button = Gtk.CheckButton.new_with_mnemonic(_("Rep_lace the layer"))
    button.set_tooltip_text(_("The new version takes the layer's place; Undo brings it back"))
    button.set_sensitive(layers.can_be_replaced(source.version))
    button.set_active(source.replaces and button.get_sensitive())

    def toggled(_button):
        source.replaces = button.get_active()

    button.connect("toggled", toggled)
    return button


def advanced(*widgets):
    """What few people change, folded away."""
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    for widget in widgets:
        box.pack_start(widget, False, False, 0)
    expander = Gtk.Expander(label=_("_Advanced"), use_underline=True)
    expander.add(box)
    return expander


def _spoken(path):
    return work.short_name(path).replace("_", " ")
