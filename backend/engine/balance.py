"""Keeps a dream at its share of the influence on the picture."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from backend.engine.objective import Objective
from backend.engine.terms import Term

ITERATIONS = 10  # between two balancings


class Balance:
    """Scales the dream terms so that the norm of their gradient in pixels is `share` times that of the style terms,
    each dream having its part of it by weight.

    A dream's response has no bound: left with a constant weight it grows many times over while it is optimised, and
    drowns the rest. A weight that follows the gradients means the same for every network, layer, size and moment. What
    the dream is measured against is the gradient of the style alone: that of the whole vanishes where it converges.
    Dreams without a style are only balanced among each other.
    """

    def __init__(self, style: Objective | None, dreams: Sequence[tuple[Term, Objective]], share: float) -> None:
        """`style` is the objective of the style terms by themselves, `dreams` pairs each dream term with its own."""
        self._style, self._dreams = style, dreams
        self._parts = [term.weight for term, _ in dreams]
        self.share = share

    def update(self, picture: Tensor) -> None:
        """Measures all gradients at a picture, and sets the dreams' weights."""
        whole = float(self._style(picture)[1].norm()) * self.share if self._style is not None else 1.0
        for (term, objective), part in zip(self._dreams, self._parts, strict=True):
            term.weight = 1.0
            norm = float(objective(picture)[1].norm())
            # A dream without a gradient (a neuron that is silent here) cannot be scaled up.
            term.weight = whole * part / sum(self._parts) / norm if norm > 0 else 0.0
