"""Small pictures of the painter's own layer, one for each look that is in sight: a style in one pass, or a dream.

They are ordinary jobs, a few at a time. They are kept as long as the dialog is open, since they are of this layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gi.repository import GdkPixbuf
from shared import jobs, npy

from reverie_gimp.data import Source
from reverie_gimp.gimp import sources
from reverie_gimp.ui.request import Request
from reverie_gimp.ui.small_jobs import carry_out
from reverie_gimp.ui.widgets import pixbuf

SIDE = 160  # pixels, the longest
_AT_ONCE = 2  # jobs: while one is sent or fetched, the backend paints the other
_FAILURES = 3  # in a row, after which no more are asked for


class Look(NamedTuple):
    """What is wanted: the recipe, whose size is that of the layer that it is sent, the pictures that it names, and who
    takes the picture."""

    recipe: dict[str, Any]
    pictures: dict[str, bytes | bytearray]
    show: Callable[[GdkPixbuf.Pixbuf], None]


class Looks:
    """Paints what `take` gives, one after the other; that gives None while nothing is wanted."""

    def __init__(self, source: Source, take: Callable[[], Look | None]) -> None:
        self._source, self._take = source, take
        self._contents: dict[int, bytes] = {}  # the layer, by its size
        self._running: list[Request] = []
        self._failures = 0
        self._paused = False

    def wake(self) -> None:
        """Something may be wanted by now."""
        while not self._paused and self._failures < _FAILURES and len(self._running) < _AT_ONCE:
            look = self._take() if self._source.layer.is_valid() else None
            if look is None:
                return
            self._ask(look)

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def pause(self, paused: bool) -> None:
        """While a picture is painted, nothing is asked for."""
        self._paused = paused
        self.wake()

    def close(self) -> None:
        self._paused = True
        for request in self._running:
            request.drop()

    def _ask(self, look: Look) -> None:
        side = look.recipe["size"]
        if side not in self._contents:
            self._contents[side] = npy.pack(*sources.thumbnail(self._source, side), 4, "u1")
        job = jobs.Job(self._contents[side], look.pictures, look.recipe)
        request = Request(
            lambda client, tell: carry_out(job, client, tell), lambda event: self._hear(event, look, request)
        )
        self._running.append(request)

    def _hear(self, event: dict[str, Any], look: Look, request: Request) -> None:
        if event["type"] not in ("result", "failed"):
            return
        self._running.remove(request)
        self._failures = self._failures + 1 if event["type"] == "failed" else 0
        if event["type"] == "result":
            look.show(pixbuf(*event["picture"]))
        self.wake()
