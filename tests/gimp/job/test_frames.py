"""Animations in a real GIMP 3: layers as frames, and the dream zoom. The results are new images."""

from __future__ import annotations

import pytest


@pytest.fixture
def run(gimp, backend):
    return lambda script: gimp.run(SETUP + script)


SETUP = """
def animation():
    \"\"\"A picture as a frame, and two layers over it, each of which has a red square at another place.\"\"\"
    image = load(); image.scale(96, 72); layer = image.get_layers()[0]; layer.set_name("Frame 1 (40ms)")
    for number, place in ((2, 16), (3, 40)):
        new = Gimp.Layer.new(image, "Frame %d (80ms)" % number, 16, 16, Gimp.ImageType.RGBA_IMAGE, 100,
                             Gimp.LayerMode.NORMAL)
        image.insert_layer(new, None, 0); new.set_offsets(place, 10)
        new.get_buffer().set(Gegl.Rectangle.new(0, 0, 16, 16), "R'G'B'A u8", bytes([230, 20, 20, 255]) * 256)
    return image

def run_it(name, image, layers, **settings):
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", layers)
    for key, value in {**QUICK, "size": 96, **settings}.items():
        config.set_property(key, value)
    values = procedure.run(config)
    done = values.index(0) == Gimp.PDBStatusType.SUCCESS
    return [done, Gimp.get_pdb().get_last_error()], values.index(1) if done else None

def difference(one, other, area):
    a, b = samples(one, area=area), samples(other, area=area)
    return sum(abs(x - y) for x, y in zip(a, b)) / len(a)
"""


@pytest.mark.parametrize(
    ("procedure", "settings"),
    [("style", "**{'style-file': file(STYLE)}"), ("dream", "**{}")],
)
def test_layers_become_the_frames_of_a_new_image_in_which_still_parts_stay(run, procedure, settings):
    said = run(f"""
image = animation(); before = [digest(each) for each in image.get_layers()]
count = len(Gimp.get_images()); image.clean_all()
status, new = run_it("plug-in-reverie-{procedure}-frames", image, image.get_layers()[:1], {settings})
third, second, first = new.get_layers()
still, moving = (0, 40, 96, 32), (16, 10, 16, 16)
answer(status=status, names=names(new), size=[new.get_width(), new.get_height()],
       still=[difference(first, second, still), difference(second, third, still)],
       moving=[difference(first, second, moving), difference(second, third, moving)],
       cumulative=difference(second, third, (18, 12, 12, 12)), recipe=recipe(third),
       images=len(Gimp.get_images()) - count,
       same=[digest(each) for each in image.get_layers()] == before, untouched=names(image),
       clean=not image.is_dirty())
""")
    assert said["status"][0], said["status"]
    assert said["names"] == ["Frame 3 (80ms)", "Frame 2 (80ms)", "Frame 1 (40ms)"]
    assert said["size"] == [96, 72]
    assert said["still"] == [0, 0]
    assert said["moving"][0] > 10
    assert said["cumulative"] < 3  # the second frame's square is still there in the third, and stands still
    assert said["recipe"]["before"]
    assert said["images"] == 1
    assert said["same"] and said["untouched"] == said["names"]
    assert said["clean"]  # nothing to undo, and nothing to save


def test_a_zoom_makes_frames_of_one_layer(run):
    said = run("""
image = animation(); layer = image.get_layers()[2]
layer.set_offsets(0, 20)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 10, 10)  # beside it: frames are whole, whatever is selected
status, new = run_it("plug-in-reverie-dream-zoom", image, [layer], zoom=8.0, frames=3, seed=5)
frames = new.get_layers()
answer(status=status, names=names(new), recipes=[recipe(each) for each in reversed(frames)],
       moves=[difference(one, other, (0, 0, 96, 72)) for one, other in zip(frames, frames[1:])])
""")
    assert said["status"][0], said["status"]
    assert said["names"] == [f"Frame {number} (100ms) (replace)" for number in (3, 2, 1)]
    assert [recipe["zoom"] for recipe in said["recipes"]] == [1, 1.08, 1.08]
    assert [recipe["seed"] for recipe in said["recipes"]] == [5, 6, 7]
    assert min(said["moves"]) > 3


def test_nobody_is_offered_frames_that_are_to_be_painted_as_styles(run):
    said = run("""
from reverie_gimp.gimp import layers
from reverie_gimp.job import frames
image = animation(); before = [each.get_id() for each in layers.open_layers()]
unpainted = [*frames.of_layers(image), *frames.of_zoom(image.get_layers()[0])]
answer(same=[each.get_id() for each in layers.open_layers()] == before, count=len(before), unpainted=len(unpainted))
""")
    assert said == {"same": True, "count": 3, "unpainted": 4}


def test_a_gif_is_played_in_rgb(run):
    said = run("""
image = animation()
image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 64, False, False, "")
status, new = run_it("plug-in-reverie-dream-frames", image, image.get_layers()[:1])
answer(status=status, kinds=[each.get_base_type().value_nick for each in (image, new)], names=names(new))
""")
    assert said["status"][0], said["status"]
    assert said["kinds"] == ["indexed", "rgb"]
    assert len(said["names"]) == 3


def test_one_layer_is_no_animation_and_a_failure_leaves_no_image(run):
    said = run("""
image = load(); count = len(Gimp.get_images())
status, _ = run_it("plug-in-reverie-dream-frames", image, image.get_layers())
image = animation(); count = len(Gimp.get_images())
failed, _ = run_it("plug-in-reverie-dream-frames", image, image.get_layers()[:1], **{"dream-class": "no such thing"})
answer(status=status, failed=failed, images=len(Gimp.get_images()) - count)
""")
    assert not said["status"][0] and "only one layer" in said["status"][1]
    assert not said["failed"][0] and "no such thing" in said["failed"][1]
    assert said["images"] == 0
