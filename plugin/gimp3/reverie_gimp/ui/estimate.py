"""Says what will happen with what is set: at which sizes it is painted, how long that takes on the backend's machine,
and whether a style picture is too small for its strokes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import GdkPixbuf, GLib, Gtk
from shared import filters, jobs
from shared.client import Client, spoken
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.job import recipes, styles
from reverie_gimp.ui.request import Request
from reverie_gimp.ui.widgets import muted

if TYPE_CHECKING:
    from gi.repository import Gimp

_DELAY = 300  # milliseconds of rest before it is asked
_LATER = 3000  # milliseconds before it is asked again of a backend that is busy

Job = tuple[dict[str, Any], int, int, int]  # a recipe, a picture's width and height, and how many of these
Size = tuple[int, int]


class Estimate:
    """`widget` says it; it follows the arguments."""

    def __init__(self, filter_name: str, config: Gimp.ProcedureConfig, sources: list[Source]) -> None:
        self._filter, self._config, self._sources = filter_name, config, sources
        self._asked: str | None = None  # what the answer that is shown, or on its way, is about
        self._timer: int | None = None  # until what is set has rested
        self._again: int | None = None  # until a backend that was busy is asked once more
        self._request: Request | None = None
        self._label = muted(Gtk.Label(xalign=0.0, wrap=True, max_width_chars=90))
        self._label.set_tooltip_text(_("So long it takes on the machine that paints, if that has nothing else to do"))
        self._warning = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=90, no_show_all=True)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        self.widget.pack_start(self._label, False, False, 0)
        self.widget.pack_start(self._warning, False, False, 0)
        self.composed: int | None = None  # the longest side, in pixels, at which the first picture is composed
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
        if self._again is not None:
            GLib.source_remove(self._again)
            self._again = None

    def _wait(self) -> None:
        if self._timer is not None:
            GLib.source_remove(self._timer)
        self._timer = GLib.timeout_add(_DELAY, self._begin)

    def _begin(self) -> bool:
        self._timer = None
        try:
            jobs, pictures = self._jobs(), self._pictures()
        except Refusal:  # no style as yet
            jobs, pictures = [], {}
        asked = json.dumps([jobs, pictures])
        if asked != self._asked:
            self._drop()
            self._asked = asked
            self._say("…" if jobs else "", [])
            if jobs:
                self._send(jobs, pictures)
        return GLib.SOURCE_REMOVE

    def _send(self, jobs: list[Job], pictures: dict[str, Size]) -> bool:
        self._again = None
        self._request = Request(
            lambda client, tell: _ask(client, jobs, pictures, tell), lambda event: self._hear(event, jobs, pictures)
        )
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

    def _pictures(self) -> dict[str, Size]:
        """How large the style pictures are, by what the recipe calls them, as far as that is seen at once."""
        if self._filter != filters.STYLE:
            return {}
        names, found = recipes.names_of_layers(self._filter, self._config), {}
        for each in styles.read(self._config):
            size = _size(each)
            if size is not None:
                found[styles.reference(each, names)] = size
        return found

    def _say(self, text: str, warnings: list[str]) -> None:
        self._label.set_text(text)
        self._warning.set_text("\n".join(warnings))
        self._warning.set_visible(bool(warnings))

    def get_text(self) -> str:
        return self._label.get_text()

    def _hear(self, event: dict[str, Any], jobs: list[Job], pictures: dict[str, Size]) -> None:
        if event["type"] == "estimate":
            self.composed = max(event["width"], event["height"])
            warnings = [spoken(each, _short(each)) for each in event.get("warnings", [])]
            self._say(_sentence(event, *jobs[0][:3]), warnings)
            if event["reason"] == "busy":  # later, when the job before has ended
                self._again = GLib.timeout_add(_LATER, self._send, jobs, pictures)
        elif event["type"] == "failed":
            self._say("", [])  # OK, or the preview, tells why


def _size(style: styles.Style) -> Size | None:
    """The width and height of a style's picture; None where there is none, or one that GTK cannot tell of."""
    if style.kind == "layer":
        return style.value.get_width(), style.value.get_height()
    if style.kind == "file":
        known, width, height = GdkPixbuf.Pixbuf.get_file_info(style.value)
        return (width, height) if known is not None else None
    return None


def _ask(client: Client, jobs: list[Job], pictures: dict[str, Size], tell: Callable[[dict[str, Any]], None]) -> None:
    """Tells of the sizes at once, and then of the time, for which the backend may have to measure first. The task of a
    thread."""
    answer = _answer(client, jobs, pictures, wait=False)
    if answer["reason"] == "busy":
        tell(dict(answer, reason=None))
        answer = _answer(client, jobs, pictures, wait=True)
    tell(answer)


def _answer(client: Client, jobs: list[Job], pictures: dict[str, Size], wait: bool) -> dict[str, Any]:
    """The backend's answer, with the seconds of all the jobs together."""
    total, known = 0.0, {}
    for recipe, width, height, count in jobs:
        key = json.dumps([recipe, width, height])
        if key not in known:
            known[key] = client.estimate(recipe, width, height, pictures, wait)
        if known[key]["seconds"] is None:
            return dict(known[key], type="estimate")
        total += count * known[key]["seconds"]
    first = known[json.dumps(list(jobs[0][:3]))]
    return dict(first, type="estimate", seconds=total)


def _short(told: dict[str, Any]) -> dict[Any, str]:
    """The names of pictures without their folders."""
    path = told["values"].get("picture", "")
    return {path: jobs.short_name(path)}


def _sentence(answer: dict[str, Any], recipe: dict[str, Any], width: int, height: int) -> str:
    composed, whole = (answer["width"], answer["height"]), (width, height)
    if composed == whole:
        sizes = _("Painted at %d × %d pixels") % composed
    elif max(composed) > max(whole):
        sizes = _("Composed at %d × %d pixels, and reduced to %d × %d") % (*composed, *whole)
    elif recipe.get("detail") == "sketch" or not recipe.get("style") or recipe.get("strength") == 0:
        sizes = _("Composed at %d × %d pixels, and enlarged to %d × %d") % (*composed, *whole)
    else:
        sizes = _("Composed at %d × %d pixels, and finished at %d × %d") % (*composed, *whole)
    if answer["seconds"] is not None:
        return _("%s; takes %s.") % (sizes, jobs.duration(answer["seconds"]))
    if answer["reason"] == "download":
        return _("%s; first fetches %d MB.") % (sizes, max(1, round(answer["download_bytes"] / 1e6)))
    return sizes + "; …"
