"""What is painted is kept, whatever ends the painting: a failure or Cancel, in dialogs and without windows."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.gimp import windows
from tests.gimp.test_failures import plugin_process
from tests.stand_in_backend import HELD

SETUP = """
def layered(count=3):
    image = load(); image.scale(96, 72); image.get_layers()[0].set_name("1")
    for number in range(2, count + 1):
        layer = image.get_layers()[0].copy(); layer.set_name(str(number)); image.insert_layer(layer, None, 0)
    return image

def painted(image):
    '''The names of the layers that have a record.'''
    return [layer.get_name() for layer in image.get_layers() if layer.get_parasite("reverie-recipe")]

def others(*images):
    '''The painted layers of the images that are open beside those.'''
    return [painted(each) for each in Gimp.get_images() if each not in images]

image = layered()
before = [digest(each) for each in image.get_layers()]
"""
LAYERS = (
    SETUP
    + """
status = paint(image, list(reversed(image.get_layers())))
answer(status=status, names=names(image), painted=painted(image), others=others(image),
       same=[digest(each) for each in image.get_layers() if not each.get_parasite("reverie-recipe")] == before)
"""
)
FRAMES = (
    SETUP
    + """
status = call("plug-in-reverie-style-frames", image, image.get_layers()[:1])
answer(status=status, names=names(image), others=others(image))
"""
)
ZOOM = (
    SETUP
    + """
status = call("plug-in-reverie-dream-zoom", image, image.get_layers()[:1], frames=30)
answer(status=status, names=names(image), others=others(image))
"""
)
FAILED = [{"type": "failed", "message": "The disk is on fire.", "field": None}]
TWO_OF_THREE = ["3", "Neural style: strokes #1", "2", "Neural style: strokes", "1"]


def killed_while_it_paints(gimp, echo, script: str, number: int) -> dict:
    """What a script says whose plug-in is killed, as GIMP's own Cancel does, while its job of that number runs."""
    echo.others[number] = [HELD]
    process = gimp.start(script)
    until = time.monotonic() + 60
    while len(echo.jobs) <= number:
        assert time.monotonic() < until, "the job is not begun"
        time.sleep(0.05)
    os.kill(plugin_process(gimp), signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    return gimp.result(output)


def test_layers_that_are_painted_before_a_failure_stay(gimp, echo):
    echo.others[2] = FAILED
    said = gimp.run(LAYERS)
    assert said["status"] == [False, "Painted, and kept: 2 of 3 layers. The disk is on fire."]
    assert said["names"] == TWO_OF_THREE
    assert said["same"]
    assert said["others"] == []


def test_a_failure_before_the_first_layer_is_told_alone(gimp, echo):
    echo.others[0] = FAILED
    said = gimp.run(LAYERS)
    assert said["status"] == [False, "The disk is on fire."]
    assert said["painted"] == []


def test_layers_that_are_painted_before_gimps_cancel_stay(gimp, echo):
    said = killed_while_it_paints(gimp, echo, LAYERS, 2)
    assert not said["status"][0]
    assert said["names"] == TWO_OF_THREE
    assert said["same"]


def test_frames_that_are_painted_before_a_failure_are_an_animation(gimp, echo):
    echo.others[2] = FAILED
    said = gimp.run(FRAMES)
    assert said["status"] == [False, "Painted, and kept in a new image: 2 of 3 frames. The disk is on fire."]
    assert said["names"] == ["3", "2", "1"]
    assert said["others"] == [["2", "1"]]


def test_frames_that_are_painted_before_gimps_cancel_are_an_animation(gimp, echo):
    said = killed_while_it_paints(gimp, echo, ZOOM, 25)
    assert not said["status"][0]
    frames = [f"Frame {number} (100ms) (replace)" for number in range(25, 0, -1)]
    assert frames in said["others"]


DIALOG = (
    SETUP
    + """
from reverie_gimp import run

made, heard, interactive = [], {}, Gimp.RunMode.INTERACTIVE

class Recorded(dialog.Dialog):
    def __init__(self, *given):
        super().__init__(*given)
        made.append(self)

dialog.Dialog = Recorded

def press(response, when):
    GLib.timeout_add(50, lambda: not (made and when()) or made[0]._window.response(response) or False)

def paint_layers():
    procedure = Gimp.get_pdb().lookup_procedure(filters.STYLE)
    config, unpainted = procedure.create_config(), selected_sources(image, list(reversed(image.get_layers())))
    results = run.NewLayers(interactive)
    return run.guarded(
        procedure, lambda: run.work(procedure, filters.STYLE, procedure, config, unpainted, interactive, results))

def paint_frames():
    procedure = Gimp.get_pdb().lookup_procedure(procedures.LAYERS_STYLE)
    return run.animate(procedure, interactive, image, image.get_layers()[:1], procedure.create_config(), None)

for name, begin in (("layers", paint_layers), ("frames", paint_frames)):
    for cancelled in (False, True):
        image = layered(); seen_before = Gimp.get_images()
        jobs.clear(); made.clear()
        press(Gtk.ResponseType.OK, lambda: made[0]._window.get_mapped())
        if cancelled:  # while the third is painted
            press(Gtk.ResponseType.CANCEL, lambda: len(jobs) == 3)
        status = begin().index(0).value_nick
        heard[name + (" cancelled" if cancelled else " failed")] = [status, names(image), others(*seen_before)]
answer(**heard)
"""
)


@pytest.fixture(scope="module")
def said(gimp, module_echo):
    """The first and the third try fail at their third job, and the others are cancelled there."""
    for number, events in ((2, FAILED), (5, [HELD]), (8, FAILED), (11, [HELD])):
        module_echo.others[number] = events
    return windows.run(gimp, "kept", DIALOG)


@pytest.mark.parametrize(("ending", "status"), [("failed", "execution-error"), ("cancelled", "cancel")])
def test_a_dialog_keeps_what_was_painted_before_a_failure_or_cancel(said, ending, status):
    assert said[f"layers {ending}"] == [status, TWO_OF_THREE, []]
    assert said[f"frames {ending}"] == [status, ["3", "2", "1"], [["2", "1"]]]
