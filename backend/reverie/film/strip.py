"""The strip that shows beforehand how a film will look: a few of its frames, and below each what is painted of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from reverie.film import flow, video
from reverie.film.video import Film, Frame
from reverie.pictures.picture import Picture

_SHARES = (0.1, 0.35, 0.6, 0.85)  # of the film's length
_WIDTH = 480  # pixels of each frame


def frames(film: Film) -> list[Frame]:
    """The frames that the strip shows, and before them one that they are compared with. Raises ReverieError."""
    return [video.frame_at(film, share) for share in (0.0, *_SHARES)]


def strip(frames: Sequence[Frame], paint: Callable[[Picture], Picture]) -> tuple[Picture, float]:
    """The strip of such frames, H×W×3, and how many seconds a frame takes, which is not the first: that one waits for
    networks to be loaded, and for the looks of the styles."""
    columns, seconds = [], 0.0
    before = frames[0]
    for seen in frames[1:]:
        frame = seen.astype(np.float32) / np.float32(255)
        begun = time.monotonic()
        painted = paint(frame)
        flow.motion_to(seen, before)  # as it is compared with the one before, and sometimes with others
        seconds, before = time.monotonic() - begun, seen
        columns.append(np.vstack([_small(frame), _small(painted)]))
    whole: Picture = np.hstack(columns)
    return whole, seconds


def _small(frame: Picture) -> Picture:
    width = min(_WIDTH, frame.shape[1])
    height = max(1, round(frame.shape[0] * width / frame.shape[1]))
    small: Picture = np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    return small
