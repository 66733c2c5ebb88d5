"""The first dialog where the plug-in came alone, in a zip: it says what is missing, and sets it up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from gi.repository import Gdk, GimpUi, GLib, Gtk, Pango
from shared import faults, set_up
from shared.client import spoken
from shared.words import _

from reverie_gimp.job.painting import Cancelled
from reverie_gimp.ui.widgets import dress

_WIDTH = 64  # characters of a line
_REMOVE = 1  # a response
_STEPS = {  # by what the installer calls them
    "Looking at this machine and its environment": _("Looking at this computer…"),
    "Ending the running backend": _("Making room for the backend…"),
    "Deleting the old environment": _("Making room for the backend…"),
    "Deleting what is needed no longer": _("Installing the backend…"),
    "Making the environment": _("Making room for the backend…"),
    "Looking for PyTorch's own package index": _("Looking up what is needed…"),
    "Looking up what is to be fetched": _("Looking up what is needed…"),
    "Asking how large that is": _("Looking up what is needed…"),
    "Installing the packages": _("Fetching the packages…"),
    "Installing the command reverie": _("Installing the backend…"),
    "Looking whether all is there": _("Installing the backend…"),
    "Setting up the service": _("Installing the backend…"),
    "Adding up what it takes of the disk": _("Installing the backend…"),
}
_UNPACKING = "Installing "  # how the installer says what pip does then


def ensure() -> None:
    """Has the backend set up where it is wanted. Raises Cancelled when the user does without."""
    if not set_up.is_wanted():
        return
    dialog = SetUpDialog()
    try:
        dialog.ask()
    finally:
        dialog.close()


class SetUpDialog:
    def __init__(self) -> None:
        self._window = Gtk.Dialog(title="Reverie", resizable=False)
        self._loop = GLib.MainLoop()
        self._python = ""  # which sets it up
        self._plan: dict[str, Any] = {}
        self._installer: set_up.Installer | None = None  # while it runs
        self._begun, self._fetching = 0.0, set_up.Fetching(0)  # when it was started, in seconds, and how far it is
        self._is_update = False  # of a backend that is there in another version
        self._is_there = False  # the backend, in the end
        self._next: Callable[[], None] = self._look  # what the first button does
        self._leave: Callable[[], None] = self._loop.quit
        self._heading = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=_WIDTH)
        dress(self._heading, b"label { font-weight: bold; }")
        self._text = Gtk.Label(xalign=0.0, wrap=True, width_chars=_WIDTH, max_width_chars=_WIDTH)
        self._command = _selectable()
        self._bar = Gtk.ProgressBar()
        self._note = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=_WIDTH)
        self._said = _selectable()
        self._details = Gtk.Expander(label=_("_Details"), use_underline=True)
        self._arrange()

    def _arrange(self) -> None:
        dress(self._command, b"label { font-family: monospace; }")
        copy = Gtk.Button(label=_("_Copy"), use_underline=True, valign=Gtk.Align.CENTER)
        copy.connect("clicked", lambda button: self._copy())
        self._terminal = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self._terminal.pack_start(self._command, True, True, 0)
        self._terminal.pack_start(copy, False, False, 0)
        log = Gtk.ScrolledWindow(min_content_height=140)
        log.add(self._said)
        self._details.add(log)
        area = self._window.get_content_area()
        area.set_border_width(12)
        area.set_spacing(12)
        for part in (self._heading, self._text, self._terminal, self._bar, self._note, self._details):
            part.show_all()
            area.pack_start(part, False, False, 0)
        self._remover = self._window.add_button("", _REMOVE)
        self._closer = self._window.add_button("", Gtk.ResponseType.CANCEL)
        self._doer = self._window.add_button("", Gtk.ResponseType.OK)
        for button in (self._remover, self._closer, self._doer):
            button.set_use_underline(True)
        self._window.set_default_response(Gtk.ResponseType.OK)
        self._window.connect("response", self._respond)
        self._window.connect("delete-event", lambda *given: True)  # its response was heard

    def ask(self) -> None:
        """Stays until the backend is there. Raises Cancelled when the user does without."""
        timer = GLib.timeout_add(100, self._pulse)
        self._look()
        GimpUi.window_set_transient(self._window)
        self._window.show()
        self._loop.run()
        GLib.source_remove(timer)
        if not self._is_there:
            raise Cancelled

    def close(self) -> None:
        if self._installer is not None:
            self._installer.cancel()
        self._window.destroy()

    def _respond(self, window: Gtk.Dialog, response: int) -> None:
        if response == Gtk.ResponseType.OK:
            self._next()
        elif response == _REMOVE:
            self._remove()
        else:  # Esc, too
            self._leave()

    def _show(
        self,
        heading: str,
        text: str,
        *,
        do: str = "",
        close: str = "",
        remove: str = "",
        busy: bool = False,
        leave: Callable[[], None] | None = None,
    ) -> None:
        """A page: what it says, and its buttons; `leave` is what the one that closes does, if it does not close."""
        self._leave = leave or self._loop.quit
        self._heading.set_text(heading)
        self._text.set_text(text)
        self._text.set_visible(bool(text))
        for part, shown in ((self._bar, busy), (self._note, busy), (self._terminal, False), (self._details, False)):
            part.set_visible(shown)
        for button, label in ((self._doer, do), (self._closer, close), (self._remover, remove)):
            button.set_label(label)
            button.set_visible(bool(label))
        self._bar.set_fraction(0.0)
        self._note.set_text("")
        (self._doer if do else self._closer).grab_focus()

    def _look(self) -> None:
        """Finds out what can be done on this computer."""
        self._show(_("Looking at this computer…"), "", close=_("_Cancel"), busy=True)

        def look() -> None:
            try:
                self._python = set_up.interpreter()
                told = list(set_up.Installer(self._python, "plan").events())[-1]
                GLib.idle_add(self._offer if told["type"] == "plan" else self._fail, told)
            except set_up.Obstacle as obstacle:
                GLib.idle_add(self._hinder, obstacle)
            except Exception as error:  # nobody may be left waiting
                GLib.idle_add(self._fail, {"message": faults.told(error)})

        threading.Thread(target=look, daemon=True).start()

    def _pulse(self) -> bool:
        """Moves the bar as long as it has nothing to tell."""
        if self._bar.get_visible() and not self._bar.get_fraction():
            self._bar.pulse()
        return GLib.SOURCE_CONTINUE

    def _hinder(self, obstacle: set_up.Obstacle) -> None:
        self._next = self._look
        text = "%s\n\n%s" % (obstacle, _("In a terminal, this does it:"))
        self._show(_("Reverie's backend is not on this computer yet"), text, do=_("_Try again"), close=_("_Close"))
        self._command.set_text(obstacle.command)
        self._terminal.set_visible(True)

    def _copy(self) -> None:
        Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).set_text(self._command.get_text(), -1)

    def _offer(self, plan: dict[str, Any]) -> None:
        self._plan, self._next, self._is_update = plan, self._set_up, set_up.is_update()
        if self._is_update:
            text = _("This plug-in brings another version of the backend that paints. It takes a minute at most.")
            self._show(_("Reverie's backend is to be brought up to date"), text, do=_("_Update"), close=_("_Cancel"))
            return
        text = _(
            "Reverie paints with a program of its own, the backend, which is not there yet. It can be set up now, in "
            "the folder “%s”: about %s are fetched from the internet, and about %s of the disk are used. This needs no "
            "administrator, and can be undone. Once it is done, pictures are painted without the internet, and none "
            "leaves this computer."
        ) % (plan["folder"], _size(plan["fetch"]), _size(plan["disk"]))
        heading = _("Reverie's backend is not on this computer yet")
        self._show(heading, text, do=_("_Set it up"), close=_("_Cancel"))

    def _set_up(self) -> None:
        self._show(_("Setting up Reverie's backend"), "", close=_("_Cancel"), busy=True, leave=self._stop)
        self._fetching = set_up.Fetching(self._plan["fetch"])
        self._start(self._hear, "install")

    def _start(self, hear: Callable[[dict[str, Any]], None], command: str) -> None:
        """Runs a command of the installer, and hears what it tells, on the main thread."""
        self._begun = time.monotonic()
        installer = self._installer = set_up.Installer(self._python, command)

        def pass_on(event: dict[str, Any]) -> None:
            if installer is self._installer:  # and not cancelled
                hear(event)

        def read() -> None:
            for event in installer.events():
                GLib.idle_add(pass_on, event)

        threading.Thread(target=read, daemon=True).start()

    def _hear(self, event: dict[str, Any]) -> None:
        """What the installation tells."""
        if event["type"] == "step":
            self._text.set_text(_STEPS.get(event["title"], event["title"]))
            self._text.set_visible(True)
            self._tell_progress(event)
        elif event["type"] == "size":  # as it is found out by then
            self._plan["fetch"] = self._fetching.total = event["fetch"] or self._plan["fetch"]
        elif event["type"] == "kept":
            self._fetching.kept = event["bytes"]
        elif event["type"] == "failed":
            self._fail(event)
        elif event["type"] == "done":
            self._installer, self._next = None, self._finish
            if self._is_update:
                self._finish()
                return
            text = _("It takes %s of the disk, in “%s”.") % (_size(event["bytes"]), event["folder"])
            self._show(_("Reverie's backend is set up"), text, do=_("_Go on"), remove=_("_Undo"))

    def _tell_progress(self, event: dict[str, Any]) -> None:
        seconds = int(time.monotonic() - self._begun)
        clock, fetched = "%d:%02d" % divmod(seconds, 60), event["fetched"]
        if event["doing"].startswith(_UNPACKING):
            self._text.set_text(_("Unpacking the packages, for a minute or so…"))
            fetched = 0
        share, said = self._fetching.told(fetched, time.monotonic())
        self._bar.set_fraction(share)
        self._note.set_text(_("%s. %s so far.") % (said, clock) if fetched else clock)

    def _stop(self) -> None:
        """Cancel was pressed."""
        if self._installer is not None:
            self._installer.cancel()
        self._installer, self._next = None, self._set_up
        text = _("What has been fetched is kept: the next try goes on with it.")
        self._show(_("The set-up was stopped"), text, do=_("_Go on"), close=_("_Close"), remove=_("_Remove it"))

    def _fail(self, event: dict[str, Any]) -> None:
        self._installer, self._next = None, self._set_up if self._plan else self._look
        hint = event.get("hint")
        text = (
            spoken(hint)
            if hint
            else _("The details say why. What has been fetched is kept: the next try goes on with it.")
        )
        remove = _("_Remove it") if self._plan else ""
        self._show(_("The set-up failed"), text, do=_("_Try again"), close=_("_Close"), remove=remove)
        self._said.set_text(event["message"])
        self._details.set_visible(True)

    def _remove(self) -> None:
        """Undoes the set-up, also one that was not finished."""
        self._show(_("Removing what was set up…"), "", busy=True, leave=lambda: None)

        def hear(event: dict[str, Any]) -> None:
            if event["type"] == "failed":
                self._fail(event)
            elif event["type"] == "done":
                self._installer = None
                self._offer(self._plan)

        self._start(hear, "uninstall")

    def _finish(self) -> None:
        self._is_there = True
        self._loop.quit()


def _selectable() -> Gtk.Label:
    """A label for what may be copied, and may have no spaces to be broken at."""
    return Gtk.Label(
        xalign=0.0,
        yalign=0.0,
        wrap=True,
        wrap_mode=Pango.WrapMode.WORD_CHAR,
        width_chars=_WIDTH - 10,
        max_width_chars=_WIDTH - 10,
        selectable=True,
    )


def _size(count: int) -> str:
    """Bytes in words."""
    return _("%.1f GB") % (count / 1e9) if count >= 1e9 else _("%d MB") % (count / 1e6)
