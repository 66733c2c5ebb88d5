"""How far a unit of a layer sees: computed from the modules, not typed in."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class ReceptiveField:
    """Of a unit at position i of a layer, in pixels: it sees [i·stride − padding, i·stride − padding + size)."""

    size: int
    stride: int
    padding: int


def after(reach: ReceptiveField, module: nn.Module) -> ReceptiveField:
    """The receptive field behind a module whose input has the receptive field `reach`.

    Araujo, Norris & Sim 2019, “Computing Receptive Fields of Convolutional Neural Networks”, eq. 2–3: a window of k
    units with stride s and padding p adds (k − 1)·stride, multiplies the stride by s and shifts by p·stride. Branches
    that run side by side (a module that lists them as `branches`) see what the widest of them sees. A module of our own
    that looks at a window tells kernel, stride and padding as `window`.
    """
    branches = getattr(module, "branches", None)
    if branches is not None:
        return _union([after(reach, branch) for branch in branches])
    window = _window(module)
    if window is not None:
        kernel, stride, padding = window
        return ReceptiveField(
            reach.size + (kernel - 1) * reach.stride, reach.stride * stride, reach.padding + padding * reach.stride
        )
    for child in module.children():
        reach = after(reach, child)
    return reach


def _union(reaches: list[ReceptiveField]) -> ReceptiveField:
    before = max(reach.padding for reach in reaches)
    behind = max(reach.size - reach.padding for reach in reaches)
    return ReceptiveField(before + behind, reaches[0].stride, before)


def _window(module: nn.Module) -> tuple[int, int, int] | None:
    """Kernel, stride and padding of a module that looks at a window; the larger of height and width."""
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        kernel, stride = _largest(module.kernel_size), _largest(module.stride)
        padding = 0 if isinstance(module.padding, str) else _largest(module.padding)
        return kernel, stride, padding
    window: tuple[int, int, int] | None = getattr(module, "window", None)
    return window


def _largest(value: int | tuple[int, ...]) -> int:
    return value if isinstance(value, int) else max(value)
