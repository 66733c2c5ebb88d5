"""What stands beside OK: a sentence to the painter, what will happen, and how far it has come."""

from __future__ import annotations

from gi.repository import Gtk

_WIDTH, _LINES = 72, 3  # characters of a line; and lines that there is room for, always, so that nothing moves


class Notice:
    """`widget` shows it, and the widgets of `beneath` below its sentence. What has more lines is scrolled."""

    def __init__(self, *beneath: Gtk.Widget) -> None:
        self._label = Gtk.Label(xalign=0.0, wrap=True, width_chars=_WIDTH, max_width_chars=_WIDTH)
        self._bar = Gtk.ProgressBar(show_text=False, no_show_all=True)
        words = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2, valign=Gtk.Align.CENTER)
        for part in (self._label, *beneath):
            words.pack_start(part, False, False, 0)
        self._scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, overlay_scrolling=False)
        self._scrolled.add(words)
        self._scrolled.get_vadjustment().connect("changed", self._take_keys)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        self.widget.set_size_request(-1, _LINES * (self._label.create_pango_layout("X").get_pixel_size()[1] + 2))
        self.widget.pack_start(self._scrolled, True, True, 0)
        self.widget.pack_start(self._bar, False, False, 0)

    def say(self, text: str) -> None:
        self._label.set_text(text)
        self._scrolled.get_vadjustment().set_value(0)

    def _take_keys(self, adjustment: Gtk.Adjustment) -> None:
        """Keys go there only where there is something to be scrolled."""
        self._scrolled.set_can_focus(adjustment.get_upper() > adjustment.get_page_size())

    def get_text(self) -> str:
        return self._label.get_text()

    def show_progress(self, fraction: float | None) -> None:
        """Of 1; None moves the bar without saying how far it is."""
        if fraction is None:
            self._bar.pulse()
        else:
            self._bar.set_fraction(fraction)

    def set_busy(self, busy: bool) -> None:
        """Whether there is a progress to be shown."""
        self._bar.set_visible(busy)


def beside_buttons(widget: Gtk.Widget, button: Gtk.Button) -> None:
    """Puts a widget into the row of a dialog's buttons, at its beginning."""
    row = button.get_parent()
    row.pack_start(widget, True, True, 0)
    row.set_child_secondary(widget, True)
    row.set_child_non_homogeneous(widget, True)
    for each in row.get_children():
        each.set_valign(Gtk.Align.CENTER)
