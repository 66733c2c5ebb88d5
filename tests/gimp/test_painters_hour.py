"""A painter's hour: what `painters-hour.md` says, in one session of a GIMP with windows and a window manager, by mouse
and keys. After each step the canvas is what a person expects, and a screenshot is kept.

The photo has one megapixel; with REVERIE_LARGE_PHOTO=1 it is a camera's, of fourteen.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.gimp.clicks import ARTEFACTS, warned
from tests.gimp.conftest import ROOT, VERSIONS, Backend, Gimp, backends, installed, provided
from tests.gimp.desk import HEIGHT, WIDTH, Desk, Seen, sat_at

LARGE = os.environ.get("REVERIE_LARGE_PHOTO") == "1"
SLOWNESS = 8.0 if LARGE else 1.0
LANDSCAPE = ROOT / "backend" / "reverie" / "demo" / "landscape.jpg"
CAMERA = ROOT.parent / "shared" / "images" / "large" / "seeding.jpg"
STYLE, EDIT = "Neural Style", "Edit Neural Style"
MIDDLE = (560, 380, 220, 220)  # of the canvas, on the screen
REGION = (260, 200), (560, 860)  # a rectangle in the canvas's left half
LEAST = 2.0  # of 255, by which a picture that is painted anew differs from the last


class Hour:
    """The steps, in their order; each one's first sentence says what is to be seen after it."""

    def __init__(self, desk: Desk, gimp: Gimp, backend: Backend) -> None:
        self._desk, self._gimp, self._backend = desk, gimp, backend
        self._photo = 0  # the number of its image in GIMP
        self._moments: list[Seen] = []  # of the photo's image, after each step
        self._first_look = np.empty(0)  # at the canvas, on the screen

    @property
    def steps(self) -> list[Callable[[], None]]:
        return [
            self.open_a_photo,
            self.paint,
            self.change_a_slider_and_paint_again,
            self.edit,
            self.mix_two_styles,
            self.paint_a_region,
            self.keep_a_picture_early,
            self.paint_another_variation,
            self.paint_another_image,
            self.repeat_on_a_third_image,
            self.undo_all,
            self.redo_all,
            self.save_close_and_reopen,
            self.edit_what_was_saved,
        ]

    # --- the steps ---------------------------------------------------------------------------------------------------

    def open_a_photo(self) -> None:
        """The photo alone is on the canvas, unchanged."""
        self._begin()
        self._photo = self._open("photo.jpg")
        self._see()
        self._first_look = self._look()
        assert self._now.names == ["photo.jpg"]
        assert not self._now.dirty

    def paint(self) -> None:
        """A painted picture covers the photo: a new layer, selected, as large as the photo."""
        self._dialog()
        self._choose("alt+b", "Home", "Down")  # in one pass
        self._choose("alt+d", "Home")  # a quick sketch
        self._ok("strokes")
        self._expect_painted("Neural style: strokes")
        assert self._recipe["method"] == "instant"
        assert apart(self._look(), self._first_look) > LEAST, "the screen shows the photo still"

    def change_a_slider_and_paint_again(self) -> None:
        """A paler picture, on top and selected; the one before is hidden."""
        self._select_photo()
        self._dialog()
        self._fill("alt+t", "40")  # strength
        self._ok("strength")
        self._expect_painted("Neural style: strokes #1")
        assert self._recipe["strength"] == 0.4
        photo, strong, pale = self._moments[0], self._moments[-2], self._now
        assert pale.differs(photo) < strong.differs(photo), "with less strength, it is nearer to the photo"

    def edit(self) -> None:
        """Another version, with larger strokes and the strength of the last, on top; that one is hidden."""
        self._dialog(EDIT)
        self._fill("alt+z", "2")  # size of strokes
        self._ok("edit", EDIT)
        self._expect_painted("Neural style: strokes #2")
        assert (self._recipe["style"][0]["scale"], self._recipe["strength"]) == (2.0, 0.4)

    def mix_two_styles(self) -> None:
        """A picture in two styles on top, the others hidden."""
        self._select_photo()
        self._dialog()
        self._desk.keys("alt+y")  # styles, where the one is that is chosen
        self._desk.keys("Right", "plus")
        self._ok("mix")
        self._expect_painted("Neural style: strokes, watercolour")
        assert [_short(each["image"]) for each in self._recipe["style"]] == ["strokes", "watercolour"]

    def paint_a_region(self) -> None:
        """An ink drawing where the region is; the rest of the canvas is what it was, to the bit."""
        before = self._now
        self._make_region("ink")
        self._select("photo.jpg")
        self._dialog()
        self._choose("alt+g", "Home", "Down")  # regions: the group
        self._ok("regions")
        self._see()
        assert (self._now.names[0], self._now.selected) == ("Neural style: ink", ["Neural style: ink"])
        assert self._now.layers[0]["masked"]
        assert self._now.visible[1:] == ["Layer Group", "ink", "Neural style: strokes, watercolour", "photo.jpg"]
        assert [_short(each["image"]) for each in self._recipe["style"]] == ["ink"]
        assert self._now.right == before.right, "where no region is, something was changed"
        assert self._now.differs(before, 0.1, 0.3) > LEAST, "where the region is, nothing was changed"

    def keep_a_picture_early(self) -> None:
        """The picture as it was when it was kept, as a layer as large as the photo, on top; the others are hidden."""
        self._select_photo()
        self._dialog()
        self._choose("alt+b", "Home")  # stroke by stroke
        self._choose("alt+g", "Home")  # no regions
        self._desk.keys("alt+a")  # advanced
        self._desk.still()
        self._fill("alt+x", "128")  # the exact size
        self._fill("alt+e", "9000")  # iterations
        self._press_ok("early")
        self._keep()
        self._expect_painted("Neural style: strokes, watercolour #1")
        assert (self._recipe["method"], self._recipe["iterations"]) == ("optimise", 9000)
        self._desk.wait("the backend rests", lambda: not self._backend.health()["busy"], 20)

    def paint_another_variation(self) -> None:
        """The mixed picture once more, with other strokes, on top; the others are hidden."""
        self._select("Neural style: strokes, watercolour")
        self._search("Another Variation")
        count = len(self._now.layers)
        self._desk.wait("a variation is there", lambda: len(self._desk.seen(self._photo).layers) > count, 120)
        self._expect_painted("Neural style: strokes, watercolour #2")
        varied = [(_short(each["image"]), each["scale"]) for each in self._recipe["style"]]
        assert varied == [("strokes", 0.767), ("watercolour", 0.767)]

    def paint_another_image(self) -> None:
        """Another image is painted with the settings used last but for the brushwork; the photo's is as it was."""
        image = self._open("other.jpg")
        before = self._desk.seen(image)
        self._dialog()
        self._choose("alt+b", "Home", "Down")  # in one pass
        self._ok("other")
        self._expect_painted_once(image, before)

    def repeat_on_a_third_image(self) -> None:
        """Without a question, a third image is painted as the second was; the other two are as they were."""
        image = self._open("third.jpg")
        before = self._desk.seen(image)
        self._desk.keys("ctrl+f")
        self._desk.wait("the third image is painted", lambda: len(self._desk.seen(image).layers) > 1, 120)
        self._expect_painted_once(image, before)

    def undo_all(self) -> None:
        """The photo alone is on the canvas, as it was opened, to the bit."""
        self._desk.keys("alt+1")
        self._desk.still()
        self._press_until("ctrl+z", lambda: len(self._desk.seen(self._photo).layers) == 1)
        self._desk.keys("ctrl+z", "ctrl+z")  # there is nothing more
        now, first = self._desk.seen(self._photo), self._moments[0]
        assert (now.names, now.selected, now.dirty) == (first.names, first.selected, False)
        assert now.digest == first.digest
        assert apart(self._look(), self._first_look) < 1.0, "the screen does not show the photo"

    def redo_all(self) -> None:
        """Everything is there again, to the bit."""
        last = self._now
        self._press_until("ctrl+y", lambda: self._desk.seen(self._photo).digest == last.digest)
        now = self._desk.seen(self._photo)
        assert (now.layers, now.selected) == (last.layers, last.selected)

    def save_close_and_reopen(self) -> None:
        """What was saved is on the canvas again, to the bit, with all its layers."""
        last, path = self._now, self._gimp.inside(self._gimp.folder / "hour.xcf")
        self._desk.keys("ctrl+s")
        self._desk.opened("Save Image")
        self._desk.keys("ctrl+a")
        self._desk.write(path)
        self._desk.keys("Return")
        self._desk.wait("it is saved", lambda: self._desk.ask(f"saved_as({self._photo})") == path, 60)
        self._desk.closed("Save Image")
        self._desk.keys("ctrl+w")
        self._desk.wait("it is closed", lambda: self._photo not in self._desk.ask("open_images()"))
        self._photo = self._open("hour.xcf")
        self._see()
        assert (self._now.layers, self._now.digest) == (last.layers, last.digest)

    def edit_what_was_saved(self) -> None:
        """A stronger version with the settings that were saved, on top; the one before is hidden."""
        recorded = self._recipe
        self._dialog(EDIT)
        self._fill("alt+t", "90")  # strength
        self._ok("reopened", EDIT)
        self._expect_painted("Neural style: strokes, watercolour #3")
        assert self._recipe == {**recorded, "strength": 0.9}

    # --- what a painter does -----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Closes what GIMP says when it is first started, and maximises its window."""
        self._desk.opened("Welcome to GIMP.*", 90)
        self._desk.keys("Escape")
        self._desk.closed("Welcome to GIMP.*")
        left, top, width, _height = self._desk.place(self._desk.opened("GNU Image.*"))
        self._desk.click(left + width // 2, top - 8, times=2)
        self._desk.still()

    def _open(self, file: str) -> int:
        """Opens a picture, which fills the canvas then; the number of its image."""
        before = self._desk.ask("open_images()")
        self._desk.keys("ctrl+o")
        self._desk.opened("Open Image")
        self._desk.keys("slash")
        self._desk.still()  # there is a field for the path now
        self._desk.write(self._gimp.inside(self._gimp.folder / file).lstrip("/"))
        self._desk.keys("Return")
        added = self._desk.wait(
            f"{file} is open", lambda: [each for each in self._desk.ask("open_images()") if each not in before]
        )
        self._desk.closed("Open Image")
        self._desk.keys("shift+ctrl+j")  # fit image in window
        self._rest()
        return int(added[0])

    def _search(self, command: str) -> None:
        """Finds a command of the menus by its name, and does it."""
        self._desk.keys("slash")
        self._desk.opened("Search Actions")
        self._desk.write(command)
        time.sleep(0.7)  # it looks for it when nothing was written for a while
        self._desk.keys("Return")
        self._desk.closed("Search Actions")

    def _dialog(self, title: str = STYLE) -> None:
        self._search(title)
        self._desk.opened(title)

    def _choose(self, letter: str, *keys: str) -> None:
        """Opens a list, and takes from it what the keys come to."""
        self._desk.keys(letter, "space")
        time.sleep(0.3)
        self._desk.keys(*keys, "Return")
        time.sleep(0.2)

    def _fill(self, letter: str, text: str) -> None:
        """Writes into a number field."""
        self._desk.keys(letter, "ctrl+a")
        self._desk.write(text)
        self._desk.keys("Tab")

    def _press_ok(self, name: str) -> None:
        self._desk.still()
        self._desk.shot(name)
        self._desk.keys("alt+o")

    def _ok(self, name: str, title: str = STYLE) -> None:
        """Presses OK, and waits until it is painted."""
        self._press_ok(name)
        self._desk.closed(title)

    def _keep(self) -> None:
        """Keeps what is painted, as soon as there is something."""
        until = time.monotonic() + 90 * SLOWNESS
        while self._desk.window(STYLE):
            assert time.monotonic() < until, "there is no picture to be kept"
            self._desk.keys("alt+k")
            time.sleep(0.5)

    def _select_photo(self) -> None:
        """The lowest layer."""
        self._desk.keys("End")
        assert self._desk.seen(self._photo).selected == ["photo.jpg"]

    def _select(self, name: str) -> None:
        """Clicks on a layer in the list of them, whose rows are looked through from below."""
        for y in range(HEIGHT - 55, HEIGHT - 255, -12):
            if self._desk.seen(self._photo).selected == [name]:
                return
            self._desk.click(WIDTH - 55, y)
        pytest.fail(f"there is no layer “{name}” in the list")

    def _make_region(self, name: str) -> None:
        """A layer group with a layer of that name, filled in a rectangle of its left half."""
        self._desk.keys("Home")
        self._search("New Layer Group")
        self._desk.keys("shift+ctrl+n")
        self._desk.opened("New Layer")
        self._desk.write(name)
        self._desk.keys("Return")
        self._desk.closed("New Layer")
        self._desk.keys("r")
        self._desk.drag(*REGION)
        self._desk.keys("ctrl+comma", "shift+ctrl+a")  # filled, and nothing is selected
        self._rest()
        self._desk.shot("region")

    def _press_until(self, key: str, done: Callable[[], bool], most: int = 40) -> None:
        for _ in range(most):
            self._desk.keys(key)
            if done():
                return
        pytest.fail(f"{key}, pressed {most} times, was not enough")

    # --- what is seen ------------------------------------------------------------------------------------------------

    @property
    def _now(self) -> Seen:
        return self._moments[-1]

    @property
    def _recipe(self) -> dict[str, Any]:
        """What the topmost layer was made by."""
        recipe: dict[str, Any] = self._now.layers[0]["recipe"]
        return recipe

    def _rest(self) -> None:
        """The mouse is where nothing answers to it, and nothing moves."""
        self._desk.move(WIDTH - 1, HEIGHT - 1)
        self._desk.still()

    def _look(self) -> np.ndarray:
        """What the screen shows of the canvas's middle."""
        self._rest()
        return self._desk.part(MIDDLE)

    def _see(self) -> None:
        self._rest()
        self._moments.append(self._desk.seen(self._photo))

    def _expect_painted(self, name: str) -> None:
        """A whole new picture is above all others, seen alone and selected."""
        before = self._now
        self._see()
        now = self._now
        assert now.names == [name, *before.names]
        assert now.selected == [name]
        assert (now.layers[0]["size"], now.layers[0]["place"], now.layers[0]["masked"]) == (now.size, [0, 0], False)
        shown = [each["name"] for each in now.layers[1:] if each["visible"] and each["recipe"] is not None]
        assert not shown, f"earlier results are to be seen: {shown}"
        assert now.differs(before) > LEAST, "the canvas is as it was before"
        assert now.differs(self._moments[0]) > LEAST, "the canvas shows the photo"

    def _expect_painted_once(self, image: int, before: Seen) -> None:
        """Another image has one result, and this one is as it was."""
        self._rest()
        now = self._desk.seen(image)
        assert now.names[1:] == before.names
        assert now.visible == now.names
        assert now.selected == now.names[:1]
        assert now.layers[0]["recipe"]["method"] == "instant"
        assert [_short(each["image"]) for each in now.layers[0]["recipe"]["style"]] == ["strokes", "watercolour"]
        assert now.differs(before) > LEAST
        assert self._desk.seen(self._photo).digest == self._now.digest, "the photo's image was changed"


def apart(one: np.ndarray, other: np.ndarray, most: int = 24) -> float:
    """By how much two looks at a canvas differ on average, which may lie a little higher or lower than it did: the row
    of images above it grows."""
    middle = other[most:-most]
    lines = len(middle)
    return min(float(np.abs(one[top : top + lines] - middle).mean()) for top in range(2 * most + 1))


def _short(path: str) -> str:
    return Path(path).stem


@pytest.fixture(scope="module", params=sorted(VERSIONS))
def gimp(request: pytest.FixtureRequest) -> Iterator[Gimp]:
    """Each GIMP 3 there is, before a release; else that of the tests beside this one, which say so without any."""
    found = [each for each in installed() if each[1] == request.param]
    if not found:
        pytest.skip(f"no GIMP {request.param} here: as root on Debian, tests/gimp/provision.sh makes one")
    if found[0] != installed()[0] and not LARGE:
        pytest.skip("an hour takes minutes: REVERIE_LARGE_PHOTO=1 spends one in the other GIMP, too")
    yield from provided(*found[0])


@pytest.fixture(scope="module")
def running_backend(gimp: Gimp) -> Iterator[Callable[[], Backend]]:
    yield from backends(gimp)


def prepare_photos(folder: Path) -> None:
    """Three pictures, each of other colours and a size of its own."""
    if LARGE and not CAMERA.exists():
        pytest.skip("the large photo is in ../shared, which is not beside this checkout")
    with Image.open(CAMERA if LARGE else LANDSCAPE) as picture:
        photo = picture.convert("RGB")
    side = (14e6 if LARGE else 1e6) / (photo.width * photo.height)
    photo.resize([round(each * side**0.5) for each in photo.size]).save(folder / "photo.jpg", quality=92)
    with Image.open(LANDSCAPE) as picture:
        other = picture.convert("RGB").resize((640, 480))
    ImageOps.mirror(other).save(folder / "other.jpg", quality=92)
    Image.merge("RGB", other.split()[::-1]).resize((480, 360)).save(folder / "third.jpg", quality=92)


def carry_out(hour: Hour, desk: Desk) -> None:
    """All steps; one that fails says which it is, what was expected, and what was there instead."""
    for number, step in enumerate(hour.steps, 1):
        title = step.__name__.replace("_", " ")
        try:
            step()
        except (AssertionError, pytest.fail.Exception) as why:
            desk.shot("failed")
            pytest.fail(
                f"Step {number}, {title}. Expected: {step.__doc__}\n{why}\nSee the last picture in {ARTEFACTS}."
            )
        desk.shot(step.__name__.replace("_", "-"))


def test_a_painters_hour(gimp: Gimp, running_backend: Callable[[], Backend]) -> None:
    prepare_photos(gimp.folder)
    with sat_at(gimp, f"hour-{gimp.version}", SLOWNESS) as desk:
        carry_out(Hour(desk, gimp, running_backend()), desk)
    assert not warned(desk.output), "\n".join(warned(desk.output))
