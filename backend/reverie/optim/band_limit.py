"""Painting that leaves alone what a network is blind to."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

# What a pixel counts, and those so many further to each side. Lets pass what changes slowly (0.98 of a period of ten
# pixels, 0.88 of five), and nothing that alternates with each.
_KERNEL = (10 / 16, 4 / 16, -1 / 16)


class _Optimizer(Protocol):
    def step(self, x: Tensor, gradient: Tensor) -> None: ...

    def objective_changed(self) -> None: ...

    def result(self, x: Tensor) -> Tensor: ...


class BandLimited:
    """An optimiser whose changes to the picture are low-pass filtered: it looks for z where x = x₀ + B z.

    A network that takes means of 2×2 pixels hardly sees what alternates along rows or columns, less than what does so
    along diagonals. An optimiser that is to make such fine structure stronger in its eyes makes it much stronger in
    ours, along the axes: a weave like that of cloth. (Another parametrisation of the picture changes what an optimiser
    finds, and not what it looks for: Mordvintsev et al. 2018, “Differentiable Image Parameterizations”.)
    """

    def __init__(self, optimizer: _Optimizer) -> None:
        self._optimizer = optimizer
        self._begun: Tensor | None = None  # x₀
        self._change: Tensor | None = None  # z

    def step(self, x: Tensor, gradient: Tensor) -> None:
        """Moves x, 1×3×H×W, in place, given the gradient of the loss there, which is used up; always the same x."""
        if self._begun is None or self._change is None:
            self._begun, self._change = x.clone(), torch.zeros_like(x)
        self._optimizer.step(self._change, low_pass(gradient))  # B is symmetric: the gradient by z is B times that by x
        low_pass(x.copy_(self._change)).add_(self._begun)

    def objective_changed(self) -> None:
        self._optimizer.objective_changed()

    def result(self, x: Tensor) -> Tensor:
        """The picture to keep."""
        if self._begun is None or self._change is None:
            return x
        return low_pass(self._optimizer.result(self._change).clone()).add_(self._begun)


def low_pass(picture: Tensor) -> Tensor:
    """1×C×H×W filtered in both directions, in place, channel by channel: large pictures leave little memory. Beyond the
    border counts as zero, which makes the filter symmetric. (A convolution of one channel takes ten times as long, and
    sixteen times the memory, in libraries that pad channels to the width of a register.)"""
    for channel in picture.unbind(1):
        for direction in (1, 2):
            _filter(channel, direction)
    return picture


def _filter(channel: Tensor, direction: int) -> None:
    before, length = channel.clone(), channel.shape[direction]
    channel.mul_(_KERNEL[0])
    for distance, weight in enumerate(_KERNEL[1:], 1):
        count = max(0, length - distance)
        first, last = (before.narrow(direction, start, count) for start in (0, length - count))
        channel.narrow(direction, 0, count).add_(last, alpha=weight)
        channel.narrow(direction, length - count, count).add_(first, alpha=weight)
