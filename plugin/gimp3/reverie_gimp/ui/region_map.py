"""Which part of a layer takes which style: a small map, each region of which shows its style, and what they are called.

A name that is nearly a style's is offered as that style: as it is, it means the style that is chosen for all.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from gi.repository import GdkPixbuf, GLib, Gtk, Pango
from shared import npy
from shared.client import BackendError
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Region, Source
from reverie_gimp.gimp import layers, sources
from reverie_gimp.job import recent_styles, regions, styles
from reverie_gimp.ui import offered
from reverie_gimp.ui.picture import Picture
from reverie_gimp.ui.widgets import muted, pixbuf

if TYPE_CHECKING:
    from gi.repository import Gimp

_WIDTH, _HEIGHT = 144, 108  # pixels of the map
_ICON = 24
_MOMENT = 200  # milliseconds of rest before it is drawn anew
_FAINT = 90  # of 255: how much is left of the layer where no region is
_ARGUMENTS = ("regions", "regions-of", "recipe", "style-file", "style-layer", "grow", "feather")


class RegionMap:
    """`widget` shows it, where regions are chosen; it follows the arguments."""

    def __init__(self, config: Gimp.ProcedureConfig, source: Source) -> None:
        self._config, self._source = config, source
        self._timer: int | None = None
        self._map = Picture(_WIDTH, _HEIGHT)
        self._legend = Gtk.Grid(column_spacing=6, row_spacing=4, valign=Gtk.Align.CENTER, hexpand=True)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, no_show_all=True)
        self.widget.pack_start(self._map.widget, False, False, 0)
        self.widget.pack_start(self._legend, True, True, 0)
        self._map.widget.set_tooltip_text(_("Which part of the layer takes which style"))
        for part in (self._map.widget, self._legend):
            part.show_all()
        handlers = [config.connect("notify::" + name, self._wait) for name in _ARGUMENTS]
        self.widget.connect("destroy", lambda widget: self._close(handlers))
        self._draw()

    def _close(self, handlers: list[int]) -> None:
        for handler in handlers:
            self._config.disconnect(handler)
        if self._timer is not None:
            GLib.source_remove(self._timer)

    def _wait(self, *given: object) -> None:
        if self._timer is not None:
            GLib.source_remove(self._timer)
        self._timer = GLib.timeout_add(_MOMENT, self._draw)

    def _draw(self) -> bool:
        self._timer = None
        for child in self._legend.get_children():
            self._legend.remove(child)
        try:
            placed = self._placed()
        except (Refusal, BackendError):  # OK, and the preview, say why
            placed = None
        self.widget.set_visible(placed is not None)
        if placed is not None:
            whole = _faint(pixbuf(*sources.thumbnail(placed, max(_WIDTH, _HEIGHT))))
            for line, region in enumerate(placed.regions):
                style = regions.style_named(region.item, placed)
                own = self._picture_of(style)
                if own is not None:
                    _lay(own, region, whole)
                self._tell(line, region, style, own)
            self._map.show(whole)
        self._legend.show_all()
        return GLib.SOURCE_REMOVE

    def _picture_of(self, named: styles.Style | None) -> GdkPixbuf.Pixbuf | None:
        """The picture of the style that a region names, or else of the one that is chosen; of a file that may be
        somebody else's there is none yet."""
        if named is not None and regions.is_foreign(named):
            return None
        shown = named or next(iter(styles.read(self._config)), None)
        return None if shown is None or shown.kind == "fast" else offered.of_style(shown.kind, shown.value)

    def _placed(self) -> Source | None:
        """The source with its regions; None where none are chosen."""
        if not self._source.layer.is_valid() or not regions.items_of(self._config, self._source):
            return None
        placed = copy.copy(self._source)
        regions.place(placed, self._config)
        return placed

    def _tell(self, line: int, region: Region, style: styles.Style | None, own: GdkPixbuf.Pixbuf | None) -> None:
        """A line of the legend: the style, the region, and what else it may have been meant for."""
        icon = Picture(_ICON, _ICON)
        icon.show(own)
        name, meant = layers.name_of(region.item), regions.nearly_named(region.item) if style is None else None
        said = _("“%s”: the style above") % name if style is None else _("“%s”: its own style") % name
        label = Gtk.Label(label=said, xalign=0.0, ellipsize=Pango.EllipsizeMode.END, tooltip_text=said)
        self._legend.attach(icon.widget, 0, 2 * line, 1, 1)
        self._legend.attach(label if style else muted(label), 1, 2 * line, 1, 1)
        if meant is not None:
            button = Gtk.Button(label=_("Is “%s” meant?") % meant, halign=Gtk.Align.START)
            button.set_tooltip_text(_("Gives the region this name, which is a style's; Undo takes it back"))
            button.connect("clicked", lambda button: self._rename(region, meant))
            self._legend.attach(button, 1, 2 * line + 1, 1, 1)
        elif style is not None and regions.is_foreign(style):
            button = Gtk.Button(label=_("Open the picture"), halign=Gtk.Align.START)
            button.set_tooltip_text(_("You have not used it before. Open only what you know:") + "\n" + style.value)
            button.connect("clicked", lambda button: self._open(style.value))
            self._legend.attach(button, 1, 2 * line + 1, 1, 1)

    def _open(self, place: str) -> None:
        recent_styles.remember([place])
        self._config.notify("regions")
        self._wait()

    def _rename(self, region: Region, name: str) -> None:
        layers.layer_of(region.item).set_name(name)
        self._config.notify("regions")  # the preview, too, is of another style now
        self._wait()


def _faint(picture: GdkPixbuf.Pixbuf) -> GdkPixbuf.Pixbuf:
    gone = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, picture.get_width(), picture.get_height())
    gone.fill(0)
    size = picture.get_width(), picture.get_height()
    picture.composite(gone, 0, 0, *size, 0, 0, 1, 1, GdkPixbuf.InterpType.NEAREST, _FAINT)
    return gone


def _lay(style: GdkPixbuf.Pixbuf, region: Region, whole: GdkPixbuf.Pixbuf) -> None:
    """Lays a style over the part of the map that a region is."""
    width, height = whole.get_width(), whole.get_height()
    samples, across, down = npy.unpack(region.mask)[:3]
    mask = GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(bytes(samples)), GdkPixbuf.Colorspace.RGB, False, 8, across, down, 3 * across
    ).scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR)
    cloth = bytearray(_rows(style.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR).add_alpha(False, 0, 0, 0)))
    cloth[3::4] = _rows(mask)[0::3]
    pixbuf(bytes(cloth), width, height).composite(
        whole, 0, 0, width, height, 0, 0, 1, 1, GdkPixbuf.InterpType.NEAREST, 255
    )


def _rows(picture: GdkPixbuf.Pixbuf) -> bytes:
    """Its samples without what fills up its rows."""
    row, stride = picture.get_width() * picture.get_n_channels(), picture.get_rowstride()
    data = picture.get_pixels()
    return b"".join(data[stride * y : stride * y + row] for y in range(picture.get_height()))
