"""A result knows how it was made: from its record it can be made again, also in a .xcf that was saved and loaded."""

from __future__ import annotations

import pytest


@pytest.fixture
def run(gimp, backend):
    return gimp.run


@pytest.mark.usefixtures("squeezenet")
def test_a_result_is_made_again_from_a_saved_image(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
Gimp.context_push(); Gimp.context_set_feather(True); Gimp.context_set_feather_radius(20, 20)
image.select_ellipse(Gimp.ChannelOps.REPLACE, 200, 150, 200, 120)
Gimp.context_pop()
status = paint(image, [layer], seed=7, strength=0.7, style_scale=1.5, color="match", dream_class="peacock")
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("saved.xcf"), None)
image.delete()

image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("saved.xcf"))
Gimp.Selection.none(image)
old, layer = image.get_layers()
old.set_mode(Gimp.LayerMode.MULTIPLY)
before = [digest(old), digest(layer)]
again = call("plug-in-reverie-edit", image, [old])
same = digest(above(image, old)) == before[0]
image.remove_layer(above(image, old))
layer.set_offsets(40, 30)  # moved since: the old mask now guides the style to another part of it
again = call("plug-in-reverie-edit", image, [old])
new = above(image, old)
width, height = new.get_width(), new.get_height()
answer(status=status, again=again, names=names(image), same=same,
       recipes=[recipe(old), recipe(new)], kept=[digest(old), digest(layer)] == before, offsets=offsets(new),
       # The old mask stays where it is on the canvas: in the new layer, which lies elsewhere, it is shifted back.
       mask=samples(new.get_mask(), "Y u8", (0, 0, width - 40, height - 30))
            == samples(old.get_mask(), "Y u8", (40, 30, width - 40, height - 30)))
""")
    assert said["status"][0] and said["again"][0], said
    assert said["names"] == ["Neural style: strokes, peacock #1", "Neural style: strokes, peacock", "landscape"]
    assert said["same"]
    assert said["kept"]
    assert said["recipes"][0] == said["recipes"][1]
    assert said["recipes"][1]["seed"] == 7
    assert said["recipes"][1]["style"][0]["scale"] == 1.5
    assert said["recipes"][1]["color"] == "match"
    assert said["offsets"] == [40, 30]
    assert said["mask"]


@pytest.mark.usefixtures("squeezenet")
def test_layers_that_were_style_or_guide_are_found_again(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
other = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, file(STYLE)); image.insert_layer(other, None, 1)
first = [paint(image, [layer], style=None, style_layer=other),
         dream(image, [layer], dream_guide=other, dream_strength=0.3, network="squeezenet1_0", dream_layer="fire4")]
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("saved.xcf"), None)
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("saved.xcf"))
other = image.get_layers()[-1]; other.set_name("renamed")
made = image.get_layers()[:2]
again, new = [], []
for each in made:
    again.append(call("plug-in-reverie-edit", image, [each])); new.append(image.get_layers()[0])
same = [digest(one) == digest(other) for one, other in zip(made, new)]
answer(first=first, again=again, names=names(image), same=same, recipes=[recipe(each) for each in new])
""")
    assert all(status[0] for status in said["first"] + said["again"]), said
    assert said["same"] == [True, True]
    assert said["names"][:2] == ["Neural style: renamed", "Deep dream: renamed"]
    assert said["recipes"][1]["style"][0]["image"] == "renamed"
    assert said["recipes"][0]["dream"][0]["guide"] == "renamed"
    assert said["recipes"][0]["dream_strength"] == 0.3


def test_what_cannot_be_edited_is_said(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
said = {"not made": call("plug-in-reverie-edit", image, [layer]), "none": call("plug-in-reverie-edit", image, [])}
said["made"] = paint(image, [layer], strength=0.0)
new = above(image, layer)
elsewhere = load(); copy = Gimp.Layer.new_from_drawable(new, elsewhere); elsewhere.insert_layer(copy, None, 0)
before = names(elsewhere)
said["elsewhere"] = call("plug-in-reverie-edit", elsewhere, [copy])
image.remove_layer(layer)
said["source gone"] = call("plug-in-reverie-edit", image, [new])
answer(same=names(elsewhere) == before, **said)
""")
    assert said["made"][0], said["made"]
    for name, sentence in (
        ("not made", "was not made by Neural Style or Deep Dream"),
        ("none", "Select the one layer"),
        ("elsewhere", "is not in this image any more"),
        ("source gone", "is not in this image any more"),
    ):
        assert not said[name][0]
        assert sentence in said[name][1]
    assert said["same"]


def test_a_new_version_can_take_the_place_of_the_old_one(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 80, 200, 150)
status = [paint(image, [layer])]
old = above(image, layer)
old.set_opacity(40); old.set_mode(Gimp.LayerMode.MULTIPLY)
hide = old.get_mask(); hide.get_buffer().set_color(Gegl.Rectangle.new(0, 0, 150, 576), Gegl.Color.new("black"))
before, mask, source = digest(old), digest(hide, "Y u8"), digest(layer)
other = load().get_layers()[0]  # another image has nothing to do with it
old.set_lock_content(True)
locked = call("plug-in-reverie-edit", image, [old], replace=True)
old.set_lock_content(False)
old.set_offsets(0, 0); layer.set_offsets(0, 0)

record = recipe(old); record["seed"] = 9; record["strength"] = 0.3
text = json.dumps(record).encode()
old.attach_parasite(Gimp.Parasite.new("reverie-recipe", Gimp.PARASITE_PERSISTENT, text))
image.set_selected_layers([old])
status.append(call("plug-in-reverie-edit", image, [old], replace=True))
new = above(image, layer)
said = [names(image), new.get_opacity(), new.get_mode() == Gimp.LayerMode.MULTIPLY, recipe(new)["seed"],
        digest(new.get_mask(), "Y u8") == mask, digest(new) == before, digest(layer) == source,
        image.get_selected_layers() == [new]]

new.set_name("my sky"); new.resize(300, 300, -50, -50)  # cropped since
status.append(call("plug-in-reverie-edit", image, [new], replace=True))
last = above(image, layer)
answer(status=status, said=said, locked=locked, name=last.get_name(), place=offsets(last), width=last.get_width(),
       count=len(image.get_layers()), mask=last.get_mask() is not None,
       alpha=samples(last, area=(150, 100, 1, 1))[3])
""")
    assert all(status[0] for status in said["status"]), said["status"]
    assert not said["locked"][0] and "is locked" in said["locked"][1]
    assert said["said"] == [["Neural style: strokes", "landscape"], 40, True, 9, True, False, True, True]
    assert said["name"] == "my sky"
    assert said["place"] == [0, 0] and said["width"] == 768
    assert said["count"] == 2
    assert said["mask"]
    assert said["alpha"] == 255


def test_a_result_of_gimp_2_10_is_edited_too(run):
    """Its record names no image, and of the layers only the one that gave the style or the guide."""
    said = run("""
image = load(); layer = image.get_layers()[0]
other = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, file(STYLE)); image.insert_layer(other, None, 1)
status = paint(image, [layer], style=None, style_layer=other, seed=7, strength=0.7)
old = newest(image)
origin = {"filter": "plug-in-reverie-style", "used": other.get_tattoo(), "source": layer.get_tattoo(),
          "area": [0, 0, layer.get_width(), layer.get_height()]}
old.attach_parasite(Gimp.Parasite.new("reverie-origin", 1, json.dumps(origin).encode()))
image.detach_parasite("reverie-image")
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("saved.xcf"), None)
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("saved.xcf"))
old, layer, other = image.get_layers()
other.set_name("renamed")
again = [call("plug-in-reverie-edit", image, [layer])]  # of a source, its newest result
new = newest(image)
again.append(call("plug-in-reverie-edit", image, [old]))
answer(status=status, again=again, same=digest(new) == digest(old), recipe=recipe(new))
""")
    assert said["status"][0] and all(each[0] for each in said["again"]), said
    assert said["same"]
    assert said["recipe"]["strength"] == 0.7 and said["recipe"]["style"][0]["image"] == "renamed"


def test_a_record_of_an_older_version_is_edited_too(run):
    """One that says only what was computed: the same picture comes of it."""
    said = run("""
image = load(); layer = image.get_layers()[0]
status = paint(image, [layer], seed=7, strength=0.7, color="match")
old = image.get_layers()[0]
origin = json.loads(bytes(old.get_parasite("reverie-origin").get_data()).decode())
for name in ("asked", "layers"):
    del origin[name]
old.attach_parasite(Gimp.Parasite.new("reverie-origin", 1, json.dumps(origin).encode()))
again = call("plug-in-reverie-edit", image, [old])
new = above(image, old)
answer(status=status, again=again, same=digest(new) == digest(old), strength=recipe(new)["strength"])
""")
    assert said["status"][0] and said["again"][0], said
    assert said["same"]
    assert said["strength"] == 0.7
