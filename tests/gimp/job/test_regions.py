"""Regions of a layer, each in its own style."""

from __future__ import annotations

import pytest

from tests.gimp.job.region_scripts import MAP


@pytest.fixture
def run(gimp, backend):
    return gimp.run


def test_each_region_of_a_group_takes_the_style_that_its_name_names(run):
    said = run(
        MAP
        + """
image, layer = grey()
stripes(image, "reddish", "red"); stripes(image, "bluish", "blue")
regions = group(image)
add(image, "bluish", "black", (48, 0, 48, 48), regions)  # which GIMP calls “bluish #1”
add(image, "reddish", "black", (0, 0, 60, 48), regions)  # it lies above, and covers the other
before = [digest(each) for each in (layer, *regions.get_children())]
status = paint(image, [layer], regions=regions, **STRONG)
new = newest(image)
answer(status=status, name=new.get_name(), inner=[each.get_name() for each in regions.get_children()],
       left=mean(new, (8, 8, 36, 32)), right=mean(new, (68, 8, 20, 32)),
       mask=mask(new, ((5, 5), (90, 5), (5, 47), (5, 48), (90, 63))),
       same=before == [digest(each) for each in (layer, *regions.get_children())], images=len(Gimp.get_images()),
       styles=recipe(new)["style"])
"""
    )
    assert said["status"][0], said["status"]
    assert said["inner"] == ["reddish #1", "bluish #1"]
    assert said["name"] == "Neural style: reddish, bluish"
    red, blue = said["left"], said["right"]
    assert red[0] > 150 and red[2] < 60, red
    assert blue[2] > 150 and blue[0] < 60, blue
    assert said["mask"] == [255, 255, 255, 0, 0]  # outside of all regions the picture stays as it is
    assert said["same"]
    assert said["images"] == 1
    assert [style["mask"] for style in said["styles"]] == ["region: reddish #1", "region: bluish #1"]


def test_a_name_that_is_no_style_stands_for_the_chosen_one_and_the_rest_is_untouched(run):
    said = run(
        MAP
        + """
image, layer = grey()
red = stripes(image, "reddish", "red")
regions = group(image)
add(image, "//elsewhere/sky.jpg", "black", (0, 0, 48, 64), regions)  # no share is opened for a mere name
add(image, "Stained glass", "black", (48, 0, 48, 64), regions)
status = paint(image, [layer], style=None, style_layer=red, regions=regions, **STRONG)
new = newest(image)
answer(status=status, name=new.get_name(), left=mean(new, (4, 4, 36, 56)), mask=new.get_mask() is not None,
       styles=[[each["image"].rsplit("/")[-1], each["mask"]] for each in recipe(new)["style"]])
"""
    )
    assert said["status"][0], said["status"]
    assert said["name"] == "Neural style: reddish, stained glass"
    assert said["left"][0] > 150 and said["left"][2] < 60, said["left"]
    assert said["styles"] == [
        ["reddish", "region: //elsewhere/sky.jpg"],
        ["stained_glass.jpg", "region: Stained glass"],
    ]
    assert not said["mask"]  # the regions leave nothing out


@pytest.mark.parametrize("precision", ["U8_NON_LINEAR", "U8_LINEAR", "FLOAT_NON_LINEAR", "U16_LINEAR"])
def test_how_much_a_region_covers_is_its_alpha_times_its_mask_or_what_a_channel_says(run, precision):
    said = run(
        MAP
        + f"""
image, layer = grey()
image.convert_precision(Gimp.Precision.{precision})
part = add(image, "sky", "black", (10, 20, 50, 30)); part.set_opacity(10)
striped = bytes([0, 0, 0, 128]) * 250 + bytes([255, 0, 0, 128]) * 250 + bytes([0, 0, 0, 128]) * 250
part.get_buffer().set(Gegl.Rectangle.new(0, 0, 50, 15), "R'G'B'A u8", striped)  # its mask takes it as the style
half = part.create_mask(Gimp.AddMaskType.WHITE); part.add_mask(half)
half.get_buffer().set(Gegl.Rectangle.new(0, 0, 25, 30), "Y u8", bytes([128]) * 750)
part.set_visible(False)
status = [paint(image, [layer], regions=part)]
places = ((9, 25), (10, 20), (34, 34), (40, 25), (20, 49), (50, 49), (60, 49), (50, 50))
said = [mask(newest(image), places)]

# What GIMP itself selects by a channel is what it covers.
Gimp.context_push(); Gimp.context_set_feather(True); Gimp.context_set_feather_radius(12, 12)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 10, 50, 40)
Gimp.context_pop()
channel = Gimp.Selection.save(image); channel.set_name("spot"); Gimp.Selection.none(image)
raw = samples(channel, "Y' u8" if "{precision}" == "U8_NON_LINEAR" else "Y u8", (20, 30, 1, 1))[0]
status.append(paint(image, [layer], regions=channel))
said.append(mask(newest(image), ((5, 5), (20, 30), (45, 30))))
status.append(paint(image, [layer], regions=half))
said.append(mask(newest(image), ((9, 25), (20, 25), (50, 25))))
answer(status=status, said=said, raw=raw)
"""
    )
    assert all(status[0] for status in said["status"]), said["status"]
    alone, channel, half = said["said"]
    assert alone == pytest.approx([0, 64, 64, 128, 128, 255, 0, 0], abs=1)
    assert 100 < channel[1] < 156
    assert channel == pytest.approx([0, said["raw"], 255], abs=1)
    assert half == pytest.approx([0, 128, 255], abs=1)


def test_a_selection_and_regions_limit_the_work_together_and_edit_knows_the_regions(run):
    said = run(
        MAP
        + """
image, layer = grey(300, 200)
layer.set_offsets(-20, 10)
regions = group(image)
sky = add(image, "sky", "black", (0, 0, 60, 60), regions)
status = [paint(image, [layer], regions=regions)]
first = newest(image)
said = [mask(first, ((19, 0), (20, 0), (79, 49), (80, 49), (79, 50)))]
alpha = [mean(first, (x, y, 1, 1))[3] for x, y in ((79, 49), (200, 150))]
image.select_rectangle(Gimp.ChannelOps.REPLACE, 30, 0, 100, 100)
status.append(paint(image, [layer], regions=regions))
both = newest(image)
said.append(mask(both, ((49, 0), (50, 0), (79, 49), (80, 49))))
Gimp.Selection.none(image)

Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("saved.xcf"), None)
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("saved.xcf"))
both, first = [each for each in image.get_layers() if each.get_parasite("reverie-recipe")]
regions = image.get_layer_by_name("map"); sky = image.get_layer_by_name("sky")
sky.set_offsets(30, 0)
status.append(call("plug-in-reverie-edit", image, [first])); moved = newest(image)
status.append(call("plug-in-reverie-edit", image, [both])); kept = newest(image)
said += [mask(moved, ((49, 0), (50, 0), (109, 49), (110, 49))), mask(kept, ((49, 0), (50, 0), (79, 49), (80, 49)))]
answer(status=status, said=said, alpha=alpha, recipes=[recipe(each)["style"] for each in (first, moved)])
"""
    )
    assert all(status[0] for status in said["status"]), said["status"]
    alone, both, moved, kept = said["said"]
    assert alone == [0, 255, 255, 0, 0]
    assert said["alpha"] == [255, 0]  # far from the region nothing is computed
    assert both == [0, 255, 255, 0]
    assert moved == [0, 255, 255, 0]  # its region has moved
    assert kept == both  # what was selected is not known any more but by the mask
    assert said["recipes"][0] == said["recipes"][1]


def test_what_is_wrong_with_regions_is_said(run):
    said = run(
        MAP
        + """
image, layer = grey()
regions = group(image)
said = {"none": paint(image, [layer], regions=regions)}
sky = add(image, "sky", "black", (0, 0, 20, 20), regions)
layer.set_offsets(50, 0)
said["elsewhere"] = paint(image, [layer], regions=regions)
said["itself"] = paint(image, [sky], regions=regions)
sky.set_name("/nowhere/style.jpg"); layer.set_offsets(0, 0)
said["no file"] = paint(image, [layer], regions=regions)
answer(names=names(image), images=len(Gimp.get_images()), **said)
"""
    )
    for name, sentence in (
        ("none", "has no regions"),
        ("itself", "The layer “sky” is itself the region"),
        ("elsewhere", "do not touch the layer “photo”"),
        ("no file", "“/nowhere/style.jpg” cannot be read"),
    ):
        assert not said[name][0]
        assert sentence in said[name][1]
    assert said["names"] == ["map", "photo"]
    assert said["images"] == 1


def test_the_selection_is_grown_and_feathered_for_the_new_layer_only(run):
    said = run(
        MAP
        + """
image, layer = grey(200, 160)
layer.set_offsets(10, 0)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 60, 60, 40, 40)
selection = samples(image.get_selection(), "Y u8")
status, said, alpha = [], [], []
for settings in ({}, {"grow": 7}, {"feather": 10.0}, {"grow": 7, "feather": 10.0}):
    status.append(paint(image, [layer], **settings))
    new = newest(image)
    said.append(mask(new, [(x, 80) for x in (42, 43, 46, 49, 50, 55, 70)]))
    alpha.append(min(a for a, m in zip(samples(new)[3::4], samples(new.get_mask(), "Y u8")) if m))
# What GIMP itself makes of the selection:
Gimp.Selection.grow(image, 7); Gimp.Selection.feather(image, 10)
theirs = samples(image.get_selection(), "Y u8", (10, 0, 200, 160)); ours = samples(new.get_mask(), "Y u8")
image.select_rectangle(Gimp.ChannelOps.REPLACE, 60, 60, 40, 40)
status.append(dream(image, [layer], grow=7))
answer(status=status, said=said, alpha=alpha, kept=selection == samples(image.get_selection(), "Y u8"),
       off=max(abs(a - b) for a, b in zip(theirs, ours)), channels=len(image.get_channels()),
       dreamt=mask(newest(image), ((42, 80), (43, 80))))
"""
    )
    assert all(status[0] for status in said["status"]), said["status"]
    plain, grown, feathered, both = said["said"]
    assert plain == [0, 0, 0, 0, 255, 255, 255]
    assert grown == [0, 255, 255, 255, 255, 255, 255]
    assert feathered[0] < 8 and feathered[6] == 255
    assert feathered[0] < feathered[2] < feathered[3] < feathered[4] < feathered[5]
    assert 0 < both[0] < both[1] < both[2] < 255 and both[6] == 255
    assert said["alpha"] == [255] * 4  # computed wherever the mask shows something
    assert said["off"] <= 3  # GIMP's own is rounded otherwise
    assert said["kept"]
    assert said["channels"] == 0
    assert said["dreamt"] == [0, 255]
