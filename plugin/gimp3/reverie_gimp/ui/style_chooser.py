"""The choice of styles: the gallery, a file, and what is chosen, each style with its share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import GLib, Gtk, Pango
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.job import styles
from reverie_gimp.ui.gallery import Gallery
from reverie_gimp.ui.widgets import muted

if TYPE_CHECKING:
    from gi.repository import Gimp, GimpUi


class StyleChooser:
    """`widget` shows it; the arguments for styles are what is chosen (see `job.styles`)."""

    def __init__(
        self, window: GimpUi.ProcedureDialog, config: Gimp.ProcedureConfig, say: Callable[[str], None]
    ) -> None:
        self._window, self._config, self._say = window, config, say
        self._shown: list[tuple[str, Any]] | None = None  # the (kind, value) of each row
        self._sliders: list[Gtk.Scale] = []
        self._whole = 1.0  # the weight of a slider that is all to the right
        self._writing = False  # while several arguments are set, of which each tells of its change
        self._gallery = Gallery(self._choose)
        self._rows = Gtk.Grid(column_spacing=6, row_spacing=0, no_show_all=True)
        hint = _("Ctrl and a click mixes several.")
        self._hint = muted(Gtk.Label(xalign=0.0, hexpand=True, label=hint, ellipsize=Pango.EllipsizeMode.END))
        self._file = Gtk.Button(label=_("A _file…"), use_underline=True)
        self._file.set_tooltip_text(_("A picture of yours, whose style is taken"))
        self._file.connect("clicked", lambda button: self._ask_file())
        below = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        below.pack_start(self._hint, True, True, 0)
        below.pack_start(self._file, False, False, 0)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        for part in (self._gallery.widget, below, self._rows):
            self.widget.pack_start(part, False, False, 0)
        for name in ("styles", "style-file", "style-layer"):
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
        self._write(chosen)
        self._follow()

    def _follow(self) -> None:
        """Shows what the arguments say."""
        if self._writing:
            return
        chosen = self._chosen()
        self._gallery.mark(chosen)
        keys = [(each.kind, each.value) for each in chosen]
        if keys != self._shown or any(each.weight > self._whole for each in chosen):
            self._shown, self._whole = keys, max([1.0] + [each.weight for each in chosen])
            self._build(chosen)
        for slider, each in zip(self._sliders, chosen, strict=False):
            if round(slider.get_value()) != self._percent(each):
                slider.set_value(self._percent(each))

    def _percent(self, each: styles.Style) -> int:
        return round(100.0 * each.weight / self._whole)

    def _build(self, chosen: list[styles.Style]) -> None:
        """A row a style; one style alone needs no share."""
        self._sliders = []
        for child in self._rows.get_children():
            self._rows.remove(child)
        # One fast style beside pictures is what painting begins from; its weight is only one among fast styles.
        begins = [each.kind for each in chosen].count("fast") == 1 and len(chosen) > 1
        for number, each in enumerate(chosen):
            title = styles.title(each) + (_(" (fast)") if each.kind == "fast" else "")
            label = Gtk.Label(
                label=title, xalign=0.0, ellipsize=Pango.EllipsizeMode.END, width_chars=18, max_width_chars=18
            )
            label.set_tooltip_text(title)
            self._rows.attach(label, 0, number, 1, 1)
            if len(chosen) > 1:
                slider = self._slider(each, title)
                row = self._beginning(slider) if begins and each.kind == "fast" else slider
                self._rows.attach(row, 1, number, 1, 1)
                self._rows.attach(self._remove_button(each, title), 2, number, 1, 1)
        for child in self._rows.get_children():
            child.show_all()
        self._rows.set_visible(len(chosen) > 1)
        self._hint.set_text(_("Chosen: %s") % styles.title(chosen[0]) if len(chosen) == 1 else _("How much of each:"))
        if not chosen:
            self._hint.set_text(_("Choose a style; Ctrl and a click mixes several."))

    def _slider(self, each: styles.Style, title: str) -> Gtk.Scale:
        slider = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 1, 100, 1)
        slider.set_value(self._percent(each))
        slider.set_hexpand(True)
        slider.set_value_pos(Gtk.PositionType.RIGHT)
        slider.set_tooltip_text(_("How much of this style there is, beside the others"))
        slider.get_accessible().set_name(title)
        slider.connect("value-changed", self._weigh)
        self._sliders.append(slider)
        return slider

    def _beginning(self, slider: Gtk.Scale) -> Gtk.Widget:
        """A row of a style that has no share: its slider would change nothing."""
        slider.set_sensitive(False)
        slider.set_draw_value(False)
        why = _("Painting begins from this fast style, whole; how much of it is left is up to the pictures' styles.")
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.set_tooltip_text(why)
        slider.set_tooltip_text(why)
        row.pack_start(muted(Gtk.Label(label=_("where painting begins"))), False, False, 0)
        row.pack_start(slider, True, True, 0)
        return row

    def _remove_button(self, each: styles.Style, title: str) -> Gtk.Button:
        button = Gtk.Button.new_from_icon_name("list-remove", Gtk.IconSize.BUTTON)
        button.set_relief(Gtk.ReliefStyle.NONE)
        button.set_tooltip_text(_("Leave this style out"))
        button.get_accessible().set_name(_("Leave out %s") % title)
        button.connect("clicked", lambda button: GLib.idle_add(self._choose, each.kind, each.value, True))
        return button

    def _weigh(self, slider: Gtk.Scale) -> None:
        chosen = self._chosen()
        if len(chosen) != len(self._sliders):
            return
        number = self._sliders.index(slider)
        if round(slider.get_value()) != self._percent(chosen[number]):
            chosen[number] = chosen[number]._replace(weight=round(slider.get_value()) / 100.0 * self._whole)
            self._write(chosen)

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
