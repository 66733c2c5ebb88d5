"""The controls of Neural Style, the left half of its dialog; those of Deep Dream are in `dream_panel`.

A panel is a function of (the window, its arguments, what says a sentence to the user, the widget that says how long it
will take); it returns widgets, and a function that raises Refusal while something is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import chosen
import layers
import orders
import regions
from choosers import caption, choice, number, row
from dream_subject import dream_subject
from gi.repository import Gtk
from network_chooser import network_chooser
from region_chooser import region_chooser
from shared import filters
from shared.refusals import Refusal
from shared.words import _
from style_chooser import StyleChooser

if TYPE_CHECKING:
    from gi.repository import Gimp, GimpUi


def style_panel(
    window: GimpUi.ProcedureDialog, config: Gimp.ProcedureConfig, say: Callable[[str], None], duration: Gtk.Widget
) -> tuple[list[Gtk.Widget], Callable[[], None]]:
    """What Neural Style asks: the style first."""
    for name, factor in (("strength", 100.0), ("style-scale", 1.0), ("dream-strength", 100.0)):
        window.get_scale_entry(name, factor)
    subject, check, wake = dream_subject(config, say, filters.STYLE)
    dream = _boxed(subject, window.fill_box("reverie-dream", ["dream-strength"]))
    reason = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=50, no_show_all=True)
    reason.set_text(_("A fast style alone cannot dream: choose a picture as a style, too."))

    def follow(*given: object) -> None:
        """Fast styles by themselves dream of nothing, and have strokes of one size."""
        kinds = {each.kind for each in _chosen(config)}
        alone = kinds == {"fast"}
        wake(not alone)
        dream.set_sensitive(not alone)
        reason.set_visible(alone)
        window.get_scale_entry("style-scale", 1.0).set_sensitive(not alone)

    for name in ("styles", "style-file", "style-layer"):
        config.connect("notify::" + name, follow)
    follow()
    return [
        StyleChooser(window, config, say).widget,
        window.fill_box("reverie-settings", ["strength", "style-scale", "color"]),
        detail_row(config, duration),
        advanced(reason, dream, common_box(config, say)),
    ], check


def _chosen(config: Gimp.ProcedureConfig) -> list[chosen.Use]:
    try:
        return chosen.read(config)
    except Refusal:  # which the chooser of styles tells
        return []


def where_controls(
    window: GimpUi.ProcedureDialog, config: Gimp.ProcedureConfig, source: layers.Source
) -> list[Gtk.Widget]:
    """What any filter asks about where it works: of a selection, and of an image with groups or channels."""
    controls = []
    if source.selected and config.find_property("grow"):
        controls.append(window.fill_box("reverie-selection", ["grow", "feather"]))
    if config.find_property("regions"):
        regions.stay_within(config, source)
        if regions.offered(source):
            controls.append(row(_("Re_gions"), region_chooser(config, source)))
    return controls


def replace_button(source: layers.Source) -> Gtk.CheckButton:
    """Whether a new version takes the place of the old one."""
    button = Gtk.CheckButton.new_with_mnemonic(_("Rep_lace the layer"))
    button.set_tooltip_text(_("The new version takes the layer's place; Undo brings it back"))
    button.set_sensitive(layers.can_be_replaced(source.version))
    button.set_active(source.replaces and button.get_sensitive())
    source.replaces = button.get_active()

    def toggled(_button: object) -> None:
        source.replaces = button.get_active()

    button.connect("toggled", toggled)
    return button


def detail_row(config: Gimp.ProcedureConfig, duration: Gtk.Widget) -> Gtk.Box:
    """Quality against time, and beside it the time."""
    box, chooser = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12), choice(config, "detail", orders.DETAILS)
    box.pack_start(caption(config, "detail", chooser), False, False, 0)
    box.pack_start(chooser, False, False, 0)
    box.pack_start(duration, True, True, 0)
    return box


def advanced(*widgets: Gtk.Widget) -> Gtk.Expander:
    """What few people change, folded away."""
    expander = Gtk.Expander(label=_("_Advanced"), use_underline=True)
    expander.set_tooltip_text(_("What few people change"))
    expander.add(_boxed(*widgets))
    return expander


def _boxed(*widgets: Gtk.Widget) -> Gtk.Box:
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    for widget in widgets:
        box.pack_start(widget, False, False, 0)
    return box


def common_box(config: Gimp.ProcedureConfig, say: Callable[[str], None]) -> Gtk.Grid:
    """What both filters ask of how the picture is computed."""
    detail = _("as the detail says")
    widgets = {
        "size": number(config, "size", {0: detail}, 64),
        "iterations": number(config, "iterations", {0: detail}, 20),
        "network": network_chooser(config, say),
        "seed": number(config, "seed", {-1: _("another each time")}, 1),
    }
    grid = Gtk.Grid(column_spacing=12, row_spacing=6)
    for line, (name, widget) in enumerate(widgets.items()):
        grid.attach(caption(config, name, widget), 0, line, 1, 1)
        grid.attach(widget, 1, line, 1, 1)

    def forget(*given: object) -> None:
        for name in ("size", "iterations"):
            config.set_property(name, 0)

    config.connect("notify::detail", forget)
    return grid
