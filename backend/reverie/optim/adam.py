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
        self._optimizer: torch.optim.Adam | None = None
        self._average: Tensor | None = None
        self._steps = 0

    def step(self, x: Tensor, gradient: Tensor) -> None:
        """Moves x, in place, given the gradient of the loss there."""
        if self._optimizer is None:
            self._optimizer = torch.optim.Adam([x], lr=self._rate, betas=(0.9, 0.99))
            self._average = torch.zeros_like(x)
        assert self._average is not None
        x.grad = gradient
        self._optimizer.step()
        x.grad = None
        self._steps += 1
        self._average.mul_(self._decay).add_(x, alpha=1 - self._decay)

    def objective_changed(self) -> None:
        """Nothing to do: the running averages of the gradient adapt."""

    def result(self, x: Tensor) -> Tensor:
        """The picture to keep: the average of the iterates, without the bias to its zero start."""
        if self._average is None:
            return x
        return self._average / (1 - self._decay**self._steps)
