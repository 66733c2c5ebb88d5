"""The mountains of the landscape: a height field, seen in perspective and in evening light."""

from __future__ import annotations

import numpy as np

from reverie.demo.fields import Array, blur, colour, fractal, mix, sample, smoothstep

HORIZON = 0.50  # of the height
EYE = 0.26  # height of the camera above the lake
SUN = np.array([-0.74, 0.50, -0.45])  # from the left, somewhat behind the camera
NEAR, FAR, STEPS = 1.0, 60.0, 1500
HAZE_COLD, HAZE_WARM = colour(150, 178, 208), colour(250, 214, 176)


def _ridges(x: Array, z: Array, texture: Array) -> Array:
    """Ridged multifractal (Musgrave 1994), about 0..1, at world positions; `texture` is smooth noise that tiles."""
    total, weight, amplitude = np.zeros(x.shape), np.ones(x.shape), 0.5
    n = texture.shape[0]
    scale = n / 84.0
    for octave in range(8):
        turn = 0.7 * octave
        u = (x * np.cos(turn) - z * np.sin(turn)) * scale + 131 * octave
        v = (x * np.sin(turn) + z * np.cos(turn)) * scale + 57 * octave
        crease = np.sqrt(sample(texture, u, v, tile=True) ** 2 + 0.012)  # a little rounding: no needles
        ridge = np.exp(-1.1 * crease)
        total += amplitude * ridge * weight
        weight = np.clip(ridge * 1.35 - 0.1, 0, 1)
        amplitude, scale = amplitude * 0.44, scale * 2.05
    return total


def _conifers(x: Array, z: Array, spacing: float, rng: np.random.Generator) -> Array:
    """Cones 0..1 high on a jittered lattice: a forest seen from afar."""
    table = rng.uniform(size=(64, 64, 3))
    best = np.zeros(x.shape)
    for shift in (0.0, 0.5):
        u, v = x / spacing + shift, z / spacing + shift
        iu, iv = np.floor(u).astype(np.intp), np.floor(v).astype(np.intp)
        jitter = table[iv % 64, iu % 64]
        away = np.hypot(u - iu - 0.3 - 0.4 * jitter[..., 0], v - iv - 0.3 - 0.4 * jitter[..., 1])
        best = np.maximum(best, (0.55 + 0.45 * jitter[..., 2]) * np.clip(1 - away / 0.52, 0, 1))
    return best


def terrain(h: int, w: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The land with its light, h×w×3, and its mask, h×w."""
    focal, horizon = 0.92 * w, HORIZON * h
    z = NEAR * (FAR / NEAR) ** (np.arange(STEPS) / (STEPS - 1))[:, None]
    u = ((np.arange(w) + 0.5 - w / 2) / focal)[None, :]
    x = u * z
    z = np.broadcast_to(z, x.shape)
    texture = fractal(512, 512, rng, falloff=2.2, largest=0.16, smallest=0.03)
    warp = 0.9 * sample(texture, x * 5 + 11, z * 5, tile=True)
    peaks = _ridges(x + warp, z + warp, texture)

    shore = 9.0 + 1.2 * np.sin(0.9 * x + 1.0) + 0.5 * np.sin(2.3 * x) - 5.2 * smoothstep(0.18, 0.58, np.abs(u + 0.03))
    inland = np.clip((z - shore) / 4.0, 0, None)
    valley = smoothstep(0.02, 0.42, np.abs(u + 0.03 - 0.05 * np.sin(z * 0.2)))
    hills = 1.35 * smoothstep(0, 1.2, inland) * (0.35 + peaks) * (0.35 + 0.75 * valley)
    summits = 15.5 * smoothstep(2.0, 10.0, inland) * (peaks - 0.17) * (0.55 + 0.5 * valley)
    ground = np.where(z > shore, 0.02 * np.minimum(inland * 8, 1) + hills * np.minimum(inland, 1) + summits, -0.02)
    patches = sample(texture, x * 40, z * 40, tile=True)
    forest = smoothstep(2.7, 1.7, ground + 0.35 * patches) * smoothstep(0.02, 0.06, ground) * smoothstep(22, 15, z)
    forest = forest * smoothstep(-1.1, -0.6, patches + 0.3)
    crowns = _conifers(x, z, 0.085, rng)
    height = ground + 0.16 * forest * crowns

    # The first step along each column's view that reaches up to the pixel's line of sight is what the pixel shows.
    top = np.maximum.accumulate((height - EYE) / z * focal, axis=0)
    rows = horizon - (np.arange(h) + 0.5)
    hit = np.stack([np.searchsorted(top[:, c], rows) for c in range(w)], axis=1)
    land = hit < STEPS
    hit = np.minimum(hit, STEPS - 1)
    column = np.broadcast_to(np.arange(w), hit.shape)

    # Slopes at constant x: the columns fan out, so the change along a column holds a part of the change across.
    along_z = np.gradient(height, axis=0) / np.gradient(z, axis=0)
    across = np.gradient(height, axis=1) / (z / focal)
    along_z = along_z - u * across
    steep = np.hypot(across, along_z)
    normal = np.stack([-across, np.ones_like(across), -along_z], -1) / np.sqrt(1 + steep**2)[..., None]
    sun = np.clip(normal @ (SUN / np.linalg.norm(SUN)), 0, 1)
    hollow = np.clip((height - blur(height, 9.0)) / (0.05 * z), -1, 1)

    grain = sample(fractal(512, 512, rng, falloff=-0.1, largest=0.2), x * 90, z * 90 + height * 160, tile=True)
    strata = np.sin(height * 22 + 3 * patches)
    rock = mix(colour(104, 92, 86), colour(158, 140, 120), np.clip(0.5 + 0.25 * strata + 0.2 * grain, 0, 1))
    meadow = mix(colour(96, 112, 46), colour(158, 142, 66), np.clip(0.5 + 0.4 * patches + 0.2 * grain, 0, 1))
    wood = mix(colour(18, 38, 26), colour(72, 92, 42), np.clip(crowns * 0.9 + 0.15 * grain + 0.1 * patches, 0, 1))
    albedo = mix(meadow, rock, smoothstep(0.55, 1.0, steep + 0.15 * patches + 0.4 * (ground > 2.6)))
    albedo = mix(albedo, wood, smoothstep(0.2, 0.5, forest))
    albedo = mix(albedo, colour(150, 138, 116), smoothstep(0.035, 0.012, ground))
    snow = smoothstep(2.9, 3.9, ground + 0.5 * patches + 0.2 * grain) * smoothstep(2.6, 1.3, steep)
    albedo = mix(albedo, colour(244, 246, 250), snow)

    shade = colour(92, 116, 168) * 0.62 * (1 + 0.45 * hollow)[..., None]
    lit = albedo * (shade + np.array([1.42, 1.16, 0.84]) * (sun * (1 + 0.25 * hollow))[..., None])
    distance = 1 - np.exp(-np.clip(z - 5, 0, None) / 34)
    haze = mix(HAZE_COLD, HAZE_WARM, np.clip(0.35 - 1.1 * u, 0, 1))
    low_mist = 0.35 * np.exp(-np.clip(height, 0, None) / 0.5) * smoothstep(8, 22, z)
    lit = mix(lit, haze, np.clip(distance + low_mist, 0, 1))
    return lit[hit, column], (land & (ground[hit, column] > -0.01)).astype(np.float64)
