"""Keeps a dream at its share of the influence on the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from reverie.engine.objective import Objective
from reverie.losses.loss import Loss

ITERATIONS = 10  # between two balancings


class Balance:
    """Scales the dreams' losses so that the norms of their gradients in pixels add up to `pull`, each dream having its
    part of it by weight.

    A dream's response has no bound: left with a constant weight it grows many times over while it is optimised, and
    drowns the rest. A weight that follows the gradient means the same for every network, layer, size and moment.

    It follows half way, as logarithms: a response and its gradient grow with each other, so that by the next balancing
    a dream has far more than its part, and a weight that made up for all of it would let a style wipe the dream out
    before it is that large again.
    """

    def __init__(self, pull: float, dreams: Sequence[tuple[Loss, Objective]]) -> None:
        """`dreams` pairs the loss of each dream with its own objective, a function of a picture in 0 to 1."""
        self.pull, self._dreams = pull, dreams
        self._parts = [loss.weight for loss, _ in dreams]
        self._weights: list[float | None] = [None] * len(dreams)

    def update(self, picture: Tensor) -> None:
        """Measures the gradients at a picture, and sets the dreams' weights."""
        for k, ((loss, objective), part) in enumerate(zip(self._dreams, self._parts, strict=True)):
            loss.weight = 1.0
            norm = float(objective(picture)[1].norm())
            # A dream without a gradient (a neuron that is silent here) cannot be scaled up.
            due = self.pull * part / sum(self._parts) / norm if norm > 0 else 0.0
            before = self._weights[k] or due
            loss.weight = self._weights[k] = math.sqrt(before * due)
