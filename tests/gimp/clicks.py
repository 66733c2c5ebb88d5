"""Drives a dialog in a real GIMP with windows, under Xvfb, by keys and clicks, and keeps pictures of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"

# Runs in GIMP: opens the dialog, then waits for the test to press Ctrl+Z and counts the layers.
INSIDE = """
import os, time
image = Gimp.get_images()[0]; layer = image.get_layers()[0]; layers = [layer]
SETUP
def state():
    return [[[each.get_name(), each.get_visible()] for each in image.get_layers()],
            [each.get_name() for each in image.get_selected_layers()]]
before, first, at_first = digest(layer), names(image), state()
procedure = Gimp.get_pdb().lookup_procedure("PROCEDURE")
config = procedure.create_config()
config.set_property("run-mode", Gimp.RunMode.INTERACTIVE)
config.set_property("image", image)
config.set_core_object_array("drawables", layers)
for name, value in SETTINGS.items():
    config.set_property(name, value)
result = procedure.run(config)
after, kind = names(image), image.get_base_type().value_nick
there = state()
records = [recipe(each) for each in image.get_layers() if each.get_parasite("reverie-recipe")]
open(FOLDER + "/painted", "w").close()
for _ in range(600):
    time.sleep(0.1)
    if names(image) == first and layer.is_valid():  # a layer that was replaced comes back
        break
answer(status=result.index(0).value_nick, after=after, undone=names(image), same=digest(layer) == before,
       seen=[name for name, seen in there[0] if seen], selected=there[1], all_undone=state() == at_first,
       records=records, kinds=[kind, image.get_base_type().value_nick])
"""

# Runs beside GIMP, with its display. Widgets are found by where they are, since GTK 3 has no names that X could see.
# What follows an action waits until its effect is to be seen: for so long as a slow machine takes, and no longer.
OUTSIDE = r"""
cd FOLDER; rm -f painted result.json display *.png
Xvfb -noreset -displayfd 3 -screen 0 1300x1000x24 3>display >xvfb.log 2>&1 & screen=$!    # a display that is free
wait_for() {  # SECONDS COMMAND…: until it succeeds; says so where it does not
    local end=$((SECONDS + $1)); shift
    until "$@"; do [ $SECONDS -lt $end ] || { echo "waited in vain: $*"; return 1; }; sleep 0.1; done
}
wait_for 30 test -s display
export DISPLAY=:$(cat display)
timeout 300 dbus-run-session -- gimp-VERSION -n -s --quit --batch-interpreter python-fu-eval -b "CODE" \
    clone/backend/reverie/demo/landscape.jpg >gui.log 2>&1 & gimp=$!
end() { kill -KILL -- -$gimp; kill $screen; }  # `timeout` leads a group of its own; asked, GIMP may stay for ever
titled() { xdotool search --onlyvisible --name "^$1\$" | head -1; }
is_open() { window=$(titled "$1"); [ -n "$window" ]; }
is_closed() { [ -z "$(titled "$1")" ]; }
drawn() { [ "$(import -window $window png:- | identify -format %k -)" -gt 2000 ]; }
place() { eval "$(xdotool getwindowgeometry --shell $window 2>/dev/null)"; }  # where it is by now: it grows
look() { import -window root -crop $1 rgb:- | md5sum; }
controls() { look 500x$((HEIGHT - 130))+$X+$Y; }  # the dialog's left half, in which no preview comes and goes
caption() { place; look 56x30+$X+$((Y + HEIGHT - 123)); }  # “Preset”, which is grey while the dialog paints
changed() { [ "$(controls)" != "$seen" ]; }
still() { local now=$(controls); sleep 0.2; [ "$now" = "$(controls)" ]; }
act() {  # COMMAND…, which is seen in the controls
    wait_for 10 still; seen=$(controls); "$@"; wait_for 20 changed; wait_for 10 still
}
is_idle() { [ "$(caption)" = "$idle" ]; }
is_busy() { ! is_idle; }
keys() { xdotool windowfocus --sync $window key "$@"; }
write() { xdotool windowfocus --sync $window type --delay 60 "$1"; }
tops() { xdotool search --onlyvisible --maxdepth 1 --class . | sort -u | wc -l; }
is_popped_up() { [ $(tops) -gt $opened ]; }  # a menu, or what completes a name
is_popped_down() { [ $(tops) -le $opened ]; }
pop_up() { keys "$@"; wait_for 20 is_popped_up; wait_for 10 still; }
pop_down() { keys "$@"; wait_for 20 is_popped_down; wait_for 10 still; }
click() { xdotool mousemove $((X + $1)) $((Y + $2)) click 1; }
press_ok() { place; click $((WIDTH - 70)) $((HEIGHT - 42)); }
paints() { is_busy || is_closed 'TITLE'; }
paint() { press_ok; wait_for 30 paints; }
note() { place; look 420x60+$((X + 20))+$((Y + HEIGHT - 80)); }
says_why() { [ "$(note)" != "$noted" ] && is_idle; }
be_refused() { noted=$(note); press_ok; wait_for 30 says_why; }
press_cancel() { click $((WIDTH - 165)) $((HEIGHT - 42)); }
shot() { timeout 10 import -window root -crop ${WIDTH}x$HEIGHT+$X+$Y +repage $1.png; }  # what was the dialog's place
FIRST
wait_for 100 is_open 'TITLE' || { cat gui.log xvfb.log; import -window root failed.png; end; exit 1; }
wait_for 60 drawn
place; xdotool mousemove 1299 999  # off what has a tip to show
wait_for 20 still; idle=$(caption); opened=$(tops)
ACTIONS
wait_for 150 test -f painted
wait_for 30 is_closed 'TITLE'
X=0 Y=0 WIDTH=2600 HEIGHT=1000; wait_for 10 still  # all of GIMP's window
import -window root painted.png
main=$(xdotool search --onlyvisible --class gimp | tail -1)
xdotool mousemove 500 400 windowfocus --sync $main
for _ in $(seq ${steps:-1}); do xdotool key ctrl+z; done  # as many as the actions say that there are
wait_for 70 test -f result.json
import -window root undone.png
end
cat gui.log
"""

#: What libraries and Python say on stderr in a process of the plug-in's; GIMP's own is ended in a hurry, and tells so.
_WARNING = re.compile(r"^\((?!gimp:)[\w.-]+:\d+\): [\w-]+-(?:WARNING|CRITICAL) \*\*|^Traceback|\.py:\d+: \w*Warning: ")
_USUAL = re.compile(r"AT-SPI|gimp_flush.*Broken pipe")  # nobody aids accessibility here; and, as above

QUICK = {"size": 128, "iterations": 15}


def start(
    gimp, title: str, procedure: str, actions: str, settings: dict, setup: str = "", first: str = ""
) -> subprocess.Popen[str]:
    """Opens a dialog, carries out the actions (shell), presses Ctrl+Z at the end; `first` is done before it is open."""
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
    script = OUTSIDE.replace("FOLDER", folder).replace("CODE", code).replace("ACTIONS", actions).replace("FIRST", first)
    script = script.replace("VERSION", gimp.version).replace("TITLE", title)
    (gimp.folder / "outside.sh").write_text(script)
    # Called interactively, GIMP fills in the values used last and not those that were passed: none may be left over.
    shutil.rmtree(gimp.folder / "config" / "plug-in-settings", ignore_errors=True)
    words = gimp.command("bash", f"{folder}/outside.sh")
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def drive(
    gimp, name: str, title: str, procedure: str, actions: str, settings: dict = QUICK, setup: str = "", first: str = ""
) -> dict:
    """The same, waited for; keeps the screenshots as `name-…`."""
    output, _ = start(gimp, title, procedure, actions, settings, setup, first).communicate(timeout=400)
    print("\n".join(line for line in output.splitlines() if line.startswith("waited in vain")))  # seen where it fails
    ARTEFACTS.mkdir(exist_ok=True)
    for picture in gimp.folder.glob("*.png"):
        shutil.copy(picture, ARTEFACTS / f"{name}-{picture.name}")
    said = gimp.result(output)
    assert not warned(output), "\n".join(warned(output))
    return said


def warned(output: str) -> list[str]:
    """The lines of what GIMP wrote on stderr that nobody wants to find there."""
    return [line for line in output.splitlines() if _WARNING.search(line) and not _USUAL.search(line)]
