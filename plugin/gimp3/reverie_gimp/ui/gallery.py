"""The looks that can be chosen, as pictures to click on: presets, pictures, fast styles, layers and GIMP's patterns.

Each is shown as the painter's own layer in that look, as soon as the backend has painted that; until then, as the
style's own picture. Pictures are made when they are first seen: a large image has hundreds of layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gi.repository import Gdk, GdkPixbuf, GLib, Gtk
from shared import filters
from shared.client import BackendError
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.job import favourites, looks, styles
from reverie_gimp.job.pictures import Pictures
from reverie_gimp.ui import offered
from reverie_gimp.ui.fast_styles import FastStyles
from reverie_gimp.ui.looks import SIDE, Look, Looks
from reverie_gimp.ui.preset_row import PresetRow, title_of
from reverie_gimp.ui.tile import Tile
from reverie_gimp.ui.tile_grid import TileGrid
from reverie_gimp.ui.widgets import packed

_MOMENT = 60  # milliseconds of rest before pictures are made
_RANKS = ("preset", "picture", "fast", "recent", "layer", "pattern")  # the order of the kinds


class Gallery:
    """`widget` shows them, below its row `top`; `choose` gets the (kind, value) of a style that was clicked on, and
    whether it is to be added to what is chosen, as it is while `adds` says so. Presets are chosen in their row."""

    def __init__(
        self,
        filter_name: str,
        source: Source,
        presets: PresetRow,
        choose: Callable[[str, Any, bool], None] | None = None,
        adds: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source, self._row, self._choose, self._adds = source, presets, choose, adds
        self._styles: list[styles.Style] = []  # those that are chosen
        self._marked: list[tuple[str, Any]] = []  # their keys, and that of a preset
        self._tiles: dict[tuple[str, Any], Tile] = {}
        self._presets: dict[str, dict[str, Any]] = {}  # by path
        self._pictures = Pictures(source.image)
        self._reduced: dict[str, bytes | bytearray] = {}  # by path
        self._soon = False
        self.fast_known: Callable[[], None] = lambda: None  # called when there are other fast styles
        self._kept = favourites.listed()
        styled = filter_name == filters.STYLE
        title, kinds = (_("St_yles"), offered.KINDS) if styled else (_("Drea_ms"), {})
        self._grid = TileGrid(title, kinds, self._activated, self._pressed, self._fill_soon)
        self.widget, self.top = self._grid.widget, self._grid.top
        self.looks = Looks(source, self._wanted)
        self._show_presets()
        presets.follow(self._show_presets)
        if styled:
            for group, kind, value, where in offered.styles():
                self._add(group, kind, value, where)
            self._fast = FastStyles(self.widget, self._fast_listed, self._fast_pictured, self._grid.say)
        self.widget.connect("map", self._fill_soon)

    def _show_presets(self) -> None:
        """Offers those that there are by now, and no others."""
        self._presets = {each["path"]: each for each in self._row.presets}
        for key in [key for key in self._tiles if key[0] == "preset" and key[1] not in self._presets]:
            self._grid.remove(self._tiles.pop(key))
        for path in self._presets:
            self._add("preset", "preset", path, _("preset"))
        self.mark(self._styles)

    def mark(self, chosen: list[styles.Style]) -> None:
        """Shows which styles are chosen, and which preset; a file that is not among them yet is added."""
        for each in chosen:
            if each.kind == "file" and _key(each.kind, each.value) not in self._tiles:
                self._add("recent", "file", each.value, None)
        self._styles, preset = chosen, self._row.chosen
        self._marked = [_key(each.kind, each.value) for each in chosen] + [("preset", preset)] * bool(preset)
        for key, tile in self._tiles.items():
            tile.mark(key in self._marked)
        self._reveal()

    def _add(self, group: str, kind: str, value: Any, where: str | None) -> Tile | None:
        """Adds a look, unless it has its place already."""
        key = _key(kind, value)
        if key in self._tiles:
            return None
        title = title_of(self._presets[value]) if kind == "preset" else styles.title(styles.Style(kind, value))
        tile = Tile(kind, value, title, where, None if kind == "preset" else self._mix, self._star)
        self._tiles[key] = tile
        tile.mark_favourite(self._favourite(tile) in self._kept)
        tile.mark(key in self._marked)
        self._grid.add(tile, group, _RANKS.index(group))
        self._fill_soon()
        return tile

    # --- what the painter does ---------------------------------------------------------------------------------------

    def _activated(self, tile: Tile) -> None:
        known, state = Gtk.get_current_event_state()
        added = self._adds() or bool(known and state & Gdk.ModifierType.CONTROL_MASK)
        if tile.kind == "preset":
            self._row.choose(tile.value)
        elif self._choose is not None:
            self._choose(tile.kind, tile.value, added)

    def _mix(self, tile: Tile) -> None:
        if self._choose is not None:
            self._choose(tile.kind, tile.value, True)

    def _pressed(self, tile: Tile, letter: str) -> bool:
        """A key on a tile, which does what its corners do."""
        if letter in ("plus", "KP_Add") and tile.kind != "preset":
            self._mix(tile)
        elif letter in ("asterisk", "KP_Multiply"):
            self._star(tile)
        else:
            return False
        return True

    def _star(self, tile: Tile) -> None:
        tile.mark_favourite(not tile.is_favourite)
        favourites.keep(self._favourite(tile), tile.is_favourite)
        self._grid.arrange()

    @staticmethod
    def _favourite(tile: Tile) -> favourites.Key:
        """A layer is one by its name, which says most of it to the painter."""
        return favourites.key(tile.kind, tile.value.get_name() if tile.kind == "layer" else tile.value)

    # --- pictures ----------------------------------------------------------------------------------------------------

    def _fill_soon(self, *given: object) -> None:
        if not self._soon:
            self._soon = True
            GLib.timeout_add(_MOMENT, self._fill)

    def _fill(self) -> bool:
        """Makes the pictures of those that are within sight: the styles' own, then what they make of the layer."""
        self._soon = False
        if self.widget.get_mapped():
            self._grid.settle()
            for tile in self._grid.in_sight():
                if tile.own is None and tile.kind != "fast":  # those come from the backend
                    tile.own = self._own(tile)
                    tile.picture.show(tile.own)
            self.looks.wake()
        return GLib.SOURCE_REMOVE

    def own(self, each: styles.Style) -> GdkPixbuf.Pixbuf | None:
        """The picture of a style itself."""
        tile = self._tiles.get(_key(each.kind, each.value))
        if tile is None or tile.own is None:
            return None if each.kind == "fast" else offered.of_style(each.kind, each.value)
        return tile.own

    def _own(self, tile: Tile) -> GdkPixbuf.Pixbuf | None:
        if tile.kind == "preset":
            return offered.of_preset(self._presets[tile.value], self._source)
        return offered.of_style(tile.kind, tile.value)

    def _wanted(self) -> Look | None:
        """The next picture that is to be painted: those in sight come first, and no others."""
        for tile in self._grid.in_sight():
            if tile.is_asked_for or (tile.kind == "layer" and tile.value == self._source.layer):
                continue
            tile.is_asked_for = True  # once, also where it fails: the style's own picture stays
            try:
                return Look(*self._asked(tile), tile.show_painted)
            except (Refusal, BackendError):  # one that cannot be read, as OK will say
                continue
        return None

    def _asked(self, tile: Tile) -> looks.Asked:
        side = SIDE * self.widget.get_scale_factor()
        if tile.kind == "preset":
            return looks.of_preset(self._presets[tile.value], side, self._small)
        return looks.of_style(styles.Style(tile.kind, tile.value), side, self._small)

    def _small(self, each: styles.Style) -> bytes | bytearray:
        """The picture of a style, reduced where GTK can read it: a look of the layer asks no more of it."""
        if each.kind != "file":
            return self._pictures.of(each)
        if each.value not in self._reduced:
            read = offered.read_at(each.value, looks.STYLE_SIDE)
            self._reduced[each.value] = self._pictures.of(each) if read is None else packed(read)
        return self._reduced[each.value]

    def _reveal(self) -> None:
        """Brings the first of those that are chosen into sight, once: later, the user scrolls."""
        first = next((self._tiles[key] for key in reversed(self._marked) if key in self._tiles), None)
        self._grid.open_at(first)

    def picture(self, each: styles.Style) -> bytes | bytearray:
        """The whole picture of a style, as the backend takes it. Raises Refusal or BackendError."""
        return self._pictures.of(each)

    def is_own(self, name: str) -> bool:
        """Is the fast style of that name one of the painter's own?"""
        return name in self._fast.own

    def forget(self, name: str) -> None:
        """A fast style is gone."""
        self._grid.remove(self._tiles.pop(("fast", name)))

    def ask_again(self) -> None:
        """There may be other fast styles by now."""
        self._fast.ask()

    def _fast_listed(self, name: str) -> None:
        self._add("fast", "fast", name, _("fast"))
        self._reveal()
        self.fast_known()

    def _fast_pictured(self, name: str, picture: GdkPixbuf.Pixbuf | None, why: str) -> None:
        tile = self._tiles["fast", name]
        tile.own, tile.where = picture, why or tile.where
        if not tile.is_painted:
            tile.picture.show(picture)


def _key(kind: str, value: Any) -> tuple[str, Any]:
    return kind, value.get_id() if kind == "layer" else value
