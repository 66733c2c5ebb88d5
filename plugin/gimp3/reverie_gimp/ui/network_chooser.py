"""The choice of the network, in words, and whether its weights are on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import Gtk, Pango
from shared.words import _

from reverie_gimp.ui.request import Request

if TYPE_CHECKING:
    from gi.repository import Gimp

_AUTO = "auto"
_TITLES = {  # what each is to a painter; the name is for those who know it
    _AUTO: _("Chosen for me"),
    "vgg19": _("Best quality, and slow (VGG-19)"),
    "vgg16": _("Nearly as good, and slow (VGG-16)"),
    "squeezenet1_0": _("Firm strokes, and quick (SqueezeNet 1.0)"),
    "reverie": _("Reverie's own, and quick"),
    "squeezenet1_1": _("Quickest (SqueezeNet 1.1)"),
    "inception_v3": _("For dreams (Inception v3)"),
    "googlenet": _("The classic for dreams (GoogLeNet)"),
}


def network_chooser(config: Gimp.ProcedureConfig, say: Callable[[str], None]) -> Gtk.ComboBoxText:
    """A list of the networks, bound to the argument. They are asked of the backend when the list is first seen; `say`
    gets the sentence when that fails."""
    chooser = Gtk.ComboBoxText(hexpand=True)
    cell = chooser.get_cells()[0]
    cell.set_property("ellipsize", Pango.EllipsizeMode.END)
    cell.set_property("width-chars", 30)
    licences: dict[str, list[str]] = {}

    def add(name: str, text: str) -> None:
        chooser.append(name, text)

    def now() -> str:
        return (config.get_property("network") or "").strip() or _AUTO

    def show(*given: object) -> None:
        if not chooser.set_active_id(now()):  # before the backend has told, or one that it does not know
            add(now(), _TITLES.get(now(), now()))
            chooser.set_active_id(now())
        tip = config.find_property("network").blurb
        chooser.set_tooltip_text("\n".join([tip, *licences.get(now(), [])]))

    def take(*given: object) -> None:
        name = chooser.get_active_id()
        if name is not None and name != now():
            config.set_property("network", name)

    def hear(event: dict[str, Any]) -> None:
        if event["type"] == "failed":
            say(event["message"])
        elif event["type"] == "networks":
            chooser.handler_block(handler)
            chooser.remove_all()
            add(_AUTO, _TITLES[_AUTO])
            for row in event["networks"]:
                add(row["name"], _said(row))
                licences[row["name"]] = [_("Licence: %s") % row["licence"]]
            chooser.handler_unblock(handler)
            show()

    def seen(*given: object) -> None:
        chooser.disconnect(first)
        Request(lambda client, tell: tell({"type": "networks", "networks": client.networks()}), hear)

    add(_AUTO, _TITLES[_AUTO])
    handler = chooser.connect("changed", take)
    first = chooser.connect("map", seen)
    config.connect("notify::network", show)
    show()
    return chooser


def _said(row: dict[str, Any]) -> str:
    title = _TITLES.get(row["name"], row["title"])
    if row["available"]:
        return _("%s: on this machine") % title
    return _("%s: %d MB to fetch") % (title, max(1, round(row["download_bytes"] / 1e6)))
