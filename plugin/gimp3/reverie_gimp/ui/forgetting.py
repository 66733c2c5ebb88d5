"""A fast style of the painter's own is forgotten, after a question: what was learnt in minutes is gone then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gi.repository import Gtk
from shared.client import Client
from shared.words import _

from reverie_gimp.job import styles
from reverie_gimp.ui.request import Request


class Forgetting:
    """`button` asks, while a style of one's own is chosen alone, as `is_own` says; `forgotten` gets its name."""

    def __init__(
        self, is_own: Callable[[str], bool], say: Callable[[str], None], forgotten: Callable[[str], None]
    ) -> None:
        self._is_own, self._say, self._forgotten = is_own, say, forgotten
        self._name = ""
        self.button = Gtk.MenuButton(label=_("Forget…"), no_show_all=True, valign=Gtk.Align.START)
        self.button.set_tooltip_text(_("Removes this fast style, which you have learnt or imported, from this machine"))
        self._question = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=44)
        self.button.set_popover(self._made_popover())

    def follow(self, chosen: list[styles.Style]) -> None:
        """Shows the button where there is something to forget."""
        alone = len(chosen) == 1 and chosen[0].kind == "fast" and self._is_own(chosen[0].value)
        self._name = chosen[0].value if alone else ""
        self._question.set_text(_("“%s” would have to be learnt again. Forget it?") % self._name)
        self.button.set_visible(alone)

    def _made_popover(self) -> Gtk.Popover:
        popover = Gtk.Popover(border_width=12)
        button = Gtk.Button(label=_("Forget it"), halign=Gtk.Align.END)
        button.set_tooltip_text(_("Removes the fast style"))
        button.connect("clicked", lambda button: self._forget())
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        for each in (self._question, button):
            box.pack_start(each, False, False, 0)
        box.show_all()
        popover.add(box)
        return popover

    def _forget(self) -> None:
        name = self._name
        self.button.get_popover().popdown()

        def forget(client: Client, tell: Callable[[dict[str, Any]], None]) -> None:
            client.forget_style(name)
            tell({"type": "forgotten"})

        Request(forget, lambda event: self._hear(event, name))

    def _hear(self, event: dict[str, Any], name: str) -> None:
        if event["type"] == "failed":
            self._say(event["message"])
        elif event["type"] == "forgotten":
            self._forgotten(name)
