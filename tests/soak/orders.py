"""What the soak's jobs are of."""

from __future__ import annotations

import random

from reverie.plugin.shared import npy

RECIPES = [
    {"style": [{"image": "style"}], "size": 48, "smallest": 48, "iterations": 3},
    {"style": [{"image": "style"}], "method": "instant", "size": 64},
    {"style": [{"image": "style"}, {"image": "other"}], "method": "patches", "size": 32},
    {"fast": [{"name": "udnie"}], "size": 64},
    {"dream": [{}], "size": 48, "iterations": 2},
]


def noise(rng: random.Random, width: int, height: int) -> bytes:
    """A picture of it, as the plug-in sends one."""
    return npy.pack(rng.randbytes(width * height * 3), width, height, 3, "u1")
