"""New layers and versions among whatever is locked, selected or gone; the pictures come back as they were sent."""

from __future__ import annotations

import pytest


@pytest.fixture
def run(gimp, echo):
    return gimp.run


# A result with a mask, in a group, at another place than the canvas. Its pictures are the sources' own.
MADE = """
import array
image = load(); layer = image.get_layers()[0]; layer.scale(200, 150, False)
group = Gimp.GroupLayer.new(image, "group"); image.insert_layer(group, None, 0)
image.reorder_item(layer, group, 0); layer.set_offsets(-30, 20)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 40, 90, 60)
made = paint(image, [layer])
Gimp.Selection.none(image)
old = above(image, layer)
old.set_mode(Gimp.LayerMode.MULTIPLY); old.set_opacity(40)
old.append_filter(Gimp.DrawableFilter.new(old, "gegl:invert-gamma", "inverted"))

def replaced():
    '''[its status, its message, where it lies and how large it is, whether its mask shows the same part of the canvas,
    what it took over, how many layers there are].'''
    global old
    mask = samples(old.get_mask(), "Y u8")
    status = call("plug-in-reverie-edit", image, [old], replace=True)
    old = above(image, layer)
    kept = [old.get_mode() == Gimp.LayerMode.MULTIPLY, old.get_opacity(), len(old.get_filters())]
    return [*status, offsets(old), [old.get_width(), old.get_height()], samples(old.get_mask(), "Y u8") == mask, kept,
            len(group.get_children())]
"""
REPLACED = [True, "success", [-30, 20], [200, 150], True, [True, 40, 1], 2]


def test_a_version_is_replaced_whatever_of_it_or_of_its_group_is_locked(run):
    said = run(
        MADE
        + """
said = {}
old.set_lock_position(True); old.set_lock_alpha(True); old.set_lock_visibility(True)
said["layer"] = replaced()
said["locks"] = [old.get_lock_position(), old.get_lock_alpha(), old.get_lock_visibility()]
old.set_lock_position(False)
group.set_lock_position(True)
said["group"] = replaced()
group.set_lock_position(False)
old.resize(50, 40, -60, -50)                                                     # cropped since
mask = old.get_mask(); mask.get_buffer().set_color(Gegl.Rectangle.new(0, 0, 50, 40), Gegl.Color.new("white"))
old.set_lock_position(True)
status = call("plug-in-reverie-edit", image, [old], replace=True); old = above(image, layer)
whole = samples(old.get_mask(), "Y u8")
said["cropped"] = [*status, offsets(old), [old.get_width(), old.get_height()],
                   [whole[y * 200 + x] for x, y in ((59, 60), (60, 60), (109, 60), (110, 60), (80, 49), (80, 50))]]
answer(made=made, **said)
"""
    )
    assert said["made"][0], said["made"]
    assert said["layer"] == REPLACED
    assert said["locks"] == [True, True, True]
    assert said["group"] == REPLACED
    assert said["cropped"] == [True, "success", [-30, 20], [200, 150], [0, 255, 255, 0, 0, 255]]


def test_a_version_in_a_group_whose_pixels_are_locked_is_not_replaced_but_a_new_one_lies_above(run):
    said = run(
        MADE
        + """
outer = Gimp.GroupLayer.new(image, "outer"); image.insert_layer(outer, None, 0); image.reorder_item(group, outer, 0)
outer.set_lock_content(True)
before = [digest(each) for each in group.get_children()]
said = [call("plug-in-reverie-edit", image, [old], replace=True)]
same = before == [digest(each) for each in group.get_children()]
said.append(call("plug-in-reverie-edit", image, [old], replace=False))
answer(said=said, same=same, count=len(group.get_children()), undo=image.is_dirty(),
       mask=above(image, old).get_mask() is not None)
"""
    )
    (replaced, sentence), above = said["said"]
    assert not replaced and "is locked" in sentence, sentence
    assert said["same"]
    assert above[0], above
    assert said["count"] == 3 and said["mask"]


def test_active_channels_and_paths_stay_active(run):
    said = run("""
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
path = Gimp.Path.new(image, "path"); image.insert_path(path, None, 0)
channel = Gimp.Channel.new(image, "channel", 768, 576, 50, Gegl.Color.new("red"))
image.insert_channel(channel, None, 0)
def active():
    return [[each.get_name() for each in some] for some in
            (image.get_selected_layers(), image.get_selected_channels(), image.get_selected_paths())]
said = []
for select in (lambda: image.set_selected_channels([channel]), lambda: image.set_selected_layers([layer]),
               lambda: image.set_selected_paths([path])):
    select()
    said.append([active(), paint(image, [layer]), active()])
answer(said=said)
""")
    for before, status, after in said["said"]:
        assert status[0], status
        assert before == after
    assert said["said"][0][0][:2] == [[], ["channel"]]
    assert said["said"][1][0][:2] == [["landscape"], []]
    assert said["said"][2][0][2] == ["path"]
