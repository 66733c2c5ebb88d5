"""Style swatch: soft pastel on a toned paper, a wide evening sky over fields, each colour broken by another."""

from __future__ import annotations

import numpy as np

from reverie.demo import brush
from reverie.demo.country import CROWN, SKY, country
from reverie.demo.fields import Array, colour, fractal, grid, mix, ramp, smoothstep
from reverie.demo.laying import lines
from reverie.demo.paper import tooth

PAPER = colour(150, 124, 126)
SKIES = [
    (0.0, colour(58, 74, 138)), (0.35, colour(104, 132, 196)), (0.55, colour(170, 168, 212)),
    (0.72, colour(246, 176, 160)), (0.86, colour(255, 214, 164)), (1.0, colour(255, 246, 222)),
]  # fmt: skip
FIELDS = [
    (0.0, colour(24, 18, 56)), (0.22, colour(40, 62, 104)), (0.42, colour(96, 124, 92)), (0.6, colour(206, 150, 84)),
    (0.8, colour(250, 192, 124)), (1.0, colour(255, 238, 196)),
]  # fmt: skip
TREES = [
    (0.0, colour(24, 12, 46)), (0.3, colour(96, 44, 86)), (0.5, colour(190, 74, 72)), (0.72, colour(240, 142, 74)),
    (1.0, colour(255, 222, 130)),
]  # fmt: skip


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed + 2)
    _, y = grid(height, width)
    scene = country(height, width, rng, horizon=0.52, hills=6, swell=0.07, rough=0.4, crowns=110)
    tone, scale = np.clip(0.5 + 1.5 * (scene.tone - 0.52), 0, 1), height / 512
    rise = tooth(height, width, rng)
    guide = np.where((scene.kind == CROWN)[..., None], ramp(tone, TREES), ramp(tone, FIELDS))
    dusk = mix(ramp(tone, SKIES), colour(255, 190, 150), 0.45 * smoothstep(0.25, 0.55, y))
    guide = np.where((scene.kind == SKY)[..., None], dusk, guide)
    far = mix(guide, colour(150, 150, 206), 0.35 * (1 - scene.near) * (scene.kind != SKY))
    # Pastel is laid in slanting hatches that only lean towards the form.
    lean = np.where(scene.kind == CROWN, scene.angle, 0.65 * scene.angle - 0.45)
    canvas = PAPER * (0.92 + 0.12 * rise)[..., None]
    canvas = mix(canvas, far, np.full((height, width), 0.35) + 0.06 * fractal(height, width, rng, largest=0.3))
    for spacing, length, wide, press, spread, other in (
        (9.0, 46, 15, 0.62, 0.05, 0.10), (7.5, 34, 8.5, 0.58, 0.08, 0.18), (7.0, 24, 4.8, 0.62, 0.11, 0.14)
    ):  # fmt: skip
        for iy, ix, points in lines(lean, spacing, length, rng, lambda y, x: 0.95):
            paint = far[iy, ix]
            if rng.uniform() < other:  # a colour from across the wheel, as light as this one
                paint = paint.mean() + 0.7 * (paint.mean() - paint) + 0.05
            paint = paint * (1 + spread * rng.standard_normal()) + 0.6 * spread * rng.standard_normal(3)
            brush.lay(
                canvas, None, points, wide * scale * rng.uniform(0.7, 1.25), np.clip(paint, 0.02, 1), rng,
                opacity=0.9, taper=0.15, dryness=0.35, tooth=rise, pressure=press * rng.uniform(0.75, 1.25),
            )  # fmt: skip
    return np.asarray(np.clip(canvas, 0, 1), dtype=np.float64)
