"""Repeat, by its keys, in a real GIMP with windows: the filter runs again as its dialog was told, and asks nothing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.gimp.clicks import warned

INSIDE = """
import time
image = Gimp.get_images()[0]; layer = image.get_layers()[0]
counts, recipes = [], []
open(FOLDER + "/up", "w").close()
for happened, expected in (("painted", 2), ("repeated", 3), ("undone", 2)):
    for _ in range(600):
        if len(image.get_layers()) == expected:
            break
        time.sleep(0.1)
    counts.append(len(image.get_layers()))
    recipes.append([recipe(each) for each in image.get_layers() if each.get_parasite("reverie-recipe")])
    open(FOLDER + "/" + happened, "w").close()
answer(counts=counts, recipes=recipes)
"""
BEGIN = """
cd FOLDER; rm -f up painted repeated undone asked result.json display
echo '(file-version 1) (action "plug-in-reverie-style" "<Primary><Shift>y")' >config/shortcutsrc
Xvfb -noreset -displayfd 3 -screen 0 1300x1000x24 3>display >xvfb.log 2>&1 & screen=$!
for _ in $(seq 100); do [ -s display ] && break; sleep 0.1; done
export DISPLAY=:$(cat display)
timeout 150 dbus-run-session -- gimp-VERSION -n -s --quit --batch-interpreter python-fu-eval -b "CODE" \
    clone/backend/reverie/demo/landscape.jpg >gui.log 2>&1 & gimp=$!
for _ in $(seq 600); do [ -f up ] && break; sleep 0.1; done
wait_for() {  # SECONDS COMMAND…: until it succeeds
    local end=$((SECONDS + $1)); shift
    until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done
}
keys() { main=$(xdotool search --onlyvisible --class gimp | tail -1); xdotool windowfocus $main; xdotool key $1; }
xdotool mousemove 500 400
for _ in 1 2 3; do  # the first may come too early
    sleep 1; keys ctrl+shift+y
    for _ in $(seq 40); do
        dialog=$(xdotool search --onlyvisible --name '^Neural Style$' | tail -1)
        [ -n "$dialog" ] && break 2; sleep 0.25
    done
done
drawn() { [ "$(import -window $dialog png:- | identify -format %k -)" -gt 2000 ]; }
look() { import -window $dialog rgb:- | md5sum; }
still() { local now=$(look); sleep 0.3; [ "$now" = "$(look)" ]; }
wait_for 60 drawn; wait_for 10 still
eval "$(xdotool getwindowgeometry --shell $dialog)"
before=$(look); xdotool mousemove $((X + WIDTH - 70)) $((Y + HEIGHT - 42)) click 1
is_closed() { [ -z "$(xdotool search --onlyvisible --name '^Neural Style$')" ]; }
"""
REPEATED = """
wait_for 100 test -f painted; wait_for 30 is_closed
xdotool mousemove 500 400; keys ctrl+f
wait_for 60 test -f repeated; xdotool search --onlyvisible --name '^Neural Style$' >asked
keys ctrl+z
"""
CLOSED = """
changed() { [ "$(look)" != "$before" ]; }
wait_for 30 changed  # it paints
xdotool windowfocus --sync $(xdotool search --onlyvisible --name 'GIMP$' | tail -1) key ctrl+w
wait_for 60 is_closed
"""
END = """
wait_for 60 test -f result.json
kill -KILL -- -$gimp; kill $screen; cat gui.log
"""
INSIDE_CLOSED = """
import time
open(FOLDER + "/up", "w").close()
for _ in range(1200):
    time.sleep(0.1)
    there = [names(image) for image in Gimp.get_images()]
    if there == [["Neural style: strokes"]]:  # and not only an image without a layer as yet
        break
answer(open=there)
"""


def by_keys(gimp, inside: str, actions: str) -> dict:
    """What a script says beside which the filter is called by its keys, its OK is pressed, and then that is done."""
    folder = gimp.inside(gimp.folder)
    (gimp.folder / "inside.py").write_text(inside)
    code = f"FOLDER = '{folder}'" + "".join(
        f"; exec(open('{folder}/{part}.py').read())" for part in ("prelude", "inside")
    )
    script = (BEGIN + actions + END).replace("FOLDER", folder).replace("CODE", code).replace("VERSION", gimp.version)
    (gimp.folder / "outside.sh").write_text(script)
    done = subprocess.run(
        gimp.command("bash", f"{folder}/outside.sh"), capture_output=True, text=True, timeout=300, check=False
    )
    said = gimp.result(done.stdout + done.stderr)
    assert not warned(done.stdout), "\n".join(warned(done.stdout))
    return said


@pytest.fixture
def last_values(gimp) -> Iterator[Callable[[str, str], None]]:
    """Writes what GIMP keeps of a procedure's dialog."""
    folder = gimp.folder / "config" / "plug-in-settings"
    folder.mkdir(exist_ok=True)

    def write(name: str, values: str) -> None:
        (folder / f"GimpProcedureConfigRun-plug-in-reverie-{name}.last").write_text(values)

    yield write
    shutil.rmtree(folder)


def test_repeat_by_its_keys_asks_nothing_takes_what_the_dialog_was_told_and_is_one_step_to_undo(
    gimp, echo, last_values
):
    last_values("style", "(strength 0.25)")
    said = by_keys(gimp, INSIDE, REPEATED)
    assert said["counts"] == [2, 3, 2]
    painted, repeated, undone = said["recipes"]
    assert [recipe["strength"] for recipe in repeated] == [0.25, 0.25]
    assert undone == painted
    assert (gimp.folder / "asked").read_text() == ""  # no dialog


def test_an_image_that_is_closed_while_it_is_painted_gives_a_new_one(gimp, echo, last_values):
    """From the menu, as painters do: a script's own hold on the image would keep it."""
    last_values("style", "(strength 0.25)")
    echo.events = [{"type": "done", "recipe": {}, "after": 6}]  # of the previews, too
    said = by_keys(gimp, INSIDE_CLOSED, CLOSED)
    assert said["open"] == [["Neural style: strokes"]]


def test_every_filter_repeats_with_the_values_used_last(gimp, echo, last_values):
    """In a GIMP without windows, where a dialog would end the plug-in."""
    last_values("style", "(strength 0.25) (seed 5)")
    last_values("dream", '(dream-class "peacock")')
    last_values("edit", "(replace yes)")
    last_values("dream-zoom", "(frames 3)")
    said = gimp.run("""
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
said = []
for name in ("style", "dream", "edit", "dream-zoom"):
    said.append(call("plug-in-reverie-" + name, image, [newest(image) if name == "edit" else layer],
                     mode=Gimp.RunMode.WITH_LAST_VALS))
frames = [len(each.get_layers()) for each in Gimp.get_images() if each != image]
answer(said=said, names=names(image), recipes=[recipe(each) for each in image.get_layers()[:-1]], frames=frames)
""")
    assert all(status[0] for status in said["said"]), said["said"]
    assert said["names"] == ["Deep dream: peacock", "Neural style: strokes", "landscape"]
    dream, style = said["recipes"]
    assert (style["strength"], style["seed"]) == (0.25, 5)
    assert dream["dream"] == [{"class_name": "peacock"}]
    assert said["frames"] == [3]


# What the dialog leaves for the next time, of which GIMP keeps what is no layer, is written as GIMP does.
LAYERS = """
import os, sys
from reverie_gimp import run
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
other = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, file(STYLE)); other.set_name("other")
image.insert_layer(other, None, 1)
said = []
for name, argument in (("style", "style-layer"), ("dream", "dream-guide"), ("style", "regions")):
    config = Gimp.get_pdb().lookup_procedure("plug-in-reverie-" + name).create_config()
    config.set_property(argument, other)
    run.with_last_layers(config, Gimp.RunMode.INTERACTIVE, image, lambda: None)
    with open("%s/config/plug-in-settings/GimpProcedureConfigRun-plug-in-reverie-%s.last" % (FOLDER, name), "w") as out:
        out.write('(layers %s)' % json.dumps(config.get_property("layers")))
    repeated = call("plug-in-reverie-" + name, image, [layer], mode=Gimp.RunMode.WITH_LAST_VALS)
    made = recipe(newest(image))
    other.set_name("another")
    said.append([repeated, made, call("plug-in-reverie-" + name, image, [layer], mode=Gimp.RunMode.WITH_LAST_VALS)])
    other.set_name("other")
elsewhere = load(); there = elsewhere.get_layers()[0]; there.scale(60, 40, False)
abroad = [call("plug-in-reverie-style", elsewhere, [there], mode=Gimp.RunMode.WITH_LAST_VALS)]
abroad.append(recipe(newest(elsewhere)))
closed = Gimp.Layer.new(elsewhere, "", 1, 1, Gimp.ImageType.RGB_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
elsewhere.insert_layer(closed, None, 0)
config = Gimp.get_pdb().lookup_procedure("plug-in-reverie-style").create_config()
config.set_property("style-layer", closed)
run.with_last_layers(config, Gimp.RunMode.INTERACTIVE, image, elsewhere.delete)
answer(said=said, abroad=abroad, kept=config.get_property("layers"))
"""


def test_layers_used_last_are_repeated_and_said_to_be_gone_once_they_are(gimp, echo, last_values):
    """GIMP itself forgets arguments that are layers: the style would be the bundled picture again. Regions of another
    image are left out, and a layer that was closed while it gave its style is not written down."""
    whole = gimp.run(LAYERS)
    said, (repeated_elsewhere, made_elsewhere) = whole["said"], whole["abroad"]
    assert repeated_elsewhere == [True, "success"]
    assert [style.get("mask") for style in made_elsewhere["style"]] == [None]
    assert whole["kept"] == ""
    assert [repeated for repeated, *_ in said] == [[True, "success"]] * 3
    assert [style["image"] for style in said[0][1]["style"]] == ["other"]
    assert [dream["guide"] for dream in said[1][1]["dream"]] == ["other"]
    assert [style["mask"] for style in said[2][1]["style"]] == ["region: other"]
    for *_, (fine, sentence) in said:
        assert not fine
        assert sentence.startswith("The layer “other”, which was used the last time, is not open any more. ")


def test_a_bundled_picture_of_an_earlier_version_is_found_where_it_is_now(gimp, echo, last_values):
    """In the values used last, in scripts' arguments, in records, and as a region's name."""
    last_values("style", '(style-file "/old/clone/backend/demo/ink.jpg")')
    said = gimp.run("""
old = "/old/clone/backend/demo/"
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
said = [call("plug-in-reverie-style", image, [layer], mode=Gimp.RunMode.WITH_LAST_VALS)]
made = newest(image); used = [recipe(made)["style"][0]["image"]]
moved = {"styles": [{"file": old + "mosaic.jpg", "scale": 2}]}
said.append(paint(image, [layer], style=None, recipe=json.dumps(moved)))
record = recipe(made); record["style"][0]["image"] = old + "watercolour.jpg"
made.attach_parasite(Gimp.Parasite.new("reverie-recipe", Gimp.PARASITE_PERSISTENT, json.dumps(record).encode()))
origin = json.loads(bytes(made.get_parasite("reverie-origin").get_data()).decode())
origin["asked"]["style"][0]["image"] = old + "watercolour.jpg"
made.attach_parasite(Gimp.Parasite.new("reverie-origin", Gimp.PARASITE_PERSISTENT, json.dumps(origin).encode()))
said.append(call("plug-in-reverie-edit", image, [made]))
region = layer.copy(); region.set_name(old + "pointillism.jpg"); image.insert_layer(region, None, 0)
said.append(paint(image, [layer], regions=region))
painted = [each for each in image.get_layers() if each.get_parasite("reverie-recipe") and each != made]
used += [recipe(each)["style"][0]["image"] for each in painted]
answer(said=said, there=FOLDER + "/clone/backend/reverie/demo/", used=used)
""")
    assert all(status[0] for status in said["said"]), said["said"]
    names = [used.replace(said["there"], "") for used in said["used"]]
    assert sorted(names) == ["ink.jpg", "mosaic.jpg", "pointillism.jpg", "watercolour.jpg"]
