"""Style swatch: gouache, flat matte planes of few bold colours with crisp edges, dabs of leaves and grass over them."""

from __future__ import annotations

import numpy as np

from reverie.demo import brush
from reverie.demo.country import CROWN, HILL, SKY, country
from reverie.demo.fields import Array, fractal
from reverie.demo.laying import lines

# From dark to light: of the sky, and of hills and trees in turn.
SKIES = [(64, 124, 146), (128, 178, 180), (244, 204, 160), (252, 234, 204)]
HILLS = [
    [(18, 42, 70), (26, 76, 100), (70, 128, 134), (214, 218, 178)],
    [(108, 36, 56), (188, 62, 62), (234, 118, 84), (250, 184, 136)],
    [(122, 72, 34), (206, 136, 40), (240, 182, 70), (252, 222, 140)],
    [(84, 40, 58), (178, 92, 82), (238, 170, 132), (254, 228, 200)],
]
TREES = [
    [(16, 42, 56), (22, 80, 78), (60, 132, 96), (164, 190, 98)],
    [(92, 28, 50), (190, 58, 58), (238, 122, 78), (252, 196, 112)],
    [(26, 30, 60), (44, 62, 112), (104, 128, 164), (232, 210, 188)],
]


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed + 1)
    scene = country(height, width, rng, horizon=0.30, hills=8, swell=0.085, rough=0.38, crowns=130)
    tone, scale = np.clip(0.5 + 1.2 * (scene.tone - 0.5), 0, 1), height / 512
    streak = brush.along(scene.angle, fractal(height, width, rng, falloff=-0.2, largest=0.05, smallest=0.004), 60)

    count = scene.shape.max() + 1
    sets = np.array([SKIES, *HILLS, *TREES], dtype=np.float64) / 255
    own = np.zeros(count, dtype=np.intp)
    own[np.unique(scene.shape[scene.kind == HILL])] = -1
    hills = np.flatnonzero(own == -1)
    own[:] = 1 + len(HILLS) + rng.integers(len(TREES), size=count)
    own[hills] = 1 + np.arange(len(hills)) % len(HILLS)
    own[0] = 0
    # Four steps of light in each shape; where two meet, the dry brush drags one over the other.
    level = np.clip(np.floor(tone * 4 + 0.22 * streak), 0, 3).astype(np.intp)
    canvas = sets[own[scene.shape], level]

    def dab(spacing: float, length: float, wide: float, chance: Array, lighter: float) -> None:
        """Strokes of the next lighter or darker colour of the shape that they are on."""
        for iy, ix, points in lines(scene.angle, spacing, length, rng, lambda y, x: float(chance[y, x])):
            step = level[iy, ix] + (1 if rng.uniform() < lighter else -1)
            paint = sets[own[scene.shape[iy, ix]], min(max(step, 0), 3)]
            size = wide * scale * rng.uniform(0.7, 1.3)
            brush.lay(canvas, None, points, size, paint, rng, opacity=1.0, taper=0.45, dryness=0.12)

    trees, fields = scene.kind == CROWN, scene.kind == HILL
    dab(15.0, 60, 13, 0.5 * fields + 0.25 * (scene.kind == SKY), 0.5)
    dab(5.5, 9, 5.0, 0.9 * trees, 0.55)
    dab(8.0, 26, 3.2, 0.55 * fields * (0.3 + scene.near), 0.6)
    dab(6.0, 7, 2.6, 0.5 * trees + 0.10 * fields, 0.75)
    matte = 1 + 0.018 * fractal(height, width, rng, falloff=-0.1, largest=0.02, smallest=0.0025) + 0.012 * streak
    return np.asarray(np.clip(canvas * matte[..., None], 0, 1), dtype=np.float64)
