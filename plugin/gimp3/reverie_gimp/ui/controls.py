"""The controls that several dialogs have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gi.repository import Gtk
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.gimp.arguments import CHOICES
from reverie_gimp.gimp.results import can_be_replaced
from reverie_gimp.job import regions
from reverie_gimp.ui.network_chooser import network_chooser
from reverie_gimp.ui.region_chooser import region_chooser
from reverie_gimp.ui.region_map import RegionMap
from reverie_gimp.ui.widgets import caption, choice, number, row

if TYPE_CHECKING:
    from gi.repository import Gimp, GimpUi


def where_controls(window: GimpUi.ProcedureDialog, config: Gimp.ProcedureConfig, source: Source) -> list[Gtk.Widget]:
    """What any filter asks about where it works: of a selection, and of an image with groups or channels."""
    controls = []
    if source.selected and config.find_property("grow"):
        controls.append(window.fill_box("reverie-selection", ["grow", "feather"]))
    if config.find_property("regions"):
        regions.stay_within(config, source)
        if regions.offered(source):
            controls.append(boxed(row(_("Re_gions"), region_chooser(config, source)), RegionMap(config, source).widget))
    return controls


def replace_button(source: Source) -> Gtk.CheckButton:
    """Whether a new version takes the place of the old one."""
    button = Gtk.CheckButton.new_with_mnemonic(_("Rep_lace the layer"))
    button.set_tooltip_text(_("The new version takes the layer's place; Undo brings it back"))
    button.set_sensitive(can_be_replaced(source.version))
    button.set_active(source.replaces and button.get_sensitive())
    source.replaces = button.get_active()

    def toggled(_button: object) -> None:
        source.replaces = button.get_active()

    button.connect("toggled", toggled)
    return button


def choices(config: Gimp.ProcedureConfig, names: tuple[str, ...]) -> Gtk.Grid:
    """What can be one of a few."""
    return captioned(config, {name: choice(config, name, CHOICES[name]) for name in names})


def captioned(config: Gimp.ProcedureConfig, widgets: dict[str, Gtk.Widget]) -> Gtk.Grid:
    """The widgets that set some arguments, below each other, each behind the label of its own."""
    grid = Gtk.Grid(column_spacing=12, row_spacing=6)
    for line, (name, widget) in enumerate(widgets.items()):
        widget.set_hexpand(True)
        grid.attach(caption(config.find_property(name).nick, widget), 0, line, 1, 1)
        grid.attach(widget, 1, line, 1, 1)
    return grid


def advanced(*widgets: Gtk.Widget) -> Gtk.Expander:
    """What few people change, folded away."""
    expander = Gtk.Expander(label=_("_Advanced"), use_underline=True)
    expander.set_tooltip_text(_("What few people change"))
    expander.add(boxed(*widgets))
    return expander


def boxed(*widgets: Gtk.Widget) -> Gtk.Box:
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    for widget in widgets:
        box.pack_start(widget, False, False, 0)
    return box


def common_box(config: Gimp.ProcedureConfig, say: Callable[[str], None]) -> Gtk.Grid:
    """What both filters ask of how the picture is computed."""
    widgets = {
        "size": number(config, "size", {0: _("automatic")}, 64),
        "iterations": number(config, "iterations", {0: _("automatic")}, 20),
        "network": network_chooser(config, say),
        "seed": number(config, "seed", {-1: _("another each time")}, 1),
    }

    def forget(*given: object) -> None:
        for name in ("size", "iterations"):
            config.set_property(name, 0)

    config.connect("notify::detail", forget)
    return captioned(config, widgets)
