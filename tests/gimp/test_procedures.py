"""The plug-in in a real GIMP 3, through its PDB: what comes back, and that nothing else changes."""

from __future__ import annotations

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
       recipe=recipe(new))
""")
    assert said["status"][0], said["status"]
    assert said["names"] == ["Neural style: strokes", "landscape"]
    assert said["same"]
    assert said["changed"]
    assert said["size"] == [768, 576]
    assert said["offsets"] == [0, 0]
    assert not said["mask"]
    assert said["active"] == ["Neural style: strokes"]
    recipe = said["recipe"]
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


@pytest.mark.usefixtures("squeezenet")
def test_a_dream_of_a_class_by_name_changes_the_layer_by_strength(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
before = samples(layer)
statuses = [dream(image, [layer], dream_class="Golden Retriever", dream_strength=strength) for strength in (0.0, 0.5)]
strong, none = image.get_layers()[:2]
answer(statuses=statuses, names=names(image), recipe=recipe(strong), unchanged=samples(none) == before,
       changed=samples(strong) != before)
""")
    assert all(status[0] for status in said["statuses"]), said["statuses"]
    assert said["names"] == ["Deep dream: Golden Retriever #1", "Deep dream: Golden Retriever", "landscape"]
    assert said["recipe"]["dream"][0]["class_name"] == "golden retriever"
    assert said["recipe"]["style"] == []
    assert said["unchanged"]
    assert said["changed"]


@pytest.mark.usefixtures("squeezenet")
def test_what_else_can_be_dreamt_of(run):
    said = run("""
image = load(); layer = image.get_layers()[0]
guide = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, file(STYLE))
image.insert_layer(guide, None, 1)
said = []
for settings in ({}, {"dream_layer": "fire4", "dream_channel": 7}, {"dream_guide": guide}):
    status = dream(image, [layer], network="squeezenet1_0", **settings)
    new = newest(image)
    said.append([*status, new.get_name(), recipe(new)["dream"]])
answer(said=said, nonsense=dream(image, [layer], dream_class="golden retreiver"), count=len(image.get_layers()))
""")
    free, channel, guided = said["said"]
    assert free[0] and channel[0] and guided[0], said
    assert (free[2], channel[2], guided[2]) == ("Deep dream", "Deep dream: fire4", "Deep dream: strokes.jpg")
    assert free[3][0]["layer"]  # the network's own choice is on record
    assert (channel[3][0]["layer"], channel[3][0]["channel"]) == ("fire4", 7)
    assert guided[3][0]["guide"] == "strokes.jpg"
    assert not said["nonsense"][0] and "Did you mean golden retriever" in said["nonsense"][1]
    assert said["count"] == 5


@pytest.mark.usefixtures("squeezenet")
def test_style_and_dream_at_once(run):
    said = run("""
image = load()
status = paint(image, image.get_layers(), dream_class="peacock", dream_strength=0.3)
answer(status=status, names=names(image), recipe=recipe(image.get_layers()[0]))
""")
    assert said["status"][0], said["status"]
    assert said["names"] == ["Neural style: strokes, peacock", "landscape"]
    assert said["recipe"]["dream"][0]["class_name"] == "peacock"
    assert said["recipe"]["dream_strength"] == 0.3
    assert said["recipe"]["style"][0]["image"].endswith("strokes.jpg")


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
    "none": "No layer is selected",
    "channel": "A channel is selected",
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
channel = Gimp.Channel.new(image, "spot", 768, 576, 50, Gegl.Color.new("red")); image.insert_channel(channel, None, 0)
attempt("channel", image, [channel])

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
