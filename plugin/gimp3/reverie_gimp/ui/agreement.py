"""Asks whether pictures that a document from elsewhere names may be opened."""

from __future__ import annotations

from gi.repository import Gtk
from shared.words import _

_MOST = 5  # that are shown by name


def agreed(places: list[str], window: Gtk.Window | None = None) -> bool:
    """Does the painter want these files opened?"""
    shown = places[:_MOST] + ["…"] * (len(places) > _MOST)
    question = Gtk.MessageDialog(
        transient_for=window,
        modal=True,
        message_type=Gtk.MessageType.QUESTION,
        text=_("Open these style pictures?"),
        secondary_text="\n".join(
            [*shown, "", _("You have not used them before. Open only what you know: whoever has them learns of it.")]
        ),
    )
    question.set_title(_("Style pictures from elsewhere"))
    question.add_button(_("_Leave them out"), Gtk.ResponseType.NO)
    question.add_button(_("_Open"), Gtk.ResponseType.YES)
    question.set_default_response(Gtk.ResponseType.NO)
    answer = question.run()
    question.destroy()
    return bool(answer == Gtk.ResponseType.YES)
