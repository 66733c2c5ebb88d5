"""What to dream of: nothing, anything, a name, another layer, or a pattern; in Deep Dream, and beside a style."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gi.repository import Gtk
from shared import filters
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.job import recipes
from reverie_gimp.ui.atlas_chooser import AtlasChooser
from reverie_gimp.ui.widgets import class_entry, layer_chooser

if TYPE_CHECKING:
    from gi.repository import Gimp

_HELP = {
    "nothing": _("Paint only, and dream of nothing"),
    "anything": _("What the network believes to see in the picture comes out more and more"),
    "named": _("One of the 1000 things that networks know by name: an animal, a building, a fruit…"),
    "like": _("Shapes and colours of another open layer come out wherever the picture looks a little like them"),
    "pattern": _("One of the patterns that the network has learnt to see, chosen from its picture"),
}


_CHOICES = {
    "nothing": _("Nothing"),
    "anything": _("Whatever _it sees by itself"),
    "named": _("Something b_y name"),
    "like": _("_What another layer shows"),
    "pattern": _("A _pattern that it knows"),
}


def dream_subject(
    config: Gimp.ProcedureConfig, say: Callable[[str], None], filter_name: str
) -> tuple[Gtk.Widget, Callable[[], None], Callable[[bool], None]]:
    """(The choice of what to dream of; a function that raises Refusal while that is not said; one that, told False,
    sets it to nothing). Beside a style there are too many controls for a letter each: all these have one together."""
    beside = filter_name == filters.STYLE
    buttons, first = {}, None
    for name, said in _CHOICES.items():
        if name != "nothing" or beside:
            label = said.replace("_", "") if beside else said
            buttons[name] = Gtk.RadioButton.new_with_mnemonic_from_widget(first, label)
            first = first or buttons[name]
    title = Gtk.Label(xalign=0.0)
    title.set_markup_with_mnemonic("<b>%s</b>" % (_("Dream as _well of") if beside else _("Dream of")))
    details = {
        "named": class_entry(config, "dream-class", say),
        "like": layer_chooser(config, "dream-guide", _("none")),
        "pattern": AtlasChooser(config).widget,
    }
    for name, widget in details.items():
        widget.set_tooltip_text(_HELP[name])
    _Subject(config, buttons, details, beside)
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    title.set_mnemonic_widget(box)
    box.connect("mnemonic-activate", lambda *given: _chosen_of(buttons).grab_focus() or True)
    box.pack_start(title, False, False, 0)
    for name, button in buttons.items():
        button.set_tooltip_text(_HELP[name])
        box.pack_start(button, False, False, 0)
        if name in details:
            box.pack_start(details[name], False, False, 0)

    def check() -> None:
        if buttons["named"].get_active() and not (config.get_property("dream-class") or "").strip():
            raise Refusal(_("Say what to dream of by name, such as “peacock”, or choose another dream."))
        if buttons["like"].get_active() and config.get_property("dream-guide") is None:
            raise Refusal(_("Choose the layer to dream of, or another dream."))

    def wake(awake: bool) -> None:
        if beside and not awake:
            buttons["nothing"].set_active(True)

    return box, check, wake


def _chosen_of(buttons: dict[str, Gtk.RadioButton]) -> Gtk.RadioButton:
    return next(button for button in buttons.values() if button.get_active())


class _Subject:
    """Keeps the buttons and the arguments for what to dream of alike; each detail is seen while its button is down."""

    def __init__(
        self,
        config: Gimp.ProcedureConfig,
        buttons: dict[str, Gtk.RadioButton],
        details: dict[str, Gtk.Widget],
        beside: bool,
    ) -> None:
        self._config, self._buttons, self._details, self._beside = config, buttons, details, beside
        self._choosing = False  # while the arguments follow the buttons, and not the other way round
        for widget in details.values():
            widget.show_all()
            widget.set_no_show_all(True)
            widget.set_margin_start(24)
        self._show()
        self._choose()
        for button in buttons.values():
            button.connect("toggled", self._choose)
        for name in ("dream-guide", "dream-class", "dream-layer"):
            config.connect("notify::" + name, self._show)

    def _is(self, name: str) -> bool:
        return name in self._buttons and self._buttons[name].get_active()

    def _choose(self, *given: object) -> None:
        if self._choosing:
            return
        self._choosing = True
        for name, widget in self._details.items():
            if not self._is(name):
                widget.hide()  # first, so that it does not answer what follows
        if not self._is("named"):
            self._config.set_property("dream-class", "")
        if not self._is("like"):
            self._config.set_property("dream-guide", None)
        if not self._is("pattern"):
            self._config.set_property("dream-channel", -1)
        if not self._is("pattern") and not self._is("like"):  # a guide may have a layer, too
            self._config.set_property("dream-layer", recipes.ANYTHING if self._beside and self._is("anything") else "")
        self._choosing = False
        for name, widget in self._details.items():
            if self._is(name):
                widget.show()
        if self._is("named") and given and given[0] is self._buttons["named"]:
            self._details["named"].grab_focus()

    def _show(self, *given: object) -> None:
        """An argument was changed by other means: by Reset, or by a preset."""
        if self._choosing:
            return
        layer = self._config.get_property("dream-layer")
        if self._config.get_property("dream-guide") is not None:
            self._buttons["like"].set_active(True)
        elif self._config.get_property("dream-class"):
            self._buttons["named"].set_active(True)
        elif layer and layer != recipes.ANYTHING:
            self._buttons["pattern"].set_active(True)
        elif layer or not self._beside:
            self._rest("anything")
        else:
            self._rest("nothing")

    def _rest(self, name: str) -> None:
        """Nothing is said in the arguments: so it is also before the first letter of a name."""
        if not (self._is("named") and self._details["named"].is_focus()):
            self._buttons[name].set_active(True)
