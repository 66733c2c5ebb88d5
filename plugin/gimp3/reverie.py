#!/usr/bin/env python3
"""Reverie for GIMP 3: Filters ▸ Artistic ▸ Neural Style…

All use of GIMP's interface is in this file. It runs in GIMP's own Python, which has nothing but the standard library:
the pictures are computed by the backend, another process (see `shared/`).
"""

import json
import os
import queue
import sys
import threading
import traceback

import gi

gi.require_version("GdkPixbuf", "2.0")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, Gegl, Gimp, GimpUi, Gio, GLib, GObject, Gtk  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shared import geometry, launcher, npy, places, work  # noqa: E402
from shared.client import BackendError  # noqa: E402

PROCEDURE = "plug-in-reverie-style"
PARASITE = "reverie-recipe"
THUMBNAIL = 96
PREVIEW = 420

# Samples of a picture, as the backend names them, and as babl does. R'G'B' is sRGB-encoded; babl converts from and to
# whatever the image has: grey, linear light, another profile.
FORMATS = {"u1": "R'G'B'A u8", "u2": "R'G'B'A u16", "f4": "R'G'B'A float"}


class Refusal(Exception):
    """The job cannot be done; `str()` of it is a sentence that says why and what to do."""


class Stopped(Exception):
    """The user pressed Cancel."""


# --- the picture, out of GIMP and back -------------------------------------------------------------------------------


class Source:
    """The layer that is worked on, and which part of it. Raises Refusal when it cannot be."""

    def __init__(self, image, drawables):
        self.image, self.layer = image, _only_layer(image, drawables)
        width, height = self.layer.get_width(), self.layer.get_height()
        overlap, x, y, selected_width, selected_height = self.layer.mask_intersect()
        if not overlap:
            raise Refusal("The selection does not touch the current layer. Select a part of the layer, or nothing.")
        self.selected = not Gimp.Selection.is_empty(image)
        whole = (0, 0, width, height)
        selection = (x, y, selected_width, selected_height)
        self.area = geometry.work_area(selection, width, height) if self.selected else whole
        self.depth = _depth(image)

    def picture(self):
        """The part that is worked on, as .npy. Raises Refusal when nothing of it can be seen."""
        samples = _read(self.layer, self.area, self.depth)
        if _is_transparent(samples, self.depth):
            raise Refusal("There is nothing to paint: the layer is empty (wholly transparent) here.")
        return npy.pack(samples, self.area[2], self.area[3], 4, self.depth)


def _only_layer(image, drawables):
    if len(drawables) != 1:
        raise Refusal("Select one layer, not %d: each layer is painted by itself." % len(drawables))
    layer = drawables[0]
    if not isinstance(layer, Gimp.Layer):
        raise Refusal("A mask or channel is selected. Select the layer itself and try again.")
    if image.get_floating_sel() is not None:
        raise Refusal("There is a floating selection. Anchor it or make it a new layer, then try again.")
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise Refusal(
            "An indexed image has too few colours for this. Convert it with Image ▸ Mode ▸ RGB, then try again."
        )
    return layer


def _depth(image):
    """The sample type in which nothing of the image's precision is lost that a picture needs."""
    nick = image.get_precision().value_nick
    return "u1" if nick.startswith("u8-") else "u2" if nick.startswith("u16-") else "f4"


def _read(drawable, area, depth):
    rectangle = Gegl.Rectangle.new(*area)
    return drawable.get_buffer().get(rectangle, 1.0, FORMATS[depth], Gegl.AbyssPolicy.NONE)


def _is_transparent(samples, depth):
    size = npy.SAMPLE_SIZE[depth]
    alpha = [samples[offset :: 4 * size] for offset in range(3 * size, 4 * size)]
    return all(part.count(0) == len(part) for part in alpha)


def insert_result(source, samples, name, recipe):
    """Adds the finished picture as a new layer above its source: one step to undo, and nothing else is changed."""
    image, layer = source.image, source.layer
    if not image.is_valid() or not layer.is_valid():
        raise Refusal("The image or its layer was closed meanwhile, so the result has no place to go.")
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    mode = image.get_default_new_layer_mode()
    result = Gimp.Layer.new(image, name, layer.get_width(), layer.get_height(), kind, 100.0, mode)
    buffer = result.get_buffer()
    buffer.set(Gegl.Rectangle.new(*source.area), FORMATS[source.depth], samples)
    buffer.flush()
    result.update(*source.area)
    _, x, y = layer.get_offsets()
    result.set_offsets(x, y)
    document = json.dumps(recipe, ensure_ascii=False).encode("utf-8")
    result.attach_parasite(Gimp.Parasite.new(PARASITE, Gimp.PARASITE_PERSISTENT, document))
    active = image.get_selected_layers()
    # Only now, with the picture complete: GIMP may kill a plug-in at any time, and must not be left half way.
    image.undo_group_start()
    try:
        image.insert_layer(result, layer.get_parent(), image.get_item_position(layer))
        if source.selected:
            result.add_mask(result.create_mask(Gimp.AddMaskType.SELECTION))
        image.set_selected_layers(active)
    finally:
        image.undo_group_end()
    Gimp.displays_flush()
    return result


# --- what the user asked for -----------------------------------------------------------------------------------------


def order_from(config, source):
    """The order for the backend. Raises Refusal when the style is missing or of no use."""
    layer, file = config.get_property("style-layer"), config.get_property("style-file")
    if layer is not None:
        area = (0, 0, layer.get_width(), layer.get_height())
        style = npy.pack(_read(layer, area, "u1"), area[2], area[3], 4, "u1")
        name = layer.get_name()
    elif file is not None and file.get_path():
        style, name = work.read_file(file.get_path()), file.get_path()
    else:
        raise Refusal("Choose a style first: a picture file, or another open layer.")
    recipe = {
        "style": [{"scale": config.get_property("style-scale")}],
        "strength": config.get_property("strength"),
        "color": config.get_property("color"),
        "network": config.get_property("network"),
        "seed": config.get_property("seed"),
    }
    for optional in ("size", "iterations"):
        if config.get_property(optional):
            recipe[optional] = config.get_property(optional)
    return work.Order(source.picture(), style, name, recipe)


def _layer_name(order):
    return "Neural style: " + work.short_name(order.style_name)


# --- without a dialog ------------------------------------------------------------------------------------------------


def paint_quietly(source, order):
    """Runs the job with GIMP's own progress bar. Its Cancel kills this process; the backend then notices and stops."""
    Gimp.progress_init("Neural Style")

    def tell(event):
        if event["type"] == "progress":
            Gimp.progress_update(event["fraction"])
            Gimp.progress_set_text("Painting, %s" % work.time_left(event["seconds_left"]))
        elif event["type"] == "alive":
            Gimp.progress_pulse()  # where GIMP has gone, this ends the plug-in, and with it the job

    def waiting(seconds):
        Gimp.progress_set_text("Starting Reverie's backend, %d s" % seconds)
        Gimp.progress_pulse()

    samples, recipe = work.carry_out(launcher.connect(waiting), order, tell)
    Gimp.progress_end()
    return insert_result(source, samples, _layer_name(order), recipe)


# --- with a dialog ---------------------------------------------------------------------------------------------------


class Dialog:
    """The dialog: it asks for the style, then stays, and shows the picture coming into being."""

    def __init__(self, procedure, config, source):
        self._config, self._source = config, source
        self._window = GimpUi.ProcedureDialog.new(procedure, config, "Neural Style")
        for name, factor in (("strength", 100.0), ("style-scale", 1.0)):
            self._window.get_scale_entry(name, factor)
        self._picture = Gtk.Image()
        self._note = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=50)
        self._bar = Gtk.ProgressBar(show_text=False)
        self._controls = [
            self._style_row(),
            self._window.fill_box(
                "reverie-settings", ["style-file", "style-layer", "strength", "style-scale", "color"]
            ),
            self._advanced(),
        ]
        config.connect("notify::style-file", self._style_changed)
        config.connect("notify::style-layer", self._style_changed)
        self._mark_style()
        side_by_side = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12)
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        for control in self._controls:
            left.pack_start(control, False, False, 0)
        right = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        right.pack_start(self._picture, True, True, 0)
        right.pack_start(self._note, False, False, 0)
        right.pack_start(self._bar, False, False, 0)
        side_by_side.pack_start(left, True, True, 0)
        side_by_side.pack_start(right, False, False, 0)
        area = self._window.get_content_area()
        area.set_border_width(12)
        area.pack_start(side_by_side, True, True, 0)
        self._show(_thumbnail(source.layer, source.area))
        side_by_side.show_all()
        self._bar.set_visible(False)
        self._say("The picture as it is. A new layer will lie above it; your layer stays untouched.")

    def run(self):
        """Asks and paints; returns the new layer. Raises Stopped when the user cancels."""
        try:
            while True:
                if not self._window.run():
                    raise Stopped
                try:
                    order = order_from(self._config, self._source)
                    break
                except (Refusal, BackendError) as error:
                    self._say(str(error))  # the dialog stays: what is wrong can be mended here
            samples, recipe = self._paint(order)
            return insert_result(self._source, samples, _layer_name(order), recipe)
        finally:
            self._window.destroy()

    def _style_row(self):
        """The styles that come with Reverie, as pictures to click on."""
        row = Gtk.FlowBox(selection_mode=Gtk.SelectionMode.NONE, max_children_per_line=3, homogeneous=True)
        self._other = Gtk.RadioButton()  # never shown; active while the style is none of these
        self._styles = {}
        for path in bundled_styles():
            pixbuf = GdkPixbuf.Pixbuf.new_from_file_at_scale(path, THUMBNAIL, THUMBNAIL, True)
            name = work.short_name(path).replace("_", " ")
            button = Gtk.RadioButton.new_from_widget(self._other)
            button.set_mode(False)  # a button that stays down, instead of a dot
            button.set_image(Gtk.Image.new_from_pixbuf(pixbuf))
            button.set_tooltip_text("Paint in the style of: " + name)
            button.get_accessible().set_name(name)
            button.connect("toggled", self._choose, path)
            self._styles[path] = button
            row.add(button)
        return row

    def _advanced(self):
        """What few people change, folded away."""
        expander = Gtk.Expander(label="_Advanced", use_underline=True)
        expander.add(self._window.fill_box("reverie-advanced", ["size", "iterations", "network", "seed"]))
        return expander

    def _choose(self, button, path):
        if button.get_active() and self._style_path() != path:
            self._config.set_property("style-file", Gio.File.new_for_path(path))

    def _style_path(self):
        """The path of the style's file; None while the style is a layer, or not chosen yet."""
        file = self._config.get_property("style-file")
        return None if file is None or self._config.get_property("style-layer") is not None else file.get_path()

    def _style_changed(self, config, change):
        if change.name == "style-file" and config.get_property("style-layer") is not None:
            config.set_property("style-layer", None)  # the last choice counts
        self._mark_style()
        path = self._style_path()
        if path:
            self._say("Style: %s. Press OK to paint." % work.short_name(path).replace("_", " "))

    def _mark_style(self):
        self._styles.get(self._style_path(), self._other).set_active(True)

    def _paint(self, order):
        """Runs the job in a thread, which touches neither GIMP nor GTK, and shows what it tells."""
        for control in self._controls:
            control.set_sensitive(False)
        self._window.set_response_sensitive(Gtk.ResponseType.OK, False)
        self._bar.set_visible(True)
        stopped, outcome, loop = threading.Event(), queue.Queue(), GLib.MainLoop()

        def stop(window, response):
            if response in (Gtk.ResponseType.CANCEL, Gtk.ResponseType.CLOSE, Gtk.ResponseType.DELETE_EVENT):
                stopped.set()
                loop.quit()

        self._window.connect("response", stop)
        self._window.connect("delete-event", lambda *_: True)  # its response was heard; the window is still needed
        thread = threading.Thread(target=_carry_out, args=(order, self._hear, stopped, outcome, loop), daemon=True)
        thread.start()
        loop.run()
        if stopped.is_set():
            raise Stopped  # the thread notices, lets its connection go, and the backend stops
        result = outcome.get()
        if isinstance(result, Exception):
            raise result
        return result

    def _hear(self, event):
        """Shows an event of the job; called on the main thread."""
        if event["type"] == "starting":
            self._say("Starting Reverie's backend, %d s. It stays ready for the next time." % event["seconds"])
            self._bar.pulse()
        elif event["type"] == "fetching":
            size = event["total"] // 10**6
            self._say("Fetching the network's weights (%d MB; licence: %s)" % (size, event["licence"]))
            self._bar.set_fraction(float(event["here"]) / event["total"])
        elif event["type"] == "started":
            self._say("Painting on %s…" % event["device"])
        elif event["type"] == "progress":
            self._bar.set_fraction(event["fraction"])
            self._say("Painting, %s." % work.time_left(event["seconds_left"]))
        elif event["type"] == "preview":
            loader = GdkPixbuf.PixbufLoader()
            loader.write(event["png"])
            loader.close()
            self._show(loader.get_pixbuf())
        return GLib.SOURCE_REMOVE

    def _show(self, pixbuf):
        width, height = _sized(pixbuf.get_width(), pixbuf.get_height(), PREVIEW)
        self._picture.set_from_pixbuf(pixbuf.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR))

    def _say(self, text):
        self._note.set_text(text)


def _carry_out(order, hear, stopped, outcome, loop):
    """The thread of a job: puts its result, or the exception that ended it, into `outcome`."""

    def tell(event):
        if stopped.is_set():
            raise Stopped
        GLib.idle_add(hear, event)

    try:
        client = launcher.connect(lambda seconds: tell({"type": "starting", "seconds": seconds}))
        outcome.put(work.carry_out(client, order, tell, previews=True))
    except Exception as error:  # carried over to the main thread, which raises it there
        outcome.put(error)
    GLib.idle_add(loop.quit)


def _sized(width, height, longest):
    factor = longest / max(width, height)
    return max(1, round(width * factor)), max(1, round(height * factor))


def _thumbnail(layer, area):
    """The part of the layer that is worked on, reduced, as a GdkPixbuf."""
    factor = min(1.0, PREVIEW / max(area[2], area[3]))
    x, y = int(area[0] * factor), int(area[1] * factor)
    width, height = max(1, int(area[2] * factor)), max(1, int(area[3] * factor))
    samples = layer.get_buffer().get(
        Gegl.Rectangle.new(x, y, width, height), factor, FORMATS["u1"], Gegl.AbyssPolicy.NONE
    )
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(samples), GdkPixbuf.Colorspace.RGB, True, 8, width, height, 4 * width
    )


def bundled_styles():
    """The style pictures in the folder where Reverie is installed, if it can be seen from here."""
    try:
        with open(places.install_record(), encoding="utf-8") as file:
            folder = os.path.join(json.load(file)["folder"], "backend", "demo")
        names = sorted(os.listdir(folder))
    except (OSError, ValueError, KeyError):
        return []
    return [os.path.join(folder, name) for name in names if name.endswith(".jpg") and name != "landscape.jpg"]


# --- registration ----------------------------------------------------------------------------------------------------


class Reverie(Gimp.PlugIn):
    def do_query_procedures(self):
        return [PROCEDURE]

    def do_set_i18n(self, name):
        return False

    def do_create_procedure(self, name):
        Gegl.init(None)
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("RGB*, GRAY*")
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        procedure.set_menu_label("Neural _Style…")
        procedure.add_menu_path("<Image>/Filters/Artistic")
        procedure.set_documentation(
            "Paint the layer in the style of another picture",
            "Paints the current layer, or the selected part of it, in the style of a picture file or of another layer. "
            "The result is a new layer; the selection becomes its mask.",
            name,
        )
        procedure.set_attribution("The Reverie developers", "The Reverie developers", "2026")
        _add_arguments(procedure)
        return procedure


def _add_arguments(procedure):
    flags = GObject.ParamFlags.READWRITE
    styles = bundled_styles()
    first = next((path for path in styles if path.endswith("strokes.jpg")), None)
    color = Gimp.Choice.new()
    color.add("style", 0, "From the style", "The picture takes the style's colours.")
    color.add("luminance", 1, "Keep mine", "The picture keeps its colours; only light and shade are painted.")
    color.add("match", 2, "Style in my colours", "The style is first given the picture's range of colours.")
    procedure.add_file_argument(
        "style-file",
        "Style _picture",
        "The picture whose style is taken",
        Gimp.FileChooserAction.OPEN,
        True,
        Gio.File.new_for_path(first) if first else None,
        flags,
    )
    procedure.add_drawable_argument(
        "style-layer", "or a la_yer", "An open layer whose style is taken, instead of a file", True, flags
    )
    procedure.add_double_argument(
        "strength", "Streng_th", "How much the style changes the picture", 0.0, 1.0, 0.5, flags
    )
    procedure.add_double_argument(
        "style-scale", "S_ize of strokes", "2 makes the style's strokes twice as large", 0.25, 4.0, 1.0, flags
    )
    procedure.add_choice_argument("color", "Colo_urs", "Where the colours come from", color, "style", flags)
    procedure.add_int_argument(
        "size",
        "_Detail",
        "Longest side, in pixels, at which the picture is computed; 0 suits this machine",
        0,
        16384,
        0,
        flags,
    )
    procedure.add_int_argument("iterations", "Iteratio_ns", "Steps of the computation; 0 is usual", 0, 10000, 0, flags)
    procedure.add_string_argument("network", "Net_work", "The network that looks at the pictures", "auto", flags)
    procedure.add_int_argument("seed", "S_eed", "The same seed gives the same picture", 0, 2**31 - 1, 0, flags)


def run(procedure, run_mode, image, drawables, config, data):
    """The procedure. Every failure becomes a sentence in GIMP's error message, and nothing was changed."""
    Gegl.init(None)
    try:
        source = Source(image, drawables)
        if run_mode == Gimp.RunMode.INTERACTIVE:
            GimpUi.init(PROCEDURE)
            Dialog(procedure, config, source).run()
        else:
            paint_quietly(source, order_from(config, source))
    except Stopped:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    except (Refusal, BackendError) as error:
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(str(error)))
    except Exception as error:
        message = "Reverie met an error of its own (%s: %s). Your image is as it was. More is in “%s”." % (
            type(error).__name__,
            error,
            _log_failure(),
        )
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(message))
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)


def _log_failure():
    """Writes the failure that is being handled to the log; returns where. A full disk must not hide the failure."""
    path = places.plugin_log_file()
    try:
        with open(path, "a", encoding="utf-8") as log:
            log.write(traceback.format_exc() + "\n")
    except OSError as error:
        return "%s (which cannot be written: %s)" % (path, error.strerror)
    return path


Gimp.main(Reverie.__gtype__, sys.argv)
