"""The content picture: a chapel on an island in a mountain lake, in evening light.

The mountains are a height field seen in perspective; trees, chapel and grass are drawn over it at twice the size.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from reverie.demo.fields import Array, blur, colour, fractal, mix, ramp, relief, sample, smoothstep
from reverie.demo.terrain import HORIZON, terrain


def _sky(h: int, w: int, rng: np.random.Generator) -> Array:
    """Evening sky with sheets of cloud receding to the horizon, h×w×3; below the horizon it runs on."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    up = np.clip(1 - (y + 0.5) / (HORIZON * h), 0, 1)
    across = x / w
    sky = ramp(
        up,
        [
            (0.0, colour(252, 212, 168)),
            (0.28, colour(238, 206, 190)),
            (0.55, colour(146, 182, 216)),
            (1.0, colour(52, 98, 166)),
        ],
    )
    glow = np.exp(-(((across - 0.14) / 0.34) ** 2) - ((up - 0.42) / 0.34) ** 2)
    sky = mix(sky, colour(255, 226, 168), 0.75 * glow)
    noise = fractal(1024, 1024, rng, falloff=0.85, largest=0.35, smallest=0.002)
    bends = fractal(1024, 1024, rng, falloff=1.5, largest=0.4, smallest=0.02)
    depth = 1.0 / (0.16 + 0.84 * up)  # a cloud sheet overhead, seen under perspective

    def cover(dx: float, dy: float) -> Array:
        px = (across - 0.5 + dx) * depth * 420 + 640
        py = depth * 250 + dy
        bent = 12 * sample(bends, px, py, tile=True)
        return sample(noise, px + bent, py + bent, tile=True)

    here = cover(0.0, 0.0)
    thick = smoothstep(0.15, 1.7, here + 0.25)
    facing = np.clip(0.55 + 0.8 * (here - cover(-0.022, -9.0)), 0, 1)
    bright = mix(colour(255, 250, 240), colour(255, 214, 160), np.clip(1.25 - 1.6 * up + 0.4 * glow, 0, 1))
    dim = mix(colour(150, 164, 194), colour(226, 176, 160), np.clip(1.1 - 1.7 * up, 0, 1))
    body = mix(dim, bright, np.clip(facing * 1.05 + 0.45 * (0.65 - thick), 0, 1))
    return mix(sky, body, 0.92 * thick * smoothstep(0.05, 0.3, up))


def _conifer(draw: ImageDraw.ImageDraw, x: float, base: float, tall: float, rng: np.random.Generator) -> None:
    """A spruce: tiers of drooping branches hung with needles, lit from the left."""
    draw.line([(x, base), (x, base - tall)], fill=(44, 32, 24, 255), width=max(2, int(tall / 45)))
    tiers = int(15 + tall / 22)
    for tier in range(tiers):
        t = (tier + 0.5) / tiers
        spread = tall * (0.02 + 0.175 * t**0.85) * rng.uniform(0.6, 1.2)
        y0 = base - tall * (1 - 0.93 * t)
        for _ in range(int(5 + 8 * t)):
            reach = spread * rng.uniform(-1, 1)
            droop = abs(reach) * rng.uniform(0.25, 0.6)
            lit = 0.36 - 0.24 * reach / spread + 0.24 * rng.standard_normal()
            for part in range(6):
                f = (part + 1) / 6
                bx, by = x + reach * f, y0 + droop * f * f - 0.10 * abs(reach) * f
                hang = tall * 0.018 * rng.uniform(0.5, 1.3)
                glint = np.clip(lit + 0.15 * rng.standard_normal() + 0.15 * f, 0, 1)
                tint = colour(14, 28, 22) + (colour(128, 132, 62) - colour(14, 28, 22)) * glint
                fill = (*(int(255 * v) for v in tint), 255)
                slant = hang * 0.8 * np.sign(reach)
                draw.line([(bx, by), (bx + slant, by + hang)], fill=fill, width=max(1, int(tall / 190)))
                draw.line([(bx - reach / 6, by - droop / 9), (bx, by)], fill=fill, width=max(1, int(tall / 230)))


def _island(w: int, h: int, rng: np.random.Generator) -> Image.Image:
    """The chapel among trees on its rock, standing on the lower border of a transparent w×h picture."""
    picture = Image.new("RGBA", (w, h), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    top = h - 0.13 * h
    for _ in range(26):
        x = w * np.clip(rng.normal(0.5, 0.24), 0.10, 0.90)
        _conifer(draw, x, top + 0.03 * h, h * rng.uniform(0.22, 0.42) * (1.1 - 1.2 * abs(x / w - 0.5)), rng)
    for i in range(700):  # the rock, stone by stone
        x = rng.uniform(0.03, 0.97)
        edge = 0.13 * h * (1 - abs(2 * x - 1) ** 3.5)
        y = h - edge * rng.uniform(0, 1) ** (1.4 if i < 500 else 0.8)
        s = h * rng.uniform(0.008, 0.022)
        light = rng.uniform(0.45, 1.0) * (1.1 - 0.35 * x)
        moss = rng.uniform() < 0.45 and y < h - 0.05 * h
        tint = (colour(112, 118, 50) if moss else colour(172, 152, 128)) * light
        draw.polygon(
            [(x * w - s * 1.6, y), (x * w - s * 0.6, y - s), (x * w + s, y - s * 0.8), (x * w + s * 1.7, y + s * 0.4)],
            fill=(*(int(255 * v) for v in tint), 255),
        )
    ink = (58, 46, 48, 255)
    cream, shaded, roof, roof_dark = (250, 236, 208, 255), (156, 150, 166, 255), (168, 78, 52, 255), (106, 50, 44, 255)

    def box(x0: float, y0: float, x1: float, y1: float, fill: tuple[int, ...]) -> None:
        draw.rectangle([x0 * w, h - y1 * h, x1 * w, h - y0 * h], fill=fill)

    def shape(points: list[tuple[float, float]], fill: tuple[int, ...]) -> None:
        draw.polygon([(px * w, h - py * h) for px, py in points], fill=fill)

    box(0.455, 0.11, 0.665, 0.30, cream)  # nave
    shape([(0.44, 0.295), (0.475, 0.405), (0.655, 0.405), (0.685, 0.295)], roof)
    for i in range(9):
        y = 0.295 + 0.11 * i / 9
        draw.line([((0.44 + 0.035 * i / 9) * w, h - y * h), ((0.685 - 0.03 * i / 9) * w, h - y * h)], fill=roof_dark)
    shape([(0.60, 0.295), (0.655, 0.405), (0.685, 0.295)], roof_dark)
    box(0.62, 0.11, 0.665, 0.295, shaded)
    for x in (0.485, 0.53, 0.575):
        box(x, 0.17, x + 0.018, 0.25, ink)
        draw.ellipse([x * w, h - 0.265 * h, (x + 0.018) * w, h - 0.235 * h], fill=ink)
    box(0.365, 0.10, 0.435, 0.56, cream)  # tower
    box(0.415, 0.10, 0.455, 0.56, shaded)
    box(0.36, 0.55, 0.46, 0.565, (214, 196, 170, 255))
    box(0.36, 0.42, 0.46, 0.43, (206, 186, 160, 255))
    shape([(0.352, 0.565), (0.388, 0.70), (0.408, 0.90), (0.432, 0.70), (0.468, 0.565)], roof)
    shape([(0.420, 0.565), (0.416, 0.70), (0.408, 0.90), (0.432, 0.70), (0.468, 0.565)], roof_dark)
    draw.line([(0.408 * w, h - 0.89 * h), (0.408 * w, h - 0.97 * h)], fill=ink, width=3)
    draw.line([(0.394 * w, h - 0.94 * h), (0.422 * w, h - 0.94 * h)], fill=ink, width=3)
    for y in (0.46, 0.24):
        box(0.388, y, 0.408, y + 0.055, ink)
        box(0.430, y, 0.442, y + 0.055, ink)
    for _ in range(7):
        x = w * rng.choice([rng.uniform(0.12, 0.34), rng.uniform(0.68, 0.88)])
        _conifer(draw, x, h * rng.uniform(0.90, 0.95), h * rng.uniform(0.20, 0.34), rng)
    for _ in range(1500):  # bushes at the walls' feet
        x, y = w * rng.uniform(0.2, 0.82), h * (0.885 + 0.03 * rng.standard_normal())
        s, light = h * rng.uniform(0.002, 0.008), rng.uniform(0.2, 1)
        tint = colour(128, 126, 52) * light
        draw.ellipse([x - s, y - s, x + s, y + s * 0.8], fill=(*(int(255 * v) for v in tint), 255))
    # Plaster, tiles and stone are never one colour.
    pixels = np.asarray(picture, dtype=np.float64)
    weather = 1 + 0.05 * fractal(h, w, rng, falloff=0.3, largest=0.2) + 0.035 * rng.standard_normal((h, w))
    pixels = np.concatenate([pixels[..., :3] * weather[..., None], pixels[..., 3:]], -1)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _over(below: Array, layer: Image.Image, x: int, y: int, strength: float = 1.0) -> None:
    """Put an RGBA layer on the picture in place, its upper left corner at x, y (inside the picture)."""
    rgba = np.asarray(layer, dtype=np.float64) / 255
    part = below[y : y + rgba.shape[0], x : x + rgba.shape[1]]
    rgba = rgba[: part.shape[0], : part.shape[1]]
    part += (rgba[..., :3] - part) * rgba[..., 3:] * strength


def _foreground(w: int, h: int, rng: np.random.Generator) -> Image.Image:
    """A grassy bank with flowers and spruces, as a transparent layer."""
    layer = Image.new("RGBA", (w, h), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    xs = np.arange(w + 1)
    bank = h * (0.965 - 0.17 * np.exp(-((xs / w / 0.34) ** 2)) - 0.10 * np.exp(-(((xs / w - 1.02) / 0.17) ** 2)))
    bank = bank + h * 0.004 * np.sin(xs / w * 40) + h * 0.003 * np.sin(xs / w * 93)
    draw.polygon([(0, h), *zip(xs.tolist(), bank.tolist(), strict=True), (w, h)], fill=(38, 44, 22, 255))
    left = ((0.225, 0.27), (0.02, 0.62), (0.165, 0.46), (0.09, 0.74))
    right = ((0.955, 0.40), (0.99, 0.30), (0.905, 0.22))
    for x, tall in (*left, *right):
        _conifer(draw, x * w, bank[int(x * w)] + 0.015 * h, tall * h, rng)
    blades = 15000
    order = np.sort(rng.uniform(0, 1, blades))
    for depth in order:
        x = rng.uniform(0, w)
        y = bank[int(x)] + depth**1.3 * (h * 1.03 - bank[int(x)])
        size = h * (0.010 + 0.026 * depth) * rng.uniform(0.5, 1.3)
        lean = size * rng.normal(0.15, 0.35)
        warm = np.clip(rng.normal(0.45, 0.3) + 0.25 * np.sin(x / w * 23 + depth * 7), 0, 1)
        tint = colour(42, 58, 24) + (colour(196, 178, 82) - colour(42, 58, 24)) * warm * (1.05 - 0.5 * depth)
        fill = (*(int(255 * v) for v in np.clip(tint, 0, 1)), 255)
        mid = (x + lean * 0.3, y - size * 0.6)
        draw.line([(x, y), mid, (x + lean, y - size)], fill=fill, width=2 if depth < 0.6 else 3)
        if rng.uniform() < 0.022:
            s = h * (0.0016 + 0.0022 * depth)
            flower = [(244, 236, 222), (232, 120, 92), (246, 202, 84), (170, 130, 206)][int(rng.integers(4))]
            draw.ellipse([x + lean - s, y - size - s, x + lean + s, y - size + s], fill=(*flower, 255))
    return layer


def render(height: int, width: int, seed: int) -> Array:
    """The picture, height×width×3, 0..1."""
    rng = np.random.default_rng(seed)
    h, w = 2 * height, 2 * width
    sky = _sky(h, w, rng)
    land, mask = terrain(h, w, rng)
    picture = mix(sky, land, mask)

    # Still water: what lies above the waterline, turned over, drawn out by ripples that shrink with distance.
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    horizon = HORIZON * h
    below = np.clip(y - horizon, 1, None)
    near = below / (h - horizon)
    waves = fractal(1024, 1024, rng, falloff=0.3, largest=0.10, smallest=0.004, stretch=(1.0, 2.2))
    ripple = sample(waves, (x - w / 2) / (0.12 + near) * 0.5, 260 / (0.06 + near), tile=True)
    calm = 0.35 + 0.65 * smoothstep(-0.4, 0.9, sample(waves, x * 0.13, near * 160, tile=True))
    mirrored = sample(
        picture, x + ripple * 2.0 * calm * near, 2 * horizon - y + ripple * (2 + 26 * near) * calm - 10 * near
    )
    deep = mix(colour(30, 66, 86), colour(16, 44, 62), near)
    water = mix(mirrored * np.array([0.86, 0.92, 0.97]), deep, 0.16 + 0.34 * near + 0.06 * ripple)
    water = water + (0.05 * np.clip(ripple, 0, 2) * calm)[..., None] * colour(255, 226, 190)
    lake = (1 - mask) * (y > horizon)
    picture = mix(picture, water, lake)

    # The island stands close by, so it is mirrored about its own waterline.
    island_w, island_h = int(0.30 * w), int(0.30 * w * 0.98)
    island = _island(island_w, island_h, rng)
    left, line = int(0.50 * w), int(0.645 * h)
    flipped = np.asarray(island.transpose(Image.Transpose.FLIP_TOP_BOTTOM), dtype=np.float64) / 255
    iy, ix = np.mgrid[0:island_h, 0:island_w].astype(np.float64)
    swing = ripple[line : line + island_h, left : left + island_w]
    iy, ix, flipped = iy[: len(swing)], ix[: len(swing)], flipped
    ghost = sample(flipped, ix + swing * (1 + iy * 0.008), iy * 1.06 + swing * (1 + iy * 0.018))
    depth = deep[line : line + len(swing), left : left + island_w]
    tint = mix(ghost[..., :3] * np.array([0.80, 0.88, 0.94]), depth, 0.25 + 0.35 * iy / island_h)
    part = picture[line : line + len(swing), left : left + island_w]
    part += (tint - part) * (ghost[..., 3] * 0.92 * (1 - 0.5 * iy / island_h))[..., None]
    _over(picture, island, left, line - island_h + 2)

    glow = np.exp(-(((x / w - 0.12) / 0.42) ** 2) - ((y / h - 0.36) / 0.26) ** 2)
    picture = picture + 0.13 * glow[..., None] * colour(255, 208, 140)
    _over(picture, _foreground(w, h, rng), 0, 0)
    picture = picture + 0.03 * relief(fractal(h, w, rng, falloff=-0.6), 0.4 * 512 / h)[..., None]
    small = np.clip(picture, 0, 1).reshape(height, 2, width, 2, 3).mean((1, 3))
    small = small + 0.35 * (small - blur(small, 1.2))
    return np.asarray(np.clip(0.5 + (small - 0.5) * 1.06, 0, 1), dtype=np.float64)
