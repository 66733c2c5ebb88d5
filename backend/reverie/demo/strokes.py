"""Style swatch: thick swirling oil, blue night and yellow lights, every stroke following the flow."""

from __future__ import annotations

import numpy as np

from reverie.demo import brush
from reverie.demo.fields import Array, colour, fractal, grid, mix, ramp, relief, smoothstep

# x and y in units of the height, radius of the light, turning sense
LIGHTS = (
    (0.98, 0.22, 0.105, 1.0),
    (0.50, 0.36, 0.085, -1.0),
    (0.17, 0.16, 0.055, 1.0),
    (0.70, 0.11, 0.035, 1.0),
    (0.22, 0.50, 0.045, -1.0),
    (1.10, 0.55, 0.040, -1.0),
    (0.78, 0.52, 0.030, 1.0),
)
NIGHT = [
    (-2.2, colour(14, 24, 74)),
    (-1.0, colour(24, 52, 128)),
    (-0.2, colour(44, 94, 172)),
    (0.5, colour(92, 148, 204)),
    (1.1, colour(150, 196, 214)),
    (1.7, colour(222, 226, 190)),
    (2.4, colour(240, 214, 110)),
]
LIGHT = [
    (0.0, colour(255, 250, 214)),
    (0.5, colour(253, 222, 92)),
    (1.0, colour(240, 176, 38)),
    (1.6, colour(206, 196, 96)),
    (2.3, colour(120, 168, 178)),
]
HILLS = [
    (-2.0, colour(12, 22, 44)),
    (-0.8, colour(22, 52, 70)),
    (0.0, colour(40, 92, 78)),
    (0.7, colour(108, 142, 70)),
    (1.5, colour(206, 176, 70)),
]


def _flow(x: Array, y: Array, rng: np.random.Generator) -> Array:
    """Direction in radians: a drifting curl noise with a vortex round every light (Bridson et al. 2007)."""
    h, w = x.shape
    potential = 0.10 * fractal(h, w, rng, falloff=1.4, largest=0.7, smallest=0.12)
    gy, gx = np.gradient(potential, 1.0 / h)
    vx, vy = gy + 0.9, -gx * 0.8
    for cx, cy, radius, sense in LIGHTS:
        dx, dy = x - cx, y - cy
        away = np.hypot(dx, dy) + 1e-6
        pull = 5.0 * np.exp(-((away / (radius * 2.6)) ** 2))
        vx, vy = vx - sense * pull * dy / away, vy + sense * pull * dx / away
    return np.asarray(np.arctan2(vy, vx), dtype=np.float64)


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed)
    x, y = grid(height, width)
    angle = _flow(x, y, rng)
    bands = brush.along(angle, fractal(height, width, rng, falloff=0.2, largest=0.25, smallest=0.02), 110)
    guide = ramp(bands * 0.95 - 0.25 + 0.5 * (y - 0.3), NIGHT)
    for cx, cy, radius, _ in LIGHTS:
        away = np.hypot(x - cx, y - cy) / radius
        guide = mix(guide, ramp(away + 0.25 * bands, LIGHT), smoothstep(2.5, 0.9, away + 0.35 * bands))
    ridge = 0.74 + 0.05 * np.sin(4.1 * x + 0.6) + 0.035 * np.sin(9.0 * x) - 0.07 * np.exp(-(((x - 0.42) / 0.2) ** 2))
    hill = smoothstep(-0.004, 0.004, y - ridge)
    slope = 0.25 * np.cos(4.1 * x + 0.6) + 0.5 * np.sin(9.0 * x + 14.0 * y) * 0.8
    angle = np.where(hill > 0.5, slope, angle)
    furrow = np.sin((y - ridge) * 46 + 2.5 * np.sin(5 * x)) + 0.7 * bands
    guide = mix(guide, ramp(furrow - 0.5 * smoothstep(0.06, 0.0, y - ridge) * 3, HILLS), hill)

    scale = height / 512
    canvas = np.tile(colour(30, 44, 84), (height, width, 1))
    relief_height = np.zeros((height, width))
    # From broad underpainting to fine accents, each layer from random places so that no row of strokes shows.
    for spacing, thick, length, spread in ((13, 17, 70, 0.05), (8.5, 10.5, 50, 0.09), (7.5, 6.5, 34, 0.12)):
        cells = [(r, c) for r in range(int(512 / spacing) + 1) for c in range(int(512 * width / height / spacing) + 1)]
        for i in rng.permutation(len(cells)):
            px = (cells[i][1] + rng.uniform()) * spacing * scale
            py = (cells[i][0] + rng.uniform()) * spacing * scale
            ix, iy = min(int(px), width - 1), min(int(py), height - 1)
            paint = guide[iy, ix] * (1 + spread * rng.standard_normal()) + spread * 0.5 * rng.standard_normal(3)
            points = brush.streamline(angle, px, py, length * scale * rng.uniform(0.7, 1.2))
            size = thick * scale * rng.uniform(0.75, 1.2)
            brush.lay(canvas, relief_height, points, max(size, 2.0), np.clip(paint, 0.02, 1), rng)
    light = relief(relief_height, 0.9)
    lit = canvas * (1 + 0.30 * light[..., None]) + 0.10 * np.maximum(light - 0.35, 0)[..., None]
    return np.asarray(np.clip(lit, 0, 1), dtype=np.float64)
