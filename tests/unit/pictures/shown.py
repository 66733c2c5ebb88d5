"""What files may say of their colours, samples to try it on, and how near what is read has to come."""

from __future__ import annotations

import numpy as np
from reverie.pictures import images

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
    picture = images.decode(file)
    assert picture.shape[2] == (3 if alpha is None else 4)
    np.testing.assert_allclose(picture[:, :, :3], np.broadcast_to(expected, (*expected.shape[:2], 3)), atol=step)
    if alpha is not None:
        np.testing.assert_allclose(picture[:, :, 3], alpha, atol=1e-4)
