"""The dialogs: they ask what is wanted, then stay, and show the picture coming into being."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import GimpUi, GLib, Gtk
from shared import filters, jobs
from shared.client import BackendError, Client
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Result, Source
from reverie_gimp.gimp import parasites, pixels
from reverie_gimp.job import painting, recent_styles, recipes, styles
from reverie_gimp.job.painting import Cancelled, Returned, Unfinished
from reverie_gimp.ui.controls import replace_button, where_controls
from reverie_gimp.ui.dream_panel import dream_panel
from reverie_gimp.ui.estimate import Estimate
from reverie_gimp.ui.notice import Notice, beside_buttons
from reverie_gimp.ui.panel import panel
from reverie_gimp.ui.preset_row import PresetRow
from reverie_gimp.ui.preview import Preview
from reverie_gimp.ui.request import Request
from reverie_gimp.ui.style_panel import style_panel
from reverie_gimp.ui.variations import Variations
from reverie_gimp.ui.while_painting import WhilePainting
from reverie_gimp.ui.widgets import loaded
from reverie_gimp.ui.window import RESET, furnish

if TYPE_CHECKING:
    from gi.repository import Gimp

_CONTROLS = {filters.STYLE: style_panel, filters.DREAM: dream_panel}


def ask_and_paint(
    title: str,
    filter_name: str,
    procedure: Gimp.Procedure,
    config: Gimp.ProcedureConfig,
    sources: list[Source],
    keep: Callable[[Result], None],
) -> list[str]:
    """Has the sources painted as the user wishes, as `painting.paint` does; returns what the backend warned of."""
    dialog = Dialog(title, filter_name, procedure, config, sources)
    try:
        dialog.ask(keep)
        return dialog.warnings
    finally:
        dialog.close()


class Dialog:
    def __init__(
        self,
        title: str,
        filter_name: str,
        procedure: Gimp.Procedure,
        config: Gimp.ProcedureConfig,
        sources: list[Source],
    ) -> None:
        self._filter, self._config, self._sources = filter_name, config, sources
        self._window = GimpUi.ProcedureDialog.new(procedure, config, title)
        self._part = 0, 1  # which of how many sources is being painted
        self._begun = 0.0  # when the first of them was, in seconds
        self._warnings: list[str] = []
        self._job: tuple[jobs.Job, Request, GLib.MainLoop] | None = None  # which is painted now
        self._returned = False  # from it to the settings
        self._meanwhile = WhilePainting(self._window, self._keep_this, self._go_back, self._stop)
        self._estimate = Estimate(filter_name, config, sources)
        self._notice = Notice(self._estimate.widget)
        self._refused = False  # whether it says why OK was refused
        self._presets = PresetRow(self._window, filter_name, config, self._say)
        self._controls, self._check, self._gallery = _CONTROLS[filter_name](
            self._window, config, self._say, sources[0], self._presets
        )
        self._controls += where_controls(self._window, config, sources[0])
        if sources[0].version is not None:
            self._controls.append(replace_button(sources[0]))
        if pixels.is_indexed(sources[0].image):
            self._controls.append(self._window.fill_box("reverie-indexed", ["convert-indexed"]))
        self._preview = Preview(
            filter_name,
            config,
            sources[0],
            self._check,
            lambda: not self._gallery.looks.busy,
            lambda: self._estimate.composed,
        )
        self._variations = Variations(filter_name, config, self._preview.small_job)
        self._vary = Gtk.ToggleButton(label=_("Variations"))
        self._vary.set_tooltip_text(_("Shows what other settings would make of the layer, to choose from"))
        self._vary.connect("toggled", lambda button: self._show_variations(button.get_active()))
        self._arrange()
        self._say(self._welcome())
        self._handler = config.connect("notify", lambda *given: self._mend())

    def _arrange(self) -> None:
        right = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._seen = Gtk.Stack()
        for part in (self._preview.widget, self._variations.widget):
            self._seen.add(part)
        right.pack_start(self._seen, True, True, 0)
        below = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        below.pack_start(self._preview.tools, True, True, 0)
        below.pack_start(self._vary, False, False, 0)
        below.pack_start(self._meanwhile.widget, False, False, 0)
        right.pack_start(below, False, False, 0)
        side_by_side = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        side_by_side.pack_start(panel(self._controls), False, False, 0)
        side_by_side.pack_start(right, True, True, 0)
        area = self._window.get_content_area()
        area.set_border_width(12)
        area.pack_start(side_by_side, True, True, 0)
        area.pack_start(self._presets.widget, False, False, 0)
        beside_buttons(self._notice.widget, self._window.get_widget_for_response(Gtk.ResponseType.OK))
        for part in (side_by_side, self._notice.widget):
            part.show_all()
        self._seen.set_visible_child(self._preview.widget)
        self._meanwhile.widget.set_visible(False)
        furnish(self._window, len(self._sources) > 1 or self._sources[0].frame is not None)

    def _show_variations(self, shown: bool) -> None:
        """In the place of the preview, which lets the backend paint them."""
        self._seen.set_visible_child(self._variations.widget if shown else self._preview.widget)
        self._preview.tools.set_sensitive(not shown)
        if shown:
            self._preview.pause()
            seen = self._seen.get_allocation()
            self._variations.open(seen.width, seen.height)
        else:
            self._variations.close()
            self._preview.resume()

    def _show_preview(self) -> None:
        self._vary.set_active(False)

    def _welcome(self) -> str:
        if pixels.is_indexed(self._sources[0].image):
            return _("This image is indexed, which has too few colours: tick “Convert the image to RGB” on the left.")
        if self._sources[0].version is not None:
            return (
                _("The settings are those of “%s”. The new version lies above it and hides it, or replaces it.")
                % self._sources[0].version.get_name()
            )
        if self._sources[0].frame is not None:
            return _("The frames become a new image; yours stays untouched.")
        if len(self._sources) > 1:
            return _("%d layers: a new one will lie above each. Yours stay untouched.") % len(self._sources)
        if parasites.origin(self._sources[0].layer) is not None:
            return (
                _("“%s” is a painting already, and is painted over. To paint its picture anew, use Edit Neural Style.")
                % self._sources[0].layer.get_name()
            )
        return _("A new layer will lie above yours, which stays untouched.")

    def ask(self, keep: Callable[[Result], None]) -> None:
        """Asks, and paints, and asks again where the user goes back to the settings. Raises Cancelled when the user
        gives up, and Unfinished when that, or a failure, comes after the first result."""
        while self._window.run():
            self._show_preview()
            self._preview.pause()
            try:
                self._check()
                used = styles.read(self._config) if self._filter == filters.STYLE else []  # as long as they are open
                self._begun, self._warnings = time.monotonic(), []
                painting.paint(self._filter, self._config, self._sources, self, keep)
                recent_styles.remember([each.value for each in used if each.kind == "file"])
                return
            except (Refusal, BackendError) as error:
                self._say(str(error))  # the dialog stays: what is wrong can perhaps be mended here
                self._refused = True
            except Returned:
                self._say(self._welcome())
            except Unfinished as rest:
                if not isinstance(rest.why, Returned):
                    raise
                self._say(str(rest))
            self._set_busy(False)
            self._preview.resume()
        raise Cancelled

    def _mend(self) -> None:
        """Something was changed, which the preview shows; what was wrong, and is not any more, is not said any
        longer."""
        self._show_preview()
        if not self._refused:
            return
        try:
            self._check()
            recipes.recipe_of(self._filter, self._config)
            self._say(self._welcome())
        except Refusal as error:
            self._say(str(error))
            self._refused = True

    def close(self) -> None:
        self._config.disconnect(self._handler)
        self._gallery.looks.close()
        self._preview.close()
        self._variations.close()
        self._estimate.close()
        self._window.destroy()

    def _set_busy(self, busy: bool) -> None:
        for control in [*self._controls, self._presets.widget]:
            control.set_sensitive(not busy)
        for response in (Gtk.ResponseType.OK, RESET):
            self._window.set_response_sensitive(response, not busy)
        self._gallery.looks.pause(busy)
        self._notice.set_busy(busy)
        self._meanwhile.widget.set_visible(busy)  # in the place of what turns the preview, so that nothing has to grow
        self._preview.tools.set_visible(not busy)
        self._vary.set_visible(not busy)
        self._estimate.widget.set_visible(not busy)

    def run(self, job: jobs.Job, source: Source, number: int, count: int) -> tuple[memoryview, dict[str, Any]]:
        """Runs a job, as painting.Runner has it, and shows what it tells. Raises Cancelled when Cancel is pressed, and
        Returned when the settings are wanted again."""
        self._part = number, count
        self._set_busy(True)
        self._say(_("Preparing “%s”…") % source.layer.get_name())
        self._notice.show_progress(number / count)
        loop, ends = GLib.MainLoop(), []

        def hear(event: dict[str, Any]) -> None:
            if event["type"] in ("result", "failed"):
                ends.append(event)
                loop.quit()
            else:
                self._hear(event)

        request = Request(lambda client, tell: tell(_result(client, job, tell)), hear)
        self._job, self._returned = (job, request, loop), False
        self._meanwhile.begin()
        handlers = [
            self._window.connect("response", self._respond),
            self._window.connect("delete-event", lambda *_: True),  # its response was heard; the window is needed yet
        ]
        loop.run()
        for handler in handlers:
            self._window.disconnect(handler)
        self._meanwhile.end()
        self._job = None
        if self._returned:
            raise Returned
        if request.dropped:
            raise Cancelled
        if ends[0]["type"] == "failed":
            raise BackendError(ends[0]["message"])
        return ends[0]["samples"], ends[0]["recipe"]

    def _respond(self, window: GimpUi.ProcedureDialog, response: int) -> None:
        """While it paints."""
        if response == Gtk.ResponseType.CANCEL:
            self._stop()
        elif response in (Gtk.ResponseType.CLOSE, Gtk.ResponseType.DELETE_EVENT):  # Esc, too
            self._meanwhile.ask_to_stop()

    def _stop(self) -> None:
        if self._job is not None:
            _job, request, loop = self._job
            request.drop()  # it lets its connection go, and the backend stops
            loop.quit()

    def _go_back(self) -> None:
        self._returned = True
        self._stop()

    def _keep_this(self) -> None:
        """The job ends with what there is, and its result is heard as any other."""
        if self._job is not None:
            number = self._job[0].number
            self._say(_("Taking the picture as it is…"))
            Request(lambda client, tell: client.finish(number), lambda event: self._say(event["message"]))

    def _hear(self, event: dict[str, Any]) -> None:
        """Shows an event of the job."""
        if event["type"] == "starting":
            self._say(_("Starting Reverie's backend, %d s. It stays ready for the next time.") % event["seconds"])
            self._notice.show_progress(None)
        elif event["type"] == "fetching":
            self._say(jobs.status(event))
            self._notice.show_progress(float(event["here"]) / event["total"])
        elif event["type"] == "queued" and event["position"]:
            self._say(jobs.status(event))
        elif event["type"] == "warning":
            self._warnings.append(event["message"])
        elif event["type"] == "started":
            self._say(_("Painting on %s…") % event["device"])
        elif event["type"] == "progress":
            here, total = self._part
            done = (here + event["fraction"]) / total
            self._notice.show_progress(done)
            if total == 1:
                self._say(_("Painting, %s.") % jobs.time_left(event["seconds_left"]))
            else:
                left = (time.monotonic() - self._begun) * (1 - done) / done
                self._say(_("Painting %d of %d, %s.") % (here + 1, total, jobs.time_left(left)))
        elif event["type"] == "preview":
            self._preview.show_painted(loaded(event["png"]))
            self._meanwhile.seen()

    def _say(self, text: str) -> None:
        self._refused = False
        self._notice.say("\n".join([text, *dict.fromkeys(self._warnings)]))

    @property
    def warnings(self) -> list[str]:
        """What the backend warned of while it painted, each sentence once."""
        return list(dict.fromkeys(self._warnings))


def _result(client: Client, job: jobs.Job, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """The task of a thread."""
    samples, recipe = jobs.run(client, job, tell, previews=True)
    return {"type": "result", "samples": samples, "recipe": recipe}
