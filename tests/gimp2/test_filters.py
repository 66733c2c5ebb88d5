"""The filters of GIMP 2.10: what they paint, and what they refuse."""

from __future__ import annotations

import time

import pytest
from reverie.plugin.shared import npy

from tests.gimp2.filter_scripts import content
from tests.stand_in_backend import Handler


def test_a_new_layer_above_with_the_same_pixels(gimp2, backend):
    found, said = gimp2.run("""
image = new_image()
new_layer(image, "below")
layer = new_layer(image, "photo", 20, 10, x=-5, y=7)
top = new_layer(image, "top")
pdb.gimp_image_set_active_layer(image, layer)
before = read(layer)
done = style(image, layer, strength=0.25, style_scale=2.0, color=1, seed=7, size=640)
new = image.layers[1]
answer(done=done, names=names(image), offsets=new.offsets, size=(new.width, new.height), mask=new.mask is not None,
       same=read(new) == "".join(before[3 * i:3 * i + 3] + "\\xff" for i in range(200)), kept=read(layer) == before,
       active=image.active_layer.name, recipe=record(new, "reverie-recipe"), origin=record(new, "reverie-origin"),
       source=layer.tattoo, mode=new.mode == layer.mode)
""")
    assert found["done"], said
    assert found["names"] == ["top", "Neural style: style", "photo", "below"]
    assert found["offsets"] == [-5, 7]
    assert found["size"] == [20, 10]
    assert not found["mask"]
    assert found["same"]
    assert found["kept"]
    assert found["mode"]
    assert found["active"] == "photo"
    assert found["origin"] == {
        "filter": "plug-in-reverie-style",
        "used": None,
        "source": found["source"],
        "area": [0, 0, 20, 10],
    }
    style_path = gimp2.inside(gimp2.folder / "style.png")
    assert found["recipe"]["style"] == [{"image": style_path, "scale": 2.0}]
    sent = backend.jobs[0]["recipe"]
    assert backend.pictures[sent["style"][0].pop("image")] == b"a style"
    assert sent == {
        "style": [{"scale": 2.0}],
        "strength": 0.25,
        "color": "luminance",
        "network": "auto",
        "seed": 7,
        "size": 640,
    }
    assert content(backend)[1:] == (20, 10, 4, "u1")


def test_a_selection_limits_the_work_and_becomes_the_mask(gimp2, backend):
    found, said = gimp2.run("""
image = new_image(300, 200)
layer = new_layer(image, "photo", 300, 200, x=10, y=20)
select(image, 110, 120, 30, 10)
done = style(image, layer)
new, old = image.layers[0], read(layer)
value = lambda x, y: pdb.gimp_drawable_get_pixel(new.mask, x, y)[1][0]
painted = read(new)
inside = all(painted[(y * 300 + 68) * 4:(y * 300 + 68) * 4 + 3] == old[(y * 300 + 68) * 3:(y * 300 + 68) * 3 + 3]
             for y in range(68, 142))
answer(done=done, values=[value(100, 100), value(129, 109), value(99, 100), value(130, 109), value(100, 110)],
       inside=inside, selected=pdb.gimp_selection_is_empty(image) == 0,
       alphas=[ord(painted[(y * 300 + x) * 4 + 3]) for x, y in [(67, 100), (68, 68), (161, 141), (162, 141)]])
""")
    assert found["done"], said
    assert content(backend)[1:] == (94, 74, 4, "u1")  # 32 pixels of context on every side
    assert found["values"] == [255, 255, 0, 0, 0]
    assert found["alphas"] == [0, 255, 255, 0]
    assert found["inside"]
    assert found["selected"]


def test_grey_stays_grey_and_alpha_is_kept(gimp2, backend):
    found, said = gimp2.run("""
grey = new_image(8, 8, GRAY_IMAGE)
layer = new_layer(grey, "grey", 8, 8, GRAY_IMAGE)
done = [style(grey, layer)]
samples = read(layer)
colour = new_image(8, 8)
clear = new_layer(colour, "ä", 8, 8, RGBA_IMAGE)
done.append(style(colour, clear, style_from=1, style_layer=layer))
new = colour.layers[0]
answer(done=done, grey=read(grey.layers[0]) == "".join(sample + "\\xff" for sample in samples),
       clear=read(new) == read(clear), title=new.name, used=record(new, "reverie-origin")["used"])
""")
    assert found["done"] == [True, True], said
    assert found["grey"]
    assert found["clear"]
    assert found["title"] == "Neural style: grey"
    assert found["used"] is None  # a layer of another image cannot be found again by its tattoo
    assert npy.unpack(backend.pictures[backend.jobs[1]["recipe"]["style"][0]["image"]])[1:] == (8, 8, 4, "u1")


def test_a_dream_by_name_of_a_layer_or_of_a_channel(gimp2, backend):
    found, said = gimp2.run("""
image = new_image()
guide = new_layer(image, "Führer")
layer = new_layer(image)
done = [dream(image, layer, dream_of=1, dream_class="golden retriever", dream_strength=0.75),
        dream(image, layer, dream_of=2, dream_guide=guide, parametrisation=1),
        dream(image, layer, dream_layer="fire5", dream_channel=3, network="squeezenet1_0", iterations=20)]
answer(done=done, names=names(image), used=record(image.layers[1], "reverie-origin")["used"], guide=guide.tattoo,
       recipe=record(image.layers[1], "reverie-recipe"))
""")
    assert found["done"] == [True, True, True], said
    assert found["names"] == [
        "Deep dream: golden retriever",
        "Deep dream: Führer",
        "Deep dream: fire5",
        "photo",
        "Führer",
    ]
    assert found["used"] == found["guide"]
    assert found["recipe"]["dream"] == [{"guide": "Führer"}]
    recipes = [job["recipe"] for job in backend.jobs]
    assert recipes[0]["dream"] == [{"class_name": "golden retriever"}]
    assert recipes[0]["dream_strength"] == 0.75
    assert recipes[1]["parametrisation"] == "decorrelated"
    assert recipes[2]["dream"] == [{"layer": "fire5", "channel": 3}]
    assert (recipes[2]["network"], recipes[2]["iterations"]) == ("squeezenet1_0", 20)
    assert all("style" not in recipe for recipe in recipes)


@pytest.mark.parametrize(
    ("before", "change", "sentence"),
    [
        ("", "style_file=''", "Choose a style first"),
        ("", "style_file='/nowhere/Nächte.jpg'", "The style picture “/nowhere/Nächte.jpg” cannot be read"),
        ("", "color=3", "There is no choice number 3; the choices are 0 to 2."),
        ("select(image, 35, 25, 5, 5)", "", "The selection does not touch the layer “photo”."),
        (
            "image = new_image(); layer = new_layer(image, 'photo', 20, 10, RGBA_IMAGE, samples='\\0' * 800)",
            "",
            "is empty (wholly transparent) here",
        ),
    ],
)
def test_a_refusal_is_a_sentence_and_changes_nothing(gimp2, backend, before, change, sentence):
    found, said = gimp2.run(f"""
image = new_image()
layer = new_layer(image, "photo", 20, 10)
{before}
samples = read(layer)
done = style(image, layer{", " + change if change else ""})
answer(done=done, names=names(image), same=read(layer) == samples)
""")
    assert not found["done"]
    assert found["names"] == ["photo"]
    assert found["same"]
    assert sentence in said
    assert not backend.jobs


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([{"type": "failed", "message": "The graphics card’s memory is full."}], "The graphics card’s memory is full."),
        ([{"type": "cancelled"}], "The job was cancelled. Your layer is as it was."),
        ([{"type": "started"}], "Your layer is as it was. Try again"),
        ([{"type": "progress"}], "Reverie met an error of its own (KeyError"),
    ],
)
def test_a_job_that_fails_leaves_the_image_as_it_was(gimp2, backend, events, sentence):
    backend.events = events
    found, said = gimp2.run("""
image = new_image()
layer = new_layer(image)
answer(done=style(image, layer), names=names(image), active=image.active_layer.name)
""")
    assert not found["done"]
    assert found["names"] == ["photo"]
    assert found["active"] == "photo"
    assert sentence in said
    if "own" in sentence:
        assert "KeyError" in (gimp2.folder / "plugin.log").read_text(encoding="utf-8")


def test_one_step_to_undo(gimp2, backend):
    if gimp2.is_real:
        pytest.skip("GIMP 2.10 shows no plug-in its undo history")
    found, said = gimp2.run("""
image = new_image()
layer = new_layer(image)
select(image, 0, 0, 9, 9)
del image.log[:]
style(image, layer)
answer(log=image.log, images=len(gimp._images))
""")
    assert found["log"] == ["group start", "insert", "mask", "active", "group end"], said
    assert found["images"] == 1  # the ones in between are gone


def test_an_image_closed_meanwhile_is_told(gimp2, backend):
    if gimp2.is_real:
        pytest.skip("a script waits for the filter, so it cannot close the image meanwhile")
    found, said = gimp2.run("""
image = new_image()
layer = new_layer(image)
gimp.progress_update = lambda fraction: image in gimp._images and gimp.delete(image)
answer(done=style(image, layer), images=len(gimp._images), log=image.log[-1])
""")
    assert not found["done"]
    assert found["images"] == 0
    assert found["log"] == "insert"  # that of the test itself
    assert "The image or its layer was closed meanwhile" in said


def test_a_selection_taken_back_meanwhile_does_not_hide_the_result(gimp2, backend):
    if gimp2.is_real:
        pytest.skip("a script waits for the filter, so it cannot select meanwhile")
    found, said = gimp2.run("""
image = new_image()
layer = new_layer(image)
select(image, 0, 0, 9, 9)
gimp.progress_update = lambda fraction: pdb.gimp_selection_none(image)
answer(done=style(image, layer), count=len(image.layers), masked=image.layers[0].mask is not None)
""")
    assert found["done"], said
    assert found["count"] == 2
    assert not found["masked"]


def test_in_the_dialog_a_failure_is_only_told(gimp2, backend):
    """Raising there would make gimpfu's dialog show a traceback."""
    if gimp2.is_real:
        pytest.skip("gimpfu's dialog needs PyGTK, which the assembled GIMP 2.10 is without")
    found, said = gimp2.run("""
image = new_image()
layer = new_layer(image)
gimp.registered["plug_in_reverie_style"]["on_run"]()
answer(done=style(image, layer, style_file=None))
""")
    assert found["done"]
    assert "Choose a style first" in said


def test_a_plugin_that_is_killed_lets_go_of_its_job(gimp2, backend):
    """GIMP 2.10's Cancel kills the plug-in: the backend must notice. The plug-in must not linger either."""
    if gimp2.is_real:
        pytest.skip("the stand-in is the plug-in's process; in GIMP it is another one, started alike")
    lines, dropped = [], []

    class Endless(Handler):
        def _stream(self):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                while not dropped:
                    self.wfile.write(b'11\r\n{"type": "alive"}\n\r\n'.replace(b"11", b"12"))
                    lines.append("alive")
                    time.sleep(0.05)
            except OSError:
                dropped.append(len(lines))
            self.close_connection = True

    backend.RequestHandlerClass = Endless
    process = gimp2.start("image = new_image(); style(image, new_layer(image)); answer(ended=True)")
    deadline = time.monotonic() + 20
    while not backend.jobs and time.monotonic() < deadline:
        time.sleep(0.02)
    assert backend.jobs
    while len(lines) < 6 and not dropped:
        time.sleep(0.02)
    assert not dropped
    heard = len(lines)
    process.kill()
    process.communicate()
    while not dropped and len(lines) < heard + 100:
        time.sleep(0.02)
    assert dropped
    assert dropped[0] - heard < 40, "lines, one of which is told in a twentieth of a second"
    assert not (gimp2.folder / "answer.json").exists()
