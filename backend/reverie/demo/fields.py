"""Noise, blur and sampling: what every picture is made of. Arrays are float64, H×W or H×W×C, colours 0..1 sRGB."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def grid(height: int, width: int) -> tuple[Array, Array]:
    """Coordinates x and y of the pixels, both height×width, in units of the height: y runs 0..1, x 0..width/height."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    return (x + 0.5) / height, (y + 0.5) / height


def around(height: int, width: int, x: float, y: float, radius: float) -> tuple[slice, slice]:
    """The part of a picture of height×width that holds what is within `radius` of (x, y), pixels: rows and columns."""
    rows = slice(max(int(y - radius), 0), max(min(int(y + radius) + 2, height), 0))
    return rows, slice(max(int(x - radius), 0), max(min(int(x + radius) + 2, width), 0))


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below `low`, 1 above `high`, a cubic between; low > high turns it round."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def mix(a: Array, b: Array, amount: Array) -> Array:
    """Blend from colour picture `a` to `b` (H×W×3 or a single colour) by `amount`, H×W."""
    return a + (b - a) * amount[..., None]


def colour(*values: float) -> Array:
    """An RGB colour from values 0..255, as an array 0..1."""
    return np.array(values, dtype=np.float64) / 255.0


def ramp(value: Array, stops: Sequence[tuple[float, Array]]) -> Array:
    """Colours H×W×3 for values H×W, piecewise linear between the (position, colour) stops."""
    positions = [position for position, _ in stops]
    return np.stack([np.interp(value, positions, [c[i] for _, c in stops]) for i in range(3)], axis=-1)


def fractal(
    height: int,
    width: int,
    rng: np.random.Generator,
    *,
    falloff: float = 1.0,
    largest: float = 1.0,
    smallest: float = 0.0,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> Array:
    """Gaussian noise with amplitude 1/frequency**(1 + falloff) between two wavelengths; mean 0, deviation 1, tiles.

    `largest` and `smallest` are wavelengths in units of the height; `stretch` makes the noise longer along (y, x).
    """
    fy = np.fft.fftfreq(height)[:, None] * height * stretch[0]
    fx = np.fft.rfftfreq(width)[None, :] * height * stretch[1]
    frequency = np.sqrt(fy * fy + fx * fx)
    frequency[0, 0] = 1.0
    amplitude = frequency ** -(1.0 + falloff) * (1.0 - np.exp(-((frequency * largest) ** 4)))
    if smallest > 0:
        amplitude = amplitude * np.exp(-((frequency * smallest) ** 2))
    amplitude[0, 0] = 0.0
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((height, width))) * amplitude, s=(height, width))
    return np.asarray(noise / noise.std(), dtype=np.float64)


def blur(picture: Array, sigma: float) -> Array:
    """Gaussian blur of H×W or H×W×C with mirrored borders; `sigma` in pixels."""
    pad = [(min(int(3 * sigma) + 1, n - 1),) * 2 for n in picture.shape[:2]]
    padded = np.pad(picture, [*pad, *[(0, 0)] * (picture.ndim - 2)], mode="reflect")
    h, w = padded.shape[:2]
    fy, fx = np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w)[None, :]
    kernel = np.exp(-2.0 * (np.pi * sigma) ** 2 * (fy * fy + fx * fx))
    if picture.ndim == 3:
        kernel = kernel[..., None]
    smooth = np.fft.irfft2(np.fft.rfft2(padded, axes=(0, 1)) * kernel, s=(h, w), axes=(0, 1))
    (top, _), (left, _) = pad
    return np.asarray(smooth[top : top + picture.shape[0], left : left + picture.shape[1]], dtype=np.float64)


def sample(picture: Array, x: Array, y: Array, *, tile: bool = False) -> Array:
    """Bilinear values of `picture` at pixel positions x, y; outside it tiles or repeats the border."""
    h, w = picture.shape[:2]
    x0, y0 = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    u, v = x - x0, y - y0
    if tile:
        xa, xb, ya, yb = x0 % w, (x0 + 1) % w, y0 % h, (y0 + 1) % h
    else:
        xa, xb = np.clip(x0, 0, w - 1), np.clip(x0 + 1, 0, w - 1)
        ya, yb = np.clip(y0, 0, h - 1), np.clip(y0 + 1, 0, h - 1)
    if picture.ndim == 3:
        u, v = u[..., None], v[..., None]
    top = picture[ya, xa] * (1 - u) + picture[ya, xb] * u
    bottom = picture[yb, xa] * (1 - u) + picture[yb, xb] * u
    return np.asarray(top * (1 - v) + bottom * v, dtype=np.float64)


def relief(height: Array, strength: float, *, angle: float = 2.2) -> Array:
    """Light on a surface of the given height, H×W: 0 where flat, brighter towards `angle` (radians), darker behind.

    `strength` is for slopes in a picture 512 high: the same surface in more pixels is lit alike."""
    gy, gx = np.gradient(height, 512 / len(height))
    slope = (gx * np.cos(angle) - gy * np.sin(angle)) * -strength
    return np.asarray(np.tanh(slope), dtype=np.float64)
