"""What a dialog offers while it paints: to keep the picture as it is, or to go back to the settings; and what it asks
before much of it is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gi.repository import Gtk
from shared.words import _

if TYPE_CHECKING:
    from gi.repository import GimpUi

_MUCH = 20.0  # seconds of painting that nobody wants to lose by a stray key
_STOP, _KEEP = 1, 2  # responses of the question


class WhilePainting:
    """`widget` has the buttons. `keep` takes the picture as it is, `back` and `stop` give it up."""

    def __init__(
        self,
        window: GimpUi.ProcedureDialog,
        keep: Callable[[], None],
        back: Callable[[], None],
        stop: Callable[[], None],
    ) -> None:
        self._window, self._keep, self._stop = window, keep, stop
        self._begun = 0.0
        self._taken = False
        self._question: Gtk.MessageDialog | None = None
        self._keeper = Gtk.Button(label=_("_Keep this"), use_underline=True)
        self._keeper.set_tooltip_text(_("End here, and take the picture as it is, at the layer's size"))
        self._keeper.connect("clicked", lambda button: self._take())
        returner = Gtk.Button(label=_("_Back to the settings"), use_underline=True)
        returner.set_tooltip_text(_("Give this picture up, and change the settings"))
        returner.connect("clicked", lambda button: back())
        self.widget = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6, halign=Gtk.Align.END)
        for button in (self._keeper, returner):
            self.widget.pack_start(button, False, False, 0)

    def begin(self) -> None:
        """A picture is begun: there is none to keep as yet."""
        self._begun, self._taken = time.monotonic(), False
        self._keeper.set_sensitive(False)

    def seen(self) -> None:
        """There is a picture by now."""
        self._keeper.set_sensitive(not self._taken)

    def end(self) -> None:
        """The picture is there, or given up: nothing is left to ask."""
        if self._question is not None:
            self._question.destroy()
            self._question = None

    def ask_to_stop(self) -> None:
        """Esc was pressed, or the window closed: stops, but asks first where much would be lost."""
        spent = time.monotonic() - self._begun
        if spent < _MUCH:
            self._stop()
            return
        if self._question is not None:
            return
        question = Gtk.MessageDialog(
            transient_for=self._window,
            modal=True,
            message_type=Gtk.MessageType.QUESTION,
            text=_("Stop painting?"),
            secondary_text=_("It has been painted for %d seconds. The picture so far is lost, unless you keep it.")
            % spent,
        )
        question.add_button(_("_Stop"), _STOP)
        if self._keeper.get_sensitive():
            question.add_button(_("_Keep this"), _KEEP)
        question.add_button(_("_Go on painting"), Gtk.ResponseType.CLOSE)
        question.set_default_response(Gtk.ResponseType.CLOSE)
        question.connect("response", self._answered)
        self._question = question
        question.show()

    def _answered(self, question: Gtk.MessageDialog, response: int) -> None:
        self.end()
        if response == _STOP:
            self._stop()
        elif response == _KEEP:
            self._take()

    def _take(self) -> None:
        self._taken = True  # once is enough
        self._keeper.set_sensitive(False)
        self._keep()
