"""The controls of Neural Style, the left half of its dialog; those of Deep Dream are in `dream_panel`.

A panel is a function of (the window, its arguments, what says a sentence to the user, the source, the row of presets);
it returns widgets, a function that raises Refusal while something is missing, and the gallery.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gi.repository import Gtk
from shared import filters
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.job import styles
from reverie_gimp.ui.controls import advanced, boxed, choices, common_box
from reverie_gimp.ui.dream_subject import dream_subject
from reverie_gimp.ui.gallery import Gallery
from reverie_gimp.ui.preset_row import PresetRow
from reverie_gimp.ui.style_chooser import StyleChooser

if TYPE_CHECKING:
    from gi.repository import Gimp, GimpUi

_NO_DREAM_ALONE = _("A fast style alone cannot dream: choose a picture as a style, too.")
_NO_DREAM = _("Only what is painted stroke by stroke can dream: choose that brushwork.")


def style_panel(
    window: GimpUi.ProcedureDialog,
    config: Gimp.ProcedureConfig,
    say: Callable[[str], None],
    source: Source,
    presets: PresetRow,
) -> tuple[list[Gtk.Widget], Callable[[], None], Gallery]:
    """What Neural Style asks: the style first."""
    for name, factor in (("strength", 100.0), ("style-scale", 1.0), ("dream-strength", 100.0)):
        window.get_scale_entry(name, factor)
    subject, check, wake = dream_subject(config, say, filters.STYLE)
    dream = boxed(subject, window.fill_box("reverie-dream", ["dream-strength"]))
    reason = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=50, no_show_all=True)

    def follow(*given: object) -> None:
        """Only what is painted stroke by stroke dreams of something; fast styles have strokes of one size, and
        brushwork of their own."""
        kinds = {each.kind for each in _chosen(config)}
        alone = kinds == {"fast"}
        dreams = not alone and config.get_property("method") == "optimise"
        wake(dreams)
        dream.set_sensitive(dreams)
        reason.set_text(_NO_DREAM_ALONE if alone else _NO_DREAM)
        reason.set_visible(not dreams)
        window.get_scale_entry("style-scale", 1.0).set_sensitive(not alone)

    for name in ("recipe", "style-file", "style-layer", "method"):
        config.connect("notify::" + name, follow)
    follow()
    chooser = StyleChooser(window, config, say, source, presets)
    controls = [
        chooser.widget,
        window.fill_box("reverie-settings", ["strength", "style-scale"]),
        choices(config, ("color", "method", "detail")),
        advanced(reason, dream, common_box(config, say)),
    ]
    return controls, check, chooser.gallery


def _chosen(config: Gimp.ProcedureConfig) -> list[styles.Style]:
    try:
        return styles.read(config)
    except Refusal:  # which the chooser of styles tells
        return []
