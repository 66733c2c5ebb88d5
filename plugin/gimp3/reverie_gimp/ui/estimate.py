"""Says how long the painting will take with what is set, as the backend knows it of its own machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gi.repository import GLib, Gtk, Pango
from shared import jobs
from shared.client import Client
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.job import recipes
from reverie_gimp.ui.request import Request
from reverie_gimp.ui.widgets import muted

if TYPE_CHECKING:
    from gi.repository import Gimp

_DELAY = 300  # milliseconds of rest before it is asked
_LATER = 3000  # milliseconds before it is asked again of a backend that is busy

Job = tuple[dict[str, Any], int, int, int]  # a recipe, a picture's width and height, and how many of these


class Estimate:
    """`widget` says it; it follows the arguments."""

    def __init__(self, filter_name: str, config: Gimp.ProcedureConfig, sources: list[Source]) -> None:
        self._filter, self._config, self._sources = filter_name, config, sources
        self._asked: str | None = None  # what the answer that is shown, or on its way, is about
        self._timer: int | None = None
        self._request: Request | None = None
        self.widget = muted(Gtk.Label(xalign=0.0, ellipsize=Pango.EllipsizeMode.END, width_chars=24))
        self._handler = config.connect("notify", lambda *given: self._wait())
        self._wait()

    def close(self) -> None:
        self._config.disconnect(self._handler)
        self._drop()
        if self._timer is not None:
            GLib.source_remove(self._timer)

    def _drop(self) -> None:
        if self._request is not None:
            self._request.drop()

    def _wait(self, delay: int = _DELAY) -> None:
        if self._timer is not None:
            GLib.source_remove(self._timer)
        self._timer = GLib.timeout_add(delay, self._begin)

    def _begin(self) -> bool:
        self._timer = None
        try:
            jobs = self._jobs()
        except Refusal:  # no style as yet
            jobs = []
        asked = json.dumps(jobs)
        if asked != self._asked:
            self._drop()
            self._asked = asked
            self.widget.set_text("…" if jobs else "")
            if jobs:
                self._request = Request(lambda client, tell: tell(_answer(client, jobs)), self._hear)
        return GLib.SOURCE_REMOVE

    def _jobs(self) -> list[Job]:
        """[(recipe, width, height, how many of these)] of what OK would begin. Raises Refusal."""
        recipe, first = recipes.recipe_of(self._filter, self._config), self._sources[0]
        if first.frame is None:
            return [(recipe, each.area[2], each.area[3], 1) for each in self._sources]
        if first.frame.zoom:
            further, count = (
                {"zoom": 1 + self._config.get_property("zoom") / 100.0},
                self._config.get_property("frames"),
            )
        else:
            further = {"before": {"content": "before", "result": "result"}}
            count = len(self._sources)
        width, height = first.area[2:]
        return [(recipe, width, height, 1), (dict(recipe, **further), width, height, count - 1)]

    def _hear(self, event: dict[str, Any]) -> None:
        if event["type"] == "estimate":
            if event["reason"] == "busy":  # later, when the job before has ended
                self._asked = None
                self._wait(_LATER)
                return
            self.widget.set_text(_said(event))
            self.widget.set_tooltip_text(_tip(event) if event["seconds"] is not None else "")
        elif event["type"] == "failed":
            self.widget.set_text("")  # OK, or the preview, tells why


def _answer(client: Client, jobs: list[Job]) -> dict[str, Any]:
    """The backend's answer, with the seconds of all the jobs together. The task of a thread."""
    total, known = 0.0, {}
    for recipe, width, height, count in jobs:
        key = json.dumps([recipe, width, height])
        if key not in known:
            known[key] = client.estimate(recipe, width, height)
        if known[key]["seconds"] is None:
            return dict(known[key], type="estimate")
        total += count * known[key]["seconds"]
    first = known[json.dumps(list(jobs[0][:3]))]
    return dict(first, type="estimate", seconds=total)


def _said(answer: dict[str, Any]) -> str:
    if answer["seconds"] is not None:
        return _("takes %s") % jobs.duration(answer["seconds"])
    if answer["reason"] == "download":
        return _("first fetches %d MB") % max(1, round(answer["download_bytes"] / 1e6))
    return ""


def _tip(answer: dict[str, Any]) -> str:
    return _(
        "So long it takes on the machine that paints, if that has nothing else to do. It is composed at %d×%d "
        "pixels and, where the layer is larger, brought to its size"
    ) % (answer["width"], answer["height"])
