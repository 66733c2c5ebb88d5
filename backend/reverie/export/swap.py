"""Which place of a style each place of a picture takes, as an ONNX graph: what engine/style_swap.py computes, of one
style."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx_ir import DataType

from reverie.engine.style_swap import BESIDE, COHERENT, PLACE, ROUNDS, STEADY, StyleSwap
from reverie.export import layers
from reverie.export.graph import Graph, Value
from reverie.fast.codec import CHANNELS, STRIDES

_NONE = -1  # stands for no place
_FLOAT = int(DataType.FLOAT)


class Places:
    """The places of a style, given its levels as values of the graph."""

    def __init__(self, op: Graph, levels: Sequence[Value], swap: StyleSwap) -> None:
        self._op, self._swap = op, swap
        self._parts = [_parts(op, level, PLACE // stride) for level, stride in zip(levels, STRIDES, strict=False)]
        columns = op("Reshape", _hypercolumns(op, levels), [-1, swap.basis.shape[0]])
        drawn = op("Gather", columns, swap.drawn)
        self._directions = self._compared(columns, drawn, np.ones((len(swap.drawn), 1), np.float32))
        self._looked_through = op("Transpose", op("Gather", self._directions, swap.drawn))

    def nearest(self, levels: Sequence[Value], cover: Value) -> Value:
        """The number of the style's place for each of a picture's, h×w, given its levels, and which of its places count
        for their mean and deviation (1×1×h×w)."""
        op = self._op
        most = op("Min", op("ReduceMax", cover, keepdims=0), 0.5)
        counts = op("Cast", op("GreaterOrEqual", cover, most), to=_FLOAT)
        columns = _hypercolumns(op, levels)
        own = self._compared(columns, columns, op("Transpose", op("Squeeze", counts, [0]), perm=[1, 2, 0]))

        def look(_: Sequence[Value], row: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
            return (), [op("ArgMax", op("MatMul", row[0], self._looked_through), axis=1, keepdims=0)]

        (found,) = op.scan(look, [], [own])
        nearest = op("Gather", self._swap.drawn, found)
        return op.repeat(ROUNDS, lambda now: (self._more_coherent(own, now),), nearest)[0]

    def taken(self, level: int, nearest: Value) -> Value:
        """The features of a level (from 1) at places of the style, h×w, as a map 1×C×H×W."""
        op = self._op
        parts = op("Transpose", op("Gather", self._parts[level - 1], nearest), perm=[4, 0, 2, 1, 3])  # C×h×k×w×k
        across = PLACE // STRIDES[level - 1]
        size = op("Mul", op("Shape", nearest), across)
        return op("Reshape", parts, op("Concat", [1, -1], size, axis=0))

    def _compared(self, columns: Value, counting: Value, counts: Value | np.ndarray) -> Value:
        """The directions of columns, in units of those that count by 1, on the basis."""
        op = self._op
        axes = [0, 1] if counting is columns else [0]
        total = op("ReduceSum", counts, keepdims=0)

        def mean(values: Value) -> Value:
            return op("Div", op("ReduceSum", op("Mul", values, counts), axes, keepdims=0), total)

        center = mean(counting)
        away = op("Sub", counting, center)
        deviation = op("Sqrt", mean(op("Mul", away, away)))
        standard = op("Div", op("Sub", columns, center), op("Add", deviation, STEADY))
        shown = op("MatMul", standard, self._swap.basis)
        return op("Div", shown, op("Max", op("ReduceL2", shown, [-1], keepdims=1), 1e-12))

    def _more_coherent(self, own: Value, nearest: Value) -> Value:
        op = self._op
        beside = op("Pad", nearest, [1, 1, 1, 1], _NONE)
        offers = [self._offered(beside, op("Shape", nearest), down, across) for down, across in BESIDE]
        best, most = nearest, None
        for choice in (nearest, *offers):
            theirs = op("Gather", self._directions, op("Max", choice, 0))
            worth = op("ReduceSum", op("Mul", own, theirs), [2], keepdims=0)
            for offer in offers:
                worth = op("Add", worth, op("Mul", op("Cast", op("Equal", offer, choice), to=_FLOAT), COHERENT))
            if most is None:
                most = worth
                continue
            better = op("And", op("Greater", worth, most), op("GreaterOrEqual", choice, 0))
            best, most = op("Where", better, choice, best), op("Where", better, worth, most)
        return best

    def _offered(self, beside: Value, size: Value, down: int, across: int) -> Value:
        """What goes on with what the neighbour so far above and to the left has; no place where there is none."""
        op, swap = self._op, self._swap
        begin = [1 - down, 1 - across]
        neighbour = op("Slice", beside, begin, op("Add", size, begin))
        offer = op("Add", neighbour, down * int(swap.widths[0]) + across)
        known = op("Min", op("Max", offer, 0), len(swap.usable) - 1)
        there = op("And", op("GreaterOrEqual", neighbour, 0), op("Gather", swap.usable, known))
        return op("Where", there, offer, _NONE)


def _parts(op: Graph, level: Value, count: int) -> Value:
    """The features, 1×C×h×w, by places: N×k×k×C."""
    high, wide = (op("Div", op("Shape", level, start=axis, end=axis + 1), count) for axis in (2, 3))
    channels = op("Shape", level, start=1, end=2)
    split = op("Reshape", level, op("Concat", channels, high, [count], wide, [count], axis=0))
    rows = op("Transpose", split, perm=[1, 3, 2, 4, 0])
    return op("Reshape", rows, op("Concat", [-1, count, count], channels, axis=0))


def _hypercolumns(op: Graph, levels: Sequence[Value]) -> Value:
    """What the levels show at each place, h×w×C, none with more weight for having more channels."""
    found = []
    for level, stride, channels in zip(levels, STRIDES, CHANNELS, strict=False):
        pooled = layers.mean_of_squares(op, level, PLACE // stride) if stride < PLACE else level
        found.append(op("Div", pooled, channels**0.5))
    return op("Transpose", op("Squeeze", op("Concat", *found, axis=1), [0]), perm=[1, 2, 0])
