"""The dialogs in a real GIMP with windows, under Xvfb: driven by keys and clicks, and looked at."""

from __future__ import annotations

import pytest

from tests.gimp.clicks import QUICK, drive

STYLE = """
xdotool windowfocus $window; xdotool key alt+i; sleep 0.5   # Pictures
xdotool key Right Right Right space; sleep 1                # the fourth: stained glass
shot dialog
press_ok
sleep 2; shot painting
"""


def test_style_chosen_ok_pressed_and_the_result_undone_in_one_step(gimp, backend):
    said = drive(gimp, "style", "Neural Style", "plug-in-reverie-style", STYLE)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: stained_glass", "landscape.jpg"]
    assert said["undone"] == ["landscape.jpg"]
    assert said["same"]


def test_cancel_while_painting_stops_the_job_and_changes_nothing(gimp, backend):
    settings = {"size": 256, "iterations": 10000}
    said = drive(gimp, "cancelled", "Neural Style", "plug-in-reverie-style", STYLE + "press_cancel", settings)
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
    said = drive(gimp, "dream", "Deep Dream", "plug-in-reverie-dream", DREAM, setup=TWO)
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
    said = drive(gimp, "edit", "Neural Style", "plug-in-reverie-edit", EDIT, settings={}, setup=MADE)
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
    said = drive(gimp, "replace", "Neural Style", "plug-in-reverie-edit", REPLACE, settings={}, setup=MADE)
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
    said = drive(gimp, "pattern", "Deep Dream", "plug-in-reverie-dream", PATTERN)
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
    said = drive(gimp, "zoom", "Deep Dream", "plug-in-reverie-dream-zoom", ZOOM, {**QUICK, "frames": 3})
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
    said = drive(gimp, "mended", "Deep Dream", "plug-in-reverie-dream", MENDED, setup=TO_INDEXED)
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
    said = drive(gimp, "preset", "Neural Style", "plug-in-reverie-style", PRESETS)
    assert said["status"] == "success"
    assert said["records"][0]["strength"] == 0.95
    assert said["records"][0]["style"][0]["scale"] == 2.0
    assert said["undone"] == ["landscape.jpg"]
