"""Style swatch: paint laid on thickly with a palette knife, slab over slab, in the light of a side window."""

from __future__ import annotations

import numpy as np

from reverie.demo.country import CROWN, SKY, country
from reverie.demo.fields import Array, colour, fractal, mix, ramp, relief
from reverie.demo.laying import places

SKIES = [
    (0.0, colour(34, 84, 124)), (0.4, colour(98, 172, 184)), (0.58, colour(170, 206, 204)),
    (0.75, colour(250, 216, 184)), (1.0, colour(255, 250, 240)),
]  # fmt: skip
LANDS = [
    (0.0, colour(48, 18, 40)), (0.22, colour(122, 24, 44)), (0.42, colour(204, 52, 38)), (0.6, colour(240, 118, 42)),
    (0.78, colour(252, 188, 70)), (1.0, colour(255, 240, 200)),
]  # fmt: skip
TREES = [
    (0.0, colour(22, 26, 48)), (0.3, colour(36, 70, 78)), (0.5, colour(112, 108, 52)), (0.68, colour(222, 140, 40)),
    (1.0, colour(255, 228, 140)),
]  # fmt: skip


def _slab(
    canvas: Array, thickness: Array, place: tuple[float, float], turn: float, size: tuple[float, float],
    paints: Array, rng: np.random.Generator,
) -> None:  # fmt: skip
    """One stroke of the knife at `place` (x, y) with half its length and width as `size`, in pixels: two `paints`
    (2×3) streaked into each other, pressed flat, with lips at its sides and where the knife was lifted. In place."""
    h, w = thickness.shape
    (cx, cy), (long, wide) = place, size
    reach = np.hypot(long, wide) * 1.1
    x0, x1 = max(int(cx - reach), 0), min(int(cx + reach) + 1, w)
    y0, y1 = max(int(cy - reach), 0), min(int(cy + reach) + 1, h)
    if x0 >= x1 or y0 >= y1:
        return
    dx, dy = np.arange(x0, x1)[None, :] - cx, np.arange(y0, y1)[:, None] - cy
    u = (dx * np.cos(turn) + dy * np.sin(turn)) / long
    v = (dy * np.cos(turn) - dx * np.sin(turn)) / wide
    v = v + rng.uniform(-0.25, 0.25) * u * u
    knots = np.linspace(-1.3, 1.3, 40)
    rough = np.interp(v, knots, rng.standard_normal(40))
    fine = np.interp(v, np.linspace(-1.3, 1.3, 110), rng.standard_normal(110))
    ends = np.interp(v, knots[::4], rng.uniform(0.72, 1.0, 10)) + 0.06 * rough
    start = np.interp(v, knots[::4], rng.uniform(0.80, 1.0, 10)) + 0.03 * rough
    side = 1.0 + 0.06 * np.interp(u, np.linspace(-1.2, 1.2, 14), rng.standard_normal(14))
    inside = np.minimum(np.minimum((ends - u) * long, (u + start) * long), (side - np.abs(v)) * wide)
    cover = np.clip(inside + 0.5, 0, 1)
    blend = np.clip(0.5 + 1.2 * (v * rng.uniform(-1, 1) + 0.35 * rough + 0.2 * fine), 0, 1)
    paint = paints[0] + (paints[1] - paints[0]) * blend[..., None]
    paint = np.clip(paint * (1 + 0.03 * fine)[..., None], 0, 1)
    lips = np.exp(-np.clip(inside, 0, None) / (0.11 * wide)) + np.exp(
        -np.clip((ends - u) * long, 0, None) / (0.2 * wide)
    )
    body = 0.5 + 0.9 * lips + 0.10 * rough + 0.07 * fine + 0.35 * np.clip(u, -1, 1)
    part, raised = canvas[y0:y1, x0:x1], thickness[y0:y1, x0:x1]
    part += (paint - part) * (0.97 * cover)[..., None]
    raised += (0.3 * raised + body - raised) * cover


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed + 5)
    scene = country(height, width, rng, horizon=0.36, hills=7, swell=0.08, rough=0.42, crowns=110)
    tone, scale = np.clip(0.5 + 1.45 * (scene.tone - 0.54), 0, 1), height / 512
    guide = np.where((scene.kind == CROWN)[..., None], ramp(tone, TREES), ramp(tone, LANDS))
    guide = np.where((scene.kind == SKY)[..., None], ramp(tone, SKIES), guide)
    guide = mix(guide, colour(176, 150, 184), 0.35 * (1 - scene.near) * (scene.kind != SKY))
    canvas, thickness = np.tile(colour(120, 70, 60), (height, width, 1)), np.zeros((height, width))
    for spacing, long, wide, spread in ((15.0, 40, 15, 0.05), (12.0, 24, 10, 0.07), (13.0, 13, 5.0, 0.10)):
        for px, py in places(height, width, spacing, rng):
            ix, iy = min(int(px), width - 1), min(int(py), height - 1)
            aside = 10 * scale * rng.standard_normal(2)  # where the other paint on the knife comes from
            jx, jy = int(np.clip(px + aside[0], 0, width - 1)), int(np.clip(py + aside[1], 0, height - 1))
            paints = np.stack([guide[iy, ix], guide[jy, jx]]) * (1 + spread * rng.standard_normal((2, 1)))
            paints = np.clip(paints + 0.5 * spread * rng.standard_normal((2, 3)), 0.02, 1)
            turn = scene.angle[iy, ix] + 0.35 * rng.standard_normal() + np.pi * (rng.uniform() < 0.3)
            size = rng.uniform(0.7, 1.25) * scale * np.array([long, wide])
            _slab(canvas, thickness, (px, py), turn, (size[0], size[1]), paints, rng)
    weave = 0.05 * fractal(height, width, rng, falloff=0.0, largest=0.03, smallest=0.003)
    light = relief(thickness + weave, 1.1)
    lit = canvas * (1 + 0.42 * light[..., None]) + 0.16 * np.maximum(light - 0.35, 0)[..., None]
    return np.asarray(np.clip(lit, 0, 1), dtype=np.float64)
