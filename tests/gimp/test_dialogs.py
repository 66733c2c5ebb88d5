"""Every dialog, looked at: the pictures that this leaves in tests/artefacts are those in docs/dialogs."""

from __future__ import annotations

from pathlib import Path

import windows

DOCS = Path(__file__).resolve().parents[2] / "docs" / "dialogs"
SCREEN = 1300, 1000

SCRIPT = """
import frames
said = {}
os.system("xdotool mousemove 1299 999")  # off what has a tip to show

def look(name, procedure, title, sources, restore=lambda config: None):
    '''Opens a dialog as the user finds it, and keeps its picture.'''
    kind = orders.DREAM if procedure in (orders.DREAM, frames.ZOOM) else orders.STYLE
    maker = Gimp.get_pdb().lookup_procedure(procedure)
    config = maker.create_config()
    restore(config)
    made = dialog._Dialog(title, kind, maker, config, sources)
    made._window.show()
    untouched = seen(made)
    shown = pump(lambda: untouched != seen(made), 60)
    quiet = lambda: not made._preview._spinner.get_property("active") and not any(
        isinstance(each, Gtk.Label) and each.get_text() == "…" for each in below(made._window))
    pump(quiet, 10)  # a picture of the whole is nicer, and nothing to wait long for
    pump(seconds=1.5)  # pictures of styles are made as they are seen
    window = made._window.get_window()
    (x, y), (width, height) = window.get_origin()[1:], (window.get_width(), window.get_height())
    place = "%dx%d+%d+%d" % (width, height, x, y)
    os.system("timeout 10 import -window root -crop %s +repage %s/%s.png" % (place, FOLDER, name))
    said[name] = {"shown": shown, "place": [x, y, width, height], "preview": made._preview._note.get_text()}
    made.close()

image = load(); layer = image.get_layers()[0]
look("style", orders.STYLE, "Neural Style", layers.selected_sources(image, [layer]))
look("dream", orders.DREAM, "Deep Dream", layers.selected_sources(image, [layer]))
look("zoom", frames.ZOOM, "Deep Dream", frames.of_zoom(layer))
painted = paint(image, [layer], style="clone/backend/demo/ink.jpg", strength=0.8, color="luminance")
source, recipe, origin = layers.recorded_source(image, image.get_layers()[0])
look("edit", orders.STYLE, "Neural Style", [source], lambda config: orders.restore(recipe, origin, config, image))
look("frames", frames.LAYERS_STYLE, "Neural Style", frames.of_layers(image))
answer(painted=painted, said=said)
"""


def test_every_dialog_fits_on_its_screen_and_shows_a_preview(gimp, running_backend):
    running_backend()
    answer = windows.run(gimp, f"dialogs-{gimp.version}", SCRIPT)
    assert answer["painted"][0], answer["painted"]
    assert tuple(answer["said"]) == ("style", "dream", "zoom", "edit", "frames")
    for name, said in answer["said"].items():
        assert (DOCS / f"{name}-{gimp.version}.png").exists()
        assert said["shown"], (name, said)
        x, y, width, height = said["place"]
        assert width > 500 and x >= 0 and x + width <= SCREEN[0], (name, said)
        assert height > 400 and y >= 0 and y + height <= SCREEN[1], (name, said)
