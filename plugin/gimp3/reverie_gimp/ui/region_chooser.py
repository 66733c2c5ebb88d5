"""The chooser of regions: of what there is in the image, and of several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gi.repository import GdkPixbuf, Gtk, Pango
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.gimp import pixels
from reverie_gimp.job import regions
from reverie_gimp.ui.widgets import pixbuf

if TYPE_CHECKING:
    from gi.repository import Gimp

_ICON = 32


def region_chooser(config: Gimp.ProcedureConfig, source: Source) -> Gtk.ComboBox:
    """A list of what can be regions of a source, bound to the argument; its first entry is none."""
    choices = [(_("none: one style for all"), "", None), *regions.offered(source)]
    store = Gtk.ListStore(GdkPixbuf.Pixbuf, str)
    for said, _which, item in choices:
        store.append([None if item is None else pixbuf(*pixels.thumbnail(item, None, _ICON)), said])
    chooser = Gtk.ComboBox(model=store, hexpand=True)
    picture, text = Gtk.CellRendererPixbuf(), Gtk.CellRendererText(ellipsize=Pango.EllipsizeMode.END, width_chars=24)
    chooser.pack_start(picture, False)
    chooser.pack_start(text, True)
    chooser.add_attribute(picture, "pixbuf", 0)
    chooser.add_attribute(text, "text", 1)
    chooser.set_tooltip_text(
        _(
            "A layer group as a map: each of its layers is painted where its own style goes, and is named after it "
            "(“ink”, a file, or another layer; any other name means the style chosen above). Channels and masks are "
            "regions, too"
        )
    )

    def show(*_: object) -> None:
        now = (config.get_property("regions-of") or "", config.get_property("regions"))
        chooser.set_active(next((place for place, choice in enumerate(choices) if choice[1:] == now), -1))

    def take(_: object) -> None:
        if chooser.get_active() >= 0:
            regions.set_items(config, *choices[chooser.get_active()][1:])

    show()
    chooser.connect("changed", take)
    for name in ("regions", "regions-of"):
        config.connect("notify::" + name, show)
    return chooser
