"""How far a unit of a layer sees: computed from the modules, not typed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class ReceptiveField:
    """Of a unit at position i of a layer, in pixels: it sees [i·stride − padding, i·stride − padding + size)."""

    size: int
    stride: int
    padding: int

    def unit_at(self, place: float) -> int:
        """The unit whose receptive field is centred nearest to a place, in pixels from the picture's edge; it may be
        beyond the layer's own edge."""
        return round((place + self.padding - self.size / 2) / self.stride)


def after(reach: ReceptiveField, module: nn.Module, axis: int) -> ReceptiveField:
    """The receptive field, down (axis 0) or across (1), behind a module whose input has the receptive field `reach`.

    Araujo, Norris & Sim 2019, “Computing Receptive Fields of Convolutional Neural Networks”, eq. 2–3: a window of k
    units with stride s and padding p adds (k − 1)·stride, multiplies the stride by s and shifts by p·stride. Branches
    that run side by side (a module that lists them as `branches`) see what the widest of them sees.
    """
    branches = getattr(module, "branches", None)
    if branches is not None:
        return union([after(reach, branch, axis) for branch in branches])
    window = _window(module, axis)
    if window is not None:
        kernel, stride, padding = window
        return ReceptiveField(
            reach.size + (kernel - 1) * reach.stride, reach.stride * stride, reach.padding + padding * reach.stride
        )
    for child in module.children():
        reach = after(reach, child, axis)
    return reach


def least_input(outputs: int, module: nn.Module, axis: int) -> int:
    """The pixels a module's input needs, down (axis 0) or across (1), for it to give that many."""
    branches = getattr(module, "branches", None)
    if branches is not None:
        return max(least_input(outputs, branch, axis) for branch in branches)
    window = _window(module, axis)
    if window is not None:
        kernel, stride, padding = window
        needed = (outputs - 1) * stride + kernel - 2 * padding
        if getattr(module, "ceil_mode", False):
            needed -= stride - 1  # one pixel inside the last window is enough
        return max(1, needed)
    for child in reversed(list(module.children())):
        outputs = least_input(outputs, child, axis)
    return outputs


def least_side(modules: Sequence[nn.Module]) -> int:
    """The shortest side, in pixels, of a picture from which the last of these modules, one after the other, still gives
    something."""
    needed = [1, 1]
    for module in reversed(modules):
        needed = [least_input(outputs, module, axis) for axis, outputs in enumerate(needed)]
    return max(needed)


def union(reaches: list[ReceptiveField]) -> ReceptiveField:
    """The receptive field of units that see one or the other."""
    before = max(reach.padding for reach in reaches)
    behind = max(reach.size - reach.padding for reach in reaches)
    return ReceptiveField(before + behind, reaches[0].stride, before)


def _window(module: nn.Module, axis: int) -> tuple[int, int, int] | None:
    """Kernel, stride and padding along an axis of a module that looks at a window."""
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        padding = 0 if isinstance(module.padding, str) else _along(module.padding, axis)
        return _along(module.kernel_size, axis), _along(module.stride, axis), padding
    return None


def _along(value: int | tuple[int, ...], axis: int) -> int:
    return value if isinstance(value, int) else value[axis]
