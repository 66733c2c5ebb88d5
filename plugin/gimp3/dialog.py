"""The dialogs: they ask what is wanted, then stay, and show the picture coming into being."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import chosen
import frames
import layers
import orders
import pixels
from choosers import pixbuf
from dream_panel import dream_panel
from duration import Duration
from gi.repository import Gdk, GdkPixbuf, GimpUi, GLib, Gtk
from panels import replace_button, style_panel, where_controls
from preset_row import preset_row
from preview import Preview
from shared import filters, launcher, work
from shared.client import BackendError
from shared.refusals import Refusal
from shared.words import _
from styles import remember

if TYPE_CHECKING:
    from gi.repository import Gimp

_PREVIEW = 420
_AROUND = 180  # pixels that a desktop and the rest of the dialog need above and below the controls
_RESET = 1  # GIMP's own response
_BUTTONS = {
    Gtk.ResponseType.OK: _("Paint the layer like this"),
    Gtk.ResponseType.CANCEL: _("Stop, and leave the image as it is"),
    _RESET: _("Set everything back to what it was at first, or when the dialog was opened"),
}
_CONTROLS = {filters.STYLE: style_panel, filters.DREAM: dream_panel}

Outcome = tuple[memoryview, dict[str, Any]] | Exception  # of a job: the samples and the recipe as carried out


class Stopped(Exception):
    """The user pressed Cancel while a job ran."""


def ask_and_paint(
    title: str, filter_name: str, procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, sources: list[layers.Source]
) -> tuple[list[layers.Result] | None, list[str]]:
    """(The results of a filter for each source, None when the user cancels; what the backend warned of)."""
    dialog = _Dialog(title, filter_name, procedure, config, sources)
    try:
        return dialog.run(), dialog.warnings
    except Stopped:
        return None, []
    finally:
        dialog.close()


class _Dialog:
    def __init__(
        self,
        title: str,
        filter_name: str,
        procedure: Gimp.Procedure,
        config: Gimp.ProcedureConfig,
        sources: list[layers.Source],
    ) -> None:
        self._filter, self._config, self._sources = filter_name, config, sources
        self._window = GimpUi.ProcedureDialog.new(procedure, config, title)
        self._part = 0, 1  # which of how many sources is being painted
        self._begun = 0.0  # when the first of them was, in seconds
        self._warnings: list[str] = []
        self._picture = Gtk.Image(valign=Gtk.Align.START)
        self._note = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=50)
        self._bar = Gtk.ProgressBar(show_text=False)
        self._duration = Duration(filter_name, config, sources)
        self._controls, self._check = _CONTROLS[filter_name](self._window, config, self._say, self._duration.widget)
        self._controls += where_controls(self._window, config, sources[0])
        if sources[0].version is not None:
            self._controls.append(replace_button(sources[0]))
        if pixels.is_indexed(sources[0].image):
            self._controls.append(self._window.fill_box("reverie-indexed", ["convert-indexed"]))
        self._presets = preset_row(self._window, filter_name, config, self._say)
        self._preview = Preview(filter_name, config, sources[0], self._check, self._show)
        self._arrange()
        self._show(pixbuf(*sources[0].thumbnail(_PREVIEW)))
        self._say(self._welcome())

    def _arrange(self) -> None:
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        for control in self._controls:
            left.pack_start(control, False, False, 0)
        right = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        right.pack_start(self._picture, False, False, 0)
        right.pack_start(self._preview.widget, False, False, 0)
        right.pack_end(self._bar, False, False, 0)
        right.pack_end(self._note, False, False, 0)
        side_by_side = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12)
        side_by_side.pack_start(_scrolled(left), True, True, 0)
        side_by_side.pack_start(right, False, False, 0)
        area = self._window.get_content_area()
        area.set_border_width(12)
        area.pack_start(side_by_side, True, True, 0)
        area.pack_start(self._presets, False, False, 0)
        side_by_side.show_all()
        self._bar.set_visible(False)
        _hide_help(self._window)
        for response, told in _BUTTONS.items():
            self._window.get_widget_for_response(response).set_tooltip_text(told)

    def _welcome(self) -> str:
        if pixels.is_indexed(self._sources[0].image):
            return _("This image is indexed, which has too few colours: tick “Convert the image to RGB” on the left.")
        if self._sources[0].version is not None:
            return _(
                "The settings are those of the selected layer. The new version lies above it, unless it replaces it."
            )
        if self._sources[0].frame is not None:
            return _("The frames become a new image; yours stays untouched.")
        if len(self._sources) > 1:
            return _("%d layers: a new one will lie above each. Yours stay untouched.") % len(self._sources)
        return _("A new layer will lie above yours, which stays untouched.")

    def run(self) -> list[layers.Result] | None:
        """Asks and paints; returns the results, None when the user gives up. Raises Stopped while it paints."""
        while self._window.run():
            self._preview.pause()
            try:
                self._check()
                sources, pictures = frames.wanted(self._sources, self._config), chosen.Pictures()
                results: list[layers.Result] = []
                styles = chosen.read(self._config) if self._filter == filters.STYLE else []  # as long as they are open
                self._begun, self._warnings = time.monotonic(), []
                for source in sources:
                    self._part = len(results), len(sources)
                    results.append(self._paint(source, pictures))
                remember([each.value for each in styles if each.kind == "file"])
                return results
            except (Refusal, BackendError) as error:
                self._say(str(error))  # the dialog stays: what is wrong can perhaps be mended here
                self._set_busy(False)
                self._preview.resume()
        return None

    def close(self) -> None:
        self._preview.close()
        self._duration.close()
        self._window.destroy()

    def _set_busy(self, busy: bool) -> None:
        for control in [*self._controls, self._preview.widget, self._presets]:
            control.set_sensitive(not busy)
        for response in (Gtk.ResponseType.OK, _RESET):
            self._window.set_response_sensitive(response, not busy)
        self._bar.set_visible(busy)

    def _paint(self, source: layers.Source, pictures: chosen.Pictures) -> layers.Result:
        """Runs a job in a thread, which touches neither GIMP nor GTK, and shows what it tells. Returns its result."""
        order, name = orders.order(self._filter, self._config, source, pictures)
        origin = orders.origin(self._filter, self._config, source)
        self._set_busy(True)
        self._say(_("Preparing “%s”…") % source.layer.get_name())
        self._bar.set_fraction(self._part[0] / self._part[1])
        stopped, loop = threading.Event(), GLib.MainLoop()
        outcome: queue.Queue[Outcome] = queue.Queue()

        def stop(window: GimpUi.ProcedureDialog, response: int) -> None:
            if response in (Gtk.ResponseType.CANCEL, Gtk.ResponseType.CLOSE, Gtk.ResponseType.DELETE_EVENT):
                stopped.set()
                loop.quit()

        handlers = [
            self._window.connect("response", stop),
            self._window.connect("delete-event", lambda *_: True),  # its response was heard; the window is needed yet
        ]
        threading.Thread(target=_carry_out, args=(order, self._hear, stopped, outcome, loop), daemon=True).start()
        loop.run()
        for handler in handlers:
            self._window.disconnect(handler)
        if stopped.is_set():
            raise Stopped  # the thread notices, lets its connection go, and the backend stops
        result = outcome.get()
        if isinstance(result, Exception):
            raise result
        samples, recipe = result
        return layers.Result(source, samples, name, recipe, origin)

    def _hear(self, event: dict[str, Any]) -> bool:
        """Shows an event of the job; called on the main thread."""
        if event["type"] == "starting":
            self._say(_("Starting Reverie's backend, %d s. It stays ready for the next time.") % event["seconds"])
            self._bar.pulse()
        elif event["type"] == "fetching":
            self._say(work.status(event))
            self._bar.set_fraction(float(event["here"]) / event["total"])
        elif event["type"] == "queued" and event["position"]:
            self._say(work.status(event))
        elif event["type"] == "warning":
            self._warnings.append(event["message"])
        elif event["type"] == "started":
            self._say(_("Painting on %s…") % event["device"])
        elif event["type"] == "progress":
            here, total = self._part
            done = (here + event["fraction"]) / total
            self._bar.set_fraction(done)
            if total == 1:
                self._say(_("Painting, %s.") % work.time_left(event["seconds_left"]))
            else:
                left = (time.monotonic() - self._begun) * (1 - done) / done
                self._say(_("Painting %d of %d, %s.") % (here + 1, total, work.time_left(left)))
        elif event["type"] == "preview":
            loader = GdkPixbuf.PixbufLoader()
            loader.write(event["png"])
            loader.close()
            self._show(loader.get_pixbuf())
        return GLib.SOURCE_REMOVE

    def _show(self, picture: GdkPixbuf.Pixbuf) -> None:
        factor = _PREVIEW / max(picture.get_width(), picture.get_height())
        width, height = (max(1, round(side * factor)) for side in (picture.get_width(), picture.get_height()))
        self._picture.set_from_pixbuf(picture.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR))

    def _say(self, text: str) -> None:
        self._note.set_text("\n".join([text, *dict.fromkeys(self._warnings)]))

    @property
    def warnings(self) -> list[str]:
        """What the backend warned of while it painted, each sentence once."""
        return list(dict.fromkeys(self._warnings))


def _scrolled(box: Gtk.Box) -> Gtk.ScrolledWindow:
    """The controls as high as they like, as far as the screen allows."""
    most = max(300, Gdk.Display.get_default().get_monitor(0).get_workarea().height - _AROUND)
    scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
    scrolled.add(box)

    def fit() -> bool:
        scrolled.set_min_content_height(min(most, box.get_preferred_height()[1]))
        return GLib.SOURCE_REMOVE

    box.connect("size-allocate", lambda *given: GLib.idle_add(fit))
    return scrolled


def _hide_help(window: GimpUi.ProcedureDialog) -> None:
    """GIMP's button would look for a page of GIMP's own manual, where there is none."""
    button = window.get_widget_for_response(Gtk.ResponseType.HELP)
    if button is not None:
        button.set_no_show_all(True)
        button.hide()


def _carry_out(
    order: work.Order,
    hear: Callable[[dict[str, Any]], bool],
    stopped: threading.Event,
    outcome: queue.Queue[Outcome],
    loop: GLib.MainLoop,
) -> None:
    """The thread of a job: puts its result, or the exception that ended it, into `outcome`."""

    def tell(event: dict[str, Any]) -> None:
        if stopped.is_set():
            raise Stopped
        GLib.idle_add(hear, event)

    try:
        client = launcher.connect(lambda seconds: tell({"type": "starting", "seconds": seconds}))
        outcome.put(work.carry_out(client, order, tell, previews=True))
    except Exception as error:  # carried over to the main thread, which raises it there
        outcome.put(error)
    GLib.idle_add(loop.quit)
