"""Style swatch: a river bank in dots of pure colour, mixed by the eye."""

from __future__ import annotations

import numpy as np

from reverie.demo.fields import Array, colour, fractal, grid, mix, ramp, relief, smoothstep


def _scene(x: Array, y: Array, rng: np.random.Generator) -> Array:
    """What the dots are taken from: evening sky, trees, their reflections, a sunlit bank; H×W×3."""
    h, w = x.shape
    puffs = fractal(h, w, rng, falloff=0.7, largest=0.3, smallest=0.02, stretch=(1.0, 1.6))
    leaves = fractal(h, w, rng, falloff=0.3, largest=0.12, smallest=0.012)
    evening = [(0, colour(74, 122, 204)), (0.22, colour(150, 186, 222)), (0.45, colour(255, 214, 160))]
    sky = ramp(y + 0.04 * puffs, evening)
    sky = mix(sky, colour(255, 236, 206), smoothstep(0.2, 1.4, puffs) * 0.85)
    sun = np.hypot(x - 0.86, y - 0.27)
    sky = mix(sky, colour(255, 214, 96), smoothstep(0.30, 0.03, sun))
    sky = mix(sky, colour(255, 250, 190), smoothstep(0.075, 0.06, sun))
    scene = sky
    crowns = [(0.13, 0.25, 0.25), (0.36, 0.36, 0.13), (1.18, 0.34, 0.15), (0.56, 0.42, 0.07), (1.02, 0.42, 0.075)]
    shore = 0.53 + 0.012 * np.sin(7 * x)

    def woods(rows: Array) -> tuple[Array, Array]:
        mask, light = np.zeros(x.shape), np.zeros(x.shape)
        for cx, cy, radius in crowns:
            away = np.hypot((x - cx) / 1.05, rows - cy) / radius + 0.10 * leaves
            inside = smoothstep(1.02, 0.94, away)
            trunk = smoothstep(0.08 * radius, 0.05 * radius, np.abs(x - cx)) * smoothstep(cy, cy + 0.01, rows)
            trunk = trunk * smoothstep(0.545, 0.53, rows)
            lit = 0.46 + 0.42 * ((x - cx) - (rows - cy)) / radius + 0.15 * leaves
            light = np.where(inside > mask, lit, np.where(trunk > mask, 0.05, light))
            mask = np.maximum(mask, np.maximum(inside, trunk * 0.9))
        hedge = smoothstep(-0.004, 0.004, rows - 0.485 + 0.012 * leaves + 0.02 * np.sin(9 * x)) * (rows < 0.54)
        return np.maximum(mask, hedge), np.where(hedge > mask, 0.35 + 0.2 * leaves, light)

    greens = [
        (0.0, colour(26, 34, 96)),
        (0.3, colour(20, 84, 92)),
        (0.55, colour(52, 134, 58)),
        (0.8, colour(150, 180, 56)),
        (1.15, colour(236, 210, 90)),
    ]
    mask, light = woods(y)
    scene = mix(scene, ramp(light, greens), mask)
    swell = fractal(h, w, rng, falloff=0.2, largest=0.1, smallest=0.01, stretch=(1.0, 5.0))
    mirror = 2 * shore - y + 0.006 * swell
    mask, light = woods(mirror)
    water = ramp(mirror, [(0, colour(70, 112, 198)), (0.25, colour(120, 168, 222)), (0.5, colour(246, 204, 168))])
    water = mix(water, ramp(light - 0.12, greens), 0.85 * mask)
    glitter = smoothstep(0.14, 0.0, np.abs(x - 0.86) + 0.02 * swell) * smoothstep(-0.4, 0.9, swell)
    water = mix(water, colour(255, 226, 120), 0.85 * glitter)
    scene = mix(scene, water, smoothstep(-0.003, 0.003, y - shore))
    bank = 0.79 + 0.07 * np.sin(2.6 * x + 2.4) + 0.01 * leaves
    shadow = smoothstep(-0.1, 0.3, np.sin(4.5 * x + 11 * y + 2.0) - 0.2 + 0.3 * puffs)
    grass = mix(ramp(0.66 + 0.14 * leaves, greens), colour(58, 64, 150), 0.75 * shadow)
    flowers = smoothstep(1.35, 1.6, fractal(h, w, rng, falloff=-0.2, largest=0.05, smallest=0.012))
    grass = mix(grass, colour(236, 70, 70), flowers)
    return mix(scene, grass, smoothstep(-0.004, 0.004, y - bank))


def _dot(canvas: Array, x: float, y: float, radius: float, paint: Array, thickness: Array) -> None:
    """Put a round dot with a soft rim on the canvas, and its bump on `thickness`; both in place."""
    h, w = thickness.shape
    x0, x1 = max(int(x - radius - 1), 0), min(int(x + radius + 2), w)
    y0, y1 = max(int(y - radius - 1), 0), min(int(y + radius + 2), h)
    if x0 >= x1 or y0 >= y1:
        return
    away = np.hypot(np.arange(x0, x1)[None, :] - x, np.arange(y0, y1)[:, None] - y)
    cover = np.clip(radius - away + 0.5, 0, 1)
    part = canvas[y0:y1, x0:x1]
    part += (paint - part) * (0.93 * cover)[..., None]
    bump = thickness[y0:y1, x0:x1]
    bump += (np.sqrt(np.clip(1 - (away / (radius + 0.5)) ** 2, 0, 1)) - bump) * cover


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed)
    x, y = grid(height, width)
    scene = _scene(x, y, rng)
    scale = height / 512
    canvas = np.tile(colour(226, 210, 180), (height, width, 1)) + 0.02 * rng.standard_normal((height, width, 1))
    thickness = np.zeros((height, width))
    # radius, spacing (pixels of a swatch 512 high), part of dots in the complementary colour
    for radius, spacing, opposite in ((5.2, 6.0, 0.04), (3.6, 4.6, 0.08), (2.4, 4.4, 0.15)):
        step = spacing * scale
        rows, columns = int(height / step) + 1, int(width / step) + 1
        for i in rng.permutation(rows * columns):
            px = (i % columns + rng.uniform(-0.1, 1.1)) * step
            py = (i // columns + rng.uniform(-0.1, 1.1)) * step
            seen = scene[min(max(int(py), 0), height - 1), min(max(int(px), 0), width - 1)]
            grey = seen.mean()
            pure = grey + (seen - grey) * rng.uniform(1.0, 1.6) + 0.06 * rng.standard_normal(3)
            if rng.uniform() < opposite:
                pure = grey + 0.04 - (seen - grey) * 1.15 + 0.08 * rng.standard_normal(3)
            shade = 1 + 0.10 * rng.standard_normal()
            _dot(canvas, px, py, radius * scale * rng.uniform(0.75, 1.15), np.clip(pure * shade, 0.03, 1), thickness)
    light = relief(thickness, 0.8)
    return np.asarray(np.clip(canvas * (1 + 0.13 * light[..., None]), 0, 1), dtype=np.float64)
