"""Adam with iterate averaging."""

from __future__ import annotations

import torch
from torch import Tensor


class Adam:
    """Adam (Kingma & Ba 2015) on the pixels; what is kept is the running average of the iterates (ibid., section 7.2),
    which takes out the noise that steps of constant length leave."""

    def __init__(self, rate: float = 0.02, decay: float = 0.99) -> None:
        """`rate` is the step in units of x; `decay` that of the average."""
        self._rate = rate
        self._decay = decay
        self._state: tuple[torch.optim.Adam, Tensor] | None = None  # and the average of the iterates
        self._steps = 0

    def step(self, x: Tensor, gradient: Tensor) -> None:
        """Moves x, in place, given the gradient of the loss there."""
        if self._state is None:
            self._state = torch.optim.Adam([x], lr=self._rate, betas=(0.9, 0.99)), torch.zeros_like(x)
        optimizer, average = self._state
        x.grad = gradient
        optimizer.step()
        x.grad = None
        self._steps += 1
        average.mul_(self._decay).add_(x, alpha=1 - self._decay)

    def objective_changed(self) -> None:
        """Nothing to do: the running averages of the gradient adapt."""

    def result(self, x: Tensor) -> Tensor:
        """The picture to keep: the average of the iterates, without the bias to its zero start."""
        return x if self._state is None else self._state[1] / (1 - self._decay**self._steps)
