"""Style swatch: brush and ink on paper, mountains in mist over curling waves, one vermilion sun."""

from __future__ import annotations

import numpy as np

from reverie.demo import brush
from reverie.demo.fields import Array, around, blur, colour, fractal, grid, mix, relief, smoothstep

PAPER, INK, VERMILION = colour(238, 228, 204), colour(26, 26, 34), colour(206, 58, 34)


def _skyline(x: Array, rng: np.random.Generator, falloff: float, largest: float) -> Array:
    """One line of noise along the row of coordinates x (N): drawn in 512 pixels to the height, whatever the size is."""
    columns = max(2, round(x[-1] * 512))
    line = fractal(8, columns, rng, falloff=falloff, largest=largest)[0]
    return np.asarray(np.interp(x * 512, np.arange(columns), line), dtype=np.float64)


def _crest(x: Array, base: float, tall: float, long: float, phase: float) -> Array:
    """The upper line of a row of waves: round troughs and peaked crests; y in units of the height."""
    turn = x / long * 2 * np.pi + phase
    peaked = 1 - np.abs(np.sin(turn / 2 + 0.25 * np.sin(turn))) ** 0.8
    return base - tall * peaked - 0.18 * tall * np.sin(turn * 0.37 + phase * 3)


def _curl(canvas: Array, cx: float, cy: float, radius: float, rng: np.random.Generator) -> None:
    """A breaking crest: a paper-white disc with a spiral of brush lines and drops of foam; pixels."""
    box = around(len(canvas), canvas.shape[1], cx, cy, 2.2 * radius)
    y, x = np.mgrid[box].astype(np.float64)
    part = canvas[box]
    disc = smoothstep(radius * 1.05, radius * 0.97, np.hypot(x - cx, y - cy))
    part += (PAPER * 1.03 - part) * (disc * 0.95)[..., None]
    for arm in range(3):
        turn = np.linspace(0, 2 * np.pi * (1.45 - 0.22 * arm), 44)
        shrink = radius * (1 - 0.10 * arm) * (1 - 0.80 * turn / turn[-1]) + 0.03 * radius
        angle = np.pi * 0.95 + 0.25 * arm + turn
        points = np.stack([cx + shrink * np.cos(angle), cy + shrink * np.sin(angle)], -1)
        thick = max(radius * (0.15 - 0.04 * arm), 1.4)
        brush.lay(canvas, None, points, thick, INK * 1.1, rng, opacity=0.95 - 0.2 * arm, taper=0.5, dryness=0.5)
    for _ in range(16):
        where, away = rng.uniform(-np.pi * 1.05, 0.2), radius * rng.uniform(1.1, 1.75)
        px, py, size = cx + away * np.cos(where), cy + away * np.sin(where), radius * rng.uniform(0.03, 0.10)
        spot = np.hypot(x - px, y - py)
        part += (PAPER * 1.04 - part) * smoothstep(size + 1, size, spot)[..., None]
        ring = smoothstep(1.0, 0.3, np.abs(spot - size - 0.6))
        part += (INK * 1.5 - part) * (0.7 * ring)[..., None]


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed)
    x, y = grid(height, width)
    wide = width / height
    fibre = fractal(height, width, rng, falloff=0.2, largest=0.06, smallest=0.002, stretch=(1.0, 4.0))
    grain = fractal(height, width, rng, falloff=-0.3, largest=0.03, smallest=0.002)
    cloud = fractal(height, width, rng, falloff=1.0, largest=0.5, smallest=0.01)
    canvas = PAPER * (1 + 0.022 * fibre + 0.02 * cloud)[..., None]

    def wash(density: Array, pigment: Array, box: tuple[slice, slice] = np.s_[:, :]) -> None:
        """Transparent ink, thicker in the paper's hollows, in a part of the picture."""
        thick = np.clip(density, 0, None) * (1 + 0.13 * grain[box] + 0.16 * cloud[box])
        canvas[box] *= np.maximum(pigment, 0.04) ** np.clip(thick, 0, 2)[..., None]

    wash(0.30 * smoothstep(0.26, 0.0, y + 0.03 * cloud), colour(110, 116, 128))
    sun = np.hypot(x - 0.93, y - 0.215) + 0.0016 * grain
    streaks = smoothstep(-1.9, -0.9, fractal(height, width, rng, falloff=0.2, largest=0.2, stretch=(1.0, 6.0)))
    disc = smoothstep(0.1215, 0.1185, sun) * (0.82 + 0.18 * streaks + 0.05 * grain)
    canvas[...] = mix(canvas, VERMILION * (1 + 0.04 * cloud)[..., None], np.clip(disc, 0, 1) * 0.95)

    for base, tall, dark, kink in ((0.36, 0.17, 0.42, 3.1), (0.44, 0.20, 0.75, 4.7), (0.52, 0.17, 1.15, 6.3)):
        line = _skyline(x[0], rng, 0.75, 60 / kink)
        line = base - tall * (0.25 + 0.5 * np.clip(0.5 + 0.5 * line, 0, 1.5)) + 0.05 * np.sin(x[0] * kink + dark * 9)
        under = y - line[None, :] + 0.0025 * grain
        mist = np.exp(-np.clip(under, 0, None) / (0.10 + 0.03 * dark)) * smoothstep(-0.002, 0.003, under)
        folds = fractal(height, width, rng, falloff=0.4, largest=0.1, smallest=0.006, stretch=(2.6, 1.0)).clip(-1, 2)
        texture = smoothstep(0.3, 1.0, folds) * mist
        outline = np.exp(-((under / 0.0035) ** 2)) * smoothstep(-1.2, 0.6, folds + cloud)
        wash(dark * (0.62 * mist + 0.45 * texture + 0.7 * outline), colour(92, 98, 112))

    # Rows of waves from far to near; each hides what is behind it.
    rows = 8
    for row in range(rows):
        near = row / (rows - 1)
        base, tall, long = 0.53 + 0.43 * near**1.15, 0.045 + 0.10 * near, 0.30 + 0.42 * near
        phase = rng.uniform(0, 2 * np.pi)
        lift = 0.006 * _skyline(x[0], rng, 0.6, 30.0)[None, :]
        crest = _crest(x, base, tall, long, phase) + lift
        under = y - crest
        body = smoothstep(-0.002, 0.002, under)
        gap = 0.012 + 0.016 * near
        paper = PAPER * (1.02 + 0.02 * fibre)[..., None]
        canvas[...] = mix(canvas, paper, body * 0.97)
        wash(body * (0.80 - 0.15 * near) * smoothstep(0.0, 0.085 + 0.05 * near, under), colour(104, 118, 138))
        fan = under / gap / (0.55 + 0.6 * smoothstep(0, tall * 1.6, base - crest + 0.3 * tall)) + 0.10 * cloud
        which = np.floor(fan)
        off = np.abs(fan - which - 0.5)
        swell = 0.5 + 0.5 * np.sin(x / long * 2 * np.pi * 1.3 + which * 1.9 + phase)
        thick = (0.05 + 0.17 * swell) * smoothstep(9.5, 1.0, which)
        dry = smoothstep(-1.5, -0.4, fibre + 0.7 * grain + 1.3 * swell)
        lines = smoothstep(0.06, -0.06, off - thick) * (which >= 0) * (which < 10) * dry
        edge = np.exp(-((under / (0.0035 + 0.0025 * near)) ** 2))
        wash(1.7 * np.maximum(lines, edge) * (0.55 + 0.45 * near), INK * 1.6)
        tops = crest[0]
        for c in range(2, width - 2):
            span = int(long * height * 0.35)
            if tops[c] == tops[max(0, c - span) : c + span].min() and row > 0:
                radius = (0.020 + 0.042 * near) * height
                _curl(canvas, c + 0.5 * radius, tops[c] * height + 0.55 * radius, radius, rng)
    for bird_x, bird_y, size in ((0.30, 0.13, 0.030), (0.37, 0.10, 0.024), (0.42, 0.15, 0.019), (0.25, 0.085, 0.017)):
        for side in (-1, 1):
            t = np.linspace(0, 1, 9)
            points = np.stack(
                [(bird_x + side * size * t) * height, (bird_y - size * 0.75 * np.sin(t * 2.4)) * height], -1
            )
            brush.lay(canvas, None, points, 0.007 * height * size / 0.024, INK, rng, taper=0.6)
    for _ in range(90):
        px, py, size = rng.uniform(0, wide), rng.uniform(0, 1), 0.0008 + 0.003 * rng.uniform() ** 5
        box = around(height, width, px * height, py * height, 1.3 * size * height)
        spot = np.hypot(x[box] - px, y[box] - py)
        wash(0.8 * smoothstep(size * 1.3, size * 0.7, spot), INK, box)
    soft = canvas * 0.8 + blur(canvas, 0.7 * height / 512) * 0.2
    return np.asarray(np.clip(soft * (1 + 0.03 * relief(fibre + grain, 0.5))[..., None], 0, 1), dtype=np.float64)
