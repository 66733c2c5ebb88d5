"""The dialogs in a real GIMP with windows, under Xvfb: driven by keys and clicks, and looked at."""

from __future__ import annotations

import pytest

from tests.gimp.clicks import QUICK, drive

STYLE = """
act keys alt+y                         # Styles, where the one is that is chosen: strokes
act keys Left space                    # before it is stained glass
shot dialog
paint; shot painting
"""


KEPT = """
for _ in $(seq 60); do keys alt+k; wait_for 1 is_closed 'Neural Style' && break; done  # Keep this, once there is any
"""


def test_style_chosen_ok_pressed_the_picture_kept_as_it_is_and_undone_in_one_step(gimp, backend):
    settings = {"size": 128, "iterations": 10000}
    said = drive(gimp, "style", "Neural Style", "plug-in-reverie-style", STYLE + KEPT, settings)
    assert said["status"] == "success"
    assert said["after"] == said["seen"] == ["Neural style: stained glass", "landscape.jpg"]
    assert said["selected"] == ["Neural style: stained glass"]
    assert said["undone"] == ["landscape.jpg"]
    assert said["same"] and said["all_undone"]


BACK = """
keys alt+b; wait_for 30 is_idle; shot back   # Back to the settings
paint; press_cancel
"""


def test_back_to_the_settings_and_cancel_stop_the_job_and_change_nothing(gimp, backend):
    settings = {"size": 256, "iterations": 10000}
    said = drive(gimp, "cancelled", "Neural Style", "plug-in-reverie-style", STYLE + BACK, settings)
    assert said["status"] == "cancel"
    assert said["after"] == ["landscape.jpg"]
    assert said["same"]
    backend.wait(lambda: not backend.health()["busy"], 2)


TWO = 'second = layer.copy(); image.insert_layer(second, None, 0); second.set_name("second"); layers = [second, layer]'
DREAM = """
shot dialog
act keys alt+p                    # a pattern, and no: its layer must be forgotten again
act keys alt+y                    # something by name: the entry takes the keys
write "golden retriever"
keys Tab; wait_for 10 is_popped_down   # what completes the name, if it has come up by then
shot chosen
paint; shot painting
steps=2
"""


@pytest.mark.usefixtures("squeezenet")
def test_two_layers_dream_of_a_name_and_each_is_undone_in_one_step(gimp, backend):
    said = drive(gimp, "dream", "Deep Dream", "plug-in-reverie-dream", DREAM, setup=TWO)
    assert said["status"] == "success"
    assert [record["dream"][0]["class_name"] for record in said["records"]] == ["golden retriever"] * 2
    assert len(said["after"]) == 4
    assert said["after"][1::2] == ["second", "landscape.jpg"]
    assert sorted(said["selected"]) == sorted(said["after"][::2])
    assert said["undone"] == ["second", "landscape.jpg"]
    assert said["same"]


MADE = """
made = paint(image, layers, style="clone/backend/reverie/demo/ink.jpg", strength=0.8, color="luminance",
             dream_class="castle", size=128, iterations=15)
layer = above(image, layers[0]); layers = [layer]
"""
EDIT = """
act keys alt+a; place   # Advanced: unfolded
shot dialog
press_ok
"""


@pytest.mark.usefixtures("squeezenet")
def test_a_result_opens_with_its_settings_and_is_made_anew(gimp, backend):
    said = drive(gimp, "edit", "Edit Neural Style", "plug-in-reverie-edit", EDIT, settings={}, setup=MADE)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: ink, castle #1", "Neural style: ink, castle", "landscape.jpg"]
    assert said["seen"] == said["after"][::2]
    assert said["selected"] == said["after"][:1]
    assert said["records"][0] == said["records"][1]
    assert said["records"][0]["strength"] == 0.8
    assert said["undone"] == ["Neural style: ink, castle", "landscape.jpg"]
    assert said["same"] and said["all_undone"]


REPLACE = """
act keys alt+l
shot dialog
press_ok
"""


@pytest.mark.usefixtures("squeezenet")
def test_a_result_is_replaced_where_that_is_ticked(gimp, backend):
    said = drive(gimp, "replace", "Edit Neural Style", "plug-in-reverie-edit", REPLACE, settings={}, setup=MADE)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: ink, castle", "landscape.jpg"]
    assert len(said["records"]) == 1
    assert said["undone"] == said["after"]


PATTERN = """
keys alt+p   # a pattern that it knows
pictures() { [ "$(import -window $window -crop 180x50+42+462 +repage png:- | identify -format %k -)" -gt 500 ]; }
wait_for 120 pictures; shot atlas
act keys Tab Tab Right Right; act keys space  # past the layers, to the third picture
place; shot dialog
paint; shot painting
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
paint; shot painting
"""


def test_the_dialog_of_a_dream_zoom_opens_its_frames_as_a_new_image(gimp, backend):
    said = drive(gimp, "zoom", "Dream Zoom", "plug-in-reverie-dream-zoom", ZOOM, {**QUICK, "frames": 3})
    assert said["status"] == "success"
    assert said["after"] == ["landscape.jpg"]
    assert said["same"]


TO_INDEXED = (
    'image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, False, False, "")'
)
MENDED = """
be_refused; shot refused                   # not before the conversion is allowed
act keys alt+h                             # convert the image to RGB
act keys alt+y; act write "golden retreiver"
be_refused; shot unknown                   # the backend's refusal: the dialog is still there
keys alt+y; act keys Up                    # whatever it sees by itself
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
keys alt+s; pop_up space; shot presets
keys Down Down; pop_down Return
keys alt+b; pop_up space; keys Down; pop_down Return; shot chosen   # the second brushwork: in one pass
press_ok
"""


def test_a_preset_and_a_brushwork_chosen_by_keys_set_the_dialog(gimp, backend):
    """The second of the list: Bold brush, which says more than the dialog's usual settings do."""
    said = drive(gimp, "preset", "Neural Style", "plug-in-reverie-style", PRESETS)
    assert said["status"] == "success"
    assert said["records"][0]["strength"] == 0.95
    assert said["records"][0]["style"][0]["scale"] == 2.0
    assert said["records"][0]["method"] == "instant"
    assert said["undone"] == ["landscape.jpg"]
