"""Style swatch: charcoal and red and white chalk on buff paper, hills and woods under a storm."""

from __future__ import annotations

import numpy as np

from reverie.demo import brush
from reverie.demo.country import CROWN, HILL, country, outlines
from reverie.demo.fields import Array, blur, colour, fractal, mix, smoothstep
from reverie.demo.laying import lines
from reverie.demo.paper import tooth

PAPER, COAL, RED, WHITE = colour(214, 192, 156), colour(26, 24, 26), colour(150, 66, 40), colour(250, 246, 236)


def render(height: int, width: int, seed: int) -> Array:
    """The swatch, height×width×3, 0..1."""
    rng = np.random.default_rng(seed)
    scene = country(height, width, rng, horizon=0.42, hills=6, swell=0.11, rough=0.5, crowns=90, storm=0.8)
    tone, scale = np.clip(0.5 + 1.3 * (scene.tone - 0.48), 0, 1), height / 512
    rise = tooth(height, width, rng)
    angle = scene.angle + 0.25 * (scene.kind == HILL)
    canvas = PAPER * (0.94 + 0.08 * rise)[..., None]

    # Dust, rubbed in with the hand along the forms: the broad light and shade.
    rubbed = brush.along(angle, fractal(height, width, rng, falloff=0.2, largest=0.2, smallest=0.012), 60)
    dust = np.clip(0.95 - 1.30 * blur(tone, 3.0 * scale) + 0.10 * rubbed, 0, 0.86)
    canvas = mix(canvas, COAL, dust * (0.80 + 0.25 * rise))

    def draw(
        paint: Array, spacing: float, length: float, wide: float, wanted: Array, opacity: float, press: float
    ) -> None:
        """Strokes where they are wanted (H×W, 0..1), on what of the paper stands out; pressed on more, the more so."""
        for iy, ix, points in lines(angle, spacing, length, rng, lambda y, x: float(wanted[y, x])):
            own = np.clip(paint * (1 + 0.06 * rng.standard_normal()), 0, 1)
            size, hard = (
                wide * scale * rng.uniform(0.7, 1.3),
                press * rng.uniform(0.8, 1.2) * (0.75 + 0.5 * wanted[iy, ix]),
            )
            brush.lay(
                canvas,
                None,
                points,
                size,
                own,
                rng,
                opacity=opacity,
                taper=0.25,
                dryness=0.3,
                tooth=rise,
                pressure=hard,
            )

    draw(COAL, 7.5, 46, 13, np.clip(1.15 - 1.9 * tone, 0, 1), 0.60, 0.50)
    draw(RED, 8.0, 34, 8, 0.75 * np.exp(-(((tone - 0.5) / 0.16) ** 2)) * (scene.kind != 0), 0.75, 0.42)
    draw(COAL, 5.5, 26, 4.5, np.clip(1.05 - 2.0 * tone, 0, 1), 0.80, 0.55)
    draw(WHITE, 7.0, 30, 8, np.clip(3.6 * (tone - 0.76), 0, 0.9), 0.85, 0.46)
    draw(COAL, 5.5, 20, 1.9, np.where(scene.kind == CROWN, 0.8, 0.35) * (tone < 0.65), 0.9, 0.75)
    edge = blur(outlines(scene.shape), 1.1 * scale) * scale
    press = 0.9 + 0.45 * fractal(height, width, rng, falloff=0.6, largest=0.2, smallest=0.01)
    contour = smoothstep(0.10, 0.28, edge * press * (scene.kind != CROWN)) * smoothstep(0.15, 0.4, rise)
    canvas = mix(canvas, COAL, 0.9 * contour)
    return np.asarray(np.clip(canvas, 0, 1), dtype=np.float64)
