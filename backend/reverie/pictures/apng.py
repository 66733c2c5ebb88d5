"""Animated PNGs: their frames, each as a PNG of its own, and what is seen of them together.

Pillow keeps 8 bits of each, and does not know of the one colour that stands for nothing at all where frames overlap.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.pictures import png

_TO_NOTHING, _TO_BEFORE = 1, 2  # what becomes of a frame's place before the next one
_OVER = 1  # a frame is laid over what is there; else it takes its place


@dataclass(frozen=True)
class Frame:
    """A PNG that has the samples of a frame, where its upper left corner is, for how many milliseconds it is seen, and
    the numbers of what becomes of its place and how it comes there."""

    file: bytes
    left: int
    top: int
    duration: float
    disposal: int
    blending: int


def frames(data: bytes) -> tuple[list[Frame], int]:
    """The frames of a PNG, none where it is not animated, and how often they are played; 0: for ever. Raises ValueError
    or struct.error for what is damaged."""
    header, shared, found = b"", b"", []
    count = plays = 0
    for name, body, whole, is_intact in png.chunks(data):
        if name == b"IDAT" and count == 0:
            return [], 0  # what makes it an animation would have come first
        if name == b"IHDR":
            header = body
        elif name == b"acTL":
            count, plays = struct.unpack(">II", body)
        elif name in (b"PLTE", b"tRNS"):
            shared += whole
        elif name == b"fcTL":
            found.append((struct.unpack(">4xIIIIHHBB", body), bytearray()))
        elif name in (b"IDAT", b"fdAT") and found:  # samples before the first fcTL are no frame
            if not is_intact:
                raise ValueError("The samples of a frame are damaged.")
            found[-1][1].extend(body if name == b"IDAT" else body[4:])
    if len(found) < count:
        raise ValueError("Frames are missing.")
    return [_frame(header, shared, control, bytes(samples)) for control, samples in found[:count]], plays


def _frame(header: bytes, shared: bytes, control: tuple[int, ...], samples: bytes) -> Frame:
    width, height, left, top, numerator, denominator, disposal, blending = control
    whole_width, whole_height = struct.unpack_from(">II", header)
    if left + width > whole_width or top + height > whole_height:
        raise ValueError("A frame lies outside of the picture.")
    own = png.chunk(b"IHDR", struct.pack(">II", width, height) + header[8:])
    file = png.SIGNATURE + own + shared + png.chunk(b"IDAT", samples) + png.chunk(b"IEND", b"")
    return Frame(file, left, top, 1000 * numerator / (denominator or 100), disposal, blending)


class Canvas:
    """What is seen of the frames so far: colours, H×W×C, and opacity, H×W×1 in 0 to 1. At first there is nothing."""

    def __init__(self, height: int, width: int, channels: int, dtype: np.dtype[Any]) -> None:
        self.color: NDArray[Any] = np.zeros((height, width, channels), dtype)
        self.alpha = np.zeros((height, width, 1), np.float32)
        self._left_behind: tuple[Any, NDArray[Any], NDArray[np.float32]] | None = None

    def add(self, frame: Frame, color: NDArray[Any], alpha: NDArray[np.float32] | None) -> None:
        """Lays the samples of the next frame where it belongs."""
        if self._left_behind is not None:
            place, self.color[place], self.alpha[place] = self._left_behind
        place = np.s_[frame.top : frame.top + color.shape[0], frame.left : frame.left + color.shape[1]]
        before, before_alpha = self.color[place], self.alpha[place]
        self._left_behind = None
        if frame.disposal == _TO_NOTHING:
            self._left_behind = place, np.zeros_like(before), np.zeros_like(before_alpha)
        elif frame.disposal == _TO_BEFORE:
            self._left_behind = place, before.copy(), before_alpha.copy()
        own = np.ones_like(before_alpha) if alpha is None else alpha
        if frame.blending == _OVER:
            color, own = _over(color, own, before, before_alpha)
        self.color[place], self.alpha[place] = color, own


def _over(
    color: NDArray[Any], alpha: NDArray[np.float32], below: NDArray[Any], below_alpha: NDArray[np.float32]
) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """One over the other, as both are encoded, which is what browsers do."""
    rest = below_alpha * (1 - alpha)
    total = alpha + rest
    mixed = (color * alpha + below * rest) / np.where(total > 0, total, 1)
    return np.rint(mixed).astype(color.dtype), total
