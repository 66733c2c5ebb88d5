"""Several styles at once: chosen in a real dialog, asked for by scripts, and kept by Edit and by presets."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from reverie.fast import styles
from reverie.plugin.shared import npy

from tests.gimp import windows

DIALOG = """
made, config = opened()
tiles = made._gallery._tiles
kinds = lambda: {kind for kind, value in tiles}
done = [pump(lambda: "fast" in kinds()), settled(made)]
empty = lambda: sum(tile.picture.pixbuf is None for tile in tiles.values())
pump(seconds=2); before = empty()
adjustment = made._gallery._grid._scrolled.get_vadjustment()
adjustment.set_value(adjustment.get_upper()); pump(seconds=2); after = empty()
style(made, "udnie"); done.append(settled(made)); one = styles.read(config); picture = seen(made)
asked = jobs[-1][1]
style(made, "Pine", True); style(made, "landscape", True); done.append(settled(made))
three = [(each.kind, each.weight) for each in styles.read(config)]
shot("three")
sliders = [each for each in below(made._window)
           if isinstance(each, Gtk.Scale) and each.get_accessible().get_name() in ("udnie (fast)", "Pine", "landscape")]
able = {each.get_accessible().get_name(): each.get_sensitive() for each in sliders}
rows = next(each for each in below(made._controls[0]) if isinstance(each, Gtk.Grid))
words = [each.get_text() for each in below(rows) if isinstance(each, Gtk.Label)]
sliders[1].set_value(25); done.append(settled(made))
mixed = recipes.recipe_of(filters.STYLE, config)
style(made, "udnie", True); done.append(settled(made))
config.set_property("recipe", '{"styles": [{"file": "/nowhere/a.jpg"}, {"pattern": "Sky"}]}'); pump(seconds=0.5)
shown = [each.get_text() for each in rows.get_children() if isinstance(each, Gtk.Label)]
config.set_property("recipe", '{"styles": [{"layer": 9999, "name": "gone"}]}'); pump(seconds=0.1)
gone = [made._notice.get_text(), styles.read(config)]
style(made, "udnie"); done.append(settled(made))
config.set_property("size", 256)
GLib.timeout_add(50, lambda: made._window.response(Gtk.ResponseType.OK))
results = painted(made)
answer(done=done, kinds=sorted(kinds()), before=before, after=after, one=[each[:2] for each in one], asked=asked,
       able=able, words=words,
       three=three, mixed=mixed, shown=sorted(shown), gone=gone, painted=results[0].recipe, name=results[0].name,
       picture=picture)
"""


@pytest.fixture(scope="module")
def said(gimp, running_backend):
    running_backend()
    return windows.run(gimp, "styles", DIALOG)


def test_every_kind_of_style_can_be_chosen_and_pictures_are_only_made_of_those_in_sight(said):
    assert all(said["done"])
    assert said["kinds"] == ["fast", "file", "layer", "pattern", "preset"]
    assert 0 < said["after"] < said["before"]


def test_a_fast_style_alone_is_painted_in_one_pass_in_the_preview_too(said):
    assert said["one"] == [["fast", "udnie"]]
    assert said["asked"]["fast"] == [{"name": "udnie"}]
    assert "style" not in said["asked"]
    assert said["painted"]["fast"] == [{"name": "udnie", "weight": 1.0}]
    assert said["name"] == "Neural style: udnie"


def test_several_have_their_weights(said):
    assert said["three"] == [["fast", 1.0], ["pattern", 1.0], ["layer", 1.0]]
    assert said["mixed"]["fast"] == [{"name": "udnie"}]
    assert [entry["image"] == "pattern: Pine" for entry in said["mixed"]["style"]] == [True, False]
    assert [entry.get("weight") for entry in said["mixed"]["style"]] == [0.25, None]


def test_a_fast_style_beside_pictures_is_said_to_be_where_painting_begins(said):
    """Its weight would change nothing: only among fast styles does it count."""
    assert said["able"] == {"udnie (fast)": False, "Pine": True, "landscape": True}
    assert said["words"].count("where painting begins") == 1


def test_what_arguments_say_is_shown_and_a_layer_that_is_gone_is_said(said):
    assert said["shown"] == ["Sky", "a"]
    assert said["gone"][0].startswith("The layer “gone”")
    assert said["gone"][1] == []


DAMAGED = """
made, config = opened()
fast = lambda: {key[1]: tile for key, tile in made._gallery._tiles.items() if key[0] == "fast"}
done = pump(lambda: fast() and all(tile.own is not None or tile.where != "fast" for tile in fast().values()))
shown = {name: [tile.own is not None, tile.where] for name, tile in fast().items()}
made._window.destroy()
answer(done=done, shown=shown)
"""


def test_a_fast_style_whose_file_is_damaged_does_not_hide_the_others(gimp, running_backend, monkeypatch):
    running_backend()
    monkeypatch.setattr(styles, "folder", lambda: gimp.folder / "data" / "reverie" / "styles")
    for name in ("broken", "whole"):
        styles.save(styles.file_of(name), {name: styles.load("udnie").vector})
    styles.file_of("broken").write_bytes(styles.file_of("broken").read_bytes()[:1000])
    try:
        said = windows.run(gimp, "damaged", DAMAGED)
    finally:
        for name in ("broken", "whole"):
            styles.remove(name)
    assert said["done"]
    assert said["shown"]["whole"] == [True, "fast"]
    assert not said["shown"]["broken"][0] and "broken.safetensors” is damaged" in said["shown"]["broken"][1]


SCRIPT = """
image = load(); layer = image.get_layers()[0]
other = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, file(STYLE)); image.insert_layer(other, None, 1)
twin = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, file("clone/backend/reverie/demo/ink.jpg"))
image.insert_layer(twin, None, 1); twin.set_name("twin"); other.set_name("other")
styles = [{"layer": "other", "weight": 0.5}, {"layer": twin.get_id(), "scale": 1.5},
          {"file": FOLDER + "/clone/backend/reverie/demo/mosaic.jpg"}, {"fast": "udnie", "weight": 0.25}]
further = {"content_layers": ["level5"], "precision": "float32", "optimizer": "adam", "total_variation": 0.2,
           "dream": [{"layer": "level8", "channel": 3, "at": [0.5, 0.25]}, {"layer": "level6", "weight": 2.0}]}
two = {"fast": [{"name": "udnie"}, {"name": "starry_night", "weight": 0.5}]}
status = [paint(image, [layer], style=None, recipe=json.dumps(dict(further, styles=styles)), network="reverie",
                dream_layer="level8", dream_channel=3, style_scale=2.0, dream_strength=0.3),
          paint(image, [layer], style=None, recipe=json.dumps(two)),
          paint(image, [layer], style=None, recipe='{"fast": [{"name": "udnie"}]}', dream_guide=other)]
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("saved.xcf"), None); image.delete()
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("saved.xcf"))
made = [each for each in reversed(image.get_layers()) if each.get_parasite("reverie-recipe")]
for each in image.get_layers():
    if each.get_name() == "other": each.set_name("renamed")
again, new = [], []
for each in made:
    again.append(call("plug-in-reverie-edit", image, [each])); new.append(newest(image))
refused = [paint(image, [made[0]], style=None, recipe=text)
           for text in ("7", '{"styles": [{"style": "a"}]}', '{"styles": [{"layer": "none such"}]}',
                        '{"styles": [{"pattern": "none such"}]}')]
answer(status=status, again=again, first=[recipe(each) for each in made], refused=refused,
       second=[recipe(each) for each in new], same=[digest(one) == digest(other) for one, other in zip(new, made)],
       names=[each.get_name() for each in made])
"""


@pytest.fixture(scope="module")
def scripted(gimp, running_backend):
    running_backend()
    return gimp.run(SCRIPT)


def test_all_that_a_result_was_made_with_is_kept_by_edit(scripted):
    assert [status[0] for status in scripted["status"]] == [True, True, False], scripted["status"]
    assert all(status[0] for status in scripted["again"]), scripted["again"]
    mixed, blended = scripted["first"]
    assert [(entry["name"], entry["weight"]) for entry in blended["fast"]] == [("udnie", 1.0), ("starry_night", 0.5)]
    assert [(entry["weight"], entry["scale"]) for entry in mixed["style"]] == [(0.5, 2.0), (1.0, 3.0), (1.0, 2.0)]
    assert [entry["image"] for entry in mixed["style"]][:2] == ["other", "twin"]
    assert mixed["fast"] == [{"name": "udnie", "weight": 0.25}]
    assert mixed["content_layers"] == ["level5"]
    assert (mixed["precision"], mixed["optimizer"], mixed["total_variation"]) == ("float32", "adam", 0.2)
    assert [dream["at"] for dream in mixed["dream"]] == [[0.5, 0.25], None]
    assert [dream["weight"] for dream in mixed["dream"]] == [1.0, 2.0]
    remade = json.loads(json.dumps(mixed).replace('"other"', '"renamed"'))
    assert scripted["second"] == [remade, blended]
    assert scripted["same"] == [True, True]


def test_what_is_no_list_of_styles_is_refused(scripted):
    words = ("no JSON object", "are no list", "is not open any more", "GIMP has no pattern")
    for (fine, sentence), word in zip(scripted["refused"], words, strict=True):
        assert not fine and word in sentence


GIMPS_OWN = """
style = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file(STYLE)); style.scale(60, 40)
seen = digest(style.get_layers()[0])
hidden = Gimp.Layer.new(style, "hidden", 60, 40, Gimp.ImageType.RGB_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
style.insert_layer(hidden, None, 0); hidden.fill(Gimp.FillType.WHITE); hidden.set_visible(False)
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
count, said = len(Gimp.get_images()), []
for name in ("style.xcf", "style.psd", "style.xcf.gz"):
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, style, file(name), None)
    said.append(paint(image, [layer], style=name))
open(FOLDER + "/broken.xcf", "w").write("gimp xcf")
refused = [paint(image, [layer], style=None, recipe=json.dumps({"style": [{"image": FOLDER + "/" + name}]}))
           for name in ("broken.xcf", "nowhere.psd")]
answer(said=said, seen=seen, refused=refused, names=names(image), left=len(Gimp.get_images()) - count)
"""


SELECTED = """
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 30, 40)  # where to paint
other = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file(STYLE)); other.scale(60, 40)
style = other.get_layers()[0]
half = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, other, file(STYLE)); other.insert_layer(half, None, 0)
half.scale(60, 40, False); half.add_alpha(); half.set_offsets(0, 0)
shadow = half.create_mask(Gimp.AddMaskType.WHITE); half.add_mask(shadow)
shadow.get_buffer().set(Gegl.Rectangle.new(0, 0, 60, 40), "Y u8", bytes([128] * 2400))
said, kept = [], []
for wanted in (style, half, layer):
    other.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 5, 20, 30)
    other.select_rectangle(Gimp.ChannelOps.SUBTRACT, 20, 20, 10, 15)
    if wanted == layer:
        wanted = Gimp.Layer.new_from_drawable(style, image); image.insert_layer(wanted, None, 1)
    said.append(paint(image, [layer], style=None, style_layer=wanted))
    image.set_selected_layers([layer])
Gimp.Selection.none(other)
said.append(paint(image, [layer], style=None, style_layer=style))
other.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 10, 10); style.set_offsets(50, 20)
said.append(paint(image, [layer], style=None, style_layer=style))
answer(said=said, whole=list(samples(style)[:4]))
"""


def test_of_a_style_layer_elsewhere_only_what_is_selected_there_gives_the_style(gimp, echo):
    said = gimp.run(SELECTED)["said"]
    assert [fine for fine, _ in said] == [True] * 4 + [False], said
    assert said[4][1].startswith("Nothing is selected of the layer “Background”, whose style is wanted.")
    sent = [npy.unpack(echo.pictures[job["recipe"]["style"][0]["image"]]) for job in echo.jobs]
    assert [size[1:3] for size in sent] == [(20, 30), (20, 30), (60, 40), (60, 40)]
    alpha = [np.frombuffer(samples, np.uint8)[3::4].reshape(height, width) for samples, width, height, *_ in sent]
    corner = np.zeros((30, 20), bool)
    corner[15:, 10:] = True
    assert (alpha[0] == np.where(corner, 0, 255)).all()
    assert (alpha[1][~corner] == 128).all() and (alpha[1][corner] == 0).all()
    assert (alpha[2] == 255).all() and (alpha[3] == 255).all()


NAMES = """
import os
from reverie_gimp.job import recent_styles, styles
from shared import jobs, places
strange = os.path.join(os.fsencode(FOLDER), b"\\xe9t\\xe9.jpg")
open(strange, "wb").write(open(FOLDER + "/" + STYLE, "rb").read())
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
place = os.fsdecode(strange)
both = {"style": [{"image": place}, {"image": FOLDER + "/" + STYLE}]}
said = [paint(image, [layer], style=None, style_file=Gio.File.new_for_path(place)),
        paint(image, [layer], style=None, recipe=json.dumps(both))]
again = call("plug-in-reverie-edit", image, [newest(image)])
twice = styles.of_file(Gio.File.new_for_path("//" + place.lstrip("/")))
recent_styles.remember([place, twice.value])
answer(said=said, again=again, names=names(image)[:2], same=twice.value == place, listed=len(recent_styles.listed()),
       shown=styles.title(twice))
"""


def test_a_file_whose_name_is_no_text_or_begins_with_two_slashes_is_one_style(gimp, echo):
    said = gimp.run(NAMES)
    assert [status[0] for status in [*said["said"], said["again"]]] == [True] * 3, said
    assert said["names"][0].startswith("Neural style: ?t?")
    assert said["same"] and said["listed"] == 1 and said["shown"] == "?t?"


def test_a_style_in_a_file_that_only_gimp_reads_is_sent_as_it_is_seen(gimp, echo):
    said = gimp.run(GIMPS_OWN)
    assert [status[0] for status in said["said"]] == [True] * 3, said["said"]
    sent = [echo.pictures[job["recipe"]["style"][0]["image"]] for job in echo.jobs]
    assert [hashlib.sha256(npy.unpack(picture)[0]).hexdigest() for picture in sent] == [said["seen"]] * 3
    for name, (fine, sentence) in zip(("broken.xcf", "nowhere.psd"), said["refused"], strict=True):
        assert not fine and f"{name}” cannot be read: " in sentence, sentence
    assert said["names"][-2] == "Neural style: style"
    assert said["left"] == 0
