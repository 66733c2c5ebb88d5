"""Tiles in rows, searched by name and chosen from by kind; only whole rows are seen when it opens.

Where there are many, as many rows are seen as there is room for; where there are few, without a choice of their kind,
all of them are, and their pictures are as large as there is room for.
"""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gdk, GLib, Gtk
from shared.words import _

from reverie_gimp.ui.tile import HEIGHT, WIDTH, Tile
from reverie_gimp.ui.widgets import muted

_COLUMNS = 4
_LEAST_ROWS = 2
_MARGIN = 2  # pixels around them all: together no more than what is between two rows, or another one would peep in
_FRAME = 4  # pixels that the frame around that has at most; what asks for all of its room must never grow by it
_LEAST_SPACING = 4  # pixels between two rows
_MOST_SPREAD = 32  # pixels more, where there is room, but not for another row
_LARGEST = 160  # pixels of a picture's width: as the backend paints it
_FILLED = 16  # pixels of it that a column less is worth, which leaves less of the room empty
_FAVOURITE = "favourite"  # a kind beside those of the tiles


class TileGrid:
    """`widget` shows it; `top` is its first row. `activated` gets the tile that is clicked on; `pressed` a tile,
    and the name of a key that is pressed on it, and returns whether that means anything; `changed` is called when other
    tiles may be in sight."""

    def __init__(
        self,
        title: str,
        kinds: dict[str, str],
        activated: Callable[[Tile], None],
        pressed: Callable[[Tile, str], bool],
        changed: Callable[[], None],
    ) -> None:
        self._pressed, self._changed = pressed, changed
        self._tiles: dict[Gtk.FlowBoxChild, tuple[Tile, str, tuple[int, int]]] = {}  # its group and place, too
        self._goal: Tile | None = None  # what is brought into sight
        self._revealed = False
        self._upper = 0.0  # of all tiles, when it was
        self._width = 0  # pixels of all columns, where they are enlarged
        self._flow = self._made_flow(title, activated)
        self._scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, overlay_scrolling=False)
        self._scrolled.set_shadow_type(Gtk.ShadowType.IN)
        self._scrolled.set_valign(Gtk.Align.START)
        self._scrolled.set_propagate_natural_height(not kinds)  # and how low it can be is another matter
        self._scrolled.add(self._flow)
        self._nothing = muted(Gtk.Label(wrap=True, max_width_chars=40, valign=Gtk.Align.CENTER))
        self._stack = Gtk.Stack(vexpand=True, hhomogeneous=False, vhomogeneous=True)
        self._stack.add_named(self._scrolled, "tiles")
        self._stack.add_named(self._nothing, "nothing")
        fit = self._fit if kinds else self._enlarge
        self._stack.connect("size-allocate", lambda *given: GLib.idle_add(fit))
        self._note = muted(Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40, no_show_all=True))
        self.top = self._made_top(title, kinds)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.widget.pack_start(self.top, False, False, 0)
        self.widget.pack_start(self._stack, True, True, 0)
        self.widget.pack_start(self._note, False, False, 0)
        adjustment = self._scrolled.get_vadjustment()
        adjustment.connect("changed", self._grown)
        adjustment.connect("value-changed", lambda *given: changed())

    def _made_flow(self, title: str, activated: Callable[[Tile], None]) -> Gtk.FlowBox:
        flow = Gtk.FlowBox(selection_mode=Gtk.SelectionMode.NONE, homogeneous=True, margin=_MARGIN)
        flow.set_min_children_per_line(_COLUMNS)
        flow.set_max_children_per_line(_COLUMNS)
        flow.set_valign(Gtk.Align.START)
        flow.set_tooltip_text(_("Click to take a look; + adds a style to those that are chosen, * keeps a favourite"))
        flow.get_accessible().set_name(title.replace("_", ""))
        flow.set_sort_func(lambda one, other: self._order(one) - self._order(other))
        flow.set_filter_func(self._is_meant)
        flow.connect("child-activated", lambda flow, child: activated(self._tiles[child][0]))
        flow.connect("key-press-event", self._key_pressed)
        flow.connect("mnemonic-activate", lambda *given: self._take_focus())
        return flow

    def _made_top(self, title: str, kinds: dict[str, str]) -> Gtk.Box:
        self._entry = Gtk.SearchEntry(placeholder_text=_("Search"), width_chars=8)
        self._entry.set_tooltip_text(_("Only looks whose name has this in it"))
        self._entry.connect("search-changed", lambda entry: self.arrange())
        self._kinds = Gtk.ComboBoxText(tooltip_text=_("Which looks are shown"))
        for kind, said in {"": _("All"), _FAVOURITE: _("Favourites"), **kinds}.items():
            self._kinds.append(kind, said)
        self._kinds.set_active_id("")
        self._kinds.connect("changed", lambda chooser: self.arrange())
        self._kinds.set_no_show_all(not kinds)
        label = Gtk.Label(label=title, use_underline=True, mnemonic_widget=self._flow)
        top = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        top.pack_start(label, False, False, 0)
        top.pack_start(self._entry, True, True, 0)
        top.pack_start(self._kinds, False, False, 0)
        return top

    # --- tiles -------------------------------------------------------------------------------------------------------

    def add(self, tile: Tile, group: str, rank: int) -> None:
        """Adds one to a group, whose rank says where among the others it stands."""
        self._tiles[tile.widget] = tile, group, (rank, len(self._tiles))
        self._flow.add(tile.widget)

    def remove(self, tile: Tile) -> None:
        del self._tiles[tile.widget]
        self._flow.remove(tile.widget)

    def arrange(self) -> None:
        """Something was changed by which tiles are sorted or left out."""
        self._revealed = False
        self._flow.invalidate_sort()
        self._flow.invalidate_filter()
        none = not any(self._is_meant(child) for child in self._tiles)
        words = self._entry.get_text().strip()
        said = _("There is no look with “%s” in its name here.") % words if words else _("There is none of these yet.")
        self._nothing.set_text(said)
        self._stack.set_visible_child_name("nothing" if none else "tiles")
        self._changed()

    def say(self, text: str) -> None:
        """What there is to know of tiles that are not there yet; "" is nothing."""
        self._note.set_text(text)
        self._note.set_visible(bool(text))

    def in_sight(self) -> list[Tile]:
        """The tiles that can be seen, in their order."""
        top, page = self._scrolled.get_vadjustment().get_value(), self._scrolled.get_allocated_height()
        seen = []
        for child in self._flow.get_children():
            box = child.get_allocation()
            if child.get_mapped() and box.height > 1 and top - box.height < box.y < top + page:
                seen.append(self._tiles[child][0])
        return seen

    def open_at(self, tile: Tile | None) -> None:
        """Brings a tile into sight, once; later, the user scrolls."""
        self._goal = tile

    def settle(self) -> None:
        """Has what is to be in sight there, if its place is known."""
        if self._revealed or not self._scrolled.get_mapped():
            return
        self._revealed = True
        child = None if self._goal is None else self._goal.widget
        if child is None or not child.get_mapped():
            return
        adjustment, box = self._scrolled.get_vadjustment(), child.get_allocation()
        adjustment.set_value(box.y if box.y + box.height > adjustment.get_page_size() else 0)

    def _order(self, child: Gtk.FlowBoxChild) -> int:
        tile, _group, (rank, number) = self._tiles[child]
        return (0 if tile.is_favourite else 1 << 28) + (rank << 20) + number

    def _is_meant(self, child: Gtk.FlowBoxChild) -> bool:
        if child not in self._tiles:
            return True
        (tile, group, _place), kind = self._tiles[child], self._kinds.get_active_id()
        of_kind = not kind or kind == group or (kind == _FAVOURITE and tile.is_favourite)
        return bool(of_kind and tile.matches(self._entry.get_text().strip()))

    def _key_pressed(self, flow: Gtk.FlowBox, event: Gdk.EventKey) -> bool:
        child = flow.get_focus_child()
        return child is not None and self._pressed(self._tiles[child][0], Gdk.keyval_name(event.keyval) or "")

    def _take_focus(self) -> bool:
        seen = self.in_sight()
        if seen:
            (self._goal if self._goal in seen else seen[0]).widget.grab_focus()
        return True

    # --- whole rows --------------------------------------------------------------------------------------------------

    def _grown(self, adjustment: Gtk.Adjustment) -> None:
        """More tiles move what is chosen out of sight. They have their places only now."""
        if adjustment.get_upper() != self._upper:
            self._upper, self._revealed = adjustment.get_upper(), False
        self._changed()

    def _fit(self) -> bool:
        """Shows as many whole rows as there is room for, and spreads what is left between them."""
        if not self._tiles:
            return GLib.SOURCE_REMOVE
        row = max(child.get_preferred_height()[1] for child in self._tiles) + _LEAST_SPACING
        # There is nothing to keep apart below the last row.
        room = self._stack.get_allocated_height() - 2 * _MARGIN - _FRAME + _LEAST_SPACING
        needed = -(-len(self._tiles) // _COLUMNS)
        rows = min(needed, max(_LEAST_ROWS, room // row))
        spread = min(max(0, room - rows * row) // max(1, rows - 1), _MOST_SPREAD) if rows < needed else 0
        spacing = _LEAST_SPACING + spread
        height = rows * (row + spread) - spacing + 2 * _MARGIN
        if self._scrolled.get_min_content_height() != height or self._flow.get_row_spacing() != spacing:
            self._flow.set_row_spacing(spacing)
            self._scrolled.set_min_content_height(-1)  # the least may at no time be more than the most
            self._scrolled.set_max_content_height(height)
            self._scrolled.set_min_content_height(height)
            self._revealed = False
        return GLib.SOURCE_REMOVE

    def _enlarge(self) -> bool:
        """Arranges them so that their pictures are as large as they can be in the room that there is."""
        if not self._tiles:
            return GLib.SOURCE_REMOVE
        least = [max(side) for side in zip(*(self._around(child) for child in self._tiles), strict=True)]
        if not self._width:  # at first; it stays that wide, or what is larger would make room for what is larger yet
            self._width = self._flow.get_preferred_width()[0]
            self._stack.set_size_request(self._width + _FRAME, -1)
            self._scrolled.set_min_content_height(_LEAST_ROWS * (HEIGHT + least[1] + _LEAST_SPACING) + 2 * _MARGIN)
        height = self._stack.get_allocated_height() - 2 * _MARGIN - _FRAME
        columns, size = _arranged(len(self._tiles), self._width - 2 * _MARGIN, height, *least)
        if self._flow.get_max_children_per_line() != columns:
            self._flow.set_min_children_per_line(1)  # the least may at no time be more than the most
            self._flow.set_max_children_per_line(columns)
            self._flow.set_min_children_per_line(columns)
        for tile, _group, _place in self._tiles.values():
            if tile.picture.size != size:
                tile.picture.resize(*size)
        return GLib.SOURCE_REMOVE

    def _around(self, child: Gtk.FlowBoxChild) -> tuple[int, int]:
        """The pixels that a tile takes beside and below its picture."""
        width, height = self._tiles[child][0].picture.size
        return max(0, child.get_preferred_width()[1] - width), child.get_preferred_height()[1] - height


def _arranged(count: int, width: int, height: int, beside: int, below: int) -> tuple[int, tuple[int, int]]:
    """(In how many columns, how large their pictures are) in that room, with so many pixels around each."""
    found = []
    for columns in range(2, _COLUMNS + 1):
        rows = -(-count // columns)
        across = min(_LARGEST, width // columns - beside, (height // rows - below - _LEAST_SPACING) * WIDTH // HEIGHT)
        if columns == _COLUMNS:
            across = max(across, WIDTH)
        found.append((across + (_COLUMNS - columns) * _FILLED, across, columns))
    _worth, across, columns = max(found)
    return columns, (across, across * HEIGHT // WIDTH)
