"""What a dialog holds while things die around it: the user's image, and the backend's time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import windows
from test_dialog import start
from test_failures import plugin_process

PAINT = "press_ok; touch pressed; until [ -f over ]; do sleep 0.2; done; kill $gimp $screen; exit"


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are found in /proc")
def test_gimp_killed_while_its_dialog_paints_takes_the_plug_in_with_it_and_the_job_stops(gimp, backend):
    for name in ("pressed", "over"):
        (gimp.folder / name).unlink(missing_ok=True)
    screen = start(gimp, "Neural Style", "plug-in-reverie-style", PAINT, {"size": 256, "iterations": 10000})
    try:
        backend.wait((gimp.folder / "pressed").exists, 120)
        backend.wait(lambda: backend.health()["busy"], 60)
        plugin = plugin_process(gimp)
        host = int(Path(f"/proc/{plugin}/stat").read_text().rsplit(")", 1)[1].split()[1])
        os.kill(host, signal.SIGKILL)
        assert backend.wait(lambda: not backend.health()["busy"], 10) < 2.5
        backend.wait(lambda: not is_alive(plugin), 10)
    finally:
        (gimp.folder / "over").touch()
        screen.communicate(timeout=60)


HELD = """
heard = {}

def press(made, response, when=lambda: True):
    '''Answers the dialog, as a click does, once that holds.'''
    GLib.timeout_add(100, lambda: not when() or made._window.response(response) or False)

def paints(made):
    return "left" in made._note.get_text()

made, config = opened(); settled(made)
made._sources[0].image.delete()
config.set_property("strength", 0.3); settled(made)
press(made, Gtk.ResponseType.OK)
press(made, Gtk.ResponseType.CANCEL, lambda: "closed" in made._note.get_text())
heard["closed before"] = [made.run(), made._note.get_text()]
made.close()

made, config = opened(size=64, iterations=100)
image = made._sources[0].image
press(made, Gtk.ResponseType.OK)
GLib.timeout_add(50, lambda: not paints(made) or image.delete() and False)
results = made.run()
made.close()
try:
    layers.insert(results)
except layers.Homeless as why:
    heard["closed while painting"] = [str(why), names(layers.new_image(results))]

made, config = opened(size=256, iterations=10000)
image = made._sources[0].image; before = digest(image.get_layers()[0])
backend = json.load(open(os.environ["REVERIE_HOME"] + "/ready.json"))["pid"]
press(made, Gtk.ResponseType.OK)
GLib.timeout_add(100, lambda: not paints(made) or bool(os.kill(backend, 9)))
press(made, Gtk.ResponseType.CANCEL, lambda: "backend" in made._note.get_text())
heard["backend killed"] = [made.run(), made._note.get_text()]
heard["kept"] = [names(image), digest(image.get_layers()[0]) == before]
made.close()
answer(**heard)
"""


def test_an_image_closed_and_a_backend_killed_are_said_in_the_dialog_which_stays(gimp, backend):
    said = windows.run(gimp, "held", HELD)
    backend.process.wait(timeout=20)
    results, sentence = said["closed before"]
    assert results is None
    assert sentence.startswith("The image or its layer was closed meanwhile. Open it again")
    assert said["closed while painting"] == ["The image or its layer was closed meanwhile.", ["Neural style: strokes"]]
    results, sentence = said["backend killed"]
    assert results is None
    assert "The backend ended in the middle of the job" in sentence or "broke" in sentence
    assert said["kept"] == [["landscape"], True]
