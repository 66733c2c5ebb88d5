"""Style swatch: leaded glass, a sun over waves, every pane streaked and lit from behind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reverie.demo.fields import Array, blur, colour, fractal, grid, relief, sample, smoothstep

SUN = (0.80, 0.36)
PALETTES = {
    "sun": [(255, 226, 110), (250, 186, 48), (240, 140, 30), (255, 240, 170)],
    "rays": [(226, 84, 34), (196, 36, 40), (240, 150, 60), (150, 22, 58), (248, 196, 90)],
    "sky": [(28, 92, 178), (64, 148, 206), (20, 54, 130), (120, 190, 216), (92, 70, 160)],
    "waves": [(14, 110, 112), (34, 156, 132), (10, 66, 110), (116, 196, 150), (18, 84, 70)],
}


def _sites(rng: np.random.Generator, wide: float) -> tuple[Array, list[str]]:
    """Where the panes are (N×2 x, y in units of the height) and the palette of each."""
    places: list[tuple[float, float]] = [SUN]
    kinds = ["sun"]

    def add(px: float, py: float, kind: str) -> None:
        near = min((px - a) ** 2 + (py - b) ** 2 for a, b in places)
        if near > 0.028**2:
            places.append((px, py))
            kinds.append(kind)

    for ring, (radius, count) in enumerate(((0.062, 8), (0.115, 16), (0.18, 16), (0.265, 24), (0.36, 24), (0.47, 32))):
        for i in range(count):
            turn = (i + 0.5 * (ring % 2)) / count * 2 * np.pi
            px = SUN[0] + radius * np.cos(turn) + 0.006 * rng.standard_normal()
            py = SUN[1] + radius * np.sin(turn) + 0.006 * rng.standard_normal()
            if py < _shore(px) - 0.03:
                add(px, py, "sun" if ring < 2 else "rays" if (i + ring // 3) % 2 and ring < 5 else "sky")
    for row in range(9):
        for i in range(24):
            px = (i + 0.5 * (row % 2) + 0.15 * rng.standard_normal()) * wide / 22
            py = _shore(px) + 0.028 + row * 0.056 + 0.006 * rng.standard_normal()
            add(px, py, "waves" if rng.uniform() > 0.06 else "sun")
    for _ in range(900):
        px, py = rng.uniform(-0.05, wide + 0.05), rng.uniform(-0.05, 0.62)
        near = min((px - a) ** 2 + (py - b) ** 2 for a, b in places)
        if near > 0.055**2 and py < _shore(px) - 0.03:
            places.append((px, py))
            kinds.append("sky")
    return np.array(places), kinds


def _shore(x: float) -> float:
    return float(0.64 + 0.05 * np.sin(5.2 * x + 0.4) + 0.02 * np.sin(11.0 * x))


def _panes(x: Array, y: Array, sites: Array) -> tuple[NDArray[np.intp], Array]:
    """Which pane each pixel is in, and how far the nearest border is (Voronoi, exact to the bisector)."""
    first, second = np.full(x.shape, np.inf), np.full(x.shape, np.inf)
    owner = np.zeros(x.shape, dtype=np.intp)
    other = np.zeros(x.shape, dtype=np.intp)
    for i, (sx, sy) in enumerate(sites):
        d = (x - sx) ** 2 + (y - sy) ** 2
        closer, next_best = d < first, d < second
        second = np.where(closer, first, np.where(next_best, d, second))
        other = np.where(closer, owner, np.where(next_best, i, other))
        first, owner = np.where(closer, d, first), np.where(closer, i, owner)
    apart = np.hypot(*(sites[owner] - sites[other]).transpose(2, 0, 1)) + 1e-9
    return owner, (second - first) / (2 * apart)


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed)
    x, y = grid(height, width)
    sites, kinds = _sites(rng, width / height)
    bend = 0.010
    wx = x + bend * fractal(height, width, rng, falloff=1.5, largest=0.3, smallest=0.05)
    wy = y + bend * fractal(height, width, rng, falloff=1.5, largest=0.3, smallest=0.05)
    owner, border = _panes(wx, wy, sites)

    tints, turns = [], []
    for kind in kinds:
        shades = PALETTES[kind]
        tint = colour(*shades[int(rng.integers(len(shades)))]) * rng.uniform(0.82, 1.12)
        tints.append(np.clip(tint + 0.03 * rng.standard_normal(3), 0, 1))
        turns.append(rng.uniform(0, np.pi))
    tint, turn = np.array(tints)[owner], np.array(turns)[owner]

    # Streaks run one way in each pane: one long noise, read in the pane's own turned coordinates.
    streak_noise = fractal(512, 512, rng, falloff=0.1, largest=0.35, smallest=0.012, stretch=(1.0, 0.22))
    sx = (x * np.cos(turn) + y * np.sin(turn)) * 512 + 97 * owner
    sy = (-x * np.sin(turn) + y * np.cos(turn)) * 512 + 61 * owner
    streak = sample(streak_noise, sx, sy, tile=True)
    ripple = fractal(height, width, rng, falloff=0.3, largest=0.06, smallest=0.008)
    glow = smoothstep(0.0, 0.030, border)
    light = 0.66 + 0.42 * glow + 0.13 * streak + 0.10 * relief(ripple, 1.2)
    backlight = 1.12 - 0.35 * np.hypot(x - SUN[0], y - SUN[1])
    glass = tint * (light * backlight)[..., None]
    glass = glass + 0.20 * np.clip(streak - 0.6, 0, 2)[..., None] * (0.4 + tint)
    glass = glass ** np.array(1.12)

    edge = 0.0062 + 0.0012 * fractal(height, width, rng, falloff=1.0, largest=0.2, smallest=0.02)
    lead = smoothstep(1.0, -1.0, (border - edge) * height)
    cast = 0.03 * fractal(height, width, rng, falloff=-0.5, largest=0.03, smallest=0.002)
    came = np.sqrt(np.clip(1 - (border / 0.0085) ** 2, 0, 1)) + cast
    metal = colour(30, 28, 34) * (1 + 0.5 * relief(blur(came, height / 512), 3.0))[..., None]
    picture = glass * (1 - lead[..., None]) + metal * lead[..., None]
    bloom = blur(np.clip(picture, 0, 1), height / 60)
    return np.asarray(np.clip(picture + 0.16 * bloom, 0, 1), dtype=np.float64)
