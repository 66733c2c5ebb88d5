"""The fast styles, which the backend knows: asked for once the gallery is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gi.repository import GdkPixbuf, Gtk
from shared import jobs
from shared.client import BackendError, Client

from reverie_gimp.ui.request import Request
from reverie_gimp.ui.widgets import loaded


class FastStyles:
    """`listed` gets the name of each, then `pictured` its name, its picture, or None and a sentence why there is none;
    `say` what there is to wait for."""

    def __init__(
        self,
        widget: Gtk.Widget,
        listed: Callable[[str], None],
        pictured: Callable[[str, GdkPixbuf.Pixbuf | None, str], None],
        say: Callable[[str], None],
    ) -> None:
        self._listed, self._pictured, self._say = listed, pictured, say
        self._request: Request | None = None
        self.own: set[str] = set()  # the names of those that did not come with Reverie
        self._handler = widget.connect("map", self._seen)
        widget.connect("destroy", lambda widget: self._request and self._request.drop())

    def _seen(self, widget: Gtk.Widget) -> None:
        widget.disconnect(self._handler)
        self.ask()

    def ask(self) -> None:
        """There may be others by now."""
        if self._request is not None:
            self._request.drop()
        self._request = Request(_fast_styles, self._hear)

    def _hear(self, event: dict[str, Any]) -> None:
        if event["type"] == "starting":
            self._say(jobs.status(event))
        elif event["type"] == "styles":
            self._say("")
            self.own = {row["name"] for row in event["styles"] if not row["bundled"]}
            for row in event["styles"]:
                self._listed(row["name"])
        elif event["type"] == "thumbnail":
            self._pictured(event["name"], loaded(event["png"]), "")
        elif event["type"] == "refused":
            self._pictured(event["name"], None, event["message"])
        elif event["type"] == "failed":
            self._say(event["message"])


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
