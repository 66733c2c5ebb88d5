"""What is closed, removed or selected while a dialog is open, and what the last time leaves for it."""

from __future__ import annotations

import pytest

from tests.gimp import windows
from tests.gimp.clicks import drive

SCRIPT = """
heard = {}
image = load(); layer = image.get_layers()[0]

def opened_on(name, source, meanwhile=lambda: None, recorded=None, painting=lambda: None, **settings):
    '''[whether OK paints, what the dialog says then], if that happens while it is open, or while it paints.'''
    config = Gimp.get_pdb().lookup_procedure(name).create_config()
    for key, value in settings.items():
        config.set_property(key.replace("_", "-"), value)
    if recorded:
        records.restore(*recorded, config, image)
    made = dialog.Dialog("", name, config.get_procedure(), config, [source])
    made._window.show(); settled(made)
    meanwhile()
    say = made._say
    made._say = lambda text: (say(text), text.startswith("Preparing") and painting())
    GLib.timeout_add(100, lambda: made._window.response(Gtk.ResponseType.OK) or False)
    over = []
    def give_up():
        if made._refused:
            made._window.response(Gtk.ResponseType.CANCEL)
        return not made._refused and not over
    GLib.timeout_add(100, give_up)
    try:
        done = painted(made) is not None
    except Exception as error:
        done = repr(error)
    over.append(True)
    said = [done, made._notice.get_text()]
    made.close()
    return said

def selected():
    return selected_sources(image, [layer])[0]

for name, argument in ((filters.STYLE, "style_layer"), (filters.DREAM, "dream_guide")):
    other = load()
    heard[argument] = opened_on(name, selected(), other.delete, **{argument: other.get_layers()[0]})
other = load(); mixed = [{"layer": other.get_layers()[0].get_id()}, {"fast": "udnie"}]
heard["painting"] = opened_on(filters.STYLE, selected(), painting=other.delete, recipe=json.dumps({"styles": mixed}))
group = Gimp.GroupLayer.new(image, "map"); image.insert_layer(group, None, 0)
heard["regions"] = opened_on(filters.STYLE, selected(), lambda: image.remove_layer(group), regions=group)

image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 20, 100, 80)
source = selected()
heard["nothing selected"] = opened_on(filters.STYLE, source, lambda: Gimp.Selection.none(image))
heard["nothing selected"] += [source.area, source.mask is None]
source = selected()
heard["selected"] = opened_on(
    filters.STYLE, source, lambda: image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 20, 100, 80))
heard["selected"] += [source.area, source.mask is not None and source.mask.count(255)]

for change in ("image.remove_layer(version)", "version.remove_mask(Gimp.MaskApplyMode.DISCARD)"):
    paint(image, [layer]); version = above(image, layer)
    source, *recorded = recorded_source(image, version)
    heard[change] = opened_on(filters.STYLE, source, lambda: exec(change), recorded)

# What GIMP and Reverie keep of a dialog for the next one, in an image without groups, and with one channel.
there = load(); group = Gimp.GroupLayer.new(there, "map"); there.insert_layer(group, None, 0)
Gimp.Selection.none(image)
for name in image.get_layers()[:-1]:
    image.remove_layer(name)
heard["of another image"] = opened_on(filters.STYLE, selected(), regions=group)
heard["of no channels"] = opened_on(filters.STYLE, selected(), regions_of="channels")
channel = Gimp.Channel.new(image, "sky", 768, 576, 50, Gegl.Color.new("black")); image.insert_channel(channel, None, 0)
channel.get_buffer().set_color(Gegl.Rectangle.new(0, 0, 768, 100), Gegl.Color.new("white"))
config = Gimp.get_pdb().lookup_procedure(filters.STYLE).create_config()
config.set_property("regions-of", "channels")
made = dialog.Dialog("", filters.STYLE, config.get_procedure(), config, [selected()])
heard["of one channel"] = [config.get_property("regions-of"), config.get_property("regions") == channel]
made.close()
answer(**heard)
"""


@pytest.fixture(scope="module")
def said(gimp, module_echo):
    return windows.run(gimp, "meanwhile", SCRIPT)


@pytest.mark.parametrize("argument", ["style_layer", "dream_guide", "regions"])
def test_a_layer_that_was_chosen_and_closed_is_said_in_the_dialog_which_stays(said, argument):
    painted, sentence = said[argument]
    assert painted is False
    assert sentence.startswith("A layer that was chosen as a style, to dream of, or as a region is not open any more")


def test_a_style_that_is_closed_while_it_is_painted_is_not_needed_any_more(said):
    painted, sentence = said["painting"]
    assert painted is True, sentence


def test_what_is_selected_when_ok_is_pressed_is_painted(said):
    painted, sentence, area, whole = said["nothing selected"]
    assert painted is True, sentence
    assert (area, whole) == ([0, 0, 768, 576], True)
    painted, sentence, area, white = said["selected"]
    assert painted is True, sentence
    assert (area, white) == ([0, 0, 142, 132], 100 * 80)


@pytest.mark.parametrize("change", ["image.remove_layer(version)", "version.remove_mask(Gimp.MaskApplyMode.DISCARD)"])
def test_a_version_or_mask_that_is_removed_while_its_dialog_is_open_is_said(said, change):
    painted, sentence = said[change]
    assert painted is False
    assert sentence.startswith("The layer that is made anew, or its mask, was removed meanwhile. Undo that")


def test_regions_of_another_image_are_forgotten_by_a_dialog_that_could_not_show_them(said):
    assert said["of another image"][0] is True, said["of another image"]
    assert said["of no channels"][0] is True, said["of no channels"]
    assert said["of one channel"] == ["", True]


THEIRS = """
import shutil
shutil.copy(FOLDER + "/clone/backend/reverie/demo/ink.jpg", FOLDER + "/theirs-LETTER.jpg")
paint(image, layers, style="theirs-LETTER.jpg", size=64, iterations=6)  # by a script: the painter has never chosen it
layer = above(image, layers[0]); layers = [layer]
"""
ASKED = """
question='Style pictures from elsewhere'
wait_for 100 is_open "$question"; keys alt+LETTER; wait_for 20 is_closed "$question"
"""


@pytest.mark.parametrize(("letter", "used"), [("l", "strokes"), ("o", "theirs-o #1")])
def test_a_file_that_an_image_names_is_opened_only_where_the_painter_says_so(gimp, echo, letter, used):
    theirs, asked = (each.replace("LETTER", letter) for each in (THEIRS, ASKED))
    said = drive(gimp, "theirs", "Edit Neural Style", "plug-in-reverie-edit", "press_ok", {}, theirs, asked)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: " + used, "Neural style: theirs-" + letter, "landscape.jpg"]


LOCKED = """
paint(image, layers, style="clone/backend/reverie/demo/ink.jpg", size=64, iterations=6)
layer = above(image, layers[0]); layers = [layer]; layer.set_lock_content(True)
os.makedirs(FOLDER + "/config/plug-in-settings", exist_ok=True)
with open(FOLDER + "/config/plug-in-settings/GimpProcedureConfigRun-plug-in-reverie-edit.last", "w") as out:
    out.write("(replace yes)")
"""


def test_a_locked_result_is_edited_after_another_was_replaced(gimp, echo):
    """The dialog opens all the same, its tick taken away."""
    said = drive(gimp, "locked", "Edit Neural Style", "plug-in-reverie-edit", "press_ok", settings={}, setup=LOCKED)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: ink #1", "Neural style: ink", "landscape.jpg"]
