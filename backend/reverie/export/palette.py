"""The photo in a style's colours, as an ONNX graph: what pictures/color_transport.py computes."""

from __future__ import annotations

import itertools
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
_CORNERS = np.array(list(itertools.product((0, 1), repeat=3)))[:, None]  # of a cell of the table


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
    root = matrices.root(torch.cov(wanted.T, correction=0).double() + identity)
    mean = op("ReduceMean", own, [0], keepdims=0)
    centered = op("Cast", op("Sub", own, mean), to=_DOUBLE)
    covariance = op("Div", op("MatMul", op("Transpose", centered), centered), np.float64(SAMPLES))
    matrix = op("Cast", matrices.transport(op, op("Add", covariance, identity), root), to=_FLOAT)
    shift = op("Sub", wanted.mean(0), op("MatMul", matrix, mean))
    moved = op("Add", op("MatMul", own, op("Transpose", matrix)), shift)
    rest = op("Sub", _sliced(op, moved, wanted, turned), moved)
    return Palette(matrix, shift, op("Mul", _table(op, own, rest), SHARE))


def _samples(op: Graph, photo: Value, share: Tensor) -> Value:
    """Colours of the photo, N×3: at these shares of its length, if its rows were one."""
    flat = op("Reshape", photo, [3, -1])
    count = op("Cast", op("Shape", flat, start=1), to=_DOUBLE)
    chosen = op("Cast", op("Mul", share, count), to=_WHOLE)
    return op("Transpose", op("Gather", flat, chosen, axis=1))


def _sliced(op: Graph, colors: Value, wanted: Tensor, turned: Tensor) -> Value:
    """The colours moved to where others are: along each direction the nth in order goes to the nth."""

    def turn(now: Sequence[Value], each: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        (colors,), (directions, there) = now, each
        along = op("MatMul", colors, directions)
        _, order = op.all_of("TopK", 2, along, [SAMPLES], axis=0, largest=0)
        goal = op("ScatterElements", along, order, there, axis=0)
        step = op("MatMul", op("Sub", goal, along), op("Transpose", directions))
        return [op("Add", colors, op("Mul", step, 0.5))], []

    return op.scan(turn, [colors], [turned, (wanted @ turned).sort(1).values])[0]


def _table(op: Graph, colors: Value, moves: Value) -> Value:
    """How far the colours (N×3) are moved (N×3), smoothed, at nodes of the colour cube: 1×3×r×g×b."""
    low = op("Clip", op("Mul", layers.clipped(op, colors), float(NODES - 1)), 0.0, NODES - 1 - 1e-4)
    floor = op("Floor", low)
    part = op("Sub", low, floor)
    beside = op("Sub", 1.0, part)
    weight = op("ReduceProd", op("Where", _CORNERS == 1, part, beside), [2], keepdims=1)  # 8×N×1
    at = op("Add", op("Cast", floor, to=_WHOLE), _CORNERS)
    places = op("ReduceSum", op("Mul", at, [NODES * NODES, NODES, 1]), [2], keepdims=1)
    heap = op("Concat", moves, np.ones((SAMPLES, 1), np.float32), axis=1)
    sums = op("ScatterND", np.zeros((NODES**3, 4), np.float32), places, op("Mul", weight, heap), reduction="add")
    cube = op("Reshape", op("Transpose", sums), [4, 1, NODES, NODES, NODES])
    for axis in range(3):
        shape, pads = [1, 1, 1, 1, 1], [0] * 6
        shape[2 + axis] = len(BLUR)
        pads[axis] = pads[3 + axis] = len(BLUR) // 2
        cube = op("Conv", cube, np.array(BLUR, np.float32).reshape(shape), pads=pads)
    moved, count = op.all_of("Split", 2, op("Squeeze", cube, [1]), [3, 1], axis=0)
    return op("Unsqueeze", op("Div", moved, op("Add", count, FAINT)), [0])
