"""A painter's desk: one GIMP with windows on a screen of its own, with a window manager, driven by mouse and keys for
as long as a session lasts. What the painter sees is asked of GIMP itself, from beside, and of the screen."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.gimp.clicks import ARTEFACTS
from tests.gimp.conftest import Gimp

WIDTH, HEIGHT = 1400, 1000

#: Holds the screen, its window manager and GIMP until the file `over` is there.
OUTSIDE = r"""
cd FOLDER; rm -f display over question.py answer.json
Xvfb -noreset -displayfd 3 -screen 0 WIDTHxHEIGHTx24 3>display >xvfb.log 2>&1 & screen=$!
for _ in $(seq 300); do [ -s display ] && break; sleep 0.1; done
export DISPLAY=:$(cat display)
openbox --sm-disable >openbox.log 2>&1 & manager=$!
timeout SECONDS dbus-run-session -- \
    gimp-VERSION -n -s --quit --batch-interpreter python-fu-eval -b "CODE" >gui.log 2>&1 & gimp=$!
until [ -e over ]; do sleep 0.2; kill -0 $gimp 2>/dev/null || break; done
kill -KILL -- -$gimp; kill $manager $screen; cat gui.log
"""

# Runs in GIMP beside the painter, and answers what it is asked; it changes nothing.
BESIDE = """
import base64, os, time, traceback
import gi
from gi.repository import Gegl
Gegl.init(None)
LONGEST = 240

def layers_of(items, depth=0):
    for each in items:
        yield each, depth
        if each.is_group():
            yield from layers_of(each.get_children(), depth + 1)

def told(layer, depth):
    return dict(name=layer.get_name(), visible=layer.get_visible(), depth=depth, place=offsets(layer),
                size=[layer.get_width(), layer.get_height()], masked=layer.get_mask() is not None,
                recipe=recipe(layer) if layer.get_parasite("reverie-recipe") else None)

def reduced(drawable):
    '''(Width, height, samples) of a picture for comparing.'''
    wide, high = drawable.get_width(), drawable.get_height()
    scale = LONGEST / max(wide, high)
    area = Gegl.Rectangle.new(0, 0, int(wide * scale), int(high * scale))
    raw = drawable.get_buffer().get(area, scale, "R'G'B'A u8", Gegl.AbyssPolicy.CLAMP)
    return area.width, area.height, base64.b64encode(raw).decode()

def right_half(drawable):
    middle = drawable.get_width() // 2
    area = middle, 0, drawable.get_width() - middle, drawable.get_height()
    return hashlib.sha256(samples(drawable, area=area)).hexdigest()

def seen(number):
    '''What is to be seen of the image of that number, to the pixel.'''
    image = Gimp.Image.get_by_id(number)
    aside = Gimp.Image.new(image.get_width(), image.get_height(), Gimp.ImageBaseType.RGB)
    aside.undo_disable()
    whole = Gimp.Layer.new_from_visible(image, aside, "")
    aside.insert_layer(whole, None, 0)
    try:
        return dict(
            layers=[told(*each) for each in layers_of(image.get_layers())],
            selected=[each.get_name() for each in image.get_selected_layers()],
            size=[image.get_width(), image.get_height()],
            digest=digest(whole), right=right_half(whole), picture=reduced(whole), dirty=image.is_dirty())
    finally:
        aside.delete()

def open_images():
    return [each.get_id() for each in Gimp.get_images()]

def saved_as(number):
    file = Gimp.Image.get_by_id(number).get_xcf_file()
    return file and file.get_path()

gimp = os.getppid()
while os.getppid() == gimp:  # else it has ended
    if not os.path.exists(FOLDER + "/question.py"):
        time.sleep(0.02)
        continue
    with open(FOLDER + "/question.py") as question:
        wanted = question.read()
    os.remove(FOLDER + "/question.py")
    try:
        said = dict(answer=eval(wanted))
    except Exception:
        said = dict(failed=traceback.format_exc())
    with open(FOLDER + "/answer.part", "w") as out:
        json.dump(said, out)
    os.rename(FOLDER + "/answer.part", FOLDER + "/answer.json")
"""


@dataclass
class Seen:
    """An image as it is seen at one moment. `digest` is of what its layers make together, `right` of the right half of
    that, and `picture` is it, reduced."""

    layers: list[dict[str, Any]]
    selected: list[str]
    size: list[int]
    digest: str
    right: str
    picture: np.ndarray
    dirty: bool

    @property
    def names(self) -> list[str]:
        return [each["name"] for each in self.layers]

    @property
    def visible(self) -> list[str]:
        return [each["name"] for each in self.layers if each["visible"]]

    def differs(self, other: Seen, left: float = 0.0, right: float = 1.0) -> float:
        """By how much, of 255, a pixel differs on average from another's, between two shares of the width."""
        columns = slice(int(left * self.picture.shape[1]), int(right * self.picture.shape[1]))
        return float(np.abs(self.picture[:, columns] - other.picture[:, columns]).mean())


class Desk:
    def __init__(self, gimp: Gimp, name: str, slowness: float = 1.0) -> None:
        """`slowness` is how much longer than with a small photo anything may take."""
        self._gimp, self._name, self._slowness = gimp, name, slowness
        self._shots = 0
        self.output = ""  # what GIMP has written, once the session is over

    # --- windows -----------------------------------------------------------------------------------------------------

    def _shell(self, command: str) -> str:
        folder = self._gimp.inside(self._gimp.folder)
        words = f"cd {folder}; export DISPLAY=:$(cat display); {command}"
        done = subprocess.run(
            self._gimp.command("bash", "-c", words), capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout.strip()

    def window(self, title: str) -> str:
        """The window of that title, an expression, that is to be seen; "" where there is none."""
        return self._shell(f"xdotool search --onlyvisible --name '^{title}$' | head -1")

    def windows(self) -> str:
        """The titles of those that are to be seen."""
        return self._shell("for w in $(xdotool search --onlyvisible --name .); do xdotool getwindowname $w; done")

    def wait(self, what: str, condition: Callable[[], Any], seconds: float = 30.0) -> Any:
        """What the condition gives as soon as that is something."""
        until = time.monotonic() + seconds * self._slowness
        while True:
            found = condition()
            if found:
                return found
            assert time.monotonic() < until, f"waited in vain: {what}; there are the windows:\n{self.windows()}"
            time.sleep(0.15)

    def opened(self, title: str, seconds: float = 40.0) -> str:
        """The window of that title, once it is there and has the keys."""
        window: str = self.wait(f"the window “{title}” opens", lambda: self.window(title), seconds)
        self.activate(window)
        return window

    def closed(self, title: str, seconds: float = 120.0) -> None:
        self.wait(f"the window “{title}” closes", lambda: not self.window(title), seconds)

    def activate(self, window: str) -> None:
        self._shell(f"timeout 10 xdotool windowactivate --sync {window}")

    def place(self, window: str) -> tuple[int, int, int, int]:
        """(Left, top, width, height)."""
        said = self._shell(f"xwininfo -id {window}")
        words = ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height")
        left, top, width, height = (int(re.findall(rf"{word}: +(-?\d+)", said)[0]) for word in words)
        return left, top, width, height

    # --- mouse and keys ----------------------------------------------------------------------------------------------

    def keys(self, *names: str) -> None:
        self._shell("xdotool key --delay 40 " + " ".join(names))
        time.sleep(0.15)

    def write(self, text: str) -> None:
        self._shell(f"xdotool type --delay 25 '{text}'")
        time.sleep(0.15)

    def move(self, x: int, y: int) -> None:
        self._shell(f"xdotool mousemove {x} {y}")

    def click(self, x: int, y: int, times: int = 1) -> None:
        self._shell(f"xdotool mousemove {x} {y} sleep 0.1 click --repeat {times} --delay 80 1")
        time.sleep(0.15)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        steps = [[one + (other - one) * part // 4 for one, other in zip(start, end, strict=True)] for part in range(5)]
        moves = " sleep 0.08 ".join(f"mousemove {x} {y}" for x, y in steps[1:])
        self.move(*start)
        self._shell(f"xdotool sleep 0.1 mousedown 1 sleep 0.1 {moves} sleep 0.1 mouseup 1")
        time.sleep(0.3)

    # --- what is seen ------------------------------------------------------------------------------------------------

    def look(self, area: tuple[int, int, int, int] = (0, 0, WIDTH, HEIGHT)) -> str:
        """What is on a part of the screen, (left, top, width, height), as a checksum."""
        left, top, width, height = area
        return self._shell(f"timeout 10 import -window root -crop {width}x{height}+{left}+{top} rgb:- | md5sum")

    def part(self, area: tuple[int, int, int, int]) -> np.ndarray:
        """A part of the screen, as a picture."""
        left, top, width, height = area
        self._shell(f"timeout 10 import -window root -crop {width}x{height}+{left}+{top} -depth 8 rgb:part.rgb")
        raw = (self._gimp.folder / "part.rgb").read_bytes()
        return np.frombuffer(raw, np.uint8).reshape(height, width, 3).astype(float)

    def still(self, area: tuple[int, int, int, int] = (0, 0, WIDTH, HEIGHT), seconds: float = 1.5) -> None:
        """Waits until nothing moves there, for so long at most: a preview may change for long."""
        until, before = time.monotonic() + seconds, ""
        while time.monotonic() < until:
            now = self.look(area)
            if now == before:
                return
            before = now
            time.sleep(0.2)

    def shot(self, name: str) -> None:
        """Keeps what is on the screen in tests/artefacts, numbered."""
        self._shots += 1
        self._shell("timeout 10 import -window root shot.png")
        ARTEFACTS.mkdir(exist_ok=True)
        picture = self._gimp.folder / "shot.png"
        if picture.exists():
            shutil.move(picture, ARTEFACTS / f"{self._name}-{self._shots:02}-{name}.png")

    def ask(self, question: str, seconds: float = 60.0) -> Any:
        """What GIMP says to a question, an expression of what runs beside the painter."""
        answer, part = self._gimp.folder / "answer.json", self._gimp.folder / "question.part"
        answer.unlink(missing_ok=True)
        part.write_text(question)
        part.rename(self._gimp.folder / "question.py")
        self.wait(f"GIMP answers {question}", answer.exists, seconds)
        said = json.loads(answer.read_text())
        assert "failed" not in said, said["failed"]
        return said["answer"]

    def seen(self, image: int) -> Seen:
        """An image, by its number in GIMP, as it is seen now."""
        said = self.ask(f"seen({image})")
        width, height, raw = said.pop("picture")
        picture = np.frombuffer(base64.b64decode(raw), np.uint8).reshape(height, width, 4)[..., :3].astype(float)
        return Seen(**said, picture=picture)


@contextmanager
def sat_at(gimp: Gimp, name: str, slowness: float = 1.0) -> Iterator[Desk]:
    """A desk; its screenshots begin with `name`. It is cleared after a quarter of an hour at the latest, or so much
    later as it is slower."""
    seconds = int(900 * slowness)
    folder = gimp.inside(gimp.folder)
    (gimp.folder / "beside.py").write_text(BESIDE)
    code = f"FOLDER = '{folder}'; " + "; ".join(
        f"exec(open('{folder}/{part}.py').read())" for part in ("prelude", "beside")
    )
    script = OUTSIDE.replace("FOLDER", folder).replace("CODE", code).replace("VERSION", gimp.version)
    script = script.replace("WIDTH", str(WIDTH)).replace("HEIGHT", str(HEIGHT)).replace("SECONDS", str(seconds))
    (gimp.folder / "outside.sh").write_text(script)
    for old in ARTEFACTS.glob(f"{name}-*.png"):
        old.unlink()
    over = gimp.folder / "over"
    over.unlink(missing_ok=True)
    process = subprocess.Popen(
        gimp.command("bash", f"{folder}/outside.sh"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    desk = Desk(gimp, name, slowness)
    try:
        yield desk
    finally:
        over.touch()
        desk.output, _ = process.communicate(timeout=60)
