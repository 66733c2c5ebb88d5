"""What can be a region, and the selection as a guide."""

from __future__ import annotations

import pytest
from reverie.plugin.shared import npy

from tests.gimp.clicks import drive
from tests.gimp.job.region_scripts import MAP


def shares(server, number):
    """How much each style's mask covers, 0 to 1, in a job that the stand-in got."""
    found = []
    for style in server.jobs[number]["recipe"]["style"]:
        samples, *_ = npy.unpack(server.pictures[style["mask"]])
        found.append(sum(samples) / len(samples) / 255)
    return found


SEVERAL = (
    MAP
    + """
image, layer = grey(100, 60)
own = layer.create_mask(Gimp.AddMaskType.WHITE); layer.add_mask(own)
own.get_buffer().set_color(Gegl.Rectangle.new(0, 0, 30, 60), Gegl.Color.new("black"))
ink = add(image, "ink", "red", (0, 0, 100, 60)); sky = add(image, "mosaic", "blue", (10, 0, 90, 60))
for each, place in ((ink, (0, 0, 40, 60)), (sky, (20, 0, 20, 60))):
    mask_of = each.create_mask(Gimp.AddMaskType.BLACK); each.add_mask(mask_of)
    mask_of.get_buffer().set_color(Gegl.Rectangle.new(*place), Gegl.Color.new("white"))
for name, place in (("ink", (50, 0, 10, 60)), ("unknown", (60, 0, 40, 60))):
    channel = Gimp.Channel.new(image, name, 100, 60, 50, Gegl.Color.new("red"))
    image.insert_channel(channel, None, len(image.get_channels()))
    channel.get_buffer().set_color(Gegl.Rectangle.new(0, 0, 100, 60), Gegl.Color.new("black"))
    channel.get_buffer().set_color(Gegl.Rectangle.new(*place), Gegl.Color.new("white"))
"""
)

MAPPED = (
    MAP
    + """
regions = group(image)
add(image, "ink", "black", (0, 0, 400, 576), regions)
add(image, "mosaic", "black", (400, 0, 300, 576), regions)
image.set_selected_layers([layer])
image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 100, 500, 300)
"""
)

CHOSEN = """
keys alt+g; pop_up space; shot regions
pop_down Down Return; shot dialog
paint; shot painting
"""


def test_all_masks_or_all_channels_are_regions_and_a_mask_is_named_after_its_layer(gimp, echo):
    said = gimp.run(
        SEVERAL
        + """
before = [digest(each, "Y u8") for each in (own, ink.get_mask(), sky.get_mask())]
status = [paint(image, [layer], regions_of="masks")]
first = newest(image)
status.append(paint(image, [layer], regions_of="channels"))
both = newest(image)
same = before == [digest(each, "Y u8") for each in (own, ink.get_mask(), sky.get_mask())]
styles = [[[style["image"].rsplit("/")[-1], style["mask"]] for style in recipe(each)["style"]]
          for each in (first, both)]
places = ((0, 0), (49, 0), (50, 0), (99, 0))
shown = mask(first, places)

Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("saved.xcf"), None)
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("saved.xcf"))
first = [each for each in image.get_layers() if each.get_parasite("reverie-recipe")][-1]
status.append(call("plug-in-reverie-edit", image, [first]))
again = mask(newest(image), places)
image.get_layer_by_name("ink").remove_mask(Gimp.MaskApplyMode.DISCARD)
gone = call("plug-in-reverie-edit", image, [first])
answer(status=status, same=same, styles=styles, shown=[shown, again], gone=gone, count=len(image.get_layers()))
"""
    )
    assert all(status[0] for status in said["status"]), said["status"]
    masks, channels = said["styles"]
    assert masks == [["mosaic.jpg", "region: mosaic"], ["ink.jpg", "region: ink"]]
    assert channels == [["strokes.jpg", "region: unknown"], ["ink.jpg", "region: ink"]]  # the chosen style comes first
    assert said["shown"] == [[255, 255, 0, 0]] * 2
    assert shares(echo, 0) == shares(echo, 2) == pytest.approx([20 / 82, 30 / 82], abs=0.01)  # with 32 pixels around
    assert shares(echo, 1) == pytest.approx([40 / 82, 10 / 82], abs=0.01)
    assert said["same"]
    assert not said["gone"][0] and "is not in the image any more" in said["gone"][1]
    assert said["count"] == 6


def test_the_dialog_offers_everything_that_can_be_a_region(gimp):
    said = gimp.run(
        SEVERAL
        + """
from reverie_gimp.gimp.sources import selected_sources
from reverie_gimp.job import regions
regions_group = group(image); add(image, "inner", "red", (0, 0, 9, 9), regions_group)
source, = selected_sources(image, [layer])
answer(offered=[[said, which] for said, which, item in regions.offered(source)])
"""
    )
    assert said["offered"] == [
        ["all channels", "channels"],
        ["the masks of all layers", "masks"],
        ["map", ""],
        ["the channel “ink”", ""],
        ["the channel “unknown”", ""],
        ["the mask of “mosaic”", ""],
        ["the mask of “ink”", ""],
        ["inner", ""],
        ["mosaic", ""],
        ["ink", ""],
    ]


def test_regions_of_another_image_are_refused(gimp, echo):
    said = gimp.run(
        MAP
        + """
image, layer = grey(); other, there = grey()
sky = add(other, "sky", "black", (0, 0, 20, 20))
answer(status=paint(image, [layer], regions=sky), names=names(image))
"""
    )
    assert not said["status"][0] and "“sky” is in another image" in said["status"][1]
    assert said["names"] == ["photo"]


def test_a_selection_guides_the_style_and_edit_knows_where_it_was(gimp, echo):
    said = gimp.run(
        MAP
        + """
image, layer = grey(300, 200)
layer.set_offsets(-20, 10)
status = [paint(image, [layer])]
image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 50, 64, 64)
status.append(paint(image, [layer]))
Gimp.Selection.none(image)
status.append(call("plug-in-reverie-edit", image, [newest(image)]))
masks = [each.get("mask") for layer in image.get_layers() if layer.get_parasite("reverie-recipe")
         for each in recipe(layer)["style"]]
status.append(dream(image, [layer]))
answer(status=status, masks=masks)
"""
    )
    assert all(status[0] for status in said["status"]), said["status"]
    assert said["masks"] == ["the selection", "the selection", None]
    samples, width, height, *_ = npy.unpack(echo.pictures[echo.jobs[1]["recipe"]["style"][0]["mask"]])
    assert (width, height) == (128, 128)  # 32 pixels of context all around
    lines = [bytes(samples[3 * width * y : 3 * width * (y + 1)][::3]) for y in (31, 32, 95, 96)]
    inside = bytes(32) + b"\xff" * 64 + bytes(32)
    assert lines == [bytes(128), inside, inside, bytes(128)]
    assert echo.jobs[1]["recipe"]["style"] == echo.jobs[2]["recipe"]["style"]


def test_the_dialog_offers_the_groups_of_the_image_as_regions(gimp, backend):
    said = drive(gimp, "regions", "Neural Style", "plug-in-reverie-style", CHOSEN, setup=MAPPED)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: mosaic, ink", "map", "landscape.jpg"]
    assert [style["mask"] for style in said["records"][0]["style"]] == ["region: mosaic", "region: ink"]
    assert said["undone"] == ["map", "landscape.jpg"]
    assert said["same"]
