"""A style is learnt, to be painted in one pass from then on: what asks for it, and how far it has come.

The backend learns in the time that painting leaves, and goes on when the dialog is closed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from gi.repository import Gtk, Pango
from shared import jobs
from shared.client import BackendError, Client, spoken
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.job import styles
from reverie_gimp.ui.request import Request

_EVERY = 1.0  # seconds: how often the backend is asked how far it is
_LONGEST = 64  # characters of a name


class Learning:
    """`button` asks, for the style that is chosen; `widget` shows a lesson, and is hidden without one. `picture` gives
    a style's picture; `learnt` is called when there may be another fast style."""

    def __init__(
        self,
        picture: Callable[[styles.Style], bytes | bytearray],
        say: Callable[[str], None],
        learnt: Callable[[], None],
    ) -> None:
        self._picture, self._say, self._learnt = picture, say, learnt
        self._style: styles.Style | None = None  # the one that is chosen
        self._name: str | None = None  # of the lesson that is under way
        self._request: Request | None = None
        self.button = Gtk.MenuButton(label=_("Learn…"), no_show_all=True, valign=Gtk.Align.START)
        self.button.set_tooltip_text(_("Learns this style, so that it is painted in one pass from then on, in seconds"))
        self._entry = Gtk.Entry(max_length=_LONGEST, hexpand=True)
        self.button.set_popover(self._made_popover())
        self._label = Gtk.Label(xalign=0.0, ellipsize=Pango.EllipsizeMode.END)
        self._stop = Gtk.Button(label=_("Stop"))
        self._stop.set_tooltip_text(_("Stops learning. What was learnt is kept: the same style goes on from there"))
        self._stop.connect("clicked", lambda button: self._give_up())
        self.widget = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6, no_show_all=True)
        self.widget.pack_start(self._label, True, True, 0)
        self.widget.pack_start(self._stop, False, False, 0)
        for each in (self._label, self._stop):
            each.show()
        self.widget.connect("destroy", lambda widget: self._request and self._request.drop())

    def open(self) -> None:
        """The dialog is seen: shows what is learnt already."""
        self._ask(_watch, lambda event: None)  # without a backend there is nothing, as the gallery says

    def follow(self, chosen: list[styles.Style]) -> None:
        """One picture can be learnt; a fast style has been."""
        alone = len(chosen) == 1 and chosen[0].kind != "fast"
        self._style = chosen[0] if alone else None
        self.button.set_visible(alone and self._name is None)
        if self._style is not None:
            self._entry.set_text(_named(styles.title(self._style)))

    def _made_popover(self) -> Gtk.Popover:
        popover = Gtk.Popover(border_width=12)
        text = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=44)
        text.set_text(
            _(
                "Reverie practises this style for some minutes, and paints it in seconds from then on. You can paint "
                "meanwhile, which goes first, and close this dialog: learning goes on."
            )
        )
        self._entry.set_tooltip_text(_("What the style is called among the fast ones"))
        self._entry.connect("activate", lambda entry: self._begin())
        begin = Gtk.Button(label=_("Learn it"))
        begin.set_tooltip_text(_("Begins to learn the style"))
        begin.connect("clicked", lambda button: self._begin())
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(Gtk.Label(label=_("Name:")), False, False, 0)
        row.pack_start(self._entry, True, True, 0)
        row.pack_start(begin, False, False, 0)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        box.pack_start(text, False, False, 0)
        box.pack_start(row, False, False, 0)
        box.show_all()
        popover.add(box)
        return popover

    def _begin(self) -> None:
        self.button.get_popover().popdown()
        if self._style is None:
            return
        name = self._entry.get_text().strip()
        try:
            picture = self._picture(self._style)
        except (Refusal, BackendError) as error:
            self._say(str(error))
            return

        def learn(client: Client, tell: Callable[[dict[str, Any]], None]) -> None:
            client.learn(name, client.add_picture(picture))
            _watch(client, tell)

        self._say("")
        self._show(name, _("Learning “%s”…") % name)
        self._ask(learn, self._fail)

    def _give_up(self) -> None:
        name = self._name

        def stop(client: Client, tell: Callable[[dict[str, Any]], None]) -> None:
            client.stop_learning(name)
            _watch(client, tell)

        self._ask(stop, self._fail)

    def _ask(
        self,
        task: Callable[[Client, Callable[[dict[str, Any]], None]], None],
        fail: Callable[[dict[str, Any]], None],
    ) -> None:
        if self._request is not None:
            self._request.drop()
        self._request = Request(task, lambda event: self._hear(event, fail))

    def _fail(self, event: dict[str, Any]) -> None:
        self._say(event["message"])
        self._show(None)

    def _hear(self, event: dict[str, Any], fail: Callable[[dict[str, Any]], None]) -> None:
        if event["type"] == "failed":
            fail(event)
        elif event["type"] == "lessons":
            self._follow(event["lessons"])

    def _follow(self, lessons: list[dict[str, Any]]) -> None:
        """Shows the lesson that is under way; one that was, and is not any more, has an outcome."""
        under_way = next((each for each in lessons if each["state"] == "learning"), None)
        if under_way is not None:
            left = under_way["seconds_left"]
            told = jobs.time_left(left) if left is not None else _("preparing")
            words = _("Learning “%s”: %d %%, %s") % (under_way["name"], 100 * under_way["fraction"], told)
            self._show(under_way["name"], words)
            return
        over = next((each for each in lessons if each["name"] == self._name), None)
        self._show(None)
        if over is None:
            return
        if over["state"] == "failed":
            self._say(spoken(over["error"]))
        elif over["state"] == "done":
            self._say(_("“%s” is learnt: it is among the fast styles now.") % over["name"])
        self._learnt()

    def _show(self, name: str | None, words: str = "") -> None:
        self._name = name
        self._label.set_text(words)
        self.widget.set_visible(name is not None)
        self.button.set_visible(name is None and self._style is not None)


def _named(title: str) -> str:
    """A name that a style may have, which is a file's, too."""
    return re.sub(r"[^\w -]+", " ", title).strip(" -")[:_LONGEST] or "style"


def _watch(client: Client, tell: Callable[[dict[str, Any]], None]) -> None:
    """The task of a thread: tells how the lessons stand, until none is under way."""
    while True:
        lessons = client.lessons()
        tell({"type": "lessons", "lessons": lessons})
        if all(each["state"] != "learning" for each in lessons):
            return
        time.sleep(_EVERY)
