"""What a dialog holds while it paints: the picture so far, the user's image, and the backend's time, whatever dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.gimp import windows
from tests.gimp.clicks import start
from tests.gimp.test_failures import is_alive, plugin_process

PAINT = "press_ok; touch pressed; until [ -f over ]; do sleep 0.2; done; end; exit"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are found in /proc")
def test_gimp_killed_while_its_dialog_paints_takes_the_plug_in_with_it_and_the_job_stops(gimp, backend):
    for name in ("pressed", "over"):
        (gimp.folder / name).unlink(missing_ok=True)
    screen = start(gimp, "Neural Style", "plug-in-reverie-style", PAINT, {"size": 256, "iterations": 10000})
    try:
        backend.wait((gimp.folder / "pressed").exists, 120)
        backend.wait(backend.paints, 60)  # before, it may be measuring for the estimate, which nobody stops
        plugin = plugin_process(gimp)
        host = int(Path(f"/proc/{plugin}/stat").read_text().rsplit(")", 1)[1].split()[1])
        os.kill(host, signal.SIGKILL)
        assert backend.wait(lambda: not backend.health()["busy"], 10) < 2.5
        backend.wait(lambda: not is_alive(plugin), 10)
    finally:
        (gimp.folder / "over").touch()
        screen.communicate(timeout=60)


HELD = """
import threading
from reverie_gimp.gimp.results import NewLayers
from reverie_gimp.ui import while_painting
from shared.refusals import Refusal
heard = {}
TOUCHY = {"Gimp", "Gegl", "Gtk", "Gdk", "GdkPixbuf", "layers", "sources", "pixels", "regions", "frames", "prepare"}
aside = {}  # {function of the plug-in that ran in a thread of its own: what it names of GIMP and GTK}

def watch(frame, event, argument):
    code = frame.f_code
    if event == "call" and "/plug-ins/reverie/" in code.co_filename:
        place = code.co_filename.split("/plug-ins/reverie/")[1]
        aside[place + ":" + code.co_name] = sorted(TOUCHY.intersection(code.co_names))

threading.setprofile(watch)

def press(made, response, when=lambda: True):
    '''Answers the dialog, as a click does, once that holds.'''
    GLib.timeout_add(100, lambda: not when() or made._window.response(response) or False)

def paints(made):
    return "left" in made._notice.get_text()

image = load(); layer = image.get_layers()[0]
mask = layer.create_mask(Gimp.AddMaskType.WHITE); layer.add_mask(mask); layer.set_edit_mask(True)
Gimp.Selection.all(image); Gimp.Selection.shrink(image, 100); Gimp.Selection.feather(image, 20)
mask.get_buffer().set_color(Gegl.Rectangle.new(0, 0, 200, 200), Gegl.Color.new("black")); mask.get_buffer().flush()
image.clean_all()

def state():
    return [digest(layer), digest(mask), digest(image.get_selection()), layer.get_edit_mask(), names(image),
            [each.get_id() for each in image.get_selected_drawables()], image.is_dirty(), len(Gimp.get_images())]

before = state()
procedure = Gimp.get_pdb().lookup_procedure(filters.STYLE)
made = dialog.Dialog("", filters.STYLE, procedure, procedure.create_config(), selected_sources(image, [mask]))
made._window.show(); heard["seen"] = settled(made)
made.close()
heard["untouched"] = [before, state()]

made, config = opened(); settled(made)
made._sources[0].image.delete()
config.set_property("strength", 0.3); settled(made)
press(made, Gtk.ResponseType.OK)
press(made, Gtk.ResponseType.CANCEL, lambda: "closed" in made._notice.get_text())
heard["closed before"] = [painted(made), made._notice.get_text()]
made.close()

made, config = opened(size=64, iterations=100)
image = made._sources[0].image
press(made, Gtk.ResponseType.OK)
GLib.timeout_add(50, lambda: not paints(made) or image.delete() and False)
kept, others = NewLayers(Gimp.RunMode.INTERACTIVE), Gimp.get_images()
made.ask(kept.add)
try:
    kept.finish()
except Refusal as why:
    new, = [each for each in Gimp.get_images() if each not in others]
    heard["closed while painting"] = [str(why), names(new)]
made.close()

def follow(made, *steps):
    '''Does one thing after the other, [(when that holds, what)], while the dialog asks and paints.'''
    left, end = list(steps), time.time() + 60

    def look():
        if left and time.time() < end and left[0][0]():
            left.pop(0)[1]()
        elif left and time.time() > end:
            raise SystemExit("waited in vain; %d steps are left" % len(left))
        return bool(left)

    GLib.timeout_add(100, look)

def respond(response):
    return lambda: made._window.response(response)

def click(name):
    return lambda: named(made, name).clicked()

def can_be_kept():
    return named(made, "Keep this").is_sensitive()

def asks():
    return made._controls[0].is_sensitive()

def question():
    return next((each for each in Gtk.Window.list_toplevels() if isinstance(each, Gtk.MessageDialog)), None)

def say(label):
    shot("question")
    heard["asked"] = [question().get_property("text")]
    next(each for each in below(question()) if isinstance(each, Gtk.Button) and each.get_label() == label).clicked()

sizes = []

def measure():
    sizes.append(made._window.get_size())

def begun(*steps):
    '''(What a long job gives, how it ended), if that is done after OK.'''
    global made
    made, config = opened(size=96, iterations=10000)
    pump(seconds=0.5); measure()
    follow(made, (lambda: True, respond(Gtk.ResponseType.OK)), *steps)
    results = painted(made)
    made.close()
    number = [number for number, recipe in jobs if recipe.get("iterations") == 10000][-1]  # previews have others
    how = lambda: launcher.connect()._json("GET", "/v1/jobs/" + number)["state"]
    pump(lambda: how() != "running", 20)
    return results, how()

def key(name):  # pressed in earnest; xdotool must not wait for what this thread would do
    return lambda: os.system("xdotool key --delay 50 %s &" % name)

(result,), ended = begun((can_be_kept, click("Keep this")))
heard["kept early"] = [len(result.samples), ended, bytes(result.samples) != samples(result.source.layer)]
heard["back"] = begun((can_be_kept, measure), (can_be_kept, lambda: shot("keep")),
                      (can_be_kept, click("Back to the settings")), (asks, respond(Gtk.ResponseType.CANCEL)))
heard["sizes"] = sizes[-2:]
heard["soon escaped"] = begun((lambda: paints(made), key("Escape")))
heard["much"] = while_painting._MUCH; while_painting._MUCH = 0.0
heard["escaped"] = begun((can_be_kept, key("Escape")), (question, lambda: say("_Go on painting")),
                         (lambda: not question() and paints(made), key("alt+F4")),  # the window's cross
                         (question, lambda: say("_Stop")))

made, config = opened(size=256, iterations=10000)
image = made._sources[0].image; before = digest(image.get_layers()[0])
backend = json.load(open(os.environ["REVERIE_HOME"] + "/ready.json"))["pid"]
press(made, Gtk.ResponseType.OK)
GLib.timeout_add(100, lambda: not paints(made) or bool(os.kill(backend, 9)))
press(made, Gtk.ResponseType.CANCEL, lambda: "as it was" in made._notice.get_text())
heard["backend killed"] = [painted(made), made._notice.get_text()]
heard["kept"] = [names(image), digest(image.get_layers()[0]) == before]
made.close()
answer(aside=aside, **heard)
"""


@pytest.fixture(scope="module")
def said(gimp, running_backend):
    backend = running_backend()
    said = windows.run(gimp, "held", HELD)
    backend.process.wait(timeout=20)
    return said


def test_a_dialog_that_is_opened_and_closed_leaves_a_masked_layer_and_a_selection_as_they_were(said):
    assert said["seen"]
    before, after = said["untouched"]
    assert after == before
    assert before[3] and not before[6]  # the mask is being edited, and nothing was changed since it was saved


def test_threads_call_neither_gimp_nor_gtk(said):
    ui = "reverie_gimp/ui/"
    assert {f"{ui}small_jobs.py:carry_out", f"{ui}dialog.py:_result", f"{ui}fast_styles.py:_fast_styles"} <= set(
        said["aside"]
    )
    assert not {name: names for name, names in said["aside"].items() if names}
    assert not [name for name in said["aside"] if name.startswith(("reverie_gimp/gimp/", "reverie_gimp/job/"))]


def test_an_image_closed_and_a_backend_killed_are_said_in_the_dialog_which_stays(said):
    results, sentence = said["closed before"]
    assert results is None
    assert sentence.startswith("The image or its layer was closed meanwhile. Open it again")
    assert said["closed while painting"] == [
        "The image or its layer was closed meanwhile. So nothing is lost, what was painted is a new image.",
        ["Neural style: strokes"],
    ]
    results, sentence = said["backend killed"]
    assert results is None
    assert "The backend ended in the middle of the job" in sentence or "broke" in sentence
    assert said["kept"] == [["landscape"], True]


def test_a_picture_is_kept_as_it_is_at_the_layers_size(said):
    assert said["kept early"] == [768 * 576 * 4, "done", True]


def test_the_settings_are_there_again_and_the_job_is_given_up(said):
    assert said["back"] == [None, "cancelled"]
    asking, painting = said["sizes"]
    assert painting == asking  # nothing moves away below the mouse


def test_esc_asks_before_much_is_lost_and_only_then(said):
    assert said["asked"] == ["Stop painting?"] and said["much"] == 20
    assert said["escaped"] == [None, "cancelled"]
    assert said["soon escaped"] == [None, "cancelled"]
