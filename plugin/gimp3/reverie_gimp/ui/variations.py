"""Pictures of the layer by settings a step away from those that are set: whoever clicks on one takes its settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import GLib, Gtk
from shared import jobs
from shared.client import BackendError
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.job import variations
from reverie_gimp.job.variations import Variation
from reverie_gimp.ui.picture import Picture
from reverie_gimp.ui.request import Request
from reverie_gimp.ui.small_jobs import carry_out
from reverie_gimp.ui.widgets import muted, pixbuf

if TYPE_CHECKING:
    from gi.repository import Gimp

_SPACING = 6  # pixels
_CAPTION = 30  # pixels, with what is around it
_LEAST = 120  # pixels of a picture's height


class Variations:
    """`widget` shows them, from `open` to `close`. `job` makes the small job of what arguments say, and raises Refusal
    or BackendError while something is missing."""

    def __init__(
        self, filter_name: str, config: Gimp.ProcedureConfig, job: Callable[[Gimp.ProcedureConfig], jobs.Job]
    ) -> None:
        self._filter, self._config, self._job = filter_name, config, job
        self._left: list[tuple[Variation, Picture]] = []  # those that are not painted yet
        self._request: Request | None = None
        self._offered: list[Variation] = []
        self._note = muted(Gtk.Label(xalign=0.0, wrap=True, max_width_chars=70))
        self._room = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.widget.pack_start(self._room, True, True, 0)
        self.widget.pack_start(self._note, False, False, 0)

    def open(self, width: int, height: int) -> None:
        """Offers the variations of what is set now, in that room, and has them painted one after the other."""
        self.close()
        try:
            self._offered = variations.of(self._filter, self._config)
        except Refusal as error:
            self._note.set_text(str(error))
            return
        columns, size = _arranged(len(self._offered), width, height)
        flow = self._made_flow(columns)
        for each in self._offered:
            picture = Picture(*size)
            box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
            box.pack_start(picture.widget, False, False, 0)
            box.pack_start(Gtk.Label(label=each.title), False, False, 0)
            child = Gtk.FlowBoxChild()
            child.add(box)
            child.get_accessible().set_name(each.title)
            flow.add(child)
            self._left.append((each, picture))
        self._room.add(flow)
        self._room.show_all()
        flow.get_children()[0].grab_focus()  # so that keys choose, too
        self._note.set_text(_("Click on the one that you like; its settings are then set."))
        self._go_on()

    def close(self) -> None:
        """Lets go what is being painted."""
        if self._request is not None:
            self._request.drop()
            self._request = None
        self._left, self._offered = [], []
        if self._room.get_child() is not None:
            self._room.get_child().destroy()

    def _made_flow(self, columns: int) -> Gtk.FlowBox:
        flow = Gtk.FlowBox(selection_mode=Gtk.SelectionMode.NONE, homogeneous=True, column_spacing=_SPACING)
        flow.set_max_children_per_line(columns)
        flow.set_min_children_per_line(columns)
        flow.set_valign(Gtk.Align.START)
        flow.set_tooltip_text(_("Pictures of what other settings would make of the layer"))
        flow.get_accessible().set_name(_("Variations"))
        flow.connect("child-activated", lambda flow, child: GLib.idle_add(self._choose, child.get_index()))
        return flow

    def _go_on(self) -> None:
        if not self._left:
            return
        variation, picture = self._left.pop(0)
        try:
            job = self._job(self._changed(variation))
        except (Refusal, BackendError) as error:
            self._fail(str(error))
            return
        self._request = Request(
            lambda client, tell: carry_out(job, client, tell), lambda event: self._hear(event, picture)
        )

    def _hear(self, event: dict[str, Any], picture: Picture) -> None:
        if event["type"] == "result":
            picture.show(pixbuf(*event["picture"]))
            self._go_on()
        elif event["type"] == "failed":
            self._fail(event["message"])

    def _fail(self, sentence: str) -> None:
        self._left = []  # the others would fail as well
        self._note.set_text(sentence)

    def _changed(self, variation: Variation) -> Gimp.ProcedureConfig:
        """The arguments as they would be."""
        changed = self._config.get_procedure().create_config()
        for spec in self._config.get_procedure().get_arguments():
            if changed.find_property(spec.get_name()):
                changed.set_property(spec.get_name(), self._config.get_property(spec.get_name()))
        for name, value in variation.changes.items():
            changed.set_property(name, value)
        return changed

    def _choose(self, index: int) -> bool:
        for name, value in self._offered[index].changes.items():
            self._config.set_property(name, value)
        return GLib.SOURCE_REMOVE


def _arranged(count: int, width: int, height: int) -> tuple[int, tuple[int, int]]:
    """(In how many columns, how large each picture may be) so that they are as large as they can be in that room."""
    best = 1, (0, 0)
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        across, down = width // columns - 2 * _SPACING, max(_LEAST, height // rows - _CAPTION - _SPACING)
        size = min(across, down * 4 // 3), min(down, across * 3 // 4)
        best = max(best, (columns, size), key=lambda each: each[1])
    return best
