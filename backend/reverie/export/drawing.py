"""The photo's lines and edges, as an ONNX graph: what engine/drawing.py and pictures/smoothing.py compute."""

from __future__ import annotations

import numpy as np

from reverie.engine import drawing
from reverie.export import layers
from reverie.export.graph import Graph, Value
from reverie.pictures import smoothing


def redrawn(op: Graph, painted: Value, photo: Value) -> Value:
    """The painting with the lines of the photo that it has lost."""
    here, there = layers.luma(op, painted), layers.luma(op, photo)
    lines, lost = _coherence(op, there), None
    for pixels in drawing.BANDS:
        broader, others = _smoothed(op, here, pixels), _smoothed(op, there, pixels)
        more = _missing(op, op("Sub", here, broader), op("Sub", there, others), pixels)
        lost = more if lost is None else op("Add", lost, more)
        here, there = broader, others
    return layers.clipped(op, op("Add", painted, op("Mul", op("Mul", lines, lost), drawing.KEPT)))


def along_edges(op: Graph, maps: Value, light: Value) -> Value:
    """Maps smoothed, but not across the edges of a light."""
    small, size = layers.reduced(op, light, smoothing.REDUCED), layers.size(op, light)
    guide, wanted = layers.resized(op, light, small), layers.resized(op, maps, small)
    guide_mean, wanted_mean = _around(op, guide), _around(op, wanted)
    variance = op("Sub", _around(op, op("Mul", guide, guide)), op("Mul", guide_mean, guide_mean))
    together = op("Sub", _around(op, op("Mul", guide, wanted)), op("Mul", guide_mean, wanted_mean))
    slope = op("Div", together, op("Add", op("Max", variance, 0.0), smoothing.LEVEL))
    offset = _around(op, op("Sub", wanted_mean, op("Mul", slope, guide_mean)))
    line = op("Mul", layers.resized(op, _around(op, slope), size), light)
    return op("Add", line, layers.resized(op, offset, size))


def _missing(op: Graph, own: Value, wanted: Value, pixels: int) -> Value:
    powers = [op("Max", _smoothed(op, op("Mul", band, band), 2 * pixels), 0.0) for band in (wanted, own)]
    strength, other = (op("Mul", power, power) for power in powers)
    share = op("Div", strength, op("Add", op("Add", strength, other), drawing.FAINT**4))
    return op("Mul", op("Sub", wanted, own), share)


def _coherence(op: Graph, light: Value) -> Value:
    kernel = np.array(drawing.SLOPE, np.float32)
    slopes = op("Conv", _beyond(op, light, 1), np.stack([kernel, kernel.T])[:, None])
    across, down = op.all_of("Split", 2, slopes, num_outputs=2, axis=1)
    squares = op("Mul", across, across), op("Mul", down, down)
    twice = op("Mul", op("Mul", across, down), 2.0)
    tensor = _smoothed(op, op("Concat", op("Sub", *squares), twice, op("Add", *squares), axis=1), drawing.AROUND)
    one, all_of_them = op.all_of("Split", 2, tensor, [2, 1], axis=1)
    all_of_them = op("Add", op("Max", all_of_them, 0.0), drawing.FLAT)
    return op("Min", op("Div", op("ReduceL2", one, [1]), all_of_them), 1.0)


def _smoothed(op: Graph, maps: Value, pixels: int) -> Value:
    return layers.resized(op, layers.resized(op, maps, layers.reduced(op, maps, pixels)), layers.size(op, maps))


def _around(op: Graph, maps: Value) -> Value:
    reach = smoothing.RADIUS // smoothing.REDUCED
    side = 2 * reach + 1
    return op("AveragePool", _beyond(op, maps, reach), kernel_shape=[side, side], strides=[1, 1])


def _beyond(op: Graph, maps: Value, reach: int) -> Value:
    """Maps whose pixels go on beyond the border."""
    return op("Pad", maps, [reach] * 4, None, [2, 3], mode="edge")
