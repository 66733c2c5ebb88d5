"""The controls of Neural Style, the left half of its dialog; those of Deep Dream are in `dream_panel`.

A panel is a function of (the window, its arguments, what says a sentence to the user, the widget that says how long it
will take); it returns widgets, and a function that raises Refusal while something is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gi.repository import Gtk
from shared import filters
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.job import styles
from reverie_gimp.ui.controls import advanced, boxed, common_box, detail_row
from reverie_gimp.ui.dream_subject import dream_subject
from reverie_gimp.ui.style_chooser import StyleChooser

if TYPE_CHECKING:
    from gi.repository import Gimp, GimpUi


def style_panel(
    window: GimpUi.ProcedureDialog, config: Gimp.ProcedureConfig, say: Callable[[str], None], estimate: Gtk.Widget
) -> tuple[list[Gtk.Widget], Callable[[], None]]:
    """What Neural Style asks: the style first."""
    for name, factor in (("strength", 100.0), ("style-scale", 1.0), ("dream-strength", 100.0)):
        window.get_scale_entry(name, factor)
    subject, check, wake = dream_subject(config, say, filters.STYLE)
    dream = boxed(subject, window.fill_box("reverie-dream", ["dream-strength"]))
    reason = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=50, no_show_all=True)
    reason.set_text(_("A fast style alone cannot dream: choose a picture as a style, too."))

    def follow(*given: object) -> None:
        """Fast styles by themselves dream of nothing, and have strokes of one size."""
        kinds = {each.kind for each in _chosen(config)}
        alone = kinds == {"fast"}
        wake(not alone)
        dream.set_sensitive(not alone)
        reason.set_visible(alone)
        window.get_scale_entry("style-scale", 1.0).set_sensitive(not alone)

    for name in ("styles", "style-file", "style-layer"):
        config.connect("notify::" + name, follow)
    follow()
    return [
        StyleChooser(window, config, say).widget,
        window.fill_box("reverie-settings", ["strength", "style-scale", "color"]),
        detail_row(config, estimate),
        advanced(reason, dream, common_box(config, say)),
    ], check


def _chosen(config: Gimp.ProcedureConfig) -> list[styles.Style]:
    try:
        return styles.read(config)
    except Refusal:  # which the chooser of styles tells
        return []
