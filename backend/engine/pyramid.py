"""The image pyramid: the picture is computed coarse to fine."""

from __future__ import annotations

import math
from dataclasses import dataclass

RATIO = math.sqrt(2)  # between neighbouring scales: large structures settle before small ones grow on them


@dataclass(frozen=True)
class Scale:
    """One step of the pyramid: a picture size in pixels, and how many iterations it gets."""

    width: int
    height: int
    iterations: int

    @property
    def work(self) -> float:
        """Cost in pixels × iterations, which is proportional to time."""
        return float(self.width * self.height * self.iterations)


def scales(width: int, height: int, smallest: int, iterations: int) -> list[Scale]:
    """Scales from a longest side of about `smallest` pixels up to width×height, a factor √2 apart.

    The k-th scale from the coarsest gets a share of the iterations proportional to 1/k: the coarse scales, which are
    cheap, decide the composition, and the fine ones only add detail. Each gets at least one.
    """
    longest = max(width, height)
    steps = max(0, math.floor(math.log(longest / smallest, RATIO) + 0.5)) if smallest < longest else 0
    shares = [1 / (k + 1) for k in range(steps + 1)]
    result = []
    for k, share in enumerate(shares):
        shrink = RATIO ** (k - steps)
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        result.append(Scale(*size, max(1, round(iterations * share / sum(shares)))))
    return result
