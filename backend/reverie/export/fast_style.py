"""A fast style as an ONNX graph: fast/network.py with the style's gains and biases in it, and what fast/stylise.py does
before and after. The picture is painted in one piece, however large."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reverie.export import layers
from reverie.export.graph import Graph, Value
from reverie.fast.network import EPSILON, Architecture, StyleNetwork
from reverie.fast.styles import FastStyle
from reverie.fast.stylise import margin_of


def painted(op: Graph, photo: Value, style: FastStyle) -> Value:
    """The painting of a photo, 1×3×H×W, of that shape, both in 0 to 1."""
    architecture = style.network.architecture
    margin = margin_of(architecture)
    # One that another program has trained takes any size, and is given what that gave it.
    whole = layers.continued(op, photo, margin, architecture.stride) if margin else photo
    made = _Pass(op, architecture, style.vector).paint(style.network, whole)
    return layers.clipped(op, layers.cut(op, made, margin, photo))


class _Pass:
    """One way through the network; it knows which normalisation comes next."""

    def __init__(self, op: Graph, architecture: Architecture, style: Tensor) -> None:
        self._op = op
        sizes = [width for width in architecture.norms for _ in ("gain", "bias")]
        self._pieces = iter(torch.split(style[0], sizes))

    def paint(self, network: StyleNetwork, photo: Value) -> Value:
        op = self._op
        x = self._rectified(network.first, op("Sub", op("Mul", photo, 2.0), 1.0))
        for down in network.down:
            if network.architecture.reducing == "average":
                x = layers.mean_of_squares(op, x, 2)
            x = self._rectified(down, x)
        for one, two in zip(network.residual[::2], network.residual[1::2], strict=True):
            x = op("Add", x, self._normalised(two, self._rectified(one, x)))
        for up in network.up:
            x = self._rectified(up, layers.enlarged(op, x, network.architecture.enlarging))
        return op("Add", op("Mul", self._convolved(network.last, x), 0.5), 0.5)

    def _rectified(self, convolution: nn.Module, x: Value) -> Value:
        return self._op("Relu", self._normalised(convolution, x))

    def _normalised(self, convolution: nn.Module, x: Value) -> Value:
        gain, bias = next(self._pieces), next(self._pieces)
        return self._op("InstanceNormalization", self._convolved(convolution, x), gain, bias, epsilon=EPSILON)

    def _convolved(self, convolution: nn.Module, x: Value) -> Value:
        assert isinstance(convolution, nn.Conv2d)
        edge = convolution.kernel_size[0] // 2
        padded = self._op("Pad", x, [0, 0, edge, edge, 0, 0, edge, edge], mode="reflect")
        return layers.convolution(self._op, padded, convolution)
