"""The controls of Deep Dream, the left half of its dialog."""

from choosers import class_entry, layer_chooser
from gi.repository import Gtk
from panels import advanced
from shared.words import _


def dream_panel(window, config, say):
    """What Deep Dream asks: what to dream of, first."""
    window.get_scale_entry("dream-strength", 100.0)
    nothing = Gtk.RadioButton.new_with_mnemonic(None, _("_Nothing in particular: what it sees by itself"))
    named = Gtk.RadioButton.new_with_mnemonic_from_widget(nothing, _("_Something by name"))
    like = Gtk.RadioButton.new_with_mnemonic_from_widget(nothing, _("What another la_yer shows"))
    entry = class_entry(config, "dream-class", say)
    chooser = layer_chooser(config, "dream-guide", _("none"))

    def choose(*_):
        if not named.get_active():
            config.set_property("dream-class", "")
        if not like.get_active():
            config.set_property("dream-guide", None)
        for button, widget in ((named, entry), (like, chooser)):
            widget.set_sensitive(button.get_active())
        if named.get_active():
            entry.grab_focus()

    def show(*_):  # an argument changed by other means: by Reset, or by loaded settings
        if config.get_property("dream-guide") is not None:
            like.set_active(True)
        elif config.get_property("dream-class"):
            named.set_active(True)

    show()
    choose()
    for button in (nothing, named, like):
        button.connect("toggled", choose)
    config.connect("notify::dream-guide", show)
    config.connect("notify::dream-class", show)
    what = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    what.pack_start(Gtk.Label(label=_("<b>Dream of</b>"), use_markup=True, xalign=0.0), False, False, 0)
    for button, widget in ((nothing, None), (named, entry), (like, chooser)):
        what.pack_start(button, False, False, 0)
        if widget is not None:
            widget.set_margin_start(24)
            what.pack_start(widget, False, False, 0)
    return [
        what,
        window.fill_box("reverie-settings", ["dream-strength", "parametrisation", "size"]),
        advanced(
            window.fill_box("reverie-advanced", ["dream-layer", "dream-channel", "iterations", "network", "seed"])
        ),
    ]
