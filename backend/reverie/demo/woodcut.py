"""Style swatch: a woodcut, gouged along the form, in black over three flat inks."""

from __future__ import annotations

import numpy as np

from reverie.demo.country import CROWN, SKY, country, outlines
from reverie.demo.fields import Array, blur, colour, fractal, grid, mix, smoothstep
from reverie.demo.hatching import hatch

PAPER, BLACK = colour(244, 232, 204), colour(24, 22, 28)
RED, OCHRE, TEAL = colour(208, 70, 44), colour(236, 174, 78), colour(34, 92, 116)


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed + 4)
    _, y = grid(height, width)
    scene = country(height, width, rng, horizon=0.38, hills=7, swell=0.085, rough=0.4, crowns=120)
    grain = fractal(height, width, rng, falloff=0.2, largest=0.08, smallest=0.002, stretch=(1.0, 9.0))
    tone = np.clip(0.5 + 1.3 * (scene.tone - 0.47), 0, 1)

    # Of the three inks each shape has one, or is left paper where it is lightest; the sky fades from teal.
    inks = np.array([OCHRE, TEAL, RED, OCHRE])[rng.permutation(np.arange(scene.shape.max() + 1) % 4)]
    flat = inks[scene.shape]
    fade = smoothstep(0.36, 0.02, y + 0.02 * grain)
    sky = mix(mix(PAPER, OCHRE, 0.55 * smoothstep(0.2, 0.4, y)), TEAL, fade)
    flat = np.where((scene.kind == SKY)[..., None], sky, flat)
    bare = smoothstep(0.80, 0.84, tone + 0.02 * grain)
    flat = mix(flat, PAPER, bare)
    worn = 0.93 + 0.06 * grain + 0.04 * fractal(height, width, rng, falloff=0.0, largest=0.02, smallest=0.002)
    printed = mix(PAPER, flat, np.clip(worn, 0, 1))
    off = max(1, round(height / 400))  # no printer lays two blocks quite over each other
    printed = np.pad(printed, ((off, 0), (0, off), (0, 0)), mode="edge")[:height, off:]

    turns = rng.uniform(-0.5, 0.5, scene.shape.max() + 1)
    turn = turns[scene.shape] + np.where(scene.kind == CROWN, 0.8, 0.0)
    turn = np.where(scene.kind == SKY, 0.03, turn)
    bend = 0.16 * blur(tone, height / 50) + 0.012 * fractal(height, width, rng, falloff=1.4, largest=0.4, smallest=0.05)
    weight = np.clip(1.12 - 1.55 * tone, -0.4, 1.05)
    # Where the wood was cleared, some of it stood too high and took ink.
    chatter = smoothstep(0.9, 1.5, fractal(height, width, rng, falloff=0.4, largest=0.2, smallest=0.01))
    weight = np.maximum(weight, 0.16 * chatter - 0.05)
    black = hatch(turn, bend, weight, 58, rng, shape=scene.shape, uneven=0.6)
    edge = blur(outlines(scene.shape), height / 420) * height / 512
    press = 1 + 0.6 * fractal(height, width, rng, falloff=0.6, largest=0.15, smallest=0.01)
    black = np.maximum(black, smoothstep(0.10, 0.22, edge * press))
    chips = smoothstep(2.0, 2.4, fractal(height, width, rng, falloff=-0.1, largest=0.03, smallest=0.004))
    cover = np.clip(black * (0.97 + 0.03 * grain) * (1 - 0.9 * chips), 0, 1)
    return np.asarray(np.clip(mix(printed, BLACK, cover), 0, 1), dtype=np.float64)
