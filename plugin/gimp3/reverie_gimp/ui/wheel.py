"""The mouse wheel over a panel scrolls the panel: a slider or list that lies beneath it must not change by that."""

from __future__ import annotations

from gi.repository import Gdk, Gtk

_STEPS = {Gdk.ScrollDirection.UP: -1, Gdk.ScrollDirection.DOWN: 1}


def leave_wheel(widget: Gtk.Widget) -> None:
    """Lets the wheel pass by whatever in a widget would change its value by it, to what scrolls around it."""
    if isinstance(widget, (Gtk.Scale, Gtk.SpinButton, Gtk.ComboBox)):
        widget.connect("scroll-event", _pass_on)
    if isinstance(widget, Gtk.Container):
        for child in widget.get_children():
            leave_wheel(child)


def _pass_on(widget: Gtk.Widget, event: Gdk.EventScroll) -> bool:
    around = widget.get_ancestor(Gtk.ScrolledWindow)
    if around is not None:
        smooth, _across, down = event.get_scroll_deltas()
        steps = down if smooth else _STEPS.get(event.direction, 0)
        adjustment = around.get_vadjustment()
        adjustment.set_value(adjustment.get_value() + steps * adjustment.get_page_size() ** (2 / 3))  # as GTK does
    return True
