"""Style swatch: stone and gold tesserae in rows that follow the drawing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reverie.demo.fields import Array, colour, fractal, grid, relief, smoothstep

GROUT = colour(74, 62, 52)
GOLD, IVORY, CLAY, LAPIS, OLIVE, DARK, ROSE, SEA = range(8)
STONES = [
    [(222, 172, 62), (240, 200, 96), (196, 138, 40), (250, 220, 130)],
    [(236, 224, 198), (222, 206, 172), (246, 238, 220)],
    [(178, 84, 52), (150, 60, 42), (204, 112, 70)],
    [(32, 62, 122), (46, 88, 152), (24, 42, 92), (70, 112, 170)],
    [(112, 120, 66), (86, 98, 58), (142, 146, 88)],
    [(48, 40, 42), (62, 50, 50), (38, 34, 40)],
    [(206, 142, 118), (222, 168, 142), (188, 116, 98)],
    [(60, 134, 138), (88, 160, 156), (44, 106, 118)],
]
# centre x, y and radius in units of the height, and the rings from the middle out
ROUNDELS = (
    (0.40, 0.42, 0.30, (GOLD, CLAY, IVORY, LAPIS, SEA, IVORY, DARK)),
    (1.03, 0.24, 0.19, (IVORY, ROSE, CLAY, DARK, IVORY)),
    (0.99, 0.76, 0.20, (CLAY, GOLD, IVORY, OLIVE, DARK)),
    (0.09, 0.93, 0.17, (GOLD, LAPIS, IVORY, SEA, DARK)),
)
BANDS = (GOLD, GOLD, GOLD, OLIVE, IVORY, CLAY, CLAY, IVORY, LAPIS, LAPIS, SEA, IVORY, GOLD, GOLD, ROSE, DARK)


def _drawing(x: Array, y: Array) -> tuple[Array, NDArray[np.intp]]:
    """The drawing: a field whose contours the rows follow, and the kind of stone at each place."""
    field = y + 0.085 * np.sin(4.6 * x + 1.9) + 0.05 * np.sin(8.2 * x - 3.0 * y)
    bands = np.array(BANDS, dtype=np.intp)
    stone = bands[np.floor(field * 21).astype(np.intp) % len(bands)]
    for cx, cy, radius, rings in ROUNDELS:
        away = np.hypot(x - cx, y - cy) / radius
        turn = np.arctan2(y - cy, x - cx)
        inside = away < 1
        ring = np.clip((away * len(rings)).astype(np.intp), 0, len(rings) - 1)
        kind = np.array(rings, dtype=np.intp)[ring]
        petal = (np.cos(turn * 8) > 0.1 + 0.8 * (away - 0.5)) & (away > 0.28) & (away < 0.72)
        kind = np.where(petal, np.where(away < 0.5, GOLD, ROSE), kind)
        stone = np.where(inside, kind, stone)
        field = np.where(inside, away * radius, field)
    return field, stone


def _claims(sites: Array, angle: Array, size: Array, h: int, w: int) -> tuple[NDArray[np.intp], Array, Array]:
    """Owner of each pixel and its nearest and second nearest distance, in the turned square metric of each tile."""
    owner = np.zeros((h, w), dtype=np.intp)
    first, second = np.full((h, w), 9.0), np.full((h, w), 9.0)
    for i, ((sx, sy), a, s) in enumerate(zip(sites, angle, size, strict=True)):
        reach = 1.35 * s
        x0, x1 = max(int(sx - reach), 0), min(int(sx + reach) + 1, w)
        y0, y1 = max(int(sy - reach), 0), min(int(sy + reach) + 1, h)
        if x0 >= x1 or y0 >= y1:
            continue
        dx, dy = np.arange(x0, x1)[None, :] - sx, np.arange(y0, y1)[:, None] - sy
        c, n = np.cos(a) / s, np.sin(a) / s
        d = np.maximum(np.abs(c * dx + n * dy), np.abs(c * dy - n * dx))
        f, g, o = first[y0:y1, x0:x1], second[y0:y1, x0:x1], owner[y0:y1, x0:x1]
        closer = d < f
        np.copyto(g, np.minimum(g, np.where(closer, f, d)))
        o[closer] = i
        np.copyto(f, np.minimum(f, d))
    return owner, first, second


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1. Tiles settle as in Hausner, "Simulating decorative mosaics" (2001)."""
    rng = np.random.default_rng(seed)
    x, y = grid(height, width)
    field, stone = _drawing(x, y)
    gy, gx = np.gradient(field)
    direction = np.arctan2(gy, gx)
    base = 10.5 * height / 512
    rows, columns = int(height / base) + 2, int(width / base) + 2
    lattice = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2)
    sites: Array = np.asarray((lattice + rng.uniform(-0.5, 0.5, lattice.shape)) * base, dtype=np.float64)
    size = np.full(len(sites), base) * rng.uniform(0.9, 1.1, len(sites))
    py, px = np.mgrid[0:height, 0:width].astype(np.float64)
    for turn in range(13):
        ix = np.clip(sites[:, 0], 0, width - 1).astype(np.intp)
        iy = np.clip(sites[:, 1], 0, height - 1).astype(np.intp)
        angle = direction[iy, ix]
        owner, first, second = _claims(sites, angle, size, height, width)
        if turn < 12:
            count = np.bincount(owner.ravel(), minlength=len(sites))
            centre = [np.bincount(owner.ravel(), v.ravel(), len(sites)) / np.maximum(count, 1) for v in (px, py)]
            moved = np.stack(centre, -1)
            sites = np.asarray(np.where(count[:, None] > 0, moved, sites), dtype=np.float64)
    angle = angle + 0.05 * rng.standard_normal(len(sites))

    kinds = stone[iy, ix]
    tints = np.zeros((len(sites), 3))
    for i, kind in enumerate(kinds):
        shades = STONES[kind]
        tints[i] = colour(*shades[int(rng.integers(len(shades)))]) * rng.uniform(0.82, 1.12)
    tints += 0.02 * rng.standard_normal(tints.shape)
    gold = (kinds == GOLD).astype(np.float64)
    tilt = rng.standard_normal((len(sites), 2)) * (0.05 + 0.07 * gold[:, None])

    dx, dy = (px - sites[owner, 0]) / base, (py - sites[owner, 1]) / base
    border = np.minimum((second - first) / 2, 0.60 - first) * 10.5
    chipped = 0.35 * fractal(height, width, rng, falloff=0.2, largest=0.05, smallest=0.006)
    tile = smoothstep(0.25, 1.35, border + chipped)
    mottle = fractal(height, width, rng, falloff=0.1, largest=0.05)
    surface = np.clip(border / 2.2, 0, 1) ** 0.6
    light = 1 + 0.20 * relief(surface + 0.05 * mottle, 1.6) + (tilt[owner] * np.stack([dx, dy], -1)).sum(-1) * 4
    light = light + 0.7 * (tilt[owner, 0] - tilt[owner, 1]) + 0.05 * mottle
    glint = gold[owner] * np.clip(tilt[owner].sum(-1) * 6 + 0.3 * mottle - 0.35, 0, 1)
    stones = tints[owner] * light[..., None] + 0.34 * glint[..., None] * colour(255, 236, 170)
    grout = GROUT * (0.85 + 0.16 * fractal(height, width, rng, falloff=-0.3, smallest=0.002))[..., None]
    picture = grout + (stones - grout) * tile[..., None]
    age = 1 + 0.05 * fractal(height, width, rng, falloff=1.0, largest=0.5)
    return np.asarray(np.clip(picture * age[..., None], 0, 1), dtype=np.float64)
