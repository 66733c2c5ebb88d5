"""The plug-in in a real GIMP 3, through its PDB: what comes back, and that nothing else changes."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def run(gimp, backend):
    return gimp.run


def test_a_layer_becomes_a_new_layer_above_it(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
before = digest(layer)
status = paint(image, [layer], strength=0.7, seed=3)
new = image.get_layers()[0]
answer(status=status, names=names(image), same=digest(layer) == before, changed=digest(new) != before,
       size=[new.get_width(), new.get_height()], offsets=offsets(new), mask=new.get_mask() is not None,
       active=[each.get_name() for each in image.get_selected_layers()],
       recipe=bytes(new.get_parasite("reverie-recipe").get_data()).decode())
""")
    assert said["status"][0], said["status"]
    assert said["names"] == ["Neural style: strokes", "landscape"]
    assert said["same"]
    assert said["changed"]
    assert said["size"] == [768, 576]
    assert said["offsets"] == [0, 0]
    assert not said["mask"]
    assert said["active"] == ["landscape"]
    recipe = json.loads(said["recipe"])
    assert recipe["seed"] == 3
    assert recipe["strength"] == 0.7
    assert recipe["style"][0]["image"].endswith("strokes.jpg")
    assert recipe["network"] != "auto"


def test_another_layer_can_be_the_style(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
style = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, file(STYLE))
image.insert_layer(style, None, 1)
status = paint(image, [layer], style=None, style_layer=style)
answer(status=status, names=names(image))
""")
    assert said["status"][0], said["status"]
    assert said["names"] == ["Neural style: strokes", "landscape", "strokes.jpg"]


def test_the_selection_becomes_the_mask_feather_included(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
Gimp.context_push(); Gimp.context_set_feather(True); Gimp.context_set_feather_radius(20, 20)
image.select_ellipse(Gimp.ChannelOps.REPLACE, 200, 150, 200, 120)
Gimp.context_pop()
before = samples(image.get_selection(), "Y u8")
status = paint(image, [layer])
new = image.get_layers()[0]
mask = samples(new.get_mask(), "Y u8")
alpha = samples(new, "R'G'B'A u8")[3::4]
answer(status=status, equal=mask == before, kept=samples(image.get_selection(), "Y u8") == before,
       levels=len(set(mask)), covered=all(a == 255 for a, m in zip(alpha, mask) if m > 0),
       outside=alpha[0])
""")
    assert said["status"][0], said["status"]
    assert said["equal"]
    assert said["kept"]
    assert said["levels"] > 50  # it is feathered
    assert said["covered"]  # painted wherever the mask lets something through
    assert said["outside"] == 0  # and not computed far from the selection


def test_offsets_and_canvas_borders_are_kept(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
layer.set_offsets(-100, 60)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 200, 200)
status = paint(image, [layer])
new = image.get_layers()[0]
mask = samples(new.get_mask(), "Y u8")
width = new.get_width()
answer(status=status, offsets=offsets(new), size=[width, new.get_height()],
       edges=[mask[y * width + x] for x, y in ((99, 0), (100, 0), (299, 139), (300, 139), (299, 140))])
""")
    assert said["status"][0], said["status"]
    assert said["offsets"] == [-100, 60]
    assert said["size"] == [768, 576]
    assert said["edges"] == [0, 255, 255, 0, 0]


REFUSALS = {
    "no overlap": "does not touch",
    "floating selection": "floating selection",
    "indexed": "Image ▸ Mode ▸ RGB",
    "empty": "wholly transparent",
    "none": "Select one layer, not 0",
    "two": "Select one layer, not 2",
    "mask": "Select the layer itself",
    "no style": "Choose a style first",
    "style is no picture": "damaged or incomplete",
    "style is missing": "",  # GIMP refuses it before the plug-in is asked
}


@pytest.fixture(scope="module")
def refusals(gimp, running_backend):
    running_backend()
    (gimp.folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    return gimp.run("""
said = {}
def attempt(name, image, layers, **settings):
    before = [names(image), [digest(each) for each in image.get_layers()]]
    status = paint(image, layers, **settings)
    said[name] = status + [before == [names(image), [digest(each) for each in image.get_layers()]]]

image = load(); layer = image.get_layers()[0]
attempt("none", image, [])
attempt("no style", image, [layer], style=None, style_file=None)
attempt("style is no picture", image, [layer], style="broken.jpg")
attempt("style is missing", image, [layer], style="nowhere.jpg")
second = layer.copy(); image.insert_layer(second, None, 0)
attempt("two", image, [layer, second])
mask = layer.create_mask(Gimp.AddMaskType.WHITE); layer.add_mask(mask)
attempt("mask", image, [mask])

image = load(); layer = image.get_layers()[0]
layer.set_offsets(400, 0); image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 100, 100)
attempt("no overlap", image, [layer])

image = load(); layer = image.get_layers()[0]
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 100, 100)
Gimp.Selection.float(image, [layer], 10, 10)
attempt("floating selection", image, [image.get_layers()[-1]])

image = load(); layer = image.get_layers()[0]
layer.add_alpha(); layer.fill(Gimp.FillType.TRANSPARENT)
attempt("empty", image, [layer])

image = load()
image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, False, False, "")
attempt("indexed", image, image.get_layers())
answer(**said)
""")


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_done_is_said_in_a_sentence_and_changes_nothing(refusals, name):
    succeeded, message, unchanged = refusals[name]
    assert not succeeded
    assert REFUSALS[name] in message
    assert unchanged


@pytest.mark.parametrize(
    ("precision", "form", "kind"),
    [
        ("U8_NON_LINEAR", "R'G'B'A u8", "RGB"),
        ("U16_NON_LINEAR", "R'G'B'A u16", "RGB"),
        ("U16_LINEAR", "R'G'B'A u16", "RGB"),
        ("FLOAT_NON_LINEAR", "R'G'B'A float", "RGB"),
        ("U8_NON_LINEAR", "R'G'B'A u8", "GRAY"),
    ],
)
def test_a_round_trip_at_strength_zero_changes_no_pixel(run, precision, form, kind):
    said = run(f"""
image = load()
image.convert_precision(Gimp.Precision.{precision})
if "{kind}" == "GRAY":
    image.convert_grayscale()
layer = image.get_layers()[0]
layer.add_alpha()
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 50, 50)
layer.edit_clear()
Gimp.Selection.none(image)
status = paint(image, [layer], strength=0.0)
new = image.get_layers()[0]
import array
code = {{"u8": "B", "u16": "H", "float": "f"}}["{form}".split()[-1]]
a, b = (array.array(code, samples(each, "{form}")) for each in (layer, new))
hidden = 4 * 50  # what is under a transparent pixel does not count
answer(status=status, type=new.type().value_nick, worst=max(abs(x - y) for x, y in zip(a, b)), corner=b[3])
""")
    assert said["status"][0], said["status"]
    assert said["type"] == ("graya-image" if kind == "GRAY" else "rgba-image")
    # Linear 16 bits hold fewer dark levels than the sRGB-encoded ones that they are sent as: rounding, once each way.
    assert said["worst"] <= (1e-6 if "float" in form else 2 if "LINEAR" in precision and "NON" not in precision else 0)
    assert said["corner"] == 0


def test_a_layer_group_is_painted_as_it_looks(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
group = Gimp.GroupLayer.new(image, "both"); image.insert_layer(group, None, 0)
image.reorder_item(layer, group, 0)
status = paint(image, [group], strength=0.0)
answer(status=status, names=names(image), equal=digest(image.get_layers()[0]) == digest(layer))
""")
    assert said["status"][0], said["status"]
    assert said["names"] == ["Neural style: strokes", "both"]
    assert said["equal"]


def test_a_layer_of_one_pixel_is_refused_or_painted_without_harm(run):
    said = run("""
image = Gimp.Image.new(1, 1, Gimp.ImageBaseType.RGB)
layer = Gimp.Layer.new(image, "dot", 1, 1, Gimp.ImageType.RGBA_IMAGE, 100, Gimp.LayerMode.NORMAL)
layer.fill(Gimp.FillType.WHITE); image.insert_layer(layer, None, 0)
answer(status=paint(image, [layer]), names=names(image))
""")
    assert not said["status"][0]
    assert "too small" in said["status"][1]
    assert said["names"] == ["dot"]
