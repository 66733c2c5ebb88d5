"""Where things move from one frame to another, and where that is known.

Dense inverse search (Kroeger, Timofte, Dai & Van Gool 2016, “Fast Optical Flow using Dense Inverse Search”), forward
and backward: where the two disagree something has been covered, or the flow is wrong (Sundaram, Brox & Keutzer 2010,
“Dense Point Trajectories by GPU-accelerated Large Displacement Optical Flow”, eq. 5).
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from reverie.film.video import Frame

Flow = NDArray[np.float32]
"""How far each pixel moves, to the right and down, in pixels: height × width × 2."""
Mask = NDArray[np.float32]

_SHARE, _SLACK = 0.01, 0.5  # of the squared motion, and squared pixels: the disagreement that is none
_OTHER = 24  # of 255: a difference of colour by which it is another thing, or in another light
_EDGE = 5  # pixels: how softly a mask ends


def flow(first: Frame, second: Frame) -> Flow:
    """Where the pixels of the first frame are in the second."""
    gray = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (first, second))
    return np.asarray(_search().calc(*gray, None), np.float32)  # type: ignore[call-overload]


@functools.cache
def _search() -> cv2.DISOpticalFlow:
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)


def warped(picture: Frame, motion: Flow) -> Frame:
    """The picture as seen by a frame from which this motion leads to it."""
    height, width = motion.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    at_x, at_y = x + motion[:, :, 0], y + motion[:, :, 1]
    return np.asarray(cv2.remap(picture, at_x, at_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), picture.dtype)


def motion_to(frame: Frame, other: Frame) -> tuple[Flow, Mask]:
    """The motion from a frame to another, and where it holds: height × width, 1 where the other frame shows the same
    things there and 0 where not, with a soft edge on the inside."""
    there, back = flow(frame, other), flow(other, frame)
    returned = _sampled(back, there)
    disagreement = ((there + returned) ** 2).sum(2)
    holds = disagreement <= _SHARE * ((there**2).sum(2) + (returned**2).sum(2)) + _SLACK
    difference = cv2.blur(np.abs(frame.astype(np.float32) - warped(other, there)), (3, 3)).max(2)
    holds &= difference <= _OTHER
    holds &= _inside(there)
    eroded = cv2.erode(holds.astype(np.float32), np.ones((_EDGE, _EDGE), np.uint8))
    return there, np.asarray(cv2.blur(eroded, (_EDGE, _EDGE)), np.float32)


def _sampled(field: Flow, motion: Flow) -> Flow:
    height, width = motion.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    at_x, at_y = x + motion[:, :, 0], y + motion[:, :, 1]
    return np.asarray(cv2.remap(field, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _inside(motion: Flow) -> NDArray[np.bool_]:
    """Whose goal lies within the picture."""
    height, width = motion.shape[:2]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    at_x, at_y = x + motion[:, :, 0], y + motion[:, :, 1]
    inside: NDArray[np.bool_] = (at_x >= 0) & (at_x <= width - 1) & (at_y >= 0) & (at_y <= height - 1)
    return inside
