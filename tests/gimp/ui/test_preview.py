"""The preview in a real dialog of a real GIMP: it follows the controls, only when they rest, and shows strokes as the
layer gets them."""

from __future__ import annotations

import pytest

from tests.gimp import windows

DOUBLE = """
stand_in(); looks_ui._AT_ONCE = 2
made, config = opened(); settled(made); pump(lambda: looks, 20)
canvas = made._preview.canvas
seen(made); shot("double")
room = canvas.widget.get_allocation()
answer(factor=canvas.widget.get_scale_factor(), room=[room.width, room.height],
       drawn=[canvas.shown.get_width(), canvas.shown.get_height()],
       widths=[each.picture.get_width() for each in canvas._before + canvas._after], look=looks[0][1]["size"])
"""


SCRIPT = """
from reverie_gimp.ui import small_jobs
previews._ITERATIONS = 40
stand_in()
made, config = opened(style_file=None)
canvas, pictures, counts = made._preview.canvas, [], []

def note():
    pictures.append(seen(made))
    counts.append(len(jobs))

pump(seconds=1); note()                     # no style is chosen
style(made, "mosaic")
done = [pump(lambda: len(canvas._after) == 1), settled(made)]; note()
words = [made._preview._note.get_text()]
drawn = canvas.shown; pump(seconds=0.5); rests = canvas.shown is drawn
shot("preview")
strength = made._window.get_scale_entry("strength", 100.0)
for value in (70, 60, 50, 40):              # a slider that moves
    strength.set_value(value)
    pump(seconds=0.05)
done += [pump(lambda: len(jobs) > 2), settled(made)]; note()
asked = [(recipe["method"], recipe["size"], recipe.get("iterations"), recipe["strength"]) for _, recipe in jobs]

stand_in.held = True
strength.set_value(90)                      # dropped by what follows
done.append(pump(lambda: len(jobs) == 5))
strength.set_value(20)
done.append(pump(lambda: len(jobs) == 6)); stand_in.held = False
done += [settled(made)]; note()
states = [how for how, _ in jobs]
quick, actual, split = [each for each in below(made._preview.tools) if isinstance(each, Gtk.ToggleButton)]
quick.set_active(False)
pump(seconds=1); note()
quick.set_active(True); done += [pump(lambda: len(jobs) == 9), settled(made)]; note()

# A part, pixel by pixel, of a layer that is larger than what is seen of it
split.set_active(True); pump(seconds=0.3); shot("split")
half = canvas.shown
columns = lambda picture, x: picture.new_subpixbuf(x, picture.get_height() // 2, 20, 1).get_pixels()[:60]
width = half.get_width(); split.set_active(False); pump(seconds=0.3)
sides = [columns(half, x) == columns(canvas.shown, x) for x in (width // 2 + 60, width // 2 - 60)]
made._estimate.composed = 400               # as the backend would say
image = made._sources[0].image
actual.set_active(True)
canvas.widget.get_toplevel().resize(960, 600)
pump(lambda: canvas.part is not None and canvas.part[2] < 768 and canvas.part[3] < 576, 10)
settled(made); count = len(jobs)
canvas._pan(-1000, -1000); corner = canvas.part
done += [pump(lambda: len(jobs) == count + 2), settled(made)]
words.append(made._preview._note.get_text())
part = [corner, [(recipe["size"], recipe["style"][0]["scale"]) for _, recipe in jobs[-2:]],
        [(each.picture.get_width(), each.picture.get_height(), each.area) for each in canvas._after[1:]]]
inside = canvas._before[1].picture.get_pixels()[:60]
exact = inside == bytes(made._sources[0].layer.get_buffer().get(
    Gegl.Rectangle.new(0, 0, 15, 1), 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE))
shot("actual")
actual.set_active(False); settled(made); strength.set_value(85); settled(made)
stand_in.held = True; count = len(jobs); strength.set_value(30)
done.append(pump(lambda: len(jobs) == count + 1))
running = jobs[-1][0]
config.set_property("size", 64)
GLib.timeout_add(50, lambda: made._window.response(Gtk.ResponseType.OK))   # sooner than a preview begins
results = painted(made)
pump(lambda: running != ["running"], 5)
last = [running, len(jobs) - count, jobs[-1][1]["size"], len(results)]
made.close()
config.set_property("strength", 0.1)
pump(seconds=0.6)
networks = lambda available: type("", (), {"networks": lambda self: [
    {"name": "vgg19", "available": available, "layers": []}]})()
refusals = []
for recipe, there in (({"network": "vgg19"}, False), ({"network": "vgg19"}, True),
                      ({"network": "vgg19", "method": "instant"}, False)):
    try:
        small_jobs._refuse_download(networks(there), recipe); refusals.append("")
    except client.BackendError as error:
        refusals.append(str(error))
answer(done=done, pictures=pictures, counts=counts, asked=asked, states=states, refusals=refusals, last=last,
       words=words, rests=rests, sides=sides, part=part, exact=exact, after=len(jobs) - count)
"""


@pytest.fixture(scope="module")
def said(gimp, module_echo):
    return windows.run(gimp, "preview", SCRIPT)


def test_it_follows_the_style_and_the_strength(said):
    assert all(said["done"]), said["done"]
    untouched, mosaic, weaker, weakest = said["pictures"][:4]
    assert len({untouched, mosaic, weaker, weakest}) == 4


def test_nothing_happens_without_a_style_and_once_a_slider_rests_one_pass_comes_before_the_brushwork(said):
    assert said["counts"][:3] == [0, 2, 4]
    steps = [["instant", 256, None], ["optimise", 256, 40]]
    assert said["asked"] == [[*step, strength] for strength in (0.85, 0.4) for step in steps]
    assert said["words"][0] == "Painted small. At 100 % you see the strokes that the layer gets."


def test_what_is_drawn_is_not_drawn_again_and_again(said):
    """Each drawing is given its place anew, which must not lead to another: a slider would never come to rest."""
    assert said["rests"]


def test_a_newer_request_ends_the_older_one(said):
    assert said["states"] == [["done"]] * 4 + [["cancelled"], ["done"], ["done"]]


def test_weights_are_never_fetched_for_it(said):
    sentence, *others = said["refusals"]
    assert sentence.startswith("No preview: the network's weights are not on this machine.")
    assert others == ["", ""]


def test_unticked_it_shows_the_picture_as_it_is(said):
    assert said["pictures"][4] == said["pictures"][0] != said["pictures"][5]


def test_before_and_after_are_on_two_sides_of_a_line(said):
    after, before = said["sides"]
    assert after and not before


def test_a_part_is_composed_and_its_strokes_are_as_large_as_in_the_whole(said):
    (x, y, width, height), jobs, shown = said["part"]
    assert (x, y) == (0, 0) and width < 768 and height < 576
    ratio = 768 / max(width, height)
    for size, scale in jobs:
        assert size == pytest.approx(400 / ratio, abs=1)
        assert scale == pytest.approx(ratio)
    assert shown == [[width, height, [0, 0, width, height]]]
    assert said["exact"]
    assert said["words"][1].startswith("This part as the layer gets it")


def test_ok_ends_it_at_once_and_a_closed_dialog_begins_nothing(said):
    assert said["last"] == [["cancelled"], 2, 64, 1]
    assert said["after"] == 2


def test_on_a_screen_with_two_pixels_a_point_all_of_them_are_used(gimp, module_echo, monkeypatch):
    monkeypatch.setenv("SCREEN", "2732x1536")
    monkeypatch.setenv("GDK_SCALE", "2")
    said = windows.run(gimp, "double", DOUBLE)
    assert said["factor"] == 2
    assert said["drawn"] == [2 * side for side in said["room"]]
    assert said["widths"] == [768, 768]  # the layer's own, which is more than the points that it takes
    assert said["room"][0] < 768
    assert said["look"] == 320
