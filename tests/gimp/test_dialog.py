"""The dialogs in a real GIMP with windows, under Xvfb: driven by keys and clicks, and looked at."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"

# Runs in GIMP: opens the dialog, then waits for the test to press Ctrl+Z and counts the layers.
INSIDE = """
import os, time
image = Gimp.get_images()[0]; layer = image.get_layers()[0]; layers = [layer]
SETUP
before, first = digest(layer), names(image)
procedure = Gimp.get_pdb().lookup_procedure("PROCEDURE")
config = procedure.create_config()
config.set_property("run-mode", Gimp.RunMode.INTERACTIVE)
config.set_property("image", image)
config.set_core_object_array("drawables", layers)
for name, value in SETTINGS.items():
    config.set_property(name, value)
result = procedure.run(config)
after, kind = names(image), image.get_base_type().value_nick
records = [recipe(each) for each in image.get_layers() if each.get_parasite("reverie-recipe")]
open(FOLDER + "/painted", "w").close()
for _ in range(100):
    time.sleep(0.1)
    if names(image) == first and layer.is_valid():  # a layer that was replaced comes back
        break
answer(status=result.index(0).value_nick, after=after, undone=names(image), same=digest(layer) == before,
       records=records, kinds=[kind, image.get_base_type().value_nick])
"""

# Runs beside GIMP, with its display. Widgets are found by where they are, since GTK 3 has no names that X could see.
OUTSIDE = """
cd FOLDER; rm -f painted result.json display *.png
Xvfb -displayfd 3 -screen 0 1300x1000x24 3>display >xvfb.log 2>&1 & screen=$!    # a display that is free
for _ in $(seq 100); do [ -s display ] && break; sleep 0.1; done
export DISPLAY=:$(cat display)
timeout 150 dbus-run-session -- gimp-VERSION -n -s --quit --batch-interpreter python-fu-eval -b "CODE" \
    clone/backend/reverie/demo/landscape.jpg >gui.log 2>&1 & gimp=$!
for _ in $(seq 200); do
    window=$(xdotool search --onlyvisible --name '^TITLE$' | head -1); [ -n "$window" ] && break; sleep 0.25
done
[ -n "$window" ] || { cat gui.log xvfb.log; import -window root failed.png; kill $gimp $screen; exit 1; }
drawn() { [ "$(import -window $window png:- | identify -format %k -)" -gt 2000 ]; }
for _ in $(seq 120); do drawn && break; sleep 0.25; done
sleep 1
eval "$(xdotool getwindowgeometry --shell $window)"
click() { xdotool mousemove $((X + $1)) $((Y + $2)) click 1; sleep 1; }
press_ok() { eval "$(xdotool getwindowgeometry --shell $window)"; click $((WIDTH - 70)) $((HEIGHT - 42)); }
shot() { timeout 10 import -window root -crop ${WIDTH}x$HEIGHT+$X+$Y +repage $1.png; }  # what was the dialog's place
press_cancel() { click $((WIDTH - 165)) $((HEIGHT - 42)); }
ACTIONS
for _ in $(seq 1000); do [ -f painted ] && break; sleep 0.1; done
sleep 1
import -window root painted.png
main=$(xdotool search --onlyvisible --class gimp | tail -1)
xdotool mousemove 500 400; xdotool windowfocus $main; xdotool key ctrl+z
for _ in $(seq 150); do [ -f result.json ] && break; sleep 0.1; done
import -window root undone.png
kill $gimp $screen  # without its display, GIMP ends too
cat gui.log
"""

QUICK = {"size": 128, "iterations": 15}


def start(gimp, title: str, procedure: str, actions: str, settings: dict, setup: str = "") -> subprocess.Popen[str]:
    """Opens a dialog, carries out the actions (shell), presses Ctrl+Z at the end."""
    folder = gimp.inside(gimp.folder)
    inside = INSIDE.replace("SETUP", setup).replace("PROCEDURE", procedure).replace("SETTINGS", repr(settings))
    (gimp.folder / "inside.py").write_text(inside)
    code = "; ".join(
        [
            f"FOLDER = '{folder}'",
            f"exec(open('{folder}/prelude.py').read())",
            f"exec(open('{folder}/inside.py').read())",
        ]
    )
    script = OUTSIDE.replace("FOLDER", folder).replace("CODE", code).replace("ACTIONS", actions)
    script = script.replace("VERSION", gimp.version).replace("TITLE", title)
    (gimp.folder / "outside.sh").write_text(script)
    # Called interactively, GIMP fills in the values used last and not those that were passed: none may be left over.
    shutil.rmtree(gimp.folder / "config" / "plug-in-settings", ignore_errors=True)
    words = gimp.command("bash", f"{folder}/outside.sh")
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _drive(gimp, name: str, title: str, procedure: str, actions: str, settings: dict = QUICK, setup: str = "") -> dict:
    """The same, waited for; keeps the screenshots as `name-…`."""
    output, _ = start(gimp, title, procedure, actions, settings, setup).communicate(timeout=200)
    ARTEFACTS.mkdir(exist_ok=True)
    for picture in gimp.folder.glob("*.png"):
        shutil.copy(picture, ARTEFACTS / f"{name}-{picture.name}")
    return gimp.result(output)


STYLE = """
xdotool windowfocus $window; xdotool key alt+i; sleep 0.5   # Pictures
xdotool key Right Right Right space; sleep 1                # the fourth: stained glass
shot dialog
press_ok
sleep 2; shot painting
"""


def test_style_chosen_ok_pressed_and_the_result_undone_in_one_step(gimp, backend):
    said = _drive(gimp, "style", "Neural Style", "plug-in-reverie-style", STYLE)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: stained_glass", "landscape.jpg"]
    assert said["undone"] == ["landscape.jpg"]
    assert said["same"]


def test_cancel_while_painting_stops_the_job_and_changes_nothing(gimp, backend):
    settings = {"size": 256, "iterations": 10000}
    said = _drive(gimp, "cancelled", "Neural Style", "plug-in-reverie-style", STYLE + "press_cancel", settings)
    assert said["status"] == "cancel"
    assert said["after"] == ["landscape.jpg"]
    assert said["same"]
    backend.wait(lambda: not backend.health()["busy"], 2)


TWO = 'second = layer.copy(); image.insert_layer(second, None, 0); second.set_name("second"); layers = [second, layer]'
DREAM = """
shot dialog
xdotool windowfocus $window; xdotool key alt+p; sleep 2   # a pattern, and no: its layer must be forgotten again
xdotool key alt+y; sleep 1                 # something by name: the entry takes the keys
xdotool type --delay 60 "golden ret"; sleep 2
shot completion
xdotool key Down Return; sleep 1
shot chosen
press_ok
sleep 2; shot painting
"""


@pytest.mark.usefixtures("squeezenet")
def test_two_layers_dream_of_a_name_that_is_completed_and_both_are_undone_in_one_step(gimp, backend):
    said = _drive(gimp, "dream", "Deep Dream", "plug-in-reverie-dream", DREAM, setup=TWO)
    assert said["status"] == "success"
    assert [record["dream"][0]["class_name"] for record in said["records"]] == ["golden retriever"] * 2
    assert len(said["after"]) == 4
    assert said["after"][1::2] == ["second", "landscape.jpg"]
    assert said["undone"] == ["second", "landscape.jpg"]
    assert said["same"]


MADE = """
made = paint(image, layers, style="clone/backend/reverie/demo/ink.jpg", strength=0.8, color="luminance",
             dream_class="castle", size=128, iterations=15)
layer = above(image, layers[0]); layers = [layer]
"""
EDIT = """
xdotool windowfocus $window; xdotool key alt+a; sleep 1   # Advanced: unfolded
eval "$(xdotool getwindowgeometry --shell $window)"
shot dialog
press_ok
"""


@pytest.mark.usefixtures("squeezenet")
def test_a_result_opens_with_its_settings_and_is_made_anew(gimp, backend):
    said = _drive(gimp, "edit", "Neural Style", "plug-in-reverie-edit", EDIT, settings={}, setup=MADE)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: ink, castle #1", "Neural style: ink, castle", "landscape.jpg"]
    assert said["records"][0] == said["records"][1]
    assert said["records"][0]["strength"] == 0.8
    assert said["undone"] == ["Neural style: ink, castle", "landscape.jpg"]
    assert said["same"]


REPLACE = """
xdotool windowfocus $window; xdotool key alt+l; sleep 1
shot dialog
press_ok
"""


@pytest.mark.usefixtures("squeezenet")
def test_a_result_is_replaced_where_that_is_ticked(gimp, backend):
    said = _drive(gimp, "replace", "Neural Style", "plug-in-reverie-edit", REPLACE, settings={}, setup=MADE)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: ink, castle", "landscape.jpg"]
    assert len(said["records"]) == 1
    assert said["undone"] == said["after"]


PATTERN = """
xdotool windowfocus $window; xdotool key alt+p   # a pattern that it knows
for _ in $(seq 120); do  # until there are pictures
    [ "$(import -window $window -crop 180x50+42+190 +repage png:- | identify -format %k -)" -gt 500 ] && break
    sleep 0.5
done
sleep 1; shot atlas
xdotool key Tab Tab Right Right; sleep 1; xdotool key space  # past the layers, to the third picture
eval "$(xdotool getwindowgeometry --shell $window)"; shot dialog
press_ok
sleep 1; shot painting
"""


def test_a_pattern_is_chosen_from_its_picture(gimp, backend):
    said = _drive(gimp, "pattern", "Deep Dream", "plug-in-reverie-dream", PATTERN)
    assert said["status"] == "success"
    dream = said["records"][0]["dream"][0]
    assert dream["layer"] in ("fire8", "level8")  # where the network dreams when nobody chose
    assert dream["channel"] > 0
    assert said["same"]


ZOOM = """
shot dialog
press_ok
sleep 1; shot painting
"""


def test_the_dialog_of_a_dream_zoom_opens_its_frames_as_a_new_image(gimp, backend):
    said = _drive(gimp, "zoom", "Deep Dream", "plug-in-reverie-dream-zoom", ZOOM, {**QUICK, "frames": 3})
    assert said["status"] == "success"
    assert said["after"] == ["landscape.jpg"]
    assert said["same"]


TO_INDEXED = (
    'image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, False, False, "")'
)
MENDED = """
press_ok; shot refused                     # not before the conversion is allowed
xdotool windowfocus $window; xdotool key alt+b   # convert the image to RGB
xdotool key alt+y; sleep 1; xdotool type --delay 60 "golden retreiver"
press_ok; sleep 3; shot unknown            # the backend's refusal: the dialog is still there
xdotool windowfocus $window; xdotool key alt+y; sleep 0.5; xdotool key Up; sleep 1   # whatever it sees by itself
press_ok
"""


def test_what_is_refused_can_be_mended_and_an_indexed_image_is_converted_in_the_same_step(gimp, backend):
    said = _drive(gimp, "mended", "Deep Dream", "plug-in-reverie-dream", MENDED, setup=TO_INDEXED)
    assert said["status"] == "success"
    assert said["after"] == ["Deep dream", "landscape.jpg"]
    assert said["undone"] == ["landscape.jpg"]
    assert said["kinds"] == ["rgb", "indexed"]
    assert said["same"]


PRESETS = """
xdotool windowfocus $window; xdotool key alt+s; sleep 0.5; xdotool key space; sleep 1; shot presets
xdotool key Down; xdotool key Down; xdotool key Return; sleep 1; shot chosen
press_ok
"""


def test_a_preset_chosen_by_keys_sets_the_dialog(gimp, backend):
    """The second of the list: Bold brush, which says more than the dialog's usual settings do."""
    said = _drive(gimp, "preset", "Neural Style", "plug-in-reverie-style", PRESETS)
    assert said["status"] == "success"
    assert said["records"][0]["strength"] == 0.95
    assert said["records"][0]["style"][0]["scale"] == 2.0
    assert said["undone"] == ["landscape.jpg"]
