"""What files may say of their colours, samples to try it on, and how near what is read has to come."""

from __future__ import annotations

import struct

import numpy as np
from reverie.pictures import images
from reverie.pictures.decoded import Opened

from tests.unit.pictures import made

LINEAR, P3 = made.gamma(1.0), made.sampled(made.decoded, 4096)
GRAY = {
    "nothing": (b"", made.decoded),
    "linear": (made.profile(LINEAR, space=b"GRAY"), lambda values: values),
    "gamma 1.8": (made.profile(made.gamma(1.8), space=b"GRAY"), lambda values: values ** (461 / 256)),
}
COLOR = {
    "nothing": (b"", made.decoded, made.SRGB),
    "linear": (made.profile(LINEAR, LINEAR, LINEAR), lambda values: values, made.SRGB),
    "P3": (made.profile(P3, P3, P3, primaries=made.P3), made.decoded, made.P3),
    "linear P3": (made.profile(LINEAR, LINEAR, LINEAR, primaries=made.P3), lambda values: values, made.P3),
}


def ramp(levels: int, channels: int) -> np.ndarray:
    """H×W×C numbers of 0 to levels − 1, other ones in each channel."""
    y, x, channel = np.meshgrid(np.arange(8), np.arange(16), np.arange(channels), indexing="ij")
    return ((y * 37 + x * 101 + channel * 53 + x * y * 7) * 1009 % 65536) * levels // 65536


def close(file: bytes, expected: np.ndarray, step: float, alpha: np.ndarray | None = None) -> None:
    """The file is read as expected, and so is the same as a frame or page after another one."""
    for picture in (images.decode(file), _as_second(file)):
        if picture is not None:
            shape = (*expected.shape[:2], 3)
            np.testing.assert_allclose(picture[:, :, :3], np.broadcast_to(expected, shape), atol=step)
            opacity = picture[:, :, 3] if picture.shape[2] == 4 else 1
            np.testing.assert_allclose(opacity, 1 if alpha is None else alpha, atol=1e-4)
    assert images.decode(file).shape[2] == (3 if alpha is None else 4)


def _as_second(file: bytes) -> np.ndarray | None:
    if file.startswith(b"\x89PNG"):
        width, height, depth, color = struct.unpack_from(">IIBB", file, 16)
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
        black = made.png(np.zeros((height, width, channels), int), depth, color)
        whole = made.apng([file, black, file], [(0, 0, 0, 0, 5)] * 3)
    elif file[:4] in (b"II*\0", b"MM\0*"):
        linear = made.profile(LINEAR, space=b"GRAY")
        other = made.tiff(np.full((3, 5, 1), 99, np.uint8), 1, "<" if file[:1] == b"I" else ">", profile=linear)
        whole = made.pages(other, file, other)
    else:
        return None
    with Opened(whole) as opened:
        first, second, third = (picture for picture, _ in opened.pictures())
    if file.startswith(b"\x89PNG"):
        np.testing.assert_array_equal(first, third)
        return third
    np.testing.assert_allclose(first, made.encoded(np.array(99 / 255)), atol=2e-4)
    np.testing.assert_array_equal(first, third)
    return second
