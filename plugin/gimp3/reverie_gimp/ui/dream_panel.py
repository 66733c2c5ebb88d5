"""The controls of Deep Dream, the left half of its dialog."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gi.repository import Gtk
from shared import filters
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.ui.controls import advanced, captioned, choices, common_box
from reverie_gimp.ui.dream_subject import dream_subject
from reverie_gimp.ui.gallery import Gallery
from reverie_gimp.ui.preset_row import PresetRow
from reverie_gimp.ui.widgets import number

if TYPE_CHECKING:
    from gi.repository import Gimp, GimpUi


def dream_panel(
    window: GimpUi.ProcedureDialog,
    config: Gimp.ProcedureConfig,
    say: Callable[[str], None],
    source: Source,
    presets: PresetRow,
) -> tuple[list[Gtk.Widget], Callable[[], None], Gallery]:
    """(What Deep Dream asks: what to dream of, first; what refuses while something is missing; the gallery)."""
    window.get_scale_entry("dream-strength", 100.0)
    subject, check, _wake = dream_subject(config, say, filters.DREAM)
    zoom = [window.fill_box("reverie-zoom", ["zoom", "frames"])] if config.find_property("zoom") else []
    octaves = number(config, "octaves", {0: _("automatic")}, 1)
    gallery = Gallery(filters.DREAM, source, presets)
    controls = [
        gallery.widget,
        subject,
        *zoom,
        window.fill_box("reverie-settings", ["dream-strength"]),
        captioned(config, {"octaves": octaves}),
        choices(config, ("parametrisation", "detail")),
        advanced(common_box(config, say)),
    ]
    return controls, check, gallery
