"""The controls of Deep Dream, the left half of its dialog."""

from atlas_chooser import AtlasChooser
from choosers import class_entry, layer_chooser
from gi.repository import Gtk
from panels import advanced
from shared.words import _


def dream_panel(window, config, say):
    """What Deep Dream asks: what to dream of, first."""
    window.get_scale_entry("dream-strength", 100.0)
    nothing = Gtk.RadioButton.new_with_mnemonic(None, _("Nothin_g in particular: what it sees by itself"))
    named = Gtk.RadioButton.new_with_mnemonic_from_widget(nothing, _("Something _by name"))
    like = Gtk.RadioButton.new_with_mnemonic_from_widget(nothing, _("What another la_yer shows"))
    pattern = Gtk.RadioButton.new_with_mnemonic_from_widget(nothing, _("A _pattern that it knows"))
    entry = class_entry(config, "dream-class", say)
    chooser = layer_chooser(config, "dream-guide", _("none"))
    atlas = AtlasChooser(config).widget
    details = ((named, entry), (like, chooser), (pattern, atlas))
    for _button, widget in details:  # each is seen while its button is down
        widget.show_all()
        widget.set_no_show_all(True)
        widget.set_margin_start(24)

    choosing = []  # not empty while the arguments follow the buttons, and not the other way round

    def choose(*given):
        choosing.append(True)
        for button, widget in details:
            if not button.get_active():
                widget.hide()  # first, so that it does not answer what follows
        if not named.get_active():
            config.set_property("dream-class", "")
        if not like.get_active():
            config.set_property("dream-guide", None)
        if not pattern.get_active():
            config.set_property("dream-channel", -1)
        if not pattern.get_active() and not like.get_active():  # a guide may have a layer, too
            config.set_property("dream-layer", "")
        choosing.pop()
        for button, widget in details:
            if button.get_active():
                widget.show()
        if named.get_active():
            entry.grab_focus()

    def show(*given):  # an argument changed by other means: by Reset, or by loaded settings
        if choosing:
            return
        if config.get_property("dream-guide") is not None:
            like.set_active(True)
        elif config.get_property("dream-class"):
            named.set_active(True)
        elif config.get_property("dream-layer"):
            pattern.set_active(True)
        elif pattern.get_active():
            nothing.set_active(True)

    show()
    choose()
    for button in (nothing, named, like, pattern):
        button.connect("toggled", choose)
    for name in ("dream-guide", "dream-class", "dream-layer"):
        config.connect("notify::" + name, show)
    what = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    what.pack_start(Gtk.Label(label=_("<b>Dream of</b>"), use_markup=True, xalign=0.0), False, False, 0)
    what.pack_start(nothing, False, False, 0)
    for button, widget in details:
        what.pack_start(button, False, False, 0)
        what.pack_start(widget, False, False, 0)
    zoom = [window.fill_box("reverie-zoom", ["zoom", "frames"])] if config.find_property("zoom") else []
    return [
        what,
        *zoom,
        window.fill_box("reverie-settings", ["dream-strength", "octaves", "parametrisation", "size"]),
        advanced(window.fill_box("reverie-advanced", ["iterations", "network", "seed"])),
    ]
