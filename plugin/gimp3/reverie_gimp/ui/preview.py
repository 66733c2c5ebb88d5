"""A small preview of what a filter would make of the picture, which follows the controls of its dialog.

A moment after the last change the backend is asked for the reduced picture, in a thread; a newer request lets the
older one go, whose job the backend then ends. Weights are never fetched for it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import GdkPixbuf, GLib, Gtk
from shared import filters, jobs, npy
from shared.client import BackendError, Client
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.gimp import pixels, sources
from reverie_gimp.job import recipes, regions, styles
from reverie_gimp.job.pictures import Pictures
from reverie_gimp.job.prepare import prepare
from reverie_gimp.ui.request import Request
from reverie_gimp.ui.widgets import muted, pixbuf

if TYPE_CHECKING:
    from gi.repository import Gimp

_SIDE = 256  # pixels, the longest
_FAST_SIDE = 512  # of fast styles, whose strokes have a size in pixels
_ITERATIONS = 40
_DELAY = 300  # milliseconds of rest before it begins


class Preview:
    """`widget` turns it off and on, and says how it goes; `show` gets the pictures, the untouched one too."""

    def __init__(
        self,
        filter_name: str,
        config: Gimp.ProcedureConfig,
        source: Source,
        check: Callable[[], None],
        show: Callable[[GdkPixbuf.Pixbuf], None],
    ) -> None:
        self._filter, self._config, self._source, self._show = filter_name, config, source, show
        self._check = check  # raises Refusal while something is missing
        self._pictures = Pictures(source.image)  # as they were when they were first seen
        self._small = copy.copy(source)
        self._placed: dict[str, Any] | None = None  # the arguments by which it has its place
        self._reduced: dict[int, bytes] = {}  # its picture, by the longest side
        self._shown: list[Any] | None = None  # what the preview that is shown, or on its way, is of
        self._timer: int | None = None
        self._paused = False
        self._request: Request | None = None
        self._button = Gtk.CheckButton(label=_("_Quick preview"), use_underline=True, active=True)
        self._button.set_tooltip_text(_("Shows roughly what comes of these settings, whenever you change one"))
        self._button.connect("toggled", lambda button: self._wait())
        self._spinner = Gtk.Spinner()
        self._note = muted(Gtk.Label(xalign=0.0, wrap=True, max_width_chars=36))
        self.widget = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        for part in (self._button, self._spinner, self._note):
            self.widget.pack_start(part, False, False, 0)
        self._handler = config.connect("notify", lambda *given: self._wait())
        self._wait()

    def pause(self) -> None:
        """Lets go what runs, and begins nothing more; the picture stays."""
        self._paused = True
        self._stop()

    def resume(self) -> None:
        self._paused = False

    def close(self) -> None:
        self.pause()
        self._config.disconnect(self._handler)

    def _wait(self) -> None:
        """Begins once the controls have been left alone for a moment."""
        if self._timer is not None:
            GLib.source_remove(self._timer)
        self._timer = None if self._paused else GLib.timeout_add(_DELAY, self._begin)

    def _stop(self) -> None:
        if self._timer is not None:
            GLib.source_remove(self._timer)
            self._timer = None
        if self._request is not None:
            self._request.drop()
        self._shown = None
        self._spinner.stop()

    def _begin(self) -> bool:
        """Asks for the preview of what is set now, unless that is the one which is shown."""
        self._timer = None
        if self._paused or not self._source.layer.is_valid():  # OK says that it is closed
            return GLib.SOURCE_REMOVE
        if not self._button.get_active():
            self._leave_out("")
            return GLib.SOURCE_REMOVE
        try:
            wanted = self._wanted()
            if wanted != self._shown:
                self._stop()
                self._ask(self._job())
                self._shown = wanted
        except (Refusal, BackendError) as error:  # no style as yet, or one that is gone
            self._leave_out(str(error))
        return GLib.SOURCE_REMOVE

    def _wanted(self) -> list[Any]:
        """What a preview depends on. Raises Refusal when something is missing."""
        self._check()
        chosen = styles.read(self._config) if self._filter == filters.STYLE else []
        indexed = pixels.is_indexed(self._source.image) and not self._config.get_property("convert-indexed")
        guide = self._config.get_property("dream-guide")
        recipe = recipes.recipe_of(self._filter, self._config)
        for name in ("detail", "size", "iterations"):  # it has its own
            recipe.pop(name, None)
        return [recipe, chosen, guide, self._place_wanted(), indexed]

    def _place_wanted(self) -> dict[str, Any]:
        """The arguments that say where the picture is painted."""
        names = [name for name in ("regions", "regions-of", "grow", "feather") if self._config.find_property(name)]
        return {name: self._config.get_property(name) for name in names}

    def _job(self) -> jobs.Job:
        """The job for the whole picture, with a reduced one in its place. What is in GIMP is read once, and not
        whenever a slider moves: that takes long in large images."""
        small, place = self._small, self._place_wanted()
        if self._placed != place:
            mapped = bool(regions.items_of(self._config, self._source))  # other masks are not seen in a preview
            small.selected = mapped and self._source.selected
            small.keeps_mask = mapped and self._source.keeps_mask
            regions.place(small, self._config)
            self._placed, self._reduced = place, {}
        one_pass = self._filter == filters.STYLE and "style" not in recipes.recipe_of(self._filter, self._config)
        side = _FAST_SIDE if one_pass else _SIDE
        job, _title = prepare(self._filter, self._config, small, self._pictures, self._picture(side))
        job.recipe.update(size=side, iterations=_ITERATIONS)
        job.recipe.pop("budget", None)
        return job

    def _picture(self, side: int) -> bytes:
        if side not in self._reduced:
            samples, width, height = sources.thumbnail(self._small, side)
            self._reduced[side] = npy.pack(samples, width, height, 4, "u1")
        return self._reduced[side]

    def _leave_out(self, sentence: str) -> None:
        """Shows the picture as it is."""
        self._stop()
        self._note.set_text(sentence)
        self._show(pixbuf(*sources.thumbnail(self._source, _SIDE)))

    def _ask(self, job: jobs.Job) -> None:
        self._note.set_text("")
        self._spinner.start()
        self._request = Request(lambda client, tell: _carry_out(job, client, tell), self._hear)

    def _hear(self, event: dict[str, Any]) -> None:
        """Takes up what the backend says."""
        if event["type"] == "starting":
            self._note.set_text(jobs.status(event))
        elif event["type"] == "queued" and event["position"]:
            self._note.set_text(_("Waiting for the backend, which is busy"))
        elif event["type"] == "started":
            self._note.set_text("")
        elif event["type"] == "warning":
            self._note.set_text(event["message"])
        elif event["type"] == "preview":
            loader = GdkPixbuf.PixbufLoader()
            loader.write(event["png"])
            loader.close()
            self._show(loader.get_pixbuf())
        elif event["type"] == "result":
            self._spinner.stop()
            self._show(pixbuf(*event["picture"]))
        elif event["type"] == "failed":
            self._spinner.stop()
            self._note.set_text(event["message"])


def _carry_out(job: jobs.Job, client: Client, tell: Callable[[dict[str, Any]], None]) -> None:
    """The task of a thread."""
    _refuse_download(client, job.recipe)
    width, height = npy.unpack(job.content)[1:3]
    samples, _recipe = jobs.run(client, job, tell, previews=True, quick=True)
    tell({"type": "result", "picture": (bytes(samples), width, height)})


def _refuse_download(client: Client, recipe: dict[str, Any]) -> None:
    """Raises BackendError where the backend would have to fetch weights first: that is only done when OK is pressed."""
    one_pass = recipe.get("fast") and not recipe.get("style")
    if one_pass or recipe.get("method", "optimise") != "optimise":
        return
    named = any(dream.get("class_name") for dream in recipe.get("dream") or [])
    if recipe["network"] == "auto":
        fit = [row for row in client.networks() if "logits" in row["layers"] or not named]
    else:
        fit = [row for row in client.networks() if row["name"] == recipe["network"]]
    if fit and not any(row["available"] for row in fit):
        raise BackendError(_("No preview: the network's weights are not on this machine. Painting fetches them first."))
