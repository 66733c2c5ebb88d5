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


def test_the_newest_result_is_seen_and_selected_and_what_it_covers_of_its_source_is_hidden(run):
    """What was painted in another selection stays: the sky in one style and the ground in another are one picture."""
    said = run("""
image = load(); layer = image.get_layers()[0]; layer.scale(200, 150, False)
said = {}
def after(name, status):
    said[name] = [status, [[each.get_name(), each.get_visible()] for each in image.get_layers()],
                  [each.get_name() for each in image.get_selected_layers()]]
after("first", paint(image, [layer]))
after("second", paint(image, [layer], style="clone/backend/reverie/demo/ink.jpg"))
image.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 20, 60, 60)
after("part", paint(image, [layer], style="clone/backend/reverie/demo/mosaic.jpg"))
Gimp.Selection.invert(image)
after("the rest", paint(image, [layer], style="clone/backend/reverie/demo/pointillism.jpg"))
after("the rest again", dream(image, [layer]))
Gimp.Selection.none(image)
after("edited", call("plug-in-reverie-edit", image, [layer]))
answer(**said)
""")
    assert all(status[0] for status, *_ in said.values()), said
    names = "Neural style: strokes", "Neural style: ink", "Neural style: mosaic", "Neural style: pointillism"
    dreamt, again = "Deep dream", "Deep dream #1"
    expected = {
        "first": [names[0]],
        "second": [names[1]],
        "part": [names[1], names[2]],
        "the rest": [names[1], names[2], names[3]],
        "the rest again": [names[1], names[2], dreamt],
        "edited": [names[1], names[2], again],
    }
    order = [again, dreamt, *reversed(names), "landscape"]
    for step, (_, layers, selected) in said.items():
        assert [name for name, _ in layers] == order[-len(layers) :], step
        assert [name for name, seen in layers if seen] == [*reversed(expected[step]), "landscape"], step
        assert selected == expected[step][-1:], step


def test_no_region_lies_over_what_was_painted_by_it(run):
    said = run("""
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
regions = Gimp.GroupLayer.new(image, "map"); image.insert_layer(regions, None, 0)
ink = layer.copy(); ink.set_name("ink"); image.insert_layer(ink, regions, 0)
said = [paint(image, [layer], regions=regions), names(image), ink.get_visible()]
group = Gimp.GroupLayer.new(image, "group"); image.insert_layer(group, None, 2)
image.reorder_item(layer, group, 0)
said += [paint(image, [layer], regions=regions), [each.get_name() for each in group.get_children()], ink.get_visible()]
answer(said=said)
""")["said"]
    assert said[0][0] and said[3][0], said
    assert said[1:3] == [["Neural style: ink", "map", "landscape"], True]
    assert said[4:] == [["Neural style: ink #1", "landscape"], False]  # it is in a group, and the map above that


def test_what_is_edited_is_the_result_that_is_seen_of_a_layer_or_said_to_be_another(run):
    said = run("""
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
edit = lambda *drawables: call("plug-in-reverie-edit", image, list(drawables))
said = [edit(layer)]
for strength in (0.1, 0.2):
    paint(image, [layer], strength=strength)
second, first = image.get_layers()[:2]
edit(layer); said.append(recipe(image.get_layers()[0])["strength"])
image.remove_layer(image.get_layers()[0]); second.set_visible(False); first.set_visible(True)
mask = first.create_mask(Gimp.AddMaskType.WHITE); first.add_mask(mask)
edit(layer); said.append(recipe(image.get_layers()[0])["strength"])
edit(mask); said.append(recipe(image.get_layers()[0])["strength"])
other = layer.copy(); other.set_name("other"); image.insert_layer(other, None, 0)
said.append(edit(other))
blended = image.get_layers()[1]; blended.set_opacity(40); first.set_visible(True)
said += [call("plug-in-reverie-edit", image, [blended], replace=True), first.get_visible()]
answer(said=said)
""")["said"]
    assert said[0] == [
        False,
        "The layer “landscape” was not made by Neural Style or Deep Dream, nor any other here. Paint it first.",
    ]
    assert said[1:4] == [0.2, 0.1, 0.1]
    assert not said[4][0]
    assert "“other” was not made by Neural Style or Deep Dream, nor any of it. Select one that was: “Neur" in said[4][1]
    assert said[5][0] and said[6]  # what shines through it is no earlier version


def test_a_source_s_own_mask_hides_it_in_the_result_and_from_the_network(run, echo):
    """Whether the layer or its mask is what is edited: a mask is passed as the drawable then."""
    said = run("""
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
mask = layer.create_mask(Gimp.AddMaskType.WHITE); layer.add_mask(mask)
mask.get_buffer().set_color(Gegl.Rectangle.new(0, 0, 20, 40), Gegl.Color.new("black")); mask.get_buffer().flush()
shown = lambda: [samples(image.get_layers()[0], area=(x, 20, 1, 1))[3] for x in (10, 40)]
layer.set_edit_mask(True)
said = [paint(image, [mask], style=None, style_layer=layer), shown()]
layer.set_apply_mask(False)
said += [paint(image, [layer], style=None, style_layer=layer), shown()]
answer(said=said)
""")["said"]
    assert said[0][0] and said[2][0], said
    assert said[1] == [0, 255]
    assert said[3] == [255, 255]  # a mask that is switched off hides nothing
    masked, whole = (picture[-60 * 40 * 4 :] for picture in echo.pictures.values())  # each is content and style
    assert [masked[4 * (20 * 60 + x) + 3] for x in (10, 40)] == [0, 255]
    assert [whole[4 * (20 * 60 + x) + 3] for x in (10, 40)] == [255, 255]


def test_active_paths_stay_active_and_channels_give_way_to_the_result(run):
    said = run("""
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
path = Gimp.Path.new(image, "path"); image.insert_path(path, None, 0)
channel = Gimp.Channel.new(image, "channel", 768, 576, 50, Gegl.Color.new("red"))
image.insert_channel(channel, None, 0)
image.set_selected_channels([channel]); image.set_selected_paths([path])
status = paint(image, [layer])
answer(status=status, active=[[each.get_name() for each in some] for some in
       (image.get_selected_layers(), image.get_selected_channels(), image.get_selected_paths())])
""")
    assert said["status"][0], said["status"]
    assert said["active"] == [["Neural style: strokes"], [], ["path"]]
