"""Variations in the dialog: small pictures of other settings, of which the one that is clicked on is set."""

from __future__ import annotations

from tests.gimp import windows

SCRIPT = """
stand_in()
made, config = opened(); settled(made)
at_first = [made._preview.widget.get_mapped(), made._variations.widget.get_mapped()]
button = next(each for each in below(made._window)
              if isinstance(each, Gtk.ToggleButton) and each.get_label() == "Variations")
tiles = lambda: [each for each in below(made._variations.widget) if isinstance(each, Gtk.FlowBoxChild)]
pictures = lambda: [each for each in below(made._variations.widget)
                    if isinstance(each, Gtk.Image) and each.get_storage_type() == Gtk.ImageType.GICON]
before = len(jobs)
button.set_active(True)
done = [pump(lambda: len(pictures()) == 6, 20)]
shot("variations")
asked = [(recipe["method"], recipe["size"], recipe["style"][0]["scale"], recipe["strength"], recipe["color"])
         for _, recipe in jobs[before:]]
pump(seconds=0.5); quiet = len(jobs) - before          # the preview lets them
finer = next(each for each in tiles() if each.get_accessible().get_name() == "Finer strokes")
finer.get_parent().emit("child-activated", finer)
done.append(pump(lambda: not button.get_active(), 5))
done += [settled(made), made._preview.widget.get_mapped()]
chosen = [config.get_property("style-scale"), jobs[-1][1]["style"][0]["scale"], len(tiles())]

button.set_active(True); pump(lambda: pictures(), 10)
made._window.get_scale_entry("strength", 100.0).set_value(40)    # what is changed is seen in the preview
done += [pump(lambda: not button.get_active(), 5), settled(made)]
stand_in.held = True; button.set_active(True)
done.append(pump(lambda: jobs[-1][0] == ["running"], 10))
running = jobs[-1][0]
config.set_property("size", 64); config.set_property("iterations", 1)
button.set_active(True); pump(lambda: jobs[-1][0] == ["running"] and jobs[-1][0] is not running, 10)
running = jobs[-1][0]
GLib.timeout_add(50, lambda: made._window.response(Gtk.ResponseType.OK))
results = painted(made)
done.append(pump(lambda: running == ["cancelled"], 5))
made.close()

config = None
made, config = opened(recipe='{"styles": [{"file": "/nowhere.jpg"}]}')
button = next(each for each in below(made._window)
              if isinstance(each, Gtk.ToggleButton) and each.get_label() == "Variations")
button.set_active(True); pump(seconds=0.3)
said = made._variations._note.get_text()
made.close()
answer(done=done, asked=asked, quiet=quiet, chosen=chosen, results=len(results), said=said, at_first=at_first)
"""


def test_variations_are_seen_and_one_is_taken(gimp, running_backend):
    running_backend()
    said = windows.run(gimp, f"variations-{gimp.version}", SCRIPT)
    assert said["at_first"] == [True, False]
    assert said["done"] == [True] * len(said["done"]), said
    usual = ("instant", 256, 1.0, 0.85, "style")
    expected = [usual] * 6
    for number, place, value in (
        (0, 2, 1.6),
        (1, 2, 0.625),
        (2, 3, 1.0),
        (3, 3, 0.55),
        (4, 4, "luminance"),
        (5, 4, "match"),
    ):
        expected[number] = tuple(value if index == place else each for index, each in enumerate(usual))
    assert [tuple(each) for each in said["asked"]] == expected
    assert said["quiet"] == 6
    assert said["chosen"] == [0.625, 0.625, 0]
    assert said["results"] == 1
    assert "/nowhere.jpg" in said["said"]
