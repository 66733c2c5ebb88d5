"""The controls of Neural Style, the left half of its dialog; those of Deep Dream are in `dream_panel`.

A panel is a function of (the window, its arguments, what says a sentence to the user); it returns widgets, and a
function that raises Refusal while something is missing.
"""

import layers
import orders
import regions
from choosers import row
from dream_subject import dream_subject
from gi.repository import Gtk
from region_chooser import region_chooser
from shared.words import _
from style_chooser import StyleChooser


def style_panel(window, config, say):
    """What Neural Style asks: the style first."""
    for name, factor in (("strength", 100.0), ("style-scale", 1.0), ("dream-strength", 100.0)):
        window.get_scale_entry(name, factor)
    subject, check = dream_subject(config, say, orders.STYLE)
    return [
        StyleChooser(window, config, say).widget,
        window.fill_box("reverie-settings", ["strength", "style-scale", "color"]),
        advanced(subject, window.fill_box("reverie-dream", ["dream-strength"]), common_box(window, config)),
    ], check


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


def common_box(window, config):
    """What both filters ask of how the picture is computed."""
    return window.fill_box("reverie-advanced", ["size", "iterations", "network", "seed"])
