"""Gradients for neurons that are silent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class RedirectedReLU(TorchFunctionMode):
    """While it is entered, a rectifier through which no gradient at all would pass lets those pass that raise its
    inputs: the “redirected ReLU” of Olah, Mordvintsev & Schubert 2017, “Feature Visualization” (appendix).

    A neuron whose input is negative has no gradient, and a dream of it would leave the picture as it is.
    """

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Iterable[type],
        arguments: tuple[Any, ...] = (),
        keywords: Mapping[str, Any] | None = None,
    ) -> Any:
        if function in (torch.relu, torch.relu_, functional.relu):
            return _Rectifier.apply(arguments[0])  # type: ignore[no-untyped-call]
        return function(*arguments, **(keywords or {}))


class _Rectifier(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x > 0)
        return x.clamp_min(0)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:
        (active,) = ctx.saved_tensors
        usual = upstream * active
        raising = torch.where(active, upstream, upstream.clamp(max=0))  # what is minimised falls when these rise
        return torch.where(usual.abs().sum() > 0, usual, raising)
