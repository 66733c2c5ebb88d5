"""The styles that are chosen, below each other: each with its picture, its share where there are several, and a button
that leaves it out."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import GdkPixbuf, GLib, Gtk, Pango
from shared.words import _

from reverie_gimp.job import styles
from reverie_gimp.ui.picture import Picture
from reverie_gimp.ui.wheel import leave_wheel
from reverie_gimp.ui.widgets import muted

_ICON = 32  # pixels


class ChosenStyles:
    """`widget` shows them, with the picture that `own` gives of each; `write` gets them with other shares, `leave_out`
    the one that is not wanted any more."""

    def __init__(
        self,
        own: Callable[[styles.Style], GdkPixbuf.Pixbuf | None],
        write: Callable[[list[styles.Style]], None],
        leave_out: Callable[[styles.Style], None],
    ) -> None:
        self._own, self._write, self._leave_out = own, write, leave_out
        self._chosen: list[styles.Style] = []
        self._sliders: list[Gtk.Scale] = []
        self._whole = 1.0  # the weight of a slider that is all to the right
        self.widget = Gtk.Grid(column_spacing=6, row_spacing=2, hexpand=True)

    def show(self, chosen: list[styles.Style]) -> None:
        keys = [(each.kind, each.value) for each in chosen]
        others = keys != [(each.kind, each.value) for each in self._chosen] or not chosen
        self._chosen = chosen
        if others or any(each.weight > self._whole for each in chosen):
            self._whole = max([1.0] + [each.weight for each in chosen])
            self._build()
        for slider, each in zip(self._sliders, chosen, strict=False):
            if round(slider.get_value()) != self._percent(each):
                slider.set_value(self._percent(each))

    def _percent(self, each: styles.Style) -> int:
        return round(100.0 * each.weight / self._whole)

    def _build(self) -> None:
        """A row a style; one style alone needs no share."""
        self._sliders = []
        for child in self.widget.get_children():
            self.widget.remove(child)
        if not self._chosen:
            self.widget.attach(muted(Gtk.Label(label=_("No style is chosen."), xalign=0.0)), 0, 0, 1, 1)
        # One fast style beside pictures is what painting begins from; its weight is only one among fast styles.
        begins = [each.kind for each in self._chosen].count("fast") == 1 and len(self._chosen) > 1
        for number, each in enumerate(self._chosen):
            title = styles.title(each) + (_(" (fast)") if each.kind == "fast" else "")
            picture = Picture(_ICON, _ICON)
            picture.show(self._own(each))
            label = Gtk.Label(label=title, xalign=0.0, ellipsize=Pango.EllipsizeMode.END, width_chars=12)
            label.set_max_width_chars(12 if len(self._chosen) > 1 else 40)
            label.set_tooltip_text(title)
            self.widget.attach(picture.widget, 0, number, 1, 1)
            self.widget.attach(label, 1, number, 1, 1)
            if len(self._chosen) > 1:
                slider = self._slider(each, title)
                row = _beginning(slider) if begins and each.kind == "fast" else slider
                self.widget.attach(row, 2, number, 1, 1)
                self.widget.attach(self._remove_button(each, title), 3, number, 1, 1)
        self.widget.show_all()
        leave_wheel(self.widget)

    def _slider(self, each: styles.Style, title: str) -> Gtk.Scale:
        slider = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 1, 100, 1)
        slider.set_value(self._percent(each))
        slider.set_hexpand(True)
        slider.set_value_pos(Gtk.PositionType.RIGHT)
        slider.set_tooltip_text(_("How much of this style there is, beside the others"))
        slider.get_accessible().set_name(title)
        slider.connect("value-changed", self._weigh)
        self._sliders.append(slider)
        return slider

    def _remove_button(self, each: styles.Style, title: str) -> Gtk.Button:
        button = Gtk.Button.new_from_icon_name("list-remove-symbolic", Gtk.IconSize.BUTTON)
        button.set_relief(Gtk.ReliefStyle.NONE)
        button.set_tooltip_text(_("Leave this style out"))
        button.get_accessible().set_name(_("Leave out %s") % title)
        button.connect("clicked", lambda button: GLib.idle_add(self._leave_out, each))
        return button

    def _weigh(self, slider: Gtk.Scale) -> None:
        number = self._sliders.index(slider)
        if round(slider.get_value()) != self._percent(self._chosen[number]):
            weight = round(slider.get_value()) / 100.0 * self._whole
            self._chosen[number] = self._chosen[number]._replace(weight=weight)
            self._write(self._chosen)


def _beginning(slider: Gtk.Scale) -> Gtk.Widget:
    """A row of a style that has no share: its slider would change nothing."""
    slider.set_sensitive(False)
    slider.set_draw_value(False)
    why = _("Painting begins from this fast style, whole; how much of it is left is up to the pictures' styles.")
    row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
    row.set_tooltip_text(why)
    slider.set_tooltip_text(why)
    row.pack_start(muted(Gtk.Label(label=_("where painting begins"))), False, False, 0)
    row.pack_start(slider, True, True, 0)
    return row
