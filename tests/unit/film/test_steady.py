"""Frames that are kept steady: what moves is carried along, what is covered is not, cuts, memory, and how much is left
of the flicker."""

from __future__ import annotations

import functools
import itertools
import types

import cv2
import numpy as np
import pytest
from reverie import demo
from reverie.engine import render
from reverie.engine.frames import START
from reverie.engine.result import Result
from reverie.film import flow, steady, video
from reverie.film.steady import Steady
from reverie.film.strip import frames, strip
from reverie.film.video import Frame
from reverie.pictures import images
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe

from tests.unit.film import clips

cv2.setNumThreads(1)
INSTANT = Recipe.parse({"style": "s", "method": "instant"})


class Noisy:
    """A painter whose frames differ from the seen ones by noise, another each time."""

    def __init__(self) -> None:
        self.noise, self.recipes, self.starts = np.random.default_rng(0), list[Recipe](), list[np.ndarray]()

    def __call__(self, recipe, content, pictures) -> Result:
        self.recipes.append(recipe)
        self.starts.append(pictures.get(START))
        grain = self.noise.random((*content.shape[:2], 1), np.float32) - 0.5
        return Result((content + 0.3 * grain).clip(0, 1), recipe, "noise", "cpu", 0.0)


def _painted(frames: list[Frame], paint, recipe: Recipe = INSTANT, pictures=None) -> list[Frame]:
    state = Steady()
    return [steady.paint(recipe, frame, pictures or {}, state, paint) for frame in frames]


def test_motion_is_found_and_what_it_uncovers_does_not_hold():
    before, now = clips.moving(2)
    motion, holds = flow.motion_to(now, before)
    background = np.s_[8:60, 60:88]
    assert motion[background][:, :, 0].mean() == pytest.approx(clips.PAN, abs=0.2)
    assert holds[background].mean() > 0.9
    assert holds[9:11, 42:50].max() < 0.1  # where the square has been
    assert holds[:, -1].max() < 0.5  # what has come in at the border


def test_where_forward_and_backward_disagree_nothing_holds(monkeypatch):
    gray = np.full((40, 60, 3), 90, np.uint8)
    motion = np.zeros((40, 60, 2), np.float32)
    motion[:, :, 0] = 3
    back = -motion
    back[:, 30:] = 0
    found = iter([motion, back])
    monkeypatch.setattr(flow, "flow", lambda first, second: next(found))
    there, holds = flow.motion_to(gray, gray)
    assert np.array_equal(there, motion)
    assert holds[5:35, 5:20].min() == 1 and holds[:, 31:].max() == 0


@pytest.mark.parametrize("of", ["noise", "a style"])
def test_a_quarter_of_the_flicker_is_left_at_most(of):
    """Measured along the flow, and along the pan that the clip is known to have."""
    frames = clips.moving(12 if of == "noise" else 8)
    if of == "noise":
        paint, alone, pictures = Noisy(), Noisy(), {}
    else:
        pictures = {"s": shrink_to(images.read(demo.styles()["mosaic"]), 96)}
        paint = alone = functools.partial(render.render, device="cpu")
    singly = [_painted([frame], alone, pictures=pictures)[0] for frame in frames]
    kept = _painted(frames, paint, pictures=pictures)
    single, together = steady.flicker(frames, singly), steady.flicker(frames, kept)
    assert single > 0.01 and together < single / 4

    def along_the_pan(results: list[Frame]) -> float:
        background = [result[:, 56:].astype(float) for result in results]
        return float(
            np.mean([np.abs(b[:, : -clips.PAN] - a[:, clips.PAN :]).mean() for a, b in itertools.pairwise(background)])
        )

    assert along_the_pan(kept) < along_the_pan(singly) / 3
    changes = [np.abs(result.astype(float) - alone_).mean() for result, alone_ in zip(kept, singly, strict=True)]
    assert max(changes) < 40  # it is the same painting


def test_what_is_new_after_a_cut_is_painted_alone():
    frames = clips.moving(3)
    other = [np.ascontiguousarray(255 - frame[::-1]) for frame in frames]
    for frame in [*frames, *other]:
        frame[:6] = frame[-6:] = 0  # bars, which the cut leaves as they are
    alone = Noisy()
    singly = [alone(INSTANT, frame / np.float32(255), {}).picture for frame in [*frames, *other]]
    kept = _painted([*frames, *other], Noisy())
    assert np.abs(kept[3] / 255 - singly[3]).max() < 0.01
    assert np.abs(kept[2] / 255 - singly[2]).max() > 0.1
    assert np.abs(kept[4] / 255 - singly[4]).max() > 0.1


def test_what_comes_back_looks_as_it_did_before():
    scene = clips.moving(1)[0]
    covered = scene.copy()
    covered[:, 20:60] = (200, 30, 20)
    frames = [scene] * 14 + [covered] * 2 + [scene]
    kept = _painted(frames, Noisy())
    place = np.s_[10:54, 26:54]
    change = np.abs(kept[16][place].astype(float) - kept[12][place]).mean()
    forgetful = _painted([covered, scene], Noisy())
    assert change < np.abs(forgetful[1][place].astype(float) - kept[12][place]).mean() / 3


def test_what_is_optimised_goes_on_from_what_is_known():
    frames, paint = clips.moving(2), Noisy()
    kept = _painted(frames, paint, Recipe.parse({"style": "s", "iterations": 40}))
    first, second = paint.recipes
    assert (first.init, first.iterations, second.init, second.iterations) == ("content", 40, START, 20)
    start, place = paint.starts[1], np.s_[20:60, 56:90]
    carried = np.abs(start[place] * 255 - kept[0][20:60, 58:92]).mean()
    assert carried < 2 < np.abs(start[place] * 255 - frames[1][place]).mean()


@pytest.mark.parametrize("broken_off", [1, 13, 30])
def test_frames_after_a_break_are_what_they_would_have_been(broken_off):
    frames = clips.moving(8)
    frames = (frames + frames[::-1]) * 2  # 32
    whole = _painted(frames, _grain)
    state = Steady(steady.known_from(broken_off))
    for number in range(steady.known_from(broken_off), broken_off):
        state.note(frames[number], whole[number])
    assert np.array_equal(steady.paint(INSTANT, frames[broken_off], {}, state, _grain), whole[broken_off])


def _grain(recipe, content, pictures) -> Result:
    """A painter whose noise depends on the frame alone."""
    noise = np.random.default_rng(int(content.sum())).random(content.shape, np.float32) - 0.5
    return Result((content + 0.3 * noise).clip(0, 1), recipe, "noise", "cpu", 0.0)


def test_little_has_to_be_known_of_a_long_film():
    assert steady.known_from(5) == 0
    assert 900 < steady.known_from(1000) < 960


def test_the_strip_tells_what_a_frame_takes_but_for_the_first(tmp_path, monkeypatch):
    clips.write(tmp_path / "a.mp4", clips.moving(4))
    clock, took = [0.0], iter([50.0, 3.0, 3.0, 2.0])

    def paint(frame):
        clock[0] += next(took)
        return frame

    monkeypatch.setattr("reverie.film.strip.time", types.SimpleNamespace(monotonic=lambda: clock[0]))
    picture, seconds = strip(frames(video.examine(tmp_path / "a.mp4", None)), paint)
    assert picture.shape == (2 * clips.HEIGHT, 4 * clips.WIDTH, 3) and seconds == 2
    assert np.array_equal(picture[: clips.HEIGHT], picture[clips.HEIGHT :])
