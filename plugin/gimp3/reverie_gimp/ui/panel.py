"""The left half of a dialog: its controls, below each other, which scroll where the window is too low for them."""

from __future__ import annotations

from gi.repository import GimpUi, GLib, Gtk

from reverie_gimp.ui.wheel import leave_wheel
from reverie_gimp.ui.widgets import CAPTION


def panel(controls: list[Gtk.Widget]) -> Gtk.ScrolledWindow:
    """The controls; one that expands, as a large gallery does, takes the room that is left."""
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin_end=12)
    scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, overlay_scrolling=False, hexpand=False)
    scrolled.set_hexpand_set(True)  # what is in it fills it, and no more
    scrolled.add(box)
    groups = [Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL) for _each in range(3)]
    for control in controls:
        box.pack_start(control, control.compute_expand(Gtk.Orientation.VERTICAL), True, 0)
        leave_wheel(control)
        _align(control, *groups)
        if isinstance(control, Gtk.Expander):
            control.connect("notify::expanded", _follow)
    return scrolled


def _align(widget: Gtk.Widget, captions: Gtk.SizeGroup, fields: Gtk.SizeGroup, alone: Gtk.SizeGroup) -> None:
    """Has all captions one width, and all number fields behind sliders, so that these have, too; and fields alone."""
    if isinstance(widget, Gtk.Label) and widget.get_style_context().has_class(CAPTION):
        captions.add_widget(widget)
    if isinstance(widget, GimpUi.Labeled):
        captions.add_widget(widget.get_label())
        widget.set_column_spacing(12)
    if isinstance(widget, GimpUi.ScaleEntry):
        fields.add_widget(widget.get_spin_button())
        widget.get_range().set_hexpand(True)
    elif isinstance(widget, GimpUi.LabelSpin):
        alone.add_widget(widget.get_spin_button())
    elif isinstance(widget, Gtk.SpinButton):
        alone.add_widget(widget)
        widget.set_halign(Gtk.Align.START)
    if isinstance(widget, Gtk.Container) and not isinstance(widget, GimpUi.Labeled):
        for child in widget.get_children():
            _align(child, captions, fields, alone)


def _follow(expander: Gtk.Expander, *given: object) -> None:
    """Something is unfolded: it is brought into sight once the panel has grown by it."""
    adjustment = expander.get_ancestor(Gtk.ScrolledWindow).get_vadjustment()

    def grown(adjustment: Gtk.Adjustment) -> None:
        adjustment.disconnect(handler)
        GLib.idle_add(_reveal, expander)

    handler = adjustment.connect("changed", grown)


def _reveal(expander: Gtk.Expander) -> bool:
    """Scrolls to what was unfolded, its title at the top where there is too much of it."""
    scrolled = expander.get_ancestor(Gtk.ScrolledWindow)
    if expander.get_expanded() and scrolled is not None:
        _x, top = expander.translate_coordinates(scrolled.get_child().get_child(), 0, 0)
        adjustment = scrolled.get_vadjustment()
        height = min(expander.get_allocated_height(), int(adjustment.get_page_size()))
        adjustment.clamp_page(top, top + height)
    return GLib.SOURCE_REMOVE
