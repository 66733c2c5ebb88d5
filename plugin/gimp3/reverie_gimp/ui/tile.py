"""One look in the gallery: its picture, what it is called, and at its corners a star and a plus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gi.repository import Gdk, GdkPixbuf, Gtk, Pango
from shared.words import _

from reverie_gimp.ui.picture import Picture
from reverie_gimp.ui.widgets import dress

WIDTH, HEIGHT = 108, 81  # of its picture, at most
_CAPTION = 14  # characters in a line
_LOOK = b"""
.reverie-style { padding: 1px; border: 3px solid transparent; border-radius: 4px; }
.reverie-style.reverie-chosen { border-color: mix(@theme_selected_bg_color, @theme_fg_color, 0.5); }
.reverie-style button { padding: 0; margin: 2px; min-width: 20px; min-height: 20px; border: none; border-radius: 10px;
                        color: white; background: rgba(0, 0, 0, 0.5); text-shadow: none; -gtk-icon-shadow: none; }
.reverie-style button image { color: white; }
.reverie-style button:hover { background: rgba(0, 0, 0, 0.85); }
.reverie-style label { font-size: small; }
"""  # GIMP's dark theme has a dark colour of its own for what is selected


class Tile:
    """`widget` goes into a Gtk.FlowBox. `add` and `star` are called when it is to be mixed in, or kept as a favourite;
    without `add` it has no plus."""

    def __init__(
        self,
        kind: str,
        value: Any,
        title: str,
        where: str | None,
        add: Callable[[Tile], None] | None,
        star: Callable[[Tile], None],
    ) -> None:
        self.kind, self.value, self.title, self.where = kind, value, title, where
        self.is_favourite = False
        self.is_asked_for = self.is_painted = False  # its picture of the painter's own layer
        self.own: GdkPixbuf.Pixbuf | None = None  # the style's own picture
        self.picture = Picture(WIDTH, HEIGHT)
        over = Gtk.Overlay(halign=Gtk.Align.CENTER)  # where its corners are those of the picture
        over.add(self.picture.widget)
        self._star = _corner("non-starred-symbolic", Gtk.Align.START, lambda: star(self))
        over.add_overlay(self._star)
        self._plus = None if add is None else _corner("list-add-symbolic", Gtk.Align.END, lambda: add(self))
        if self._plus is not None:
            self._plus.get_accessible().set_name(_("Add %s to the styles that are chosen") % title)
            over.add_overlay(self._plus)
        caption = Gtk.Label(
            label=title,
            wrap=True,
            wrap_mode=Pango.WrapMode.WORD_CHAR,
            lines=2,
            ellipsize=Pango.EllipsizeMode.END,
            justify=Gtk.Justification.CENTER,
            width_chars=_CAPTION,
            max_width_chars=_CAPTION,
        )
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2, valign=Gtk.Align.START)
        box.pack_start(over, False, False, 0)
        box.pack_start(caption, False, False, 0)
        self.widget = Gtk.FlowBoxChild(halign=Gtk.Align.CENTER, has_tooltip=True)
        self.widget.add(box)
        self.widget.get_accessible().set_name(title)
        self.widget.connect("query-tooltip", self._tell)
        for part in (self.widget, caption):
            dress(part, _LOOK)
        self.widget.get_style_context().add_class("reverie-style")
        self.mark_favourite(False)
        self.widget.show_all()

    def show_painted(self, picture: GdkPixbuf.Pixbuf) -> None:
        """The painter's own layer in this look."""
        self.is_painted = True
        self.picture.show(picture)

    def mark(self, chosen: bool) -> None:
        context = self.widget.get_style_context()
        (context.add_class if chosen else context.remove_class)("reverie-chosen")

    def mark_favourite(self, favourite: bool) -> None:
        self.is_favourite = favourite
        name = "starred-symbolic" if favourite else "non-starred-symbolic"
        self._star.get_image().set_from_icon_name(name, Gtk.IconSize.MENU)
        said = _("Keep %s no longer among the favourites") if favourite else _("Keep %s among the favourites")
        self._star.get_accessible().set_name(said % self.title)

    def matches(self, words: str) -> bool:
        """Whether it is meant by what is searched for."""
        return words.casefold() in ("%s %s" % (self.title, self.where or "")).casefold()

    def _tell(self, widget: Gtk.Widget, x: int, y: int, keyboard: bool, tip: Gtk.Tooltip) -> bool:
        """Its tip: the whole title, and the style itself where the picture is one in that style."""
        tip.set_text("%s (%s)" % (self.title, self.where) if self.where else self.title)
        tip.set_icon(self.own if self.is_painted else None)
        return True


def _corner(icon: str, side: Gtk.Align, act: Callable[[], None]) -> Gtk.Button:
    """A button that is on the picture, and for the mouse alone: keys do the same on the tile itself."""
    button = Gtk.Button.new_from_icon_name(icon, Gtk.IconSize.MENU)
    button.set_property("always-show-image", True)
    button.set_can_focus(False)
    button.set_halign(side)
    button.set_valign(Gtk.Align.START)
    for part in (button, button.get_image()):
        dress(part, _LOOK)
    button.connect("clicked", lambda button: act())
    button.connect("realize", lambda button: button.get_event_window().set_cursor(_hand(button)))
    return button


def _hand(button: Gtk.Button) -> Gdk.Cursor | None:
    return Gdk.Cursor.new_from_name(button.get_display(), "pointer")
