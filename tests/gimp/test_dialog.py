"""The dialog in a real GIMP with windows, under Xvfb: driven by keys and clicks, and looked at."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"

# Runs in GIMP: opens the dialog, then waits for the test to press Ctrl+Z and counts the layers.
INSIDE = """
import os, time
image = Gimp.get_images()[0]; layer = image.get_layers()[0]
before = digest(layer)
procedure = Gimp.get_pdb().lookup_procedure("plug-in-reverie-style")
config = procedure.create_config()
config.set_property("run-mode", Gimp.RunMode.INTERACTIVE)
config.set_property("image", image)
config.set_core_object_array("drawables", [layer])
config.set_property("size", 256); config.set_property("iterations", ITERATIONS)
result = procedure.run(config)
after = names(image)
open(FOLDER + "/painted", "w").close()
for _ in range(100):
    time.sleep(0.1)
    if len(names(image)) == 1:
        break
answer(status=result.index(0).value_nick, after=after, undone=names(image), same=digest(layer) == before)
"""

# Runs beside GIMP, with its display. Widgets are found by where they are, since GTK 3 has no names that X could see.
OUTSIDE = """
cd FOLDER; rm -f painted result.json display *.png
Xvfb -displayfd 3 -screen 0 1300x840x24 3>display >xvfb.log 2>&1 & screen=$!    # a display that is free
for _ in $(seq 100); do [ -s display ] && break; sleep 0.1; done
export DISPLAY=:$(cat display)
timeout 150 dbus-run-session -- gimp-3.0 -n -s --quit --batch-interpreter python-fu-eval -b "CODE" \
    clone/backend/demo/landscape.jpg >gui.log 2>&1 & gimp=$!
for _ in $(seq 200); do
    window=$(xdotool search --onlyvisible --name '^Neural Style$' | head -1); [ -n "$window" ] && break; sleep 0.25
done
[ -n "$window" ] || { cat gui.log xvfb.log; import -window root failed.png; kill $gimp $screen; exit 1; }
drawn() { [ "$(import -window $window png:- | identify -format %k -)" -gt 2000 ]; }
for _ in $(seq 120); do drawn && break; sleep 0.25; done
sleep 1
eval "$(xdotool getwindowgeometry --shell $window)"
xdotool mousemove $((X + 65)) $((Y + 150)) click 1; sleep 1    # the fourth style: stained glass
timeout 10 import -window $window dialog.png
xdotool mousemove $((X + WIDTH - 70)) $((Y + HEIGHT - 42)) click 1    # OK
sleep 3; timeout 10 import -window root painting.png    # the dialog may have closed by now
CANCEL
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


def _drive(gimp, iterations: int, cancel: bool) -> dict:
    inside = INSIDE.replace("ITERATIONS", str(iterations))
    (gimp.folder / "inside.py").write_text(inside)
    folder = gimp.inside(gimp.folder)
    code = "; ".join(
        [
            f"FOLDER = '{folder}'",
            f"exec(open('{folder}/prelude.py').read())",
            f"exec(open('{folder}/inside.py').read())",
        ]
    )
    press = "xdotool mousemove $((X + WIDTH - 165)) $((Y + HEIGHT - 42)) click 1" if cancel else ""
    script = OUTSIDE.replace("FOLDER", folder).replace("CODE", code).replace("CANCEL", press)
    (gimp.folder / "outside.sh").write_text(script)
    # Called interactively, GIMP fills in the values used last and not those that were passed: none may be left over.
    shutil.rmtree(gimp.folder / "config" / "plug-in-settings", ignore_errors=True)
    done = subprocess.run(
        gimp.command("bash", f"{folder}/outside.sh"), capture_output=True, text=True, timeout=200, check=False
    )
    ARTEFACTS.mkdir(exist_ok=True)
    for picture in gimp.folder.glob("*.png"):
        shutil.copy(picture, ARTEFACTS / f"{'cancelled' if cancel else 'done'}-{picture.name}")
    return gimp.result(done.stdout + done.stderr)


def test_style_chosen_ok_pressed_and_the_result_undone_in_one_step(gimp, backend):
    said = _drive(gimp, iterations=15, cancel=False)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: stained_glass", "landscape.jpg"]
    assert said["undone"] == ["landscape.jpg"]
    assert said["same"]


def test_cancel_while_painting_stops_the_job_and_changes_nothing(gimp, backend):
    said = _drive(gimp, iterations=10000, cancel=True)
    assert said["status"] == "cancel"
    assert said["after"] == ["landscape.jpg"]
    assert said["same"]
    backend.wait(lambda: not backend.health()["busy"], 2)
