"""Style swatch: an etching, hills and woods in fine lines that cross each other where it is dark, on cream paper."""

from __future__ import annotations

import numpy as np

from reverie.demo.country import CROWN, SKY, country, outlines
from reverie.demo.fields import Array, blur, colour, fractal, relief, smoothstep
from reverie.demo.hatching import hatch

PAPER, INK = colour(242, 232, 206), colour(40, 30, 26)


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed)
    scene = country(height, width, rng, horizon=0.34, hills=8, swell=0.075, rough=0.48, crowns=240)
    tone = np.clip(0.5 + 1.15 * (scene.tone - 0.5), 0, 1)
    # Each shape is hatched its own way: skies level, hills along their slope, trees aslant.
    turns = rng.uniform(-0.45, 0.45, scene.shape.max() + 1)
    turn = turns[scene.shape] + np.where(scene.kind == CROWN, 0.75, 0.0)
    turn = np.where(scene.kind == SKY, -0.06, turn)
    bend = 0.10 * blur(tone, height / 60) + 0.006 * fractal(height, width, rng, falloff=1.2, largest=0.3, smallest=0.02)
    ink = np.zeros((height, width))
    for begins, aside, lines, most in ((0.97, 0.0, 112, 0.62), (0.56, 1.0, 118, 0.56), (0.33, -0.8, 124, 0.60)):
        weight = most * np.clip((begins - tone) / begins, -0.2, 1) ** 1.0
        ink = np.maximum(ink, hatch(turn + aside, bend, weight, lines, rng, shape=scene.shape))
    # Leaves are scribbled: where a tree's light and shade change, in small loops.
    leaf = fractal(height, width, rng, falloff=0.2, largest=0.03, smallest=0.006)
    loops = np.abs((tone * 3.2 + 0.45 * leaf) % 1 - 0.5)
    scribble = smoothstep(0.12, 0.05, loops) * (scene.kind == CROWN) * smoothstep(0.95, 0.6, tone)
    edge = blur(outlines(scene.shape), height / 900) * height / 512
    press = 1 + 0.5 * fractal(height, width, rng, falloff=0.5, largest=0.1, smallest=0.01)
    ink = np.maximum(ink, np.maximum(0.9 * scribble, smoothstep(0.18, 0.5, edge * press)))

    fibre = fractal(height, width, rng, falloff=0.1, largest=0.04, smallest=0.002, stretch=(1.0, 2.5))
    bite = 0.93 + 0.05 * fractal(height, width, rng, falloff=0.0, largest=0.02, smallest=0.002)
    film = 0.10 + 0.05 * fractal(height, width, rng, falloff=1.2, largest=0.6) + 0.10 * (1 - blur(tone, height / 40))
    sheet = PAPER * (1 + 0.025 * relief(fibre, 0.8))[..., None]
    cover = np.clip(np.maximum(ink * bite, np.clip(film, 0, 1) * 0.6), 0, 1)
    return np.asarray(np.clip(sheet * (1 - cover[..., None]) + INK * cover[..., None], 0, 1), dtype=np.float64)
