"""Brush strokes: streamlines of a direction field and the bristly marks laid along them."""

from __future__ import annotations

import numpy as np

from reverie.demo.fields import Array, smoothstep


def streamline(angle: Array, x: float, y: float, length: float, step: float = 3.0) -> Array:
    """Points N×2 (x, y) in pixels of the line through (x, y) along `angle` (H×W, radians), half of it each way.
    A `step` is in pixels of a picture 512 high."""
    h, w = angle.shape
    step *= h / 512
    halves = []
    for sign in (-1.0, 1.0):
        px, py, points = x, y, []
        for _ in range(max(1, int(length / step / 2))):
            a = angle[min(max(int(py), 0), h - 1), min(max(int(px), 0), w - 1)]
            px, py = px + sign * step * np.cos(a), py + sign * step * np.sin(a)
            points.append((px, py))
        halves.append(points)
    return np.array([*reversed(halves[0]), (x, y), *halves[1]], dtype=np.float64)


def along(angle: Array, noise: Array, length: float) -> Array:
    """Noise H×W smeared along the direction field (line integral convolution, Cabral and Leedom 1993) over a length in
    pixels of a picture 512 high; deviation 1."""
    h, w = noise.shape
    step = 2.5 * h / 512
    total = noise.copy()
    for sign in (-1.0, 1.0):
        py, px = np.mgrid[0:h, 0:w].astype(np.float64)
        for _ in range(round(length / 5)):
            iy, ix = np.clip(py, 0, h - 1).astype(np.intp), np.clip(px, 0, w - 1).astype(np.intp)
            a = angle[iy, ix]
            px, py = px + sign * step * np.cos(a), py + sign * step * np.sin(a)
            total += noise[np.clip(py, 0, h - 1).astype(np.intp), np.clip(px, 0, w - 1).astype(np.intp)]
    return np.asarray((total - total.mean()) / total.std(), dtype=np.float64)


def nearest_on_line(points: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Of a polyline N×2: how far each position is beside it (signed) and along it (0..1), both shaped like x."""
    a, d = points[:-1], np.diff(points, axis=0)
    squared = (d * d).sum(1) + 1e-9
    rx, ry = x[..., None] - a[:, 0], y[..., None] - a[:, 1]
    t = np.clip((rx * d[:, 0] + ry * d[:, 1]) / squared, 0.0, 1.0)
    ex, ey = rx - t * d[:, 0], ry - t * d[:, 1]
    best = (ex * ex + ey * ey).argmin(-1)[..., None]
    pick = [np.take_along_axis(v, best, -1)[..., 0] for v in (ex, ey, t, np.sign(rx * d[:, 1] - ry * d[:, 0]))]
    side = np.hypot(pick[0], pick[1]) * pick[3]
    return side, (best[..., 0] + pick[2]) / len(d)


def _bristles(across: Array, count: int, rng: np.random.Generator) -> Array:
    """How much paint each of `count` hairs carries (deviation 1), at positions 0..1 across the brush."""
    hairs = rng.standard_normal(count + 3)
    position = across * count + 1
    left = position.astype(np.intp)
    return np.asarray(hairs[left] + (position - left) * (hairs[left + 1] - hairs[left]), dtype=np.float64)


def lay(
    canvas: Array,
    height: Array | None,
    points: Array,
    width: float,
    paint: Array,
    rng: np.random.Generator,
    *,
    opacity: float = 0.95,
    taper: float = 0.35,
    dryness: float = 0.25,
    tooth: Array | None = None,
    pressure: float = 0.5,
) -> None:
    """Lay a stroke of `paint` (RGB) on `canvas` (H×W×3) in place, and its ridges of paint on `height` (H×W).

    `taper` is the part of the length over which each end narrows; `dryness` 0..1 lets the bristles part: as many as a
    brush of that width has in a picture 512 high, and finer hairs between them.
    On the `tooth` of a paper (H×W, 0 hollow to 1) a chalk leaves only what its `pressure` 0..1 reaches.
    """
    h, w = canvas.shape[:2]
    reach = width / 2 + 2
    x0, y0 = (max(int(v - reach), 0) for v in points.min(0))
    x1, y1 = min(int(points[:, 0].max() + reach) + 1, w), min(int(points[:, 1].max() + reach) + 1, h)
    if x1 - x0 < 1 or y1 - y0 < 1:
        return
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float64)
    side, along = nearest_on_line(points, x, y)
    ends = np.clip(np.minimum(along, 1 - along) / max(taper, 1e-3), 0, 1)
    half = width / 2 * np.sqrt(0.12 + 0.88 * ends)
    cover = np.clip(half - np.abs(side) + 0.5, 0, 1)
    count = max(4, int(width * 1.2 * 512 / h))
    across = (side / width + 0.5).clip(0, 1)
    bristle = 0.9 * _bristles(across, count, rng) + 0.45 * _bristles(across, 4 * count, rng)
    cover = cover * opacity * np.clip(1.0 - dryness * (0.5 + along) * np.maximum(bristle, 0), 0, 1)
    if tooth is not None:
        cover = cover * smoothstep(-0.22, 0.22, tooth[y0:y1, x0:x1] - 1 + pressure * (1 + 0.3 * bristle))
    shade = 1.0 + 0.07 * bristle
    box = canvas[y0:y1, x0:x1]
    box += (np.clip(paint * shade[..., None], 0, 1) - box) * cover[..., None]
    if height is not None:
        ridge = height[y0:y1, x0:x1]
        round_top = np.clip(1 - (side / np.maximum(half, 0.5)) ** 2, 0, 1)
        ridge += (0.25 * ridge + 0.7 * np.sqrt(round_top) + 0.28 * bristle - ridge) * cover
