"""Drives a dialog in a real GIMP with windows, under Xvfb, by keys and clicks, and keeps pictures of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"

# Runs in GIMP: opens the dialog, then waits for the test to press Ctrl+Z and counts the layers.
INSIDE = """
import os, time
image = Gimp.get_images()[0]; layer = image.get_layers()[0]; layers = [layer]
SETUP
before, first = digest(layer), names(image)
procedure = Gimp.get_pdb().lookup_procedure("PROCEDURE")
config = procedure.create_config()
config.set_property("run-mode", Gimp.RunMode.INTERACTIVE)
config.set_property("image", image)
config.set_core_object_array("drawables", layers)
for name, value in SETTINGS.items():
    config.set_property(name, value)
result = procedure.run(config)
after, kind = names(image), image.get_base_type().value_nick
records = [recipe(each) for each in image.get_layers() if each.get_parasite("reverie-recipe")]
open(FOLDER + "/painted", "w").close()
for _ in range(100):
    time.sleep(0.1)
    if names(image) == first and layer.is_valid():  # a layer that was replaced comes back
        break
answer(status=result.index(0).value_nick, after=after, undone=names(image), same=digest(layer) == before,
       records=records, kinds=[kind, image.get_base_type().value_nick])
"""

# Runs beside GIMP, with its display. Widgets are found by where they are, since GTK 3 has no names that X could see.
OUTSIDE = """
cd FOLDER; rm -f painted result.json display *.png
Xvfb -displayfd 3 -screen 0 1300x1000x24 3>display >xvfb.log 2>&1 & screen=$!    # a display that is free
for _ in $(seq 100); do [ -s display ] && break; sleep 0.1; done
export DISPLAY=:$(cat display)
timeout 150 dbus-run-session -- gimp-VERSION -n -s --quit --batch-interpreter python-fu-eval -b "CODE" \
    clone/backend/reverie/demo/landscape.jpg >gui.log 2>&1 & gimp=$!
for _ in $(seq 200); do
    window=$(xdotool search --onlyvisible --name '^TITLE$' | head -1); [ -n "$window" ] && break; sleep 0.25
done
[ -n "$window" ] || { cat gui.log xvfb.log; import -window root failed.png; kill $gimp $screen; exit 1; }
drawn() { [ "$(import -window $window png:- | identify -format %k -)" -gt 2000 ]; }
for _ in $(seq 120); do drawn && break; sleep 0.25; done
sleep 1
eval "$(xdotool getwindowgeometry --shell $window)"
click() { xdotool mousemove $((X + $1)) $((Y + $2)) click 1; sleep 1; }
press_ok() { eval "$(xdotool getwindowgeometry --shell $window)"; click $((WIDTH - 70)) $((HEIGHT - 42)); }
shot() { timeout 10 import -window root -crop ${WIDTH}x$HEIGHT+$X+$Y +repage $1.png; }  # what was the dialog's place
press_cancel() { click $((WIDTH - 165)) $((HEIGHT - 42)); }
ACTIONS
for _ in $(seq 1000); do [ -f painted ] && break; sleep 0.1; done
sleep 1
import -window root painted.png
main=$(xdotool search --onlyvisible --class gimp | tail -1)
xdotool mousemove 500 400; xdotool windowfocus $main; xdotool key ctrl+z
for _ in $(seq 150); do [ -f result.json ] && break; sleep 0.1; done
import -window root undone.png
kill $gimp $screen  # without its display, GIMP ends too
cat gui.log
"""

QUICK = {"size": 128, "iterations": 15}


def start(gimp, title: str, procedure: str, actions: str, settings: dict, setup: str = "") -> subprocess.Popen[str]:
    """Opens a dialog, carries out the actions (shell), presses Ctrl+Z at the end."""
    folder = gimp.inside(gimp.folder)
    inside = INSIDE.replace("SETUP", setup).replace("PROCEDURE", procedure).replace("SETTINGS", repr(settings))
    (gimp.folder / "inside.py").write_text(inside)
    code = "; ".join(
        [
            f"FOLDER = '{folder}'",
            f"exec(open('{folder}/prelude.py').read())",
            f"exec(open('{folder}/inside.py').read())",
        ]
    )
    script = OUTSIDE.replace("FOLDER", folder).replace("CODE", code).replace("ACTIONS", actions)
    script = script.replace("VERSION", gimp.version).replace("TITLE", title)
    (gimp.folder / "outside.sh").write_text(script)
    # Called interactively, GIMP fills in the values used last and not those that were passed: none may be left over.
    shutil.rmtree(gimp.folder / "config" / "plug-in-settings", ignore_errors=True)
    words = gimp.command("bash", f"{folder}/outside.sh")
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def drive(gimp, name: str, title: str, procedure: str, actions: str, settings: dict = QUICK, setup: str = "") -> dict:
    """The same, waited for; keeps the screenshots as `name-…`."""
    output, _ = start(gimp, title, procedure, actions, settings, setup).communicate(timeout=200)
    ARTEFACTS.mkdir(exist_ok=True)
    for picture in gimp.folder.glob("*.png"):
        shutil.copy(picture, ARTEFACTS / f"{name}-{picture.name}")
    return gimp.result(output)
