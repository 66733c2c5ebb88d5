"""Every dialog, looked at. What they say can be read in GIMP's dark theme, the usual one, and in the light one.

With REVERIE_LOOK_LONG=1 all that is painted in them is painted as for a painter, and the pictures that this leaves in
tests/artefacts are those in docs/dialogs."""

from __future__ import annotations

import os
from pathlib import Path

from tests.gimp import windows
from tests.gimp.conftest import GIMPRC

DOCS = Path(__file__).resolve().parents[3] / "docs" / "dialogs"
SCREEN = 1300, 1000
READABLE, VISIBLE = 4.5, 3.0  # the least contrasts of text, and of what is no text, by WCAG's level AA

LOOK = (
    f"LONG = {bool(os.environ.get('REVERIE_LOOK_LONG'))}\n"
    + """
import collections
said = {}
if LONG:
    previews._ITERATIONS = 40
away = lambda: os.system("xdotool mousemove 1299 999")  # off what has a tip to show

def luminance(colour):
    '''As WCAG has it: 0 is black, 1 is white.'''
    parts = [each / 255 for each in colour]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

def colours(window, area):
    '''How often each colour is seen in a part of a window.'''
    part = Gdk.pixbuf_get_from_window(window.get_window(), *area)
    raw, row, size = part.get_pixels(), part.get_rowstride(), part.get_n_channels()
    lines = (raw[y * row : y * row + size * part.get_width()] for y in range(part.get_height()))
    return collections.Counter(pixel for line in lines for pixel in zip(line[0::size], line[1::size], line[2::size]))

def contrast(seen_there, behind=None):
    '''The highest contrast of some colours, counted, to what is behind them: to most of them, if that is not given.'''
    behind = luminance(seen_there.most_common(1)[0][0]) if behind is None else behind
    return max((max(behind, each) + 0.05) / (min(behind, each) + 0.05) for each in map(luminance, seen_there))

def in_sight(widget):
    '''The part of a widget that no scrolled window hides, in its window: (x, y, width, height).'''
    left, top, right, bottom = 0, 0, 10000, 10000
    for part in up(widget):
        if part is widget or isinstance(part, Gtk.ScrolledWindow):
            x, y = part.translate_coordinates(part.get_toplevel(), 0, 0)
            left, top = max(left, x), max(top, y)
            right, bottom = min(right, x + part.get_allocated_width()), min(bottom, y + part.get_allocated_height())
    return left, top, right - left, bottom - top

def up(widget):
    while widget is not None:
        yield widget
        widget = widget.get_parent()

def contrasts(window):
    '''{text: its contrast}, of all in a window that is to be seen and not greyed.'''
    found = {}
    for each in below(window):
        if not isinstance(each, (Gtk.Label, Gtk.Entry, Gtk.ComboBoxText)):
            continue
        if not each.get_mapped() or not each.is_sensitive():
            continue
        text = (each.get_active_text() if isinstance(each, Gtk.ComboBoxText) else each.get_text()) or ""
        x, y, width, height = in_sight(each)
        if text.strip() and width > 8 and height > 8:
            found[text] = contrast(colours(window, (x, y, width, height)))
    return found

def tip_of(widget):
    '''The contrasts in the tip of a widget.'''
    x, y, width, height = in_sight(widget)
    left, top = widget.get_toplevel().get_window().get_origin()[1:]
    os.system("xdotool mousemove %d %d" % (left + x + width // 2, top + y + height // 2))
    tips = lambda: [each for each in Gtk.Window.list_toplevels()
                    if each.get_window_type() == Gtk.WindowType.POPUP and each.get_mapped()]
    pump(tips, 5); pump(seconds=0.1)
    found = contrasts(tips()[0])
    away(); pump(lambda: not tips(), 5)
    return found

def opened_as(title, procedure, sources, restore=lambda config: None):
    '''A dialog as the user finds it.'''
    kind = filters.DREAM if procedure in (filters.DREAM, procedures.ZOOM) else filters.STYLE
    maker = Gimp.get_pdb().lookup_procedure(procedure)
    config = maker.create_config()
    restore(config)
    made = dialog.Dialog(title, kind, maker, config, sources)
    made._window.show()
    return made

def previewed(made):
    '''Waits for the first preview; does it come?'''
    untouched = seen(made)
    shown = pump(lambda: untouched != seen(made), 60)
    quiet = lambda: not made._preview._spinner.get_property("active") and made._estimate.get_text()[-1:] != "…"
    pump(quiet, 60 if LONG else 20)  # a picture of the whole is nicer, and nothing to wait long for
    pump(lambda: not made._gallery.looks.busy, 60 if LONG else 20)
    return shown

def vary(made):
    '''Shows variations in the place of the preview.'''
    made._vary.set_active(True)
    there = lambda: [each for each in below(made._variations.widget) if isinstance(each, Gtk.Image)]
    pump(lambda: there() and all(each.get_storage_type() == Gtk.ImageType.GICON for each in there()), 60)

def look(name, *given, patient=True, then=lambda made: None):
    '''Opens a dialog, keeps its picture, and says of it what can be measured.'''
    looks_ui._AT_ONCE = 2 if LONG or name == "style" else 0
    made = opened_as(*given)
    shown = patient and previewed(made)
    then(made)
    pump(seconds=1.5 if patient else 0.5)  # pictures of styles are made as they are seen
    window = made._window.get_window()
    (x, y), (width, height) = window.get_origin()[1:], (window.get_width(), window.get_height())
    place = "%dx%d+%d+%d" % (width, height, x, y)
    os.system("timeout 10 import -window root -crop %s +repage %s/%s.png" % (place, FOLDER, name))
    if not patient:  # what comes of it is not waited for, and is not to come while the rest is looked at
        made._preview.pause(); pump(seconds=0.2)
    behind = luminance(colours(made._window, (0, 0, width, height)).most_common(1)[0][0])
    seen_at = made._preview.canvas.widget.get_allocation()
    chosen_one = next((each for each in below(made._window) if isinstance(each, Gtk.FlowBoxChild)
                       and each.get_style_context().has_class("reverie-chosen")), None)
    said[name] = {"shown": shown, "place": [x, y, width, height], "preview": made._preview._note.get_text(),
                  "canvas": seen_at.width * seen_at.height / width / height,
                  "behind": behind, "texts": contrasts(made._window)}
    fields = [each for each in below(made._window) if isinstance(each, Gtk.SpinButton) and each.get_mapped()
              and not isinstance(each.get_parent(), GimpUi.ScaleEntry) and each.get_allocated_width() > 8]
    said[name]["fields"] = [
        [each.translate_coordinates(made._window, 0, 0)[0], each.get_allocated_width()] for each in fields]
    controls, tiles = next(each for each in below(made._window) if isinstance(each, Gtk.Expander)), made._gallery._grid
    panel = controls.get_ancestor(Gtk.ScrolledWindow)
    last = controls.get_parent().get_children()[-1]
    end = last.translate_coordinates(panel, 0, 0)[1] + last.get_allocated_height()
    empty = tiles._stack.get_allocated_height() - tiles._scrolled.get_allocated_height()
    said[name]["empty"] = (empty + max(0, panel.get_allocated_height() - end)) / height
    if chosen_one is not None:
        x, y, width, height = in_sight(chosen_one)
        said[name]["chosen"] = height / chosen_one.get_allocated_height()
        said[name]["frame"] = contrast(colours(made._window, (x, y + height // 2, 3, 1)), behind)
        said[name]["tip"] = tip_of(chosen_one)
    made.close()

away()
image = load(); layer = image.get_layers()[0]
look("style", "Neural Style", filters.STYLE, selected_sources(image, [layer]))
"""
)

OTHERS = """
if LONG:
    look("variations", "Neural Style", filters.STYLE, selected_sources(image, [layer]), then=vary)
    said.pop("variations")
look("dream", "Deep Dream", filters.DREAM, selected_sources(image, [layer]))
look("zoom", "Deep Dream", procedures.ZOOM, frames.of_zoom(layer))
painted = paint(image, [layer], style="clone/backend/reverie/demo/ink.jpg", strength=0.8, color="luminance")
source, recipe, origin = recorded_source(image, image.get_layers()[0])
look("edit", "Neural Style", filters.STYLE, [source], lambda config: records.restore(recipe, origin, config, image))
look("frames", "Neural Style", procedures.LAYERS_STYLE, frames.of_layers(image))
made = opened_as("Neural Style", filters.STYLE, selected_sources(image, image.get_layers()[:1]))
over = made._notice.get_text()
made.close()
answer(painted=painted, said=said, over=over)
"""


LIGHT = """
look("dream", "Deep Dream", filters.DREAM, selected_sources(image, [layer]), patient=False)
answer(said=said)
"""


def check_readable(name: str, said: dict) -> None:
    assert len(said["texts"]) > 15, (name, said)
    texts = [*said["texts"].items(), *said.get("tip", {}).items()]
    faint = {text: contrast for text, contrast in texts if contrast < READABLE}
    assert faint == {}, name
    if "chosen" in said:
        assert said["chosen"] == 1, "the style that is chosen is out of sight"
        assert said["frame"] >= VISIBLE, name


def test_every_dialog_fits_on_its_screen_and_shows_a_preview(gimp, running_backend):
    running_backend()
    answer = windows.run(gimp, f"dialogs-{gimp.version}", LOOK + OTHERS)
    assert answer["painted"][0], answer["painted"]
    assert answer["over"].startswith("“Neural style: ink” is a painting already, and is painted over.")
    assert tuple(answer["said"]) == ("style", "dream", "zoom", "edit", "frames")
    for name, said in answer["said"].items():
        assert (DOCS / f"{name}-{gimp.version}.png").exists()
        assert said["shown"], (name, said)
        x, y, width, height = said["place"]
        assert width > 500 and x >= 0 and x + width <= SCREEN[0], (name, said)
        assert height > 400 and y >= 0 and y + height <= SCREEN[1], (name, said)
        assert said["behind"] < 0.2, (name, said)
        assert said["canvas"] > 0.35, name  # of the window
        assert said["empty"] < 0.1, (name, said["empty"])  # of its height, where the controls are
        assert not [text for text in said["texts"] if "as it is" in text], name  # it is a preview that is shown
        assert all(field == said["fields"][0] for field in said["fields"]), (name, said["fields"])  # below each other
        check_readable(name, said)
    assert len(answer["said"]["zoom"]["fields"]) == 3


def test_what_they_say_can_be_read_in_the_light_theme_too(gimp, running_backend):
    running_backend()
    gimprc = gimp.folder / "config" / "gimprc"
    gimprc.write_text(f"{GIMPRC}(theme-color-scheme light)\n")
    try:
        answer = windows.run(gimp, "dialogs-light", LOOK + LIGHT)
    finally:
        gimprc.write_text(GIMPRC)
    for name in ("style", "dream"):
        assert answer["said"][name]["behind"] > 0.5, name
        check_readable(name, answer["said"][name])
