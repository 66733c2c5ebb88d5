"""Keeps painted frames steady: what an earlier result shows is carried along the motion and kept where that holds, as
in Ruder, Dosovitskiy & Brox 2016, “Artistic Style Transfer for Videos”, sections 4.2 and 4.3."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reverie.engine import frames
from reverie.engine.frames import Paint
from reverie.film import flow
from reverie.film.flow import Mask
from reverie.film.video import Frame
from reverie.pictures.picture import Picture
from reverie.recipe import Recipe

_EVERY = 12  # frames: one in so many is remembered longer than until the next
_REMEMBERED = 4  # of these; what comes back later is new
_KEPT = 0.9  # how much of an earlier result stays where it holds; the rest is painted anew, so that nothing wears off
_SAME_SHOT = 0.3  # share of a picture that must hold, or there was a cut between the two
_ENOUGH = 0.95  # share that is known already, and need not be looked for further back


@dataclass(frozen=True)
class Expected:
    """What earlier results say of a frame: its picture, and how far that holds, height × width × 1."""

    picture: Picture
    holds: Mask


class NotPainted(Exception):
    """A frame goes on from an earlier one, of which no result is known."""


class Steady:
    """What is known of the frames up to now."""

    def __init__(self, first: int = 0) -> None:
        """`first` is the number, from 0, of the first frame that is noted; see `known_from`."""
        self._count = first
        self._last: tuple[Frame, Frame | None] | None = None
        self._earlier: deque[tuple[Frame, Frame | None]] = deque(maxlen=_REMEMBERED)

    def note(self, frame: Frame, result: Frame | None) -> None:
        """The next frame, and what was made of it; None where that is not known."""
        if self._last is not None and self._count % _EVERY == 1:
            self._earlier.appendleft(self._last)
        self._last, self._count = (frame, result), self._count + 1

    def expected(self, frame: Frame) -> Expected | None:
        """What is known of a frame: from the one before, and what that does not show, from those before it, the nearest
        first. None at the beginning, and after a cut to something new. Raises NotPainted where it shows what an earlier
        frame does whose result is not known."""
        height, width = frame.shape[:2]
        picture, holds = np.zeros((height, width, 3), np.float32), np.zeros((height, width, 1), np.float32)
        for other, result in [*([self._last] if self._last else []), *self._earlier]:
            if holds.mean() >= _ENOUGH:
                break
            motion, mask = flow.motion_to(frame, other)
            if mask.mean() < _SAME_SHOT:
                continue
            if result is None:
                raise NotPainted
            share = mask[:, :, None] * (1 - holds)
            picture += share * flow.warped(result, motion)
            holds += share
        if not holds.any():
            return None
        return Expected(picture / np.maximum(holds, 1e-6) / np.float32(255), holds)


def known_from(number: int) -> int:
    """The number of the first frame that has to be noted before the frame of this number, so that it comes out as if
    all had been."""
    return max(0, (number // _EVERY - _REMEMBERED - 1) * _EVERY)


def paint(recipe: Recipe, frame: Frame, pictures: Mapping[str, Picture], steady: Steady, paint: Paint) -> Frame:
    """A frame painted as a recipe says and as those before it ask for, and noted. What is optimised goes on from what
    is known of it, in fewer iterations. Raises NotPainted, and what `paint` raises."""
    content, expected = frame.astype(np.float32) / np.float32(255), steady.expected(frame)
    if expected is not None and frames.goes_on(recipe):
        start = content + expected.holds * (expected.picture - content)
        recipe, pictures = frames.going_on(recipe, content), {**pictures, frames.START: start}
    painted: NDArray[np.float32] = paint(recipe, content, pictures).picture[:, :, :3]
    if expected is not None:
        painted = painted + _KEPT * expected.holds * (expected.picture - painted)
    result: Frame = np.rint(painted.clip(0, 1) * 255).astype(np.uint8)
    steady.note(frame, result)
    return result


def flicker(seen: list[Frame], painted: list[Frame]) -> float:
    """How much painted frames flicker: the mean difference, 0 to 1, between each and the one before it carried along
    the film's motion, where that holds."""
    differences, places = 0.0, 0.0
    for index in range(1, len(seen)):
        motion, holds = flow.motion_to(seen[index], seen[index - 1])
        difference = np.abs(painted[index].astype(np.float32) - flow.warped(painted[index - 1], motion)).mean(2)
        differences += float((difference * holds).sum()) / 255
        places += float(holds.sum())
    return differences / max(places, 1.0)
