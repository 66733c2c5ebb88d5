"""The styles that can be chosen, as pictures to click on: fast ones, pictures, layers and GIMP's patterns.

Pictures are made when they are first seen, and not before: a large image has hundreds of layers.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from gi.repository import Gdk, GdkPixbuf, GLib, Gtk, Pango
from shared import bundled, jobs
from shared.client import BackendError, Client
from shared.words import _

from reverie_gimp.gimp import layers, pixels
from reverie_gimp.job import recent_styles, styles
from reverie_gimp.ui.request import Request
from reverie_gimp.ui.widgets import dress, muted, pixbuf

_SIDE = 72  # pixels of a picture
_MARGIN = 4  # pixels around them all
_WIDTH, _HEIGHT = 500, 240  # pixels of them all: two rows
_MOMENT = 60  # milliseconds of rest before pictures are made
_SMALLEST = 45  # pixels of a pattern, each way: what is smaller is a dot or a line, and no style
_LOOK = b"""
.reverie-style { padding: 0; border: 3px solid transparent; border-radius: 4px; }
.reverie-style.reverie-chosen { border-color: mix(@theme_selected_bg_color, @theme_fg_color, 0.5); }
"""  # GIMP's dark theme has a dark colour of its own for what is selected


class Gallery:
    """`widget` shows them; `choose` gets the (kind, value) of what was clicked on, and whether it is to be added to
    what is chosen."""

    def __init__(self, choose: Callable[[str, Any, bool], None]) -> None:
        self._choose = choose
        self._marked: list[styles.Style] = []
        self._empty: list[tuple[Gtk.Image, str, Any]] = []  # [(an image without its picture as yet, kind, value)]
        self._soon = False
        self._revealed = False  # whether what is chosen was brought into sight
        self._height = 0.0  # of all pictures, when it was
        self._children: dict[tuple[str, Any], Gtk.FlowBoxChild] = {}  # by (kind, value), a layer by its id
        self._box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2, margin=_MARGIN)
        self._boxes: dict[str, tuple[Gtk.Label, Gtk.FlowBox]] = {}
        self.widget = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, min_content_height=_HEIGHT)
        self.widget.set_size_request(_WIDTH, -1)
        self.widget.set_shadow_type(Gtk.ShadowType.IN)
        self.widget.add(self._box)
        self._section("fast", _("Fast styles, painted in a second"))
        asking = _("Asking the backend for them…")
        self._waiting = muted(Gtk.Label(label=asking, xalign=0.0, wrap=True, max_width_chars=40))
        self._box.pack_start(self._waiting, False, False, 0)
        self._section("picture", _("P_ictures"))
        self._section("recent", _("Pictures used lately"))
        self._section("layer", _("Open layers"))
        self._section("pattern", _("GIMP's patterns"))
        for path in bundled.styles():
            self._add("picture", "file", path)
        for path in recent_styles.listed():
            self._add("recent", "file", path)
        for layer in layers.open_layers():
            self._add("layer", "layer", layer, layer.get_image().get_name())
        for name in pixels.patterns(_SMALLEST):
            self._add("pattern", "pattern", name)
        self.widget.get_vadjustment().connect("changed", self._grown)
        self.widget.get_vadjustment().connect("value-changed", self._fill_soon)
        self.widget.connect("map", self._fill_soon)
        self._request: Request | None = None
        self._handler = self.widget.connect("map", self._ask_for_fast)
        self.widget.connect("destroy", lambda widget: self._request and self._request.drop())

    def mark(self, chosen: list[styles.Style]) -> None:
        """Shows which are chosen; a file that is not among them yet is added."""
        self._marked = chosen
        for each in chosen:
            if each.kind == "file" and self._key(each.kind, each.value) not in self._children:
                self._add("recent", "file", each.value)
        wanted = [self._key(each.kind, each.value) for each in chosen]
        for key, child in self._children.items():
            context = child.get_style_context()
            (context.add_class if key in wanted else context.remove_class)("reverie-chosen")

    @staticmethod
    def _key(kind: str, value: Any) -> tuple[str, Any]:
        return kind, value.get_id() if kind == "layer" else value

    # --- sections ----------------------------------------------------------------------------------------------------

    def _section(self, name: str, title: str) -> None:
        """A heading, and the pictures beneath it; both are hidden while there is none."""
        flow = Gtk.FlowBox(selection_mode=Gtk.SelectionMode.NONE, homogeneous=True, max_children_per_line=20)
        flow.set_valign(Gtk.Align.START)
        flow.connect("child-activated", self._activated)
        flow.connect("mnemonic-activate", lambda *given: flow.get_children()[0].grab_focus() or True)
        flow.get_accessible().set_name(title.replace("_", ""))
        heading = Gtk.Label(xalign=0.0, mnemonic_widget=flow)
        heading.set_markup_with_mnemonic("<b>%s</b>" % GLib.markup_escape_text(title))
        flow.set_tooltip_text(_("Click to paint in a style; Ctrl and a click mixes several"))
        for part in (heading, flow):
            part.set_no_show_all(True)
            self._box.pack_start(part, False, False, 0)
        self._boxes[name] = heading, flow

    def _add(self, section: str, kind: str, value: Any, where: str | None = None) -> Gtk.Image | None:
        """Adds a style to a section, unless it has its place already; returns where its picture goes."""
        key = self._key(kind, value)
        if key in self._children:
            return None
        title = styles.title(styles.Style(kind, value))
        picture = Gtk.Image()
        picture.set_size_request(_SIDE, _SIDE)
        caption = Gtk.Label(label=title, ellipsize=Pango.EllipsizeMode.END, max_width_chars=10, width_chars=10)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        box.pack_start(picture, False, False, 0)
        box.pack_start(caption, False, False, 0)
        child = Gtk.FlowBoxChild()
        child.add(box)
        child.reverie_style = kind, value
        child.set_tooltip_text("%s (%s)" % (title, where) if where else title)
        child.get_accessible().set_name(title)
        child.get_style_context().add_class("reverie-style")
        dress(child, _LOOK)
        self._children[key] = child
        heading, flow = self._boxes[section]
        flow.add(child)
        child.show_all()
        heading.show()
        flow.show()
        if kind != "fast":  # those come from the backend
            self._empty.append((picture, kind, value))
            self._fill_soon()
        return picture

    def _activated(self, flow: Gtk.FlowBox, child: Gtk.FlowBoxChild) -> None:
        known, state = Gtk.get_current_event_state()
        kind, value = child.reverie_style
        self._choose(kind, value, bool(known and state & Gdk.ModifierType.CONTROL_MASK))

    def _fill_soon(self, *given: object) -> None:
        if not self._soon:
            self._soon = True
            GLib.timeout_add(_MOMENT, self._fill)

    def _fill(self) -> bool:
        """Makes the pictures of those that are within sight."""
        self._soon = False
        if not self.widget.get_mapped():
            return GLib.SOURCE_REMOVE
        self._reveal()
        height, rest = self.widget.get_allocated_height(), []
        for picture, kind, value in self._empty:
            place = picture.translate_coordinates(self.widget, 0, 0)
            if place is not None and -_SIDE < place[1] < height:
                _show(picture, _thumbnail(kind, value))
            else:
                rest.append((picture, kind, value))
        self._empty = rest
        return GLib.SOURCE_REMOVE

    def _grown(self, adjustment: Gtk.Adjustment) -> None:
        """More pictures, such as the fast styles, move what is chosen out of sight. They have their places only now."""
        if adjustment.get_upper() != self._height:
            self._height, self._revealed = adjustment.get_upper(), False
        self._fill_soon()

    def _reveal(self) -> None:
        """Brings the first of those that are chosen into sight, once: later, the user scrolls."""
        child = next((self._children.get(self._key(each.kind, each.value)) for each in self._marked), None)
        if self._revealed or child is None:
            return
        place = child.translate_coordinates(self._box, 0, 0)
        if place is not None:
            self._revealed = True
            self.widget.get_vadjustment().clamp_page(place[1], place[1] + child.get_allocated_height() + 2 * _MARGIN)

    # --- fast styles -------------------------------------------------------------------------------------------------

    def _ask_for_fast(self, widget: Gtk.Widget) -> None:
        self.widget.disconnect(self._handler)
        self._pictures: dict[str, Gtk.Image] = {}
        self._request = Request(_fast_styles, self._hear)

    def _hear(self, event: dict[str, Any]) -> None:
        if event["type"] == "starting":
            self._waiting.set_text(jobs.status(event))
        elif event["type"] == "styles":
            self._waiting.set_visible(False)
            self._pictures = {row["name"]: self._add("fast", "fast", row["name"]) for row in event["styles"]}
            self.mark(self._marked)
            self._fill_soon()
        elif event["type"] == "thumbnail":
            _show(self._pictures[event["name"]], _loaded(event["png"]))
        elif event["type"] == "refused":
            _show(self._pictures[event["name"]], None)
            self._children["fast", event["name"]].set_tooltip_text(event["message"])
        elif event["type"] == "failed":
            self._waiting.show()
            self._waiting.set_text(event["message"])


def _fast_styles(client: Client, tell: Callable[[dict[str, Any]], None]) -> None:
    """The task of a thread."""
    styles = client.styles()
    tell({"type": "styles", "styles": styles})
    for row in styles:
        try:
            tell({"type": "thumbnail", "name": row["name"], "png": client.style_thumbnail(row["name"])})
        except BackendError as error:
            if error.status is None:  # nobody is left to ask for the others
                raise
            tell({"type": "refused", "name": row["name"], "message": str(error)})  # its file is damaged, for example


def _loaded(png: bytes) -> GdkPixbuf.Pixbuf:
    loader = GdkPixbuf.PixbufLoader()
    loader.write(png)
    loader.close()
    return loader.get_pixbuf()


def _show(image: Gtk.Image, picture: GdkPixbuf.Pixbuf | None) -> None:
    """A picture that fits into its place; the sign of a missing one for None."""
    if picture is None:
        image.set_from_icon_name("image-missing", Gtk.IconSize.DIALOG)
        return
    factor = _SIDE / max(picture.get_width(), picture.get_height())
    width, height = (max(1, round(side * factor)) for side in (picture.get_width(), picture.get_height()))
    image.set_from_pixbuf(picture.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR))


def _thumbnail(kind: str, value: Any) -> GdkPixbuf.Pixbuf | None:
    """A picture of a style, about as small as it is shown; None where it cannot be read."""
    if kind == "file":
        try:
            return GdkPixbuf.Pixbuf.new_from_file_at_scale(value, _SIDE, _SIDE, True) if os.path.exists(value) else None
        except GLib.Error:  # no picture that GTK knows; the backend may know it all the same
            return None
    if kind == "layer":
        return pixbuf(*pixels.thumbnail(value, None, _SIDE)) if value.is_valid() else None
    return pixbuf(*pixels.pattern(value))
