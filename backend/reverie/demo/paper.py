"""Papers with a tooth that chalk and charcoal hold on to."""

from __future__ import annotations

import numpy as np

from reverie.demo.fields import Array, fractal


def tooth(height: int, width: int, rng: np.random.Generator) -> Array:
    """How far a laid paper stands out, 0 in its hollows to 1, every part of that range as often: grain, and a faint
    weave."""
    grain = fractal(height, width, rng, falloff=-0.2, largest=0.010, smallest=0.0014)
    fibre = fractal(height, width, rng, falloff=0.2, largest=0.06, smallest=0.003, stretch=(1.0, 3.0))
    rise = grain + 0.35 * fibre
    order = np.searchsorted(np.sort(rise.ravel()[::17]), rise)
    return np.asarray(order / order.max(), dtype=np.float64)
