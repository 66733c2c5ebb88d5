"""Painting in one pass, coarse to fine, in the style of one picture, as an ONNX graph: what engine/instant.py and
engine/painter.py compute of a recipe with that style alone, as a sketch of a size. The style picture is in the graph,
at each size; what it shows is computed from it, and by most runtimes but once, when the graph is loaded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from onnx_ir import DataType
from torch import Tensor

from reverie.engine import detail, instant, painter, sizes, style_swap
from reverie.engine.inputs import StylePicture
from reverie.engine.painter import Painter
from reverie.export import drawing, layers, matrices
from reverie.export.graph import Graph, Value
from reverie.export.palette import Palette, palette
from reverie.export.swap import Places
from reverie.fast.codec import ENDS, STRIDE, Codec
from reverie.losses.moments import Moments
from reverie.losses.transport import MOST, RIDGE
from reverie.networks.reverie import PREPROCESSING
from reverie.pictures.resize import resize

SEED = 0  # a recipe's own, where it names none: places of the style are drawn by it
_STRENGTH = np.float64(painter.USUAL)

_FLOAT, _DOUBLE, _WHOLE = (int(kind) for kind in (DataType.FLOAT, DataType.DOUBLE, DataType.INT64))


def painted(op: Graph, photo: Value, style: Tensor, longest: int, codec: Codec) -> Value:
    """The painting of a photo, 1×3×H×W in 0 to 1, in the style of a picture of that form: 1×3×h×w in 0 to 1, of that
    longest side in pixels and the photo's proportions."""
    photo = layers.clipped(op, photo)
    colors, before = palette(op, photo, style), None
    for side, _ in instant.scales_of(longest, longest):
        before = _Scale(op, style, side, codec).paint(photo, colors, before)
    assert before is not None  # there is one scale at least
    return before


class _Scale:
    """One size of the picture."""

    def __init__(self, op: Graph, style: Tensor, longest: int, codec: Codec) -> None:
        self._op, self._longest, self._codec = op, longest, codec
        size = sizes.of_style(style, 1.0, longest)
        source = Painter(codec, torch.float32).source([(StylePicture("", style, None, 1.0, 1.0), size)], SEED)
        self._wanted = source.statistics
        picture = painter.continued(resize(style, *size).clamp(0, 1))
        self._places = Places(op, self._down(op.constant(picture)), source.places)

    def paint(self, whole: Value, colors: Palette, before: Value | None) -> Value:
        """The painting of the whole photo at this size, given the one at the size before."""
        op = self._op
        photo = colors.recolored(op, layers.clipped(op, layers.resized(op, whole, self._size(whole))))
        picture = photo if before is None else self._enlarged(before, photo)
        like = photo if before is None else layers.mixed(op, picture, photo, instant.PHOTO)
        change = op("Sub", self._swapped(picture, like), photo)
        broad = drawing.along_edges(op, change, layers.luma(op, photo))
        strokes = op("Sub", change, broad)
        strokes = layers.mixed(op, layers.luma(op, strokes), strokes, instant.COLORS)
        change = op("Add", strokes, op("Mul", broad, 1 - instant.PALETTE))
        return drawing.redrawn(op, layers.clipped(op, op("Add", change, photo)), photo)

    def _size(self, photo: Value) -> Value:
        """Height and width at this size: those of pictures/resize.fit."""
        op = self._op
        size = op("Cast", layers.size(op, photo), to=_DOUBLE)
        factor = op("Div", np.float64(self._longest), op("ReduceMax", size, keepdims=0))
        return op("Max", op("Cast", op("Round", op("Mul", size, factor)), to=_WHOLE), 1)

    def _enlarged(self, before: Value, photo: Value) -> Value:
        op = self._op
        fine = op("Mul", layers.unseen(op, photo, layers.size(op, before)), instant.REINJECTED)
        return layers.clipped(op, op("Add", layers.resized(op, before, layers.size(op, photo)), fine))

    def _swapped(self, picture: Value, like: Value) -> Value:
        """The picture with the style's features, at the places that are found for another of its size."""
        op = self._op
        own = self._down(layers.continued(op, picture, painter.MARGIN, STRIDE))
        seen = own if like is picture else self._down(layers.continued(op, like, painter.MARGIN, STRIDE))
        cover = self._cover(picture)
        nearest = self._places.nearest(seen, self._at(cover, seen[-1]))
        rich = op("Add", op("Mul", self._detailed(like), 1 - painter.CALM), painter.CALM)
        rich = layers.continued(op, rich, painter.MARGIN, STRIDE)
        features = own[-1]
        for level in range(style_swap.LEVELS, 0, -1):
            if level < style_swap.LEVELS:
                features = layers.mixed(op, features, own[level - 1], painter.KEPT[level - 1])
            moved = self._moved(features, self._at(cover, features), self._wanted[level - 1])
            share = op("Mul", self._at(rich, features), painter.TAKEN[level - 1])
            features = self._up(level, layers.mixed(op, moved, self._places.taken(level, nearest), share))
        return layers.clipped(op, layers.cut(op, features, painter.MARGIN, picture))

    def _moved(self, features: Value, cover: Value, wanted: Moments) -> Value:
        """Features with the moments that are wanted, as losses/transport.py gives them, as far as a usual strength."""
        op, size = self._op, len(wanted.mean)
        rows = op("Cast", op("Reshape", features, [size, -1]), to=_DOUBLE)
        weights = op("Cast", op("Reshape", cover, [1, -1]), to=_DOUBLE)
        total = op("ReduceSum", weights, keepdims=0)
        mean = op("Div", op("ReduceSum", op("Mul", rows, weights), [1], keepdims=1), total)
        centered = op("Sub", rows, mean)
        products = op("MatMul", op("Mul", centered, weights), op("Transpose", centered))
        ridge = RIDGE * np.eye(size)
        own = op("Add", op("Div", products, total), ridge)
        whole = matrices.transport(op, own, matrices.root(wanted.covariance.double() + torch.from_numpy(ridge)))
        partial = layers.mixed(op, np.eye(size), matrices.at_most(op, whole, MOST, size), _STRENGTH)
        there = layers.mixed(op, mean, wanted.mean.double()[:, None], _STRENGTH)
        shift = op("Squeeze", op("Sub", there, op("MatMul", partial, mean)), [1])
        matrix = op("Unsqueeze", op("Cast", partial, to=_FLOAT), [2, 3])
        return op("Conv", features, matrix, op("Cast", shift, to=_FLOAT))

    def _detailed(self, picture: Value) -> Value:
        """What engine/detail.py says of a picture."""
        op = self._op
        small = layers.reduced(op, picture, detail.AROUND)
        fine = layers.unseen(op, layers.luma(op, picture), small)
        power = op("Max", layers.resized(op, op("Mul", fine, fine), small), 0.0)
        share = op("Div", power, op("Add", power, detail.PLAIN**2))
        return layers.clipped(op, layers.resized(op, share, layers.size(op, picture)))

    def _cover(self, picture: Value) -> Value:
        """What counts of a continued picture, 1×1×H×W: nothing of the margins."""
        op = self._op
        size = layers.size(op, picture)
        inside = op("Expand", 1.0, op("Concat", [1, 1], size, axis=0))
        over = op("Mod", op("Neg", size), STRIDE)
        edges = op("Concat", [painter.MARGIN] * 2, op("Add", over, painter.MARGIN), axis=0)
        return op("Pad", inside, edges, 0.0, [2, 3])

    def _at(self, mask: Value, features: Value) -> Value:
        """The weights, 1×1×H×W, of a level's positions in a continued mask."""
        return layers.clipped(self._op, layers.resized(self._op, mask, layers.size(self._op, features)))

    def _down(self, picture: Value) -> Sequence[Value]:
        """The first levels of a picture: what fast/codec.py makes of it on the way down."""
        op, found = self._op, []
        x = op("Div", op("Sub", picture, PREPROCESSING.mean[0]), PREPROCESSING.std[0])
        for level in range(style_swap.LEVELS):
            for stage in self._codec.stages[ENDS[level] : ENDS[level + 1]]:
                x = layers.sequence(op, stage, x)
            mean, deviation = self._codec.decoder.means[level], self._codec.decoder.deviations[level]
            found.append(op("Div", op("Sub", x, mean), deviation))
        return found

    def _up(self, level: int, features: Value) -> Value:
        """From the features of a level to those of the level before, or to the picture."""
        op = self._op
        made = layers.sequence(op, self._codec.decoder.levels[level - 1], features)
        if level > 1:
            return made
        return op("Add", op("Mul", made, PREPROCESSING.std[0]), PREPROCESSING.mean[0])
