"""A layer of the network, and one of its patterns, chosen from pictures of what each likes to see.

The backend makes the pictures; they appear as they get ready, and are only asked for while they can be seen.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import GdkPixbuf, Gtk, Pango
from shared import jobs
from shared.client import Client, spoken
from shared.words import _

from reverie_gimp.ui.request import Request, Task
from reverie_gimp.ui.widgets import dress

if TYPE_CHECKING:
    from gi.repository import Gimp

_TILE = 52  # pixels
_HEIGHT = 186  # pixels of the grid: three rows
#: GIMP's themes show it faintly or not.
_CHOSEN = b"iconview:selected { background-color: mix(@theme_selected_bg_color, @theme_fg_color, 0.5); }"
_CHANNEL, _PICTURE, _TIP = range(3)  # columns of the grid's list


class AtlasChooser:
    """`widget` shows it; the arguments dream-layer and dream-channel are what is chosen."""

    def __init__(self, config: Gimp.ProcedureConfig) -> None:
        self._config = config
        self._networks: list[dict[str, Any]] = []  # as the backend describes them
        self._shown: tuple[str, str] | None = None  # the (network, layer) that the grid is of
        self._request: Request | None = None  # the stream that runs, or has run to its end
        self._total = 0
        self._filling = False  # while what is shown follows the arguments, and not the other way round
        self._layers = Gtk.ComboBoxText(hexpand=True)
        self._whole = Gtk.Button(label=_("Whole layer"))
        self._store = Gtk.ListStore(int, GdkPixbuf.Pixbuf, str)
        self._grid = Gtk.IconView(model=self._store, pixbuf_column=_PICTURE, tooltip_column=_TIP, item_padding=3)
        self._bar = Gtk.ProgressBar(show_text=True, ellipsize=Pango.EllipsizeMode.END)
        self.widget = self._arranged()
        self._layers.connect("changed", self._layer_taken)
        self._whole.connect("clicked", lambda button: config.set_property("dream-channel", -1))
        self._grid.connect("selection-changed", self._channel_taken)
        config.connect("notify::dream-layer", lambda *given: self._follow())
        config.connect("notify::dream-channel", lambda *given: self._mark())
        config.connect("notify::network", lambda *given: self._follow())
        self.widget.connect("map", lambda widget: self._follow())
        self.widget.connect("unmap", lambda widget: self._stop())

    def _arranged(self) -> Gtk.Widget:
        self._layers.set_tooltip_text(_("Early layers see lines and swirls, late ones eyes, animals and things"))
        self._whole.set_tooltip_text(_("Dream of everything that the layer sees, and not of one pattern alone"))
        for spacing in (self._grid.set_row_spacing, self._grid.set_column_spacing, self._grid.set_margin):
            spacing(2)
        dress(self._grid, _CHOSEN)
        self._grid.get_accessible().set_name(_("Patterns of the layer"))
        scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, min_content_height=_HEIGHT)
        scrolled.set_shadow_type(Gtk.ShadowType.IN)
        scrolled.add(self._grid)
        top = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        top.pack_start(self._layers, True, True, 0)
        top.pack_start(self._whole, False, False, 0)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        for part in (top, scrolled, self._bar):
            box.pack_start(part, False, False, 0)
        return box

    # --- what is chosen ----------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Shows the layer that the arguments name, of the network that they name."""
        if not self.widget.get_mapped():
            return
        if not self._networks:
            self._begin(_ask_for_networks)
            return
        network = self._network()
        wanted = self._config.get_property("dream-layer") or ""
        if wanted not in network["layers"]:
            self._config.set_property("dream-channel", -1)
            self._config.set_property("dream-layer", network["dream_layer"])  # which calls this again
            return
        self._fill_layers(network["layers"], wanted)
        here = (network["name"], wanted)
        if here != self._shown:
            self._shown = here
            self._store.clear()
            self._stop()
        if self._request is None or self._request.dropped:
            first = len(self._store)
            self._begin(lambda client, tell: _ask_for_tiles(client, tell, *here, first))
        self._mark()

    def _network(self) -> dict[str, Any]:
        """The row of the network that is set; of the default one for “auto”, and while a name is being typed."""
        name = (self._config.get_property("network") or "").strip()
        default = next(row for row in self._networks if row["default"])
        return next((row for row in self._networks if row["name"] == name), default)

    def _fill_layers(self, layers: list[str], chosen: str) -> None:
        self._filling = True
        self._layers.remove_all()
        for index, layer in enumerate(layers):
            kind = (_("lines, swirls"), _("patterns, textures"), _("eyes, things"))[3 * index // len(layers)]
            self._layers.append(layer, "%s: %s" % (layer, kind))
        self._layers.set_active_id(chosen)
        self._filling = False

    def _layer_taken(self, combo: Gtk.ComboBoxText) -> None:
        if not self._filling and combo.get_active_id():
            self._config.set_property("dream-channel", -1)
            self._config.set_property("dream-layer", combo.get_active_id())

    def _channel_taken(self, grid: Gtk.IconView) -> None:
        chosen = grid.get_selected_items()
        if chosen and not self._filling:
            self._config.set_property("dream-channel", self._store[chosen[0]][_CHANNEL])

    def _mark(self) -> None:
        """Selects the picture of the chosen channel, where it is here already."""
        channel = self._config.get_property("dream-channel")
        self._whole.set_sensitive(channel >= 0)
        selected = [self._store[path][_CHANNEL] for path in self._grid.get_selected_items()]
        if selected == [channel]:
            return
        self._filling = True
        self._grid.unselect_all()
        if 0 <= channel < len(self._store):
            path = Gtk.TreePath.new_from_indices([channel])
            self._grid.select_path(path)
            self._grid.scroll_to_path(path, False, 0, 0)
        self._filling = False

    # --- the pictures ------------------------------------------------------------------------------------------------

    def _begin(self, task: Task) -> None:
        """Asks the backend, and lets the question before go."""
        self._stop()
        self._tell_progress(_("Asking the backend for the patterns…"), 0.0)
        self._request = Request(task, self._hear)

    def _stop(self) -> None:
        if self._request is not None:
            self._request.drop()

    def _hear(self, event: dict[str, Any]) -> None:
        """Takes up what the backend says."""
        if event["type"] == "starting":
            self._tell_progress(jobs.status(event), 0.0)
        elif event["type"] == "networks":
            self._networks = event["networks"]
            self._follow()
        elif event["type"] == "layer":
            self._total = event["channels"]
        elif event["type"] == "tile":
            self._store.append([event["channel"], _picture(event["png"]), _("Pattern %d") % event["channel"]])
            if event["channel"] == self._config.get_property("dream-channel"):
                self._mark()
            here = len(self._store)
            self._tell_progress(_("%d of %d patterns") % (here, self._total), here / self._total)
        elif event["type"] == "done":
            self._tell_progress(_("%d patterns: click one to dream of it alone") % len(self._store), 1.0)
        elif event["type"] == "failed":
            self._tell_progress(spoken(event), 0.0)

    def _tell_progress(self, text: str, fraction: float) -> None:
        self._bar.set_text(text)
        self._bar.set_tooltip_text(text)
        self._bar.set_fraction(fraction)


def _picture(png: str) -> GdkPixbuf.Pixbuf:
    loader = GdkPixbuf.PixbufLoader()
    loader.write(base64.b64decode(png))
    loader.close()
    return loader.get_pixbuf().scale_simple(_TILE, _TILE, GdkPixbuf.InterpType.BILINEAR)


def _ask_for_networks(client: Client, tell: Callable[[dict[str, Any]], None]) -> None:
    tell({"type": "networks", "networks": client.networks()})


def _ask_for_tiles(
    client: Client, tell: Callable[[dict[str, Any]], None], network: str, layer: str, first: int
) -> None:
    with contextlib.closing(client.atlas(network, layer, first)) as events:  # closed, the backend stops
        for event in events:
            tell(event)
