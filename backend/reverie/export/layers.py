"""What PyTorch computes, in ONNX's operators: layers of networks, and resizing as in pictures/resize.py."""

from __future__ import annotations

import torch
from onnx_ir import DataType
from torch import nn

from reverie.export.graph import Graph, Input, Value
from reverie.pictures.color import TO_LUMA

_WHOLE = int(DataType.INT64)
_ROWS, _COLUMNS = 2, 3  # axes of a picture
_TWICE = torch.tensor([1.0, 1.0, 2.0, 2.0])


def sequence(op: Graph, layers: nn.Module, x: Input) -> Value:
    """What layers make of maps, one after the other, however they are nested."""
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d):
            x = _convolved(op, layer, x)
        elif isinstance(layer, nn.LeakyReLU):
            x = op("LeakyRelu", x, alpha=layer.negative_slope)
        elif isinstance(layer, nn.AvgPool2d):
            x = mean_of_squares(op, x, 2)
        elif isinstance(layer, nn.Upsample):
            x = enlarged(op, x, "bilinear")
        elif not isinstance(layer, nn.Sequential):
            raise TypeError(f"There is no ONNX for {type(layer).__name__}.")
    return op.constant(x)


def _convolved(op: Graph, layer: nn.Conv2d, x: Input) -> Value:
    edge = layer.kernel_size[0] // 2
    if layer.padding_mode == "replicate":
        return convolution(op, op("Pad", x, [0, 0, edge, edge, 0, 0, edge, edge], mode="edge"), layer)
    return convolution(op, x, layer, edge)


def convolution(op: Graph, x: Input, layer: nn.Conv2d, zeros: int = 0) -> Value:
    """A convolution, with so many zeros beyond each border."""
    return op("Conv", x, layer.weight, layer.bias, strides=list(layer.stride), pads=[zeros] * 4)


def mean_of_squares(op: Graph, x: Input, side: int) -> Value:
    """Maps, whose sides are multiples of `side`, reduced to the mean of each square."""
    return op("AveragePool", x, kernel_shape=[side, side], strides=[side, side])


def enlarged(op: Graph, x: Input, how: str) -> Value:
    """Maps of twice the size, bilinearly or by repeating ("nearest")."""
    if how == "nearest":
        way = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:
        way = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    return op("Resize", x, None, _TWICE, **way)


def size(op: Graph, x: Input) -> Value:
    """Height and width of maps: two whole numbers."""
    return op("Shape", x, start=_ROWS, end=_COLUMNS + 1)


def resized(op: Graph, x: Input, to: Input) -> Value:
    """Maps of a height and width, as `resize` makes them: bicubic, without aliasing."""
    return op(
        "Resize",
        x,
        None,
        None,
        to,
        axes=[_ROWS, _COLUMNS],
        mode="cubic",
        cubic_coeff_a=-0.5,
        antialias=1,
        exclude_outside=1,
        coordinate_transformation_mode="half_pixel",
    )


def unseen(op: Graph, x: Value, to: Input) -> Value:
    """What of maps those of a height and width would not show."""
    return op("Sub", x, resized(op, resized(op, x, to), size(op, x)))


def reduced(op: Graph, x: Value, times: int) -> Value:
    """Height and width of maps that are so many times smaller: two whole numbers, 1 at least."""
    return op("Max", op("Div", size(op, x), times), 1)


def clipped(op: Graph, x: Input) -> Value:
    """From 0 to 1."""
    return op("Clip", x, 0.0, 1.0)


def mixed(op: Graph, first: Input, second: Input, share: Input) -> Value:
    """The first, with a share of the second."""
    return op("Add", first, op("Mul", op("Sub", second, first), share))


def luma(op: Graph, picture: Input) -> Value:
    """The light of a picture, 1×1×H×W."""
    return op("Conv", picture, TO_LUMA[None, :, None, None])


def continued(op: Graph, picture: Value, margin: int, stride: int) -> Value:
    """A picture with margins in which it is mirrored, to the right and downwards on to a multiple of the stride; where
    it is smaller than a margin, they repeat its border's pixels."""
    over = op("Add", op("Mod", op("Neg", size(op, picture)), stride), margin)
    small = op("ReduceMax", op("Cast", op("GreaterOrEqual", over, size(op, picture)), to=_WHOLE), keepdims=0)
    for axis, beyond in zip((_ROWS, _COLUMNS), op.all_of("Split", 2, over, num_outputs=2), strict=True):
        side = op("Shape", picture, start=axis, end=axis + 1)
        last = op("Sub", side, 1)
        places = op("Range", -margin, op("Squeeze", op("Add", side, beyond)), 1)
        mirrored = op("Sub", last, op("Abs", op("Sub", last, op("Abs", places))))
        repeated = op("Min", op("Max", places, 0), last)
        picture = op("Gather", picture, op("Where", op("Equal", small, 1), repeated, mirrored), axis=axis)
    return picture


def cut(op: Graph, continued: Value, margin: int, like: Value) -> Value:
    """A picture without its margins again, of the size of another."""
    ends = op("Add", size(op, like), margin)
    return op("Slice", continued, [margin, margin], ends, [_ROWS, _COLUMNS])
