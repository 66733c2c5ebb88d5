"""Style swatch: flowers in watercolour, washes that bleed, dry to dark edges and settle in the paper's grain."""

from __future__ import annotations

import numpy as np

from reverie.demo.fields import Array, around, blur, colour, fractal, grid, relief, smoothstep

PETALS = [(214, 44, 60), (236, 98, 46), (150, 50, 140), (226, 70, 120), (58, 78, 178), (246, 168, 40)]
LEAVES = [(52, 116, 66), (96, 138, 46), (28, 92, 92), (128, 148, 60)]
# x, y and radius in units of the height, which petal colour
FLOWERS = (
    (0.36, 0.36, 0.215, 0),
    (0.86, 0.30, 0.19, 3),
    (0.66, 0.68, 0.18, 1),
    (0.17, 0.74, 0.15, 2),
    (1.09, 0.63, 0.16, 4),
    (0.61, 0.13, 0.10, 5),
    (1.16, 0.16, 0.09, 1),
    (0.10, 0.15, 0.11, 4),
    (0.42, 0.93, 0.11, 5),
    (0.92, 0.94, 0.11, 0),
)


class _Sheet:
    """A sheet of paper that washes are laid on; `picture` is H×W×3, light left after every wash."""

    def __init__(self, height: int, width: int, rng: np.random.Generator) -> None:
        self.x, self.y = grid(height, width)
        self.rng = rng
        tooth = fractal(height, width, rng, falloff=-0.35, largest=0.03, smallest=0.003)
        self.grain = np.clip(0.5 + 0.33 * tooth, 0, 1)
        self.picture = np.tile(colour(252, 248, 238), (height, width, 1)) * (1 + 0.035 * relief(tooth, 0.5))[..., None]
        self.noises = [
            fractal(height, width, rng, falloff=f, largest=large, smallest=small)
            for f, large, small in ((0.8, 0.25, 0.004), (0.8, 0.25, 0.004), (0.9, 0.4, 0.006), (0.5, 0.12, 0.004))
        ]

    def _noise(self, which: int) -> Array:
        """One of the noises, moved to a random place, so that every wash has its own."""
        noise = self.noises[which]
        shift = (int(self.rng.integers(noise.shape[0])), int(self.rng.integers(noise.shape[1])))
        return np.roll(noise, shift, axis=(0, 1))

    def wash(self, inside: Array, paint: Array, strength: float, *, soft: float = 0.004, ragged: float = 0.012) -> None:
        """Lay transparent paint (RGB of one full layer) where `inside` > 0 (a distance in units of the height)."""
        noises = [self._noise(which) for which in (0, 2, 2, 3)]
        reached = inside > -(5 * ragged + (0.15 + soft if soft > 0.02 else 0.01))
        rows, columns = (np.flatnonzero(reached.any(axis)) for axis in (1, 0))
        if not len(rows):
            return
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        edge, bleeding, pool, bloom = (noise[box] for noise in noises)
        depth = inside[box] + ragged * edge
        if soft > 0.02:
            cover = smoothstep(-soft, soft * 1.5, depth + 0.03 * bleeding)
            rim = np.zeros(depth.shape)
        else:
            cover = smoothstep(-soft * 0.35, soft * 0.35, depth)
            rim = np.exp(-((np.clip(depth, 0, None) / 0.0055) ** 2)) + 0.35 * np.exp(-np.clip(depth, 0, None) / 0.022)
        backrun = np.exp(-((np.abs(bloom - 0.9) / 0.16) ** 2)) - 0.8 * smoothstep(0.95, 1.5, bloom)
        density = 0.62 + 0.26 * pool + 0.75 * rim + 0.28 * backrun
        density = np.clip(density, 0.06, None) * (0.72 + 0.56 * self.grain[box])
        self.picture[box] *= np.maximum(paint, 0.03) ** (strength * cover * density)[..., None]

    def drop(self, px: float, py: float, size: float, paint: Array, strength: float, *, ragged: float = 0.0) -> None:
        """A round drop of transparent paint at (px, py), of a radius `size`, all in units of the height."""
        h, w = self.x.shape
        box = around(h, w, px * h, py * h, 1.5 * (size + 5 * ragged) * h)
        away = np.hypot(self.x[box] - px, self.y[box] - py) + ragged * self.noises[3][box]
        self.picture[box] *= paint ** (strength * smoothstep(size * 1.2, size * 0.8, away))[..., None]


def _flower(sheet: _Sheet, cx: float, cy: float, radius: float, paint: Array) -> None:
    """Five or six petals round a dark middle."""
    rng = sheet.rng
    count = int(rng.integers(5, 7))
    start = rng.uniform(0, 2 * np.pi)
    dx, dy = sheet.x - cx, (sheet.y - cy) * 1.12
    for i in rng.permutation(count):
        turn = start + 2 * np.pi * i / count + 0.12 * rng.standard_normal()
        out = dx * np.cos(turn) + dy * np.sin(turn)
        aside = -dx * np.sin(turn) + dy * np.cos(turn)
        long, wide = radius * rng.uniform(0.44, 0.54), radius * rng.uniform(0.34, 0.46)
        away = np.hypot((out - radius * 0.52) / long, aside / (wide * (0.75 + 0.5 * np.clip(out / radius, 0, 1))))
        tint = np.clip(paint + 0.07 * rng.standard_normal(3), 0.03, 1)
        sheet.wash((1 - away) * wide, tint, rng.uniform(0.55, 0.95), ragged=0.09 * radius)
        veins = np.abs(np.sin((aside / np.maximum(out, 0.02 * radius)) * 9 + sheet.noises[3] * 0.7))
        fold = smoothstep(0.5, 0.05, veins) * smoothstep(0.9, 0.2, away) * smoothstep(0.85, 0.2, out / radius)
        sheet.picture *= np.maximum(tint, 0.05) ** (0.5 * fold)[..., None]
    heart = 0.17 * radius - np.hypot(dx, dy)
    sheet.wash(heart, colour(52, 34, 66), 1.1, ragged=0.05 * radius)
    for _ in range(26):
        turn, away = rng.uniform(0, 2 * np.pi), radius * rng.uniform(0.16, 0.34)
        place = cx + away * np.cos(turn), cy + away * np.sin(turn) / 1.12
        sheet.drop(*place, 0.025 * radius, colour(58, 40, 60), 0.9)


def _leaf(sheet: _Sheet, px: float, py: float, turn: float, long: float, paint: Array) -> None:
    """A pointed leaf from (px, py) in direction `turn`, with a light vein left dry."""
    dx, dy = sheet.x - px, sheet.y - py
    out, aside = (dx * np.cos(turn) + dy * np.sin(turn)) / long, (-dx * np.sin(turn) + dy * np.cos(turn)) / long
    aside = aside + 0.14 * np.sin(out * 2.6)
    body = 0.23 * np.sin(np.pi * np.clip(out, 0, 1)) ** 0.8 - np.abs(aside) - 3 * np.maximum(np.abs(out - 0.5) - 0.5, 0)
    vein = smoothstep(0.004, 0.016, np.abs(aside) + 0.02 * (out > 0.9))
    body = np.where(vein > 0.3, body, np.minimum(body, -0.01))
    sheet.wash(body * long, paint, sheet.rng.uniform(0.6, 1.0), ragged=0.012 * long)


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed)
    sheet = _Sheet(height, width, rng)
    wide = width / height
    grounds = [(250, 214, 120), (140, 196, 214), (236, 168, 170), (150, 200, 160), (180, 160, 214), (248, 196, 140)]
    for i in range(16):
        away = np.hypot(sheet.x - rng.uniform(0, wide), sheet.y - rng.uniform(0, 1))
        soft = 0.07 if i % 3 else 0.006
        sheet.wash(rng.uniform(0.12, 0.3) - away, colour(*grounds[i % 6]), 0.62, soft=soft, ragged=0.04)
    for i in range(34):
        fx, fy, radius, _ = FLOWERS[i % len(FLOWERS)]
        turn = rng.uniform(0, 2 * np.pi)
        px, py = fx + 0.7 * radius * np.cos(turn), fy + 0.7 * radius * np.sin(turn)
        _leaf(sheet, px, py, turn + 0.5 * rng.standard_normal(), rng.uniform(0.16, 0.3), colour(*LEAVES[i % 4]))
    for fx, fy, radius, kind in FLOWERS:
        dry = smoothstep(0.9, 0.55, np.hypot(sheet.x - fx, (sheet.y - fy) * 1.12) / radius + 0.06 * sheet.noises[0])
        # Lifted off as with a wet brush, or the leaves would show through the petals.
        sheet.picture += (colour(252, 246, 234) - sheet.picture) * (0.86 * dry)[..., None]
        _flower(sheet, fx, fy, radius, colour(*PETALS[kind]))
    for _ in range(130):
        px, py, size = rng.uniform(0, wide), rng.uniform(0, 1), 0.0015 + 0.006 * rng.uniform() ** 4
        paint = colour(*(PETALS + LEAVES)[int(rng.integers(10))])
        sheet.drop(px, py, size, paint, 0.8, ragged=0.001)
    picture = sheet.picture + 0.25 * (sheet.picture - blur(sheet.picture, 1.5 * height / 512))
    return np.asarray(np.clip(picture, 0, 1), dtype=np.float64)
