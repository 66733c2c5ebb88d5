"""The choice of styles: the gallery, a file, and what is chosen, each style with its share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import Gtk
from shared import filters
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.job import styles
from reverie_gimp.ui.chosen_styles import ChosenStyles
from reverie_gimp.ui.forgetting import Forgetting
from reverie_gimp.ui.gallery import Gallery
from reverie_gimp.ui.learning import Learning
from reverie_gimp.ui.preset_row import PresetRow

if TYPE_CHECKING:
    from gi.repository import Gimp, GimpUi


class StyleChooser:
    """`widget` shows it; the arguments for styles are what is chosen (see `job.styles`)."""

    def __init__(
        self,
        window: GimpUi.ProcedureDialog,
        config: Gimp.ProcedureConfig,
        say: Callable[[str], None],
        source: Source,
        presets: PresetRow,
    ) -> None:
        self._window, self._config, self._say, self._presets = window, config, say, presets
        self._writing = False  # while several arguments are set, of which each tells of its change
        self._adding = Gtk.ToggleButton(label=_("+ M_ix in a style"), use_underline=True, valign=Gtk.Align.START)
        self._adding.set_tooltip_text(
            _("While this is pressed, a click on a style mixes it in; so does the + on it, and Ctrl with a click")
        )
        self.gallery = Gallery(filters.STYLE, source, presets, self._choose, self._adding.get_active)
        self._learning = Learning(self.gallery.picture, say, self.gallery.ask_again)
        self.gallery.fast_known = lambda: self._forgetting.follow(self._chosen())
        self._forgetting = Forgetting(self.gallery.is_own, say, self._forget)
        self._rows = ChosenStyles(self.gallery.own, self._write, lambda each: self._choose(each.kind, each.value, True))
        file = Gtk.Button(label=_("A _file…"), use_underline=True)
        file.set_tooltip_text(_("A picture of yours, whose style is taken"))
        file.connect("clicked", lambda button: self._ask_file())
        self.gallery.top.pack_start(file, False, False, 0)
        below = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        below.pack_start(self._rows.widget, True, True, 0)
        for button in (self._learning.button, self._forgetting.button):
            below.pack_start(button, False, False, 0)
        below.pack_start(self._adding, False, False, 0)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.widget.pack_start(self.gallery.widget, True, True, 0)
        self.widget.pack_start(below, False, False, 0)
        self.widget.pack_start(self._learning.widget, False, False, 0)
        self.widget.connect("map", lambda widget: self._learning.open())
        for name in ("recipe", "style-file", "style-layer"):
            config.connect("notify::" + name, lambda *given: self._follow())
        self._follow()

    def _chosen(self) -> list[styles.Style]:
        try:
            return styles.read(self._config)
        except Refusal as error:  # a layer that is closed, or nonsense that a script has left
            self._say(str(error))
            self._write([])
            return []

    def _write(self, chosen: list[styles.Style]) -> None:
        self._writing = True
        styles.write(self._config, chosen)
        self._writing = False

    def _choose(self, kind: str, value: Any, added: bool) -> None:
        """Takes what was clicked on: alone, or beside what is chosen; there, a second click takes it away again."""
        chosen = self._chosen()
        same = [each for each in chosen if (each.kind, each.value) == (kind, value)]
        if not added:
            chosen = [styles.Style(kind, value)]
        elif not same:
            chosen = [*chosen, styles.Style(kind, value)]
        elif len(chosen) > 1:
            chosen = [each for each in chosen if each not in same]
        self._presets.leave()
        self._write(chosen)
        self._follow()

    def _forget(self, name: str) -> None:
        """A fast style is gone."""
        self.gallery.forget(name)
        self._write([each for each in self._chosen() if (each.kind, each.value) != ("fast", name)])
        self._follow()

    def _follow(self) -> None:
        """Shows what the arguments say."""
        if not self._writing:
            chosen = self._chosen()
            self.gallery.mark(chosen)
            self._rows.show(chosen)
            for each in (self._learning, self._forgetting):
                each.follow(chosen)

    def _ask_file(self) -> None:
        dialog = Gtk.FileChooserNative.new(
            _("Style picture"), self._window, Gtk.FileChooserAction.OPEN, _("_Open"), _("_Cancel")
        )
        dialog.set_modal(True)
        dialog.set_local_only(False)
        kinds = Gtk.FileFilter()
        kinds.set_name(_("Pictures"))
        kinds.add_pixbuf_formats()
        for ending in ("xcf", "xcf.gz", "xcf.xz", "psd", "ora", "exr", "heic", "heif", "avif", "webp", "jxl"):
            kinds.add_pattern("*." + ending)  # which GIMP reads
        dialog.add_filter(kinds)
        accepted = dialog.run() == Gtk.ResponseType.ACCEPT
        file = dialog.get_file() if accepted else None
        dialog.destroy()
        if file is not None:
            self._choose(*styles.of_file(file)[:2], False)
