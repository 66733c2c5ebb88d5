"""A preview of what a filter would make of the picture, which follows the controls of its dialog.

A moment after the last change the backend is asked, in a thread; a newer request lets the older one go, whose job the
backend then ends. First comes what is painted in one pass, then what the chosen brushwork itself makes of it. Weights
are never fetched for it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import GdkPixbuf, GLib, Gtk
from shared import filters, jobs
from shared.client import BackendError
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Rectangle, Source
from reverie_gimp.gimp import pixels, sources
from reverie_gimp.job import previews, recipes, regions, styles
from reverie_gimp.job.pictures import Pictures
from reverie_gimp.ui.canvas import Canvas, Placed
from reverie_gimp.ui.request import Request
from reverie_gimp.ui.small_jobs import carry_out
from reverie_gimp.ui.widgets import loaded, muted, pixbuf

if TYPE_CHECKING:
    from gi.repository import Gimp

_DELAY = 150  # milliseconds of rest before it begins
_UNIT = 64  # pixels, by which the size of a preview goes
_POLL = 100  # milliseconds after which it is looked again whether others are done
_MOST = 1024  # pixels of what is painted to be seen as a whole, the longest side
_COMPOSED = 768  # pixels: as large a picture may be composed, until the backend has said how large

#: What is seen, by whether it is a part of the layer, and painted in one pass beforehand.
_SAID = {
    (False, True): _("A first look, in one pass"),
    (False, False): _("Painted small. At 100 % you see the strokes that the layer gets."),
    (True, True): _("This part in one pass, with strokes as large as the layer gets them"),
    (True, False): _(
        "This part as the layer gets it; its colours are found in this part alone, and may differ a little."
    ),
}


class Preview:
    """`widget` shows the layer and what becomes of it; `check` raises Refusal while something is missing; `quiet` says
    whether nothing else is being painted for the dialog; `composed` at how many pixels, the longest side, the backend
    would compose the picture, None while that is not known."""

    def __init__(
        self,
        filter_name: str,
        config: Gimp.ProcedureConfig,
        source: Source,
        check: Callable[[], None],
        quiet: Callable[[], bool],
        composed: Callable[[], int | None],
    ) -> None:
        self._filter, self._config, self._source = filter_name, config, source
        self._check, self._quiet, self._composed = check, quiet, composed
        self._pictures = Pictures(source.image)  # as they were when they were first seen
        self._placed = copy.copy(source)
        self._place: dict[str, Any] | None = None  # the arguments by which it has its place
        self._shown: list[Any] | None = None  # what the preview that is shown, or on its way, is of
        self._steps: list[jobs.Job] = []  # what is painted one after the other
        self._whole: Placed | None = None  # the last picture of all of it
        self._timer: int | None = None
        self._paused = False
        self._request: Request | None = None
        self.canvas = Canvas(source.area[2:], self._moved)
        self.widget = self._arranged()
        self._handler = config.connect("notify", lambda *given: self._wait())
        self._wait()

    def _arranged(self) -> Gtk.Box:
        self._button = Gtk.CheckButton(label=_("_Quick preview"), use_underline=True, active=True)
        self._button.set_tooltip_text(_("Shows roughly what comes of these settings, whenever you change one"))
        self._button.connect("toggled", lambda button: self._wait())
        actual = Gtk.ToggleButton(label=_("100 %"))
        actual.set_tooltip_text(
            _("Each pixel of the layer as one of the screen; drag, or use the arrow keys, to move it")
        )
        actual.connect("toggled", lambda button: self.canvas.show_actual(button.get_active()))
        split = Gtk.ToggleButton(label=_("Before and after"))
        split.set_tooltip_text(_("The layer as it is beside what it becomes; drag the line between them"))
        split.connect("toggled", lambda button: self.canvas.show_split(button.get_active()))
        self._spinner = Gtk.Spinner()
        self._tools = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        for part in (self._button, actual, split, self._spinner):
            self._tools.pack_start(part, False, False, 0)
        self._note = muted(Gtk.Label(xalign=0.0, yalign=0.0, wrap=True, width_chars=30, max_width_chars=70))
        self._note.set_size_request(-1, 2 * self._note.create_pango_layout("X").get_pixel_size()[1])
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        box.pack_start(self.canvas.widget, True, True, 0)
        box.pack_start(self._note, False, False, 0)
        return box

    @property
    def tools(self) -> Gtk.Box:
        """What turns it off and on, and says how it is seen."""
        return self._tools

    def pause(self) -> None:
        """Lets go what runs, and begins nothing more; the picture stays."""
        self._paused = True
        self._stop()
        self._note.set_text("")

    def resume(self) -> None:
        self._paused = False
        self._wait()

    def close(self) -> None:
        self._paused = True
        self._stop()
        self._config.disconnect(self._handler)

    def small_job(self, config: Gimp.ProcedureConfig) -> jobs.Job:
        """A small job of all of the picture by other arguments, in one pass where that can be. Raises Refusal or
        BackendError while something is missing."""
        self._check()
        self._find_place()
        job = previews.whole(self._filter, config, self._placed, self._pictures, previews.ONE_PASS_SIDE)
        return previews.in_one_pass(job) or job

    def show_painted(self, picture: GdkPixbuf.Pixbuf) -> None:
        """All of the picture, as it is being painted."""
        self.canvas.show_after(Placed(picture, self._all))

    @property
    def _all(self) -> Rectangle:
        return (0, 0, *self._placed.area[2:])

    # --- when ---------------------------------------------------------------------------------------------------------

    def _moved(self) -> None:
        """Another part is to be seen, or another size of it."""
        self._wait()

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
        self._steps, self._shown = [], None
        self._spinner.stop()

    def _begin(self) -> bool:
        """Asks for the preview of what is set now, unless that is the one which is shown."""
        self._timer = None
        if self._paused or not self._source.layer.is_valid():  # OK says that it is closed
            return GLib.SOURCE_REMOVE
        try:
            self._find_place()
            self._show_layer()
            if not self._button.get_active():
                self._leave_out("")
                return GLib.SOURCE_REMOVE
            wanted = self._wanted()
            if wanted != self._shown:
                self._stop()
                self._steps = self._jobs()
                self._shown = wanted
                self._note.set_text("")
                self._spinner.start()
                self._go_on()
        except (Refusal, BackendError) as error:  # no style as yet, or one that is gone
            self._leave_out(str(error))
        return GLib.SOURCE_REMOVE

    def _go_on(self, later: bool = False) -> bool:
        """Begins the next step: after the first, once nothing else is painted that one waits for."""
        self._timer = None
        if later and not self._quiet():
            self._timer = GLib.timeout_add(_POLL, self._go_on, True)
            return GLib.SOURCE_REMOVE
        job, first, area = self._steps.pop(0), bool(self._steps), self.canvas.part
        self._request = Request(
            lambda client, tell: carry_out(job, client, tell), lambda event: self._hear(event, first, area)
        )
        return GLib.SOURCE_REMOVE

    # --- what ---------------------------------------------------------------------------------------------------------

    def _wanted(self) -> list[Any]:
        """What a preview depends on. Raises Refusal when something is missing."""
        self._check()
        chosen = styles.read(self._config) if self._filter == filters.STYLE else []
        indexed = pixels.is_indexed(self._source.image) and not self._config.get_property("convert-indexed")
        guide = self._config.get_property("dream-guide")
        recipe, part = recipes.recipe_of(self._filter, self._config), self.canvas.part
        for name in () if part else ("detail", "size", "iterations"):  # it has its own
            recipe.pop(name, None)
        view = [part, self._composed()] if part else [self._side()]
        return [recipe, chosen, guide, self._place_wanted(), indexed, view]

    def _place_wanted(self) -> dict[str, Any]:
        """The arguments that say where the picture is painted."""
        names = [name for name in ("regions", "regions-of", "grow", "feather") if self._config.find_property(name)]
        return {name: self._config.get_property(name) for name in names}

    def _find_place(self) -> None:
        """Sets where the picture is painted; what is in GIMP is not read again whenever a slider moves."""
        place = self._place_wanted()
        if self._place != place:
            mapped = bool(regions.items_of(self._config, self._source))  # other masks are not seen in a preview
            self._placed.selected = mapped and self._source.selected
            self._placed.keeps_mask = mapped and self._source.keeps_mask
            regions.place(self._placed, self._config)
            self._place, self._whole = place, None
            self.canvas.set_size(self._placed.area[2:])

    def _jobs(self) -> list[jobs.Job]:
        """What is painted one after the other."""
        what = self._filter, self._config, self._placed, self._pictures
        area = self.canvas.part
        if area is not None:
            job = previews.part(*what, area, self._composed() or _COMPOSED)
            first = previews.in_one_pass(job)
            return [job] if first is None else [first, job]
        first = previews.in_one_pass(previews.whole(*what, previews.ONE_PASS_SIDE))
        job = previews.whole(*what, self._side())
        return [job] if first is None else [first, job]

    def _side(self) -> int:
        """The longest side, in pixels of the screen, at which all of it is seen."""
        width, height = self._placed.area[2:]
        scale = min(seen / side for seen, side in zip(self.canvas.pixels, (width, height), strict=True))
        seen = -(-scale * max(width, height) // _UNIT) * _UNIT  # a line of text more or less makes no other picture
        return int(min(seen, _MOST, max(width, height)))

    def _show_layer(self) -> None:
        """The layer as it is."""
        shown = [Placed(pixbuf(*sources.thumbnail(self._placed, self._side())), self._all)]
        part = self.canvas.part
        if part is not None:
            x, y, width, height = part
            own = (self._placed.area[0] + x, self._placed.area[1] + y, width, height)
            shown.append(Placed(pixbuf(*pixels.thumbnail(self._source.layer, own, max(width, height))), part))
        self.canvas.show_before(*shown)

    def _leave_out(self, sentence: str) -> None:
        """Shows the picture as it is."""
        self._stop()
        self._note.set_text(sentence)
        self._whole = None
        self.canvas.show_after()

    def _hear(self, event: dict[str, Any], first: bool, area: Rectangle | None) -> None:
        """Takes up what the backend says of a step."""
        if event["type"] == "starting":
            self._note.set_text(jobs.status(event))
        elif event["type"] == "queued" and event["position"]:
            self._note.set_text(_("Waiting for the backend, which is busy"))
        elif event["type"] == "warning":
            self._note.set_text(event["message"])
        elif event["type"] == "preview" and not first:
            self._show(loaded(event["png"]), area)
        elif event["type"] == "result":
            self._show(pixbuf(*event["picture"]), area)
            self._note.set_text(_SAID[area is not None, first])
            if self._steps:
                self._go_on(later=True)
            else:
                self._spinner.stop()
        elif event["type"] == "failed":
            self._spinner.stop()
            self._note.set_text(event["message"])

    def _show(self, picture: GdkPixbuf.Pixbuf, area: Rectangle | None) -> None:
        if area is None:
            self._whole = Placed(picture, self._all)
        there = [each for each in (self._whole, None if area is None else Placed(picture, area)) if each is not None]
        self.canvas.show_after(*there)
