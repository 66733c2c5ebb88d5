"""A picture as the backend has it: a float32 array, height × width × channels, 3 (RGB) or 4 (RGB and straight alpha)
channels, values in [0, 1], sRGB-encoded. Of floats, colours may lie outside, as `check_white` has it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import ReverieError

Picture = NDArray[np.float32]
MAX_PIXELS = 100_000_000
_FAR_ABOVE_WHITE = 0.25  # share of the samples


def on_white(picture: Picture) -> Picture:
    """The picture, H×W×3, as it looks on white paper."""
    if picture.shape[2] == 3:
        return picture
    return picture[:, :, :3] * picture[:, :, 3:] + 1 - picture[:, :, 3:]


def with_channels(picture: Picture, channels: int) -> Picture:
    """Converts between grey, grey+alpha, RGB and RGBA; the weights are those of Rec. 709 luma, as in GIMP."""
    color, alpha = (picture[:, :, :-1], picture[:, :, -1:]) if picture.shape[2] in (2, 4) else (picture, None)
    if channels in (1, 2) and color.shape[2] == 3:
        color = (color @ np.array([0.2126, 0.7152, 0.0722], np.float32))[:, :, None]
    elif channels in (3, 4) and color.shape[2] == 1:
        color = np.repeat(color, 3, axis=2)
    if channels in (2, 4):
        alpha = np.ones_like(color[:, :, :1]) if alpha is None else alpha
        color = np.concatenate([color, alpha], axis=2)
    return np.ascontiguousarray(color, dtype=np.float32)


def check_finite(array: NDArray[Any]) -> None:
    """Raises ReverieError for samples that are no numbers."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ReverieError("The picture holds values that are not numbers (NaN or infinity); remove them first.")


def check_white(array: NDArray[Any], white: float) -> None:
    """Raises ReverieError for samples of which `white` cannot be white: a few may overshoot, as the lights of a float
    picture do, but not a quarter of them twofold."""
    least, most = float(array.min()), float(array.max())
    if -2 * white <= least and most <= 2 * white:
        return
    if ((array > 2 * white) | (array < -2 * white)).mean() > _FAR_ABOVE_WHITE:
        raise ReverieError(
            "The picture's samples reach {most}, and where white is among them cannot be known; save it with 8 or 16 "
            "bits.",
            most=f"{most if most > -least else least:.10g}",
        )


def check_size(width: int, height: int) -> None:
    """Raises ReverieError for a picture without pixels, or with too many."""
    if width < 1 or height < 1:
        raise ReverieError("The picture has no pixels.")
    if width * height > MAX_PIXELS:
        raise ReverieError(
            "The picture has {width}×{height} pixels, more than the {most} megapixels that are accepted; reduce it "
            "first.",
            width=width,
            height=height,
            most=MAX_PIXELS // 10**6,
        )
