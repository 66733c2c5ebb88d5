"""Widgets that GIMP has not: a chooser of open layers, and an entry for the things that a network knows by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import GdkPixbuf, GLib, GObject, Gtk, Pango
from shared import npy

from reverie_gimp.gimp import layers, pixels
from reverie_gimp.ui.request import Request

if TYPE_CHECKING:
    from gi.repository import Gimp

BOTH_WAYS = GObject.BindingFlags.BIDIRECTIONAL | GObject.BindingFlags.SYNC_CREATE  # beginning with the argument's value

CAPTION = "reverie-caption"  # the style class of labels before widgets

_ICON = 32
_FEW = 2  # letters before names are suggested


def pixbuf(samples: bytes, width: int, height: int) -> GdkPixbuf.Pixbuf:
    """8-bit RGBA samples as a GdkPixbuf."""
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(samples), GdkPixbuf.Colorspace.RGB, True, 8, width, height, 4 * width
    )


def packed(picture: GdkPixbuf.Pixbuf) -> bytes:
    """A GdkPixbuf as .npy, for the backend."""
    width, height, channels = picture.get_width(), picture.get_height(), picture.get_n_channels()
    samples, stride = picture.get_pixels(), picture.get_rowstride()
    rows = b"".join(samples[y * stride : y * stride + channels * width] for y in range(height))
    return bytes(npy.pack(rows, width, height, channels, "u1"))


def loaded(data: bytes) -> GdkPixbuf.Pixbuf:
    """A picture file's bytes as a GdkPixbuf."""
    loader = GdkPixbuf.PixbufLoader()
    loader.write(data)
    loader.close()
    return loader.get_pixbuf()


def layer_chooser(
    config: Gimp.ProcedureConfig, name: str, none: str, offered: list[Gimp.Item] | None = None
) -> Gtk.ComboBox:
    """A list of all open layers with their pictures, bound to an argument; its first entry, `none`, is no layer.

    `offered` are other layers, or channels, to choose from.
    """
    if offered is None:
        offered = layers.open_layers()
    store = Gtk.ListStore(int, GdkPixbuf.Pixbuf, str)
    store.append([-1, None, none])
    for each in offered:
        store.append([each.get_id(), None, "%s (%s)" % (each.get_name(), each.get_image().get_name())])
    chooser = Gtk.ComboBox(model=store, hexpand=True)
    picture, text = Gtk.CellRendererPixbuf(), Gtk.CellRendererText(ellipsize=Pango.EllipsizeMode.END, width_chars=24)
    chooser.pack_start(picture, False)
    chooser.add_attribute(picture, "pixbuf", 1)
    chooser.pack_start(text, True)
    chooser.add_attribute(text, "text", 2)

    def show(*_: object) -> None:
        layer = config.get_property(name)
        wanted = -1 if layer is None else layer.get_id()
        chooser.set_active(next((index for index, row in enumerate(store) if row[0] == wanted), 0))

    def take(_: object) -> None:
        index = chooser.get_active()
        wanted, layer = store[index][0], config.get_property(name)
        if wanted != (-1 if layer is None else layer.get_id()):
            config.set_property(name, layers.by_id(wanted))

    def draw_icons(*_: object) -> None:  # only when they are to be seen: an image may have hundreds of layers
        chooser.disconnect(handler)
        for each, entry in zip(offered, list(store)[1:], strict=True):
            if each.is_valid():
                entry[1] = pixbuf(*pixels.thumbnail(each, None, _ICON))

    show()
    handler = chooser.connect("notify::popup-shown", draw_icons)
    chooser.connect("changed", take)
    config.connect("notify::" + name, show)
    return chooser


def class_entry(config: Gimp.ProcedureConfig, name: str, tell: Callable[[str], None]) -> Gtk.Entry:
    """An entry for a class of ImageNet, bound to an argument, that completes what is typed.

    The names are asked of the backend when the entry is first seen; `tell` gets the sentence when that fails.
    """
    entry = Gtk.Entry(hexpand=True, placeholder_text="golden retriever, castle, peacock…")
    # GIMP gives None for a text that was emptied.
    config.bind_property(name, entry, "text", BOTH_WAYS, lambda binding, text: text or "", lambda binding, text: text)
    names = Gtk.ListStore(str)
    completion = Gtk.EntryCompletion(model=names, minimum_key_length=_FEW, popup_completion=True)
    completion.set_text_column(0)
    completion.set_match_func(lambda _, typed, row: typed in names.get_value(row, 0).lower())
    entry.set_completion(completion)

    def hear(event: dict[str, Any]) -> None:
        if event["type"] == "classes":
            for each in event["classes"]:
                names.append([each])
        elif event["type"] == "failed":
            tell(event["message"])

    def seen(_: object) -> None:
        entry.disconnect(handler)
        Request(lambda client, answer: answer({"type": "classes", "classes": client.classes()}), hear)

    handler = entry.connect("map", seen)
    return entry


def number(config: Gimp.ProcedureConfig, name: str, words: dict[int, str], step: int) -> Gtk.SpinButton:
    """A field for a whole number, bound to an argument. `words` are said in the place of some numbers: {0: "none"}."""
    spec = config.find_property(name)
    field = Gtk.SpinButton.new_with_range(spec.minimum, spec.maximum, step)
    field.set_numeric(False)  # else no word could stand in it
    field.set_update_policy(Gtk.SpinButtonUpdatePolicy.IF_VALID)  # a word is no number: what it stands for, stays
    field.set_width_chars(max(len(each) for each in words.values()) + 2)
    field.set_tooltip_text(spec.blurb)

    def say(field: Gtk.SpinButton) -> bool:
        value = field.get_value_as_int()
        field.set_text(words.get(value, str(value)))
        return True

    field.connect("output", say)
    config.bind_property(name, field, "value", BOTH_WAYS)
    field.update()
    return field


def choice(config: Gimp.ProcedureConfig, name: str, offered: dict[str, tuple[str, str]]) -> Gtk.ComboBoxText:
    """A list of what a choice argument may be, {value: (label, help)}, bound to it; what is chosen is its tooltip."""
    blurb, chooser = config.find_property(name).blurb, Gtk.ComboBoxText()
    for value, (label, _help) in offered.items():
        chooser.append(value, label)

    def explain(*given: object) -> None:
        chooser.set_tooltip_text("%s\n%s" % (blurb, offered.get(config.get_property(name), ("", ""))[1]))

    config.bind_property(name, chooser, "active-id", BOTH_WAYS)
    config.connect("notify::" + name, explain)
    explain()
    return chooser


def dress(widget: Gtk.Widget, look: bytes) -> None:
    """Has a widget look as CSS says."""
    provider = Gtk.CssProvider()
    provider.load_from_data(look)
    widget.get_style_context().add_provider(provider, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)


def muted(label: Gtk.Label) -> Gtk.Label:
    """The label, less loud than others: what may be passed over. GTK's own dim-label is too faint in the dark theme."""
    dress(label, b"label { opacity: 0.75; }")
    return label


def caption(title: str, widget: Gtk.Widget) -> Gtk.Label:
    """The label before a widget; all captions of a panel have one width."""
    label = Gtk.Label(label=title, use_underline=True, xalign=0.0, mnemonic_widget=widget)
    label.get_style_context().add_class(CAPTION)
    return label


def row(title: str, widget: Gtk.Widget) -> Gtk.Box:
    """A widget behind its label."""
    box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12)
    box.pack_start(caption(title, widget), False, False, 0)
    box.pack_start(widget, True, True, 0)
    return box
