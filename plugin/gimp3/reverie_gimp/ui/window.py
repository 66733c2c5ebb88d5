"""The window of a dialog: how large it is, and its buttons."""

from __future__ import annotations

from gi.repository import Gdk, GimpUi, Gtk
from shared.words import _

RESET = 1  # GIMP's own response
_SHARE = 0.9  # of the screen that it takes, within these limits: the same each time, so that OK stays where it is
_LEAST, _MOST = (960, 600), (1500, 1000)
_BUTTONS = {
    Gtk.ResponseType.OK: _("Paint the layer like this"),
    Gtk.ResponseType.CANCEL: _("Stop, and leave the image as it is"),
    RESET: _("Set everything back to what it was at first, or when the dialog was opened"),
}


def furnish(window: GimpUi.ProcedureDialog, several: bool) -> None:
    """Gives a dialog its size and its buttons their tips; `several` says whether it paints more than one picture."""
    screen = Gdk.Display.get_default().get_monitor(0).get_workarea()
    there = zip(_LEAST, (screen.width, screen.height), _MOST, strict=True)
    window.set_default_size(*(max(least, min(int(_SHARE * side), most)) for least, side, most in there))
    for response, told in _BUTTONS.items():
        window.get_widget_for_response(response).set_tooltip_text(told)
    if several:
        cancel = window.get_widget_for_response(Gtk.ResponseType.CANCEL)
        cancel.set_tooltip_text(_("Stop; what is painted by then is kept"))
    _hide_help(window)


def _hide_help(window: GimpUi.ProcedureDialog) -> None:
    """GIMP's button would look for a page of GIMP's own manual, where there is none."""
    button = window.get_widget_for_response(Gtk.ResponseType.HELP)
    if button is not None:
        button.set_no_show_all(True)
        button.hide()
