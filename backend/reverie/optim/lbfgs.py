"""L-BFGS without line search."""

from __future__ import annotations

from collections import deque

import torch
from torch import Tensor


class LBFGS:
    """Two-loop recursion (Nocedal & Wright 2006, algorithm 7.4) with unit steps.

    We depart from the textbook for speed: there is no line search, since a second evaluation of the network costs as
    much as the next iteration, so the length of a step is bounded instead; and every coefficient stays a tensor on the
    device, so that the loop never waits for the GPU. A pair that shows no positive curvature counts as zero.

    Beside the whole step that of each pixel is bounded. A gradient has long tails: of a first step of usual length some
    pixels, in an eye, would go from black to white, and a scale of few iterations never brings them back.
    """

    def __init__(
        self, history: int = 10, first_step: float = 0.02, longest_step: float = 0.1, furthest: float = 0.025
    ) -> None:
        """Steps are bounded by their root mean square, in units of x: `first_step` for the first, which has no
        curvature to go by, and `longest_step` for all others. No number of x moves by more than `furthest`."""
        self._pairs: deque[tuple[Tensor, Tensor, Tensor]] = deque(maxlen=history)
        self._first_step = first_step
        self._longest_step = longest_step
        self._furthest = furthest
        self._last: tuple[Tensor, Tensor] | None = None

    def step(self, x: Tensor, gradient: Tensor) -> None:
        """Moves x, in place, given the gradient of the loss there."""
        gradient = gradient.flatten().clone()
        flat = x.view(-1)
        if self._last is not None:
            s, y = flat - self._last[0], gradient - self._last[1]
            curvature = s @ y
            # 1/(s·y), or zero where the curvature is not positive: the pair then drops out of the recursion.
            inverse = torch.where(curvature > 1e-10 * (y @ y), 1 / curvature, torch.zeros_like(curvature))
            self._pairs.append((s, y, inverse))
        direction = self._direction(gradient)
        limit = self._longest_step if self._pairs else self._first_step
        rms = direction.square().mean().sqrt() + 1e-20
        scale = torch.clamp(limit / rms, max=1.0) if self._pairs else limit / rms
        self._last = (flat.clone(), gradient)
        flat.add_((direction * scale).clamp_(-self._furthest, self._furthest))

    def objective_changed(self) -> None:
        """Forgets the last gradient: what differs from the next is not the picture's doing."""
        self._last = None

    def result(self, x: Tensor) -> Tensor:
        """The picture to keep: the last iterate."""
        return x

    def _direction(self, gradient: Tensor) -> Tensor:
        q = -gradient
        coefficients = []
        for s, y, inverse in reversed(self._pairs):
            a = inverse * (s @ q)
            q = q - a * y
            coefficients.append(a)
        if self._pairs:
            s, y, inverse = self._pairs[-1]
            # H₀ = (s·y)/(y·y); of a pair without curvature, the plain gradient at the length of the last step.
            fallback = s.norm() / (gradient.norm() + 1e-20)
            q = q * torch.where(inverse > 0, (s @ y) / (y @ y + 1e-20), fallback)
        for (s, y, inverse), a in zip(self._pairs, reversed(coefficients), strict=True):
            q = q + (a - inverse * (y @ q)) * s
        return q
