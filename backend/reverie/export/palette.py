"""The photo in a style's colours, as an ONNX graph: what pictures/color_transport.py computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from onnx_ir import DataType
from torch import Tensor

from reverie.export import layers, matrices
from reverie.export.graph import Graph, Value
from reverie.pictures import color_transport
from reverie.pictures.color_transport import BLUR, FAINT, FLAT, NODES, SAMPLES, SHARE

_FLOAT, _DOUBLE, _WHOLE = (int(kind) for kind in (DataType.FLOAT, DataType.DOUBLE, DataType.INT64))


@dataclass(frozen=True)
class Palette:
    """What is made of a photo's colours: A x + b, and what a table adds."""

    matrix: Value
    shift: Value
    table: Value

    def recolored(self, op: Graph, photo: Value) -> Value:
        """The photo, 1×3×H×W in 0 to 1, in these colours."""
        flat = op("Conv", photo, op("Unsqueeze", self.matrix, [2, 3]), self.shift)
        # A table is looked up with its last axis first, from −1 to 1.
        backwards = op("Gather", op("Transpose", photo, perm=[0, 2, 3, 1]), [2, 1, 0], axis=3)
        places = op("Unsqueeze", op("Sub", op("Mul", backwards, 2.0), 1.0), [1])
        rest = op("GridSample", self.table, places, mode="linear", padding_mode="border", align_corners=1)
        return layers.clipped(op, op("Add", flat, op("Squeeze", rest, [2])))


def palette(op: Graph, photo: Value, style: Tensor) -> Palette:
    """What gives a photo, 1×3×H×W in 0 to 1, the colours of a style of that form."""
    generator = torch.Generator().manual_seed(0)
    own = _samples(op, photo, torch.rand(SAMPLES, generator=generator, dtype=torch.float64))
    wanted = color_transport.samples(style, None, generator)
    turned = color_transport.turns(generator)
    identity = FLAT * torch.eye(3, dtype=torch.float64)
    root = matrices.root(torch.cov(wanted.T, correction=0) + identity)
    mean = op("ReduceMean", own, [0], keepdims=0)
    centered = op("Sub", own, mean)
    covariance = op("Div", op("MatMul", op("Transpose", centered), centered), np.float64(SAMPLES))
    exact = matrices.transport(op, op("Add", covariance, identity), root)
    matrix = op("Cast", exact, to=_FLOAT)
    shift = op("Cast", op("Sub", wanted.mean(0), op("MatMul", exact, mean)), to=_FLOAT)
    rounded = op("Cast", op("Transpose", matrix), to=_DOUBLE)
    moved = op("Add", _product(op, own, rounded), op("Cast", shift, to=_DOUBLE))
    kept = op("Cast", wanted.float(), to=_DOUBLE)  # as it came, in half the room
    rest = op("Sub", _sliced(op, moved, kept, turned), moved)
    return Palette(matrix, shift, op("Mul", _table(op, own, rest), SHARE))


def _samples(op: Graph, photo: Value, share: Tensor) -> Value:
    """Colours of the photo, N×3: at these shares of its length, if its rows were one."""
    flat = op("Reshape", photo, [3, -1])
    count = op("Cast", op("Shape", flat, start=1), to=_DOUBLE)
    chosen = op("Cast", op("Mul", share, count), to=_WHOLE)
    return op("Cast", op("Transpose", op("Gather", flat, chosen, axis=1)), to=_DOUBLE)


def _sliced(op: Graph, colors: Value, wanted: Value, turned: Tensor) -> Value:
    """The colours moved to where others are: along each direction the nth in order goes to the nth."""

    def turn(now: Sequence[Value], each: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        (colors,), (directions,) = now, each
        along = _product(op, colors, directions)
        _, order = op.all_of("TopK", 2, along, [SAMPLES], axis=0, largest=0)
        there, _ = op.all_of("TopK", 2, _product(op, wanted, directions), [SAMPLES], axis=0, largest=0)
        goal = op("ScatterElements", along, order, there, axis=0)
        step = _product(op, op("Sub", goal, along), op("Transpose", directions))
        return [op("Add", colors, op("Mul", step, np.float64(0.5)))], []

    return op.scan(turn, [colors], [turned])[0]


def _product(op: Graph, colors: Value, matrix: Value) -> Value:
    """N×3 and 3×3, term by term, as color_transport does it."""
    first, second, third = (op("Mul", op("Gather", colors, [i], axis=1), op("Gather", matrix, i)) for i in range(3))
    return op("Add", op("Add", first, second), third)


def _table(op: Graph, colors: Value, moves: Value) -> Value:
    """How far the colours (N×3) are moved (N×3), smoothed, at nodes of the colour cube: 1×3×r×g×b."""
    places = op("Mul", colors, np.float64(NODES - 1))
    away = op("Abs", op("Sub", op("Unsqueeze", places, [2]), np.arange(NODES, dtype=np.float64)))
    shares = op("Max", op("Sub", np.float64(1), away), np.float64(0))  # of the nodes: N×3×r
    red, green, blue = (op("Gather", shares, i, axis=1) for i in range(3))
    heap = op("Concat", moves, np.ones((SAMPLES, 1)), axis=1)
    # A product, and no scattered sum: there onnxruntime's threads add to one node at the same time, and lose some.
    left = op("Mul", op("Unsqueeze", red, [2]), op("Unsqueeze", green, [1]))
    right = op("Mul", op("Unsqueeze", blue, [2]), op("Unsqueeze", heap, [1]))
    flat = [SAMPLES, -1]
    sums = op("MatMul", op("Transpose", op("Reshape", left, flat)), op("Reshape", right, flat))
    rows = op("Transpose", op("Reshape", op("Cast", sums, to=_FLOAT), [NODES**3, 4]))
    cube = op("Reshape", rows, [4, 1, NODES, NODES, NODES])
    for axis in range(3):
        shape, pads = [1, 1, 1, 1, 1], [0] * 6
        shape[2 + axis] = len(BLUR)
        pads[axis] = pads[3 + axis] = len(BLUR) // 2
        cube = op("Conv", cube, np.array(BLUR, np.float32).reshape(shape), pads=pads)
    moved, count = op.all_of("Split", 2, op("Squeeze", cube, [1]), [3, 1], axis=0)
    return op("Unsqueeze", op("Div", moved, op("Add", count, FAINT)), [0])
