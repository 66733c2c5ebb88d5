"""Runs a script in a GIMP 3 with windows, under Xvfb: its widgets are at hand by name, without looking for them on the
screen."""

from __future__ import annotations

import shutil
import subprocess

from tests.gimp.clicks import ARTEFACTS, warned

OUTSIDE = r"""
cd FOLDER; rm -f result.json display
Xvfb -noreset -displayfd 3 -screen 0 ${SCREEN:-1300x1000}x24 3>display >xvfb.log 2>&1 & screen=$!
for _ in $(seq 100); do [ -s display ] && break; sleep 0.1; done
export DISPLAY=:$(cat display)
openbox --sm-disable >openbox.log 2>&1 & manager=$!
timeout 270 dbus-run-session -- \
    gimp-VERSION -n -s --quit --batch-interpreter python-fu-eval -b "CODE" >gui.log 2>&1 & gimp=$!
for _ in $(seq 2600); do [ -s result.json ] && break; sleep 0.1; done
sleep 0.5; kill -KILL -- -$gimp; kill $manager $screen; cat gui.log
"""

BEGIN = """
import os, random, sys, time, traceback
import gi
for name, version in (("GimpUi", "3.0"), ("Gtk", "3.0"), ("Gdk", "3.0"), ("GdkPixbuf", "2.0")):
    gi.require_version(name, version)
from gi.repository import Gdk, GimpUi, GLib, Gtk
GimpUi.init("reverie-test")
from reverie_gimp.gimp import layers, procedures
from reverie_gimp.gimp.sources import recorded_source, selected_sources
from reverie_gimp.job import looks as small_looks
from reverie_gimp.job import frames, painting, previews, recipes, records, styles
from reverie_gimp.ui import dialog
from reverie_gimp.ui import looks as looks_ui, preview as preview_ui, request, variations as variations_ui
from reverie_gimp.ui.looks import SIDE
from shared import client, filters, launcher, npy

LOOKS = SIDE, small_looks.FAST_SIDE
jobs, looks = [], []  # [(number, recipe)] of what is asked of the backend; those of the gallery apart
submit = client.Client.submit

def counted(self, recipe, content, quick=False):
    asked = looks if recipe.get("size") in LOOKS else jobs
    asked.append((submit(self, recipe, content, quick), recipe))
    return asked[-1][0]

client.Client.submit = counted

def stand_in():
    '''What computes in the backend's place: another picture for each recipe comes at once; a job that is asked for
    while `stand_in.held` says so runs until nobody waits for it. `jobs` and `looks` are [([how it ended], recipe)].'''
    def carry_out(job, client, tell):
        how = ["running"]
        (looks if job.recipe.get("size") in LOOKS else jobs).append((how, job.recipe))
        samples, width, height = npy.unpack(job.content)[:3]
        try:
            while stand_in.held:
                time.sleep(0.02); tell({"type": "alive"})
            other = hashlib.sha256(repr(sorted(job.recipe.items())).encode() + b"".join(job.pictures.values())).digest()
            table = list(range(256)); random.Random(other).shuffle(table)
            changed = bytearray(bytes(samples).translate(bytes(table)))
            changed[3::4] = samples[3::4]
            how[0] = "done"; tell({"type": "result", "picture": (bytes(changed), width, height)})
        except request.Dropped:
            how[0] = "cancelled"; raise
    stand_in.held = False
    looks_ui.carry_out = preview_ui.carry_out = variations_ui.carry_out = carry_out
    client.Client.styles = lambda self: [{"name": name, "bundled": True} for name in ("great_wave", "udnie")]
    client.Client.style_thumbnail = lambda self, name: open(FOLDER + "/clone/backend/reverie/demo/ink.jpg", "rb").read()

def opened(**settings):
    '''(A dialog of Neural Style that is seen, its arguments).'''
    image = load()
    procedure = Gimp.get_pdb().lookup_procedure(filters.STYLE)
    config = procedure.create_config()
    for name, value in settings.items():
        config.set_property(name.replace("_", "-"), value)
    sources = selected_sources(image, image.get_layers())
    made = dialog.Dialog("Neural Style", filters.STYLE, procedure, config, sources)
    made._window.show()
    return made, config

def painted(made):
    '''The results of what a dialog is told; None when the user gives up.'''
    results = []
    try:
        made.ask(results.append)
        return results
    except painting.Cancelled:
        return None

def pump(condition=lambda: False, seconds=60):
    '''Lets windows live until the condition holds; for so long at most. Does it hold?'''
    end = time.time() + seconds
    while not condition() and time.time() < end:
        if not GLib.MainContext.default().iteration(False):
            time.sleep(0.01)
    return condition()

def below(widget):
    yield widget
    if isinstance(widget, Gtk.Container):
        for child in widget.get_children():
            yield from below(child)

def named(made, name):
    '''The button of that accessible name.'''
    return next(each for each in below(made._window)
                if isinstance(each, Gtk.Button) and each.get_accessible().get_name() == name)

def style(made, name, added=False):
    '''Clicks on a style, with Ctrl if it is to be added.'''
    child = next(each for each in below(made._window)
                 if isinstance(each, Gtk.FlowBoxChild) and each.get_accessible().get_name() == name)
    Gtk.get_current_event_state = lambda: (added, Gdk.ModifierType.CONTROL_MASK if added else 0)
    child.get_parent().emit("child-activated", child)

def seen(made):
    '''What the canvas shows.'''
    pump(lambda: made._preview.canvas.shown is not None, 10); pump(seconds=0.05)
    return hashlib.sha256(made._preview.canvas.shown.get_pixels()).hexdigest()

def settled(made):
    '''Waits for the preview of the last change.'''
    preview = made._preview
    return pump(lambda: preview._timer is None and not preview._spinner.get_property("active"))

def state(number):
    return launcher.connect()._json("GET", "/v1/jobs/" + number)["state"]

def shot(name):
    pump(seconds=0.5)
    os.system("timeout 10 import -window root %s/%s.png" % (FOLDER, name))
"""
END = """
except Exception:
    answer(failed=traceback.format_exc())
"""


def run(gimp, name: str, script: str) -> dict:
    """What the script passed to `answer(…)`; its pictures are kept as `name-….png`."""
    folder = gimp.inside(gimp.folder)
    body = "".join("    " + line + "\n" for line in script.strip().splitlines())
    (gimp.folder / "result.json").unlink(missing_ok=True)
    (gimp.folder / "inside.py").write_text(f"{BEGIN}\ntry:\n{body}{END}")
    code = f"FOLDER = '{folder}'" + "".join(
        f"; exec(open('{folder}/{part}.py').read())" for part in ("prelude", "inside")
    )
    words = OUTSIDE.replace("FOLDER", folder).replace("CODE", code).replace("VERSION", gimp.version)
    (gimp.folder / "outside.sh").write_text(words)
    for picture in gimp.folder.glob("*.png"):
        picture.unlink()
    done = subprocess.run(
        gimp.command("bash", f"{folder}/outside.sh"), capture_output=True, text=True, timeout=290, check=False
    )
    ARTEFACTS.mkdir(exist_ok=True)
    for picture in gimp.folder.glob("*.png"):
        shutil.copy(picture, ARTEFACTS / f"{name}-{picture.name}")
    said = gimp.result(done.stdout + done.stderr)
    assert said.get("failed") is None, said["failed"]
    assert not warned(done.stdout), "\n".join(warned(done.stdout))  # whatever is opened, chosen and closed
    return said
