"""The preview in a real dialog of a real GIMP: it follows the controls, and only when they rest."""

from __future__ import annotations

import pytest

from tests.gimp import windows

SCRIPT = """
preview._ITERATIONS = 40
made, config = opened(style_file=None)
pictures, counts = [], []

def note():
    pictures.append(seen(made))
    counts.append(len(jobs))

pump(seconds=1); note()                     # no style is chosen
style(made, "mosaic")
done = [pump(lambda: len(jobs) == 1), settled(made)]; note()
shot("preview")
strength = made._window.get_scale_entry("strength", 100.0)
for value in (70, 60, 50, 40):              # a slider that moves
    strength.set_value(value)
    pump(seconds=0.1)
done += [pump(lambda: len(jobs) > 1), settled(made)]; note()
sizes = [(recipe["size"], recipe["iterations"], recipe["strength"]) for _, recipe in jobs]

strength.set_value(90)                      # dropped by what follows
done.append(pump(lambda: len(jobs) == 3 and state(jobs[2][0]) == "running"))
strength.set_value(20)
done += [pump(lambda: len(jobs) == 4), settled(made)]; note()
states = [state(number) for number, _ in jobs]

config.set_property("network", "vgg19")     # whose weights are not here
pump(lambda: made._preview._note.get_text() != "", 10); note()
without = made._preview._note.get_text()
config.set_property("network", "auto")
done += [pump(lambda: len(jobs) == 5), settled(made)]
button = next(each for each in below(made._preview.widget) if isinstance(each, Gtk.CheckButton))
button.set_active(False)
pump(seconds=1); note()
button.set_active(True)
done.append(pump(lambda: len(jobs) == 6 and state(jobs[5][0]) == "running"))

config.set_property("size", 64); config.set_property("iterations", 6)
GLib.timeout_add(50, lambda: made._window.response(Gtk.ResponseType.OK))   # sooner than a preview begins
results = painted(made)
last = [state(jobs[5][0]), len(jobs), jobs[6][1]["size"], len(results)]
made.close()
config.set_property("strength", 0.1)
pump(seconds=0.6)
answer(done=done, pictures=pictures, counts=counts, sizes=sizes, states=states, without=without, last=last,
       after=len(jobs))
"""


@pytest.fixture(scope="module")
def said(gimp, running_backend):
    running_backend()
    return windows.run(gimp, "preview", SCRIPT)


def test_it_follows_the_style_and_the_strength(said):
    assert all(said["done"])
    untouched, mosaic, weaker, weakest = said["pictures"][:4]
    assert len({untouched, mosaic, weaker, weakest}) == 4


def test_nothing_happens_without_a_style_and_one_job_is_begun_once_a_slider_rests(said):
    assert said["counts"][:3] == [0, 1, 2]
    assert said["sizes"] == [[256, 40, 0.85], [256, 40, 0.4]]


def test_a_newer_request_ends_the_older_one(said):
    assert said["states"] == ["done", "done", "cancelled", "done"]


def test_weights_are_never_fetched_for_it(said):
    assert said["without"].startswith("No preview: the network's weights are not on this machine.")
    assert said["counts"][4] == 4


def test_unticked_it_shows_the_picture_as_it_is(said):
    assert said["pictures"][5] == said["pictures"][0]


def test_ok_ends_it_at_once_and_a_closed_dialog_begins_nothing(said):
    assert said["last"] == ["cancelled", 7, 64, 1]
    assert said["after"] == 7
