"""A style is learnt from the dialog, and is a fast one then."""

from __future__ import annotations

from tests.gimp import windows

SCRIPT = """
stand_in()
# What the backend would do in minutes.
asked, lessons, learnt = [], [], ["great_wave", "udnie"]
client.Client.styles = lambda self: [{"name": name, "bundled": name in ("great_wave", "udnie")} for name in learnt]
def forget(self, name):
    asked.append("forget " + name)
    learnt.remove(name)
client.Client.forget_style = forget
client.Client.add_picture = lambda self, data: asked.append(len(data)) or "picture"
def learn(self, name, picture):
    if name in learnt:
        raise client.BackendError("There is one already.")
    asked.append([name, picture])
    lessons.insert(0, {"name": name, "state": "learning", "fraction": 0.0, "seconds_left": None, "error": None})
def stop(self, name):
    asked.append("stop " + name)
    lessons[0]["state"] = "stopped"
client.Client.learn, client.Client.stop_learning = learn, stop
client.Client.lessons = lambda self: [dict(each) for each in lessons]

made, config = opened(); settled(made)
learning = lambda: made_learning[0]
import gc
from reverie_gimp.ui.learning import Learning
made_learning = [each for each in gc.get_objects() if isinstance(each, Learning)]
seen = lambda: [learning().button.get_mapped(), learning().widget.get_mapped(), learning()._label.get_text()]
tiles = lambda: [each.value for each in made._gallery._tiles.values() if each.kind == "fast"]
style(made, "mosaic"); pump(learning().button.get_mapped, 5)
heard = {"one picture": seen()[:2]}
style(made, "ink", True); pump(lambda: not learning().button.get_mapped(), 5)
heard["two"] = seen()[:2]
style(made, "udnie"); pump(seconds=0.2); heard["a fast one"] = seen()[:2]
style(made, "mosaic"); pump(learning().button.get_mapped, 5)

learning().button.clicked(); pump(learning()._entry.get_mapped, 5); pump(seconds=0.3)
shot("learn")
heard["suggested"] = learning()._entry.get_text()
learning()._entry.set_text("udnie"); learning()._entry.activate()
heard["refused"] = [pump(lambda: "already" in made._notice.get_text(), 5), seen()[1]]
learning().button.clicked(); pump(learning()._entry.get_mapped, 5)
learning()._entry.set_text(" My mosaic "); learning()._entry.activate()
pump(lambda: "preparing" in seen()[2], 5); heard["begun"] = [*seen(), made._notice.get_text()]
lessons[0].update(fraction=0.42, seconds_left=364.0)
pump(lambda: "42" in seen()[2], 5); heard["on the way"] = seen()
shot("learning")
made.close()

config = None
made, config = opened(); settled(made)   # what is learnt goes on, and is seen again
made_learning[:] = [each for each in gc.get_objects() if isinstance(each, Learning) and each.widget.get_mapped()]
heard["again"] = seen()[1:]
lessons[0].update(state="done"); learnt.append("My mosaic")
pump(lambda: "My mosaic" in tiles(), 10)
heard["done"] = [seen()[1], tiles(), made._notice.get_text()]
lessons.insert(0, {"name": "other", "state": "learning", "fraction": 0.0, "seconds_left": None, "error": None})
learning().open(); pump(lambda: seen()[1], 5)
learning()._stop.clicked(); pump(lambda: not seen()[1], 5); heard["stopped"] = seen()[1]
lessons[0].update(state="learning"); learning().open(); pump(lambda: seen()[1], 5)
lessons[0].update(state="failed", error={"message": "", "template": "It is {what}.", "values": {"what": "nothing"}})
pump(lambda: not seen()[1], 5); heard["failed"] = made._notice.get_text()

style(made, "udnie"); pump(seconds=0.2)
forget = lambda: next(each for each in below(made._window)
                      if isinstance(each, Gtk.MenuButton) and each.get_label() == "Forget…")
heard["not to be forgotten"] = forget().get_mapped()
style(made, "My mosaic"); pump(forget().get_mapped, 5)
made.close(); config = None
made, config = opened(recipe='{"styles": [{"fast": "My mosaic"}]}'); settled(made)
heard["to be forgotten"] = pump(forget().get_mapped, 10)
forget().clicked(); pump(seconds=0.5)
shot("forget")
next(each for each in below(forget().get_popover()) if isinstance(each, Gtk.Button)).clicked()
pump(lambda: "My mosaic" not in tiles(), 10)
heard["forgotten"] = [tiles(), forget().get_mapped(), styles.read(config)]
made.close()
answer(heard=heard, asked=asked)
"""


def test_a_style_is_learnt_and_is_among_the_fast_ones(gimp, running_backend):
    running_backend()
    said = windows.run(gimp, f"learning-{gimp.version}", SCRIPT)
    heard, asked = said["heard"], said["asked"]
    assert heard["one picture"] == [True, False]
    assert heard["two"] == heard["a fast one"] == [False, False]
    assert heard["suggested"] == "mosaic"
    assert heard["refused"] == [True, False]
    assert heard["begun"] == [False, True, "Learning “My mosaic”: 0 %, preparing", ""]
    assert heard["on the way"] == [False, True, "Learning “My mosaic”: 42 %, 6 minutes left"]
    assert heard["again"] == [True, "Learning “My mosaic”: 42 %, 6 minutes left"]
    assert heard["done"][:2] == [False, ["great_wave", "udnie", "My mosaic"]]
    assert heard["done"][2] == "“My mosaic” is learnt: it is among the fast styles now."
    assert heard["stopped"] is False and heard["failed"] == "It is nothing."
    assert asked[0] == asked[1] > 10_000, "the picture, each time"
    assert heard["not to be forgotten"] is False and heard["to be forgotten"] is True
    assert heard["forgotten"] == [["great_wave", "udnie"], False, []]
    assert asked[2:] == [["My mosaic", "picture"], "stop other", "forget My mosaic"]
