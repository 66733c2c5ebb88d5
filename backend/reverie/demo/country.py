"""A landscape without a thing in it that one would know again: what several looks draw, each in its own way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reverie.demo.fields import Array, blur, fractal, grid, smoothstep

SKY, HILL, CROWN = 0, 1, 2


@dataclass(frozen=True)
class Country:
    """Fields of height×width."""

    tone: Array  # 0 dark to 1 light
    angle: Array  # radians: along the form, as a brush would go
    kind: NDArray[np.intp]  # SKY, HILL or CROWN (of a tree, or a bush)
    shape: NDArray[np.intp]  # a number for each hill and crown, 0 for the sky: farther ones have smaller numbers
    near: Array  # 0 far away to 1 in front


def _sky(x: Array, y: Array, horizon: float, storm: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Tone and direction of a sky with banks of cloud, lit from the upper left; `storm` 0..1 makes it darker."""
    h, w = x.shape
    cloud = fractal(h, w, rng, falloff=1.0, largest=0.5, smallest=0.008, stretch=(1.0, 1.7))
    lit = cloud - np.roll(cloud, (round(0.02 * h), round(0.025 * h)), (0, 1))
    cover = smoothstep(-0.1, 0.9, cloud)
    clear = 0.52 + 0.36 * smoothstep(0.0, horizon, y) - 0.18 * storm
    tone = clear + cover * (0.88 - 0.3 * storm - clear) + cover * np.clip(0.8 * lit, -0.45, 0.3)
    gy, gx = np.gradient(fractal(h, w, rng, falloff=1.6, largest=0.6, smallest=0.1), 1 / h)
    return np.clip(tone, 0, 1), np.arctan2(-gx * 0.05, 1.5 + gy * 0.05) * 0.8


def _ridge(x: Array, rough: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """The line of a hill's top over x, about -1 to 1 (positive is higher), and its slope."""
    line, slope = np.zeros_like(x), np.zeros_like(x)
    for octave in range(5):
        turns, size, phase = 3.1 * 1.9**octave * rng.uniform(0.8, 1.2), rough**octave, rng.uniform(0, 2 * np.pi)
        line, slope = line + size * np.sin(turns * x + phase), slope + size * turns * np.cos(turns * x + phase)
    return line, slope


def _crowns(
    country: Country, line: Array, low: float, count: int, size: float, near: float, rng: np.random.Generator
) -> None:
    """Trees and bushes on a hill, in place: those in front over those behind."""
    h, w = country.tone.shape
    leaves = fractal(h, w, rng, falloff=0.5, largest=0.7 * size, smallest=max(0.11 * size, 0.004))
    groves = rng.uniform(-0.1, 1.1, max(1, count // 7))
    columns = np.clip(w * (rng.choice(groves, count) + 0.9 * size * rng.standard_normal(count)), 0, w - 1).astype(int)
    feet = line[columns] * h + (low * h) * rng.uniform(0, 1, count) ** 1.5
    for column, foot in sorted(zip(columns, feet, strict=True), key=lambda place: float(place[1])):
        radius = size * h * rng.uniform(0.6, 1.25)
        cy = foot - 0.6 * radius
        x0, x1 = (int(np.clip(column + s * 1.5 * radius, 0, w)) for s in (-1, 1))
        y0, y1 = (int(np.clip(cy + s * 1.5 * radius, 0, h)) for s in (-1, 1))
        if x0 >= x1 or y0 >= y1:
            continue
        box = np.s_[y0:y1, x0:x1]
        dy, dx = (np.mgrid[y0:y1, x0:x1] - np.array([cy, column])[:, None, None]) / radius
        clump = leaves[box]
        inside = np.hypot(dx, dy * 1.12) + 0.09 * clump < 1
        lit = 0.40 - 0.36 * dx - 0.50 * dy + 0.15 * clump + rng.uniform(-0.1, 0.1)
        number = int(country.shape.max()) + 1
        fall = 2.1 - 1.1 * dx + 0.45 * clump  # leaves hang outwards; laid round and round they would be onions
        for field, value in (
            (country.tone, np.clip(lit, 0.02, 0.98)),
            (country.angle, fall),
            (country.kind, CROWN),
            (country.shape, number),
            (country.near, near),
        ):
            field[box] = np.where(inside, value, field[box])


def country(
    height: int,
    width: int,
    rng: np.random.Generator,
    *,
    horizon: float = 0.36,
    hills: int = 7,
    swell: float = 0.06,
    rough: float = 0.42,
    crowns: int = 150,
    storm: float = 0.0,
) -> Country:
    """A landscape: sky down to `horizon` (of the height), as dark as a `storm` of 0..1 makes it; `hills` of `swell` (of
    the height), `rough` 0..1 as rocks are; and about so many `crowns`."""
    x, y = grid(height, width)
    tone, angle = _sky(x, y, horizon, storm, rng)
    kind, shape = np.zeros((2, height, width), dtype=np.intp)
    made = Country(tone, angle, kind, shape, np.zeros((height, width)))
    rolls = fractal(height, width, rng, falloff=0.9, largest=0.3, smallest=0.01, stretch=(1.0, 1.5))
    edge = 0.0012 * fractal(height, width, rng, falloff=0.3, largest=0.03, smallest=0.003)
    for hill in range(hills):
        near = hill / max(1, hills - 1)
        base, tall = horizon + (0.94 - horizon) * near**1.35, swell * (0.6 + 0.8 * near)
        line, slope = _ridge(x[0] / (0.55 + 0.7 * near), rough, rng)
        top, step = base - tall * line, -tall * slope / (0.55 + 0.7 * near)
        below = y - top[None, :] + edge
        inside = below > 0
        # A side that rises to the right looks to the light at the left. The foot of every other hill is in the mist.
        facing = np.clip(0.5 - 0.6 * blur(step[None, :], 0.02 * height) / (3.2 * tall), 0, 1)
        depth = np.clip(below / (0.10 + 0.16 * near), 0, 1)
        crest, foot = (0.22, 0.50) if hill % 2 else (0.80, -0.55)
        shade = crest + 0.30 * (facing - 0.5) * (1 - 0.5 * depth) + foot * depth + 0.10 * rolls
        shade = shade + 0.22 * (1 - near) * (0.8 - shade)
        lie = np.arctan(step)[None, :] * (1 - 0.6 * depth) + (0.35 if hill % 2 else -0.25) * depth + 0.22 * rolls
        number = int(made.shape.max()) + 1
        for field, value in (
            (made.tone, np.clip(shade, 0.03, 0.97)),
            (made.angle, lie),
            (made.kind, HILL),
            (made.shape, number),
            (made.near, near),
        ):
            np.copyto(field, value, where=inside, casting="same_kind")
        size = 0.016 + 0.065 * near**1.3
        _crowns(made, top, 0.09 + 0.08 * near, round(crowns / hills * (1.5 - near)), size, near, rng)
    return made


def outlines(shape: NDArray[np.intp]) -> Array:
    """1 where a shape borders on another, else 0; shaped like `shape`."""
    edge = np.zeros(shape.shape)
    edge[:-1] += shape[:-1] != shape[1:]
    edge[:, :-1] += shape[:, :-1] != shape[:, 1:]
    return np.minimum(edge, 1.0)
