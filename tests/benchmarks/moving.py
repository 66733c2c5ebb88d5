"""A film made of a photo, so that one is at hand whose motion is known to be large."""

from __future__ import annotations

import cv2
import numpy as np
from reverie.film.video import Frame
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to

_PAN = 0.25  # of the frame's width, over the whole film
_ZOOM = 1.25  # how much nearer the camera is in the end
_SUBJECT = 0.18  # of the frame's height: the radius of what moves


def film(photo: Picture, size: int, count: int) -> list[Frame]:
    """`count` frames whose longest side is `size` pixels: the camera pans to the right over a photo and draws nearer,
    while a round piece of the same photo, mirrored, crosses the frame to the left."""
    wide = np.ascontiguousarray(shrink_to(photo[:, :, :3], 2 * size))
    height, width = wide.shape[0] // 2, wide.shape[1] // 2
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    frames = []
    for time in np.linspace(0, 1, count):
        scale = 1.5 * _ZOOM**-time  # pixels of the photo to one of the frame
        left, top = (0.2 + _PAN * time) * width, 0.25 * height
        seen = _window(wide, scale, left, top, width, height)
        subject = _window(wide[:, ::-1], 1.0, 0.4 * width + (0.7 * time - 0.2) * width, 0.5 * height, width, height)
        x, y = (0.85 - 0.7 * time) * width, 0.55 * height
        inside = np.clip(_SUBJECT * height + 0.5 - np.hypot(columns - x, rows - y), 0, 1)[:, :, None]
        frames.append(np.rint((seen + inside * (subject - seen)).clip(0, 1) * 255).astype(np.uint8))
    return frames


def _window(wide: Picture, scale: float, left: float, top: float, width: int, height: int) -> Picture:
    """The part of a picture from there on, so many of its pixels to one."""
    there = np.array([[scale, 0, left], [0, scale, top]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    found = cv2.warpAffine(wide, there, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(found, np.float32)
