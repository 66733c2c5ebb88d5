"""Reads Caffe's .caffemodel: the protobuf wire format, as far as weights need it.

https://protobuf.dev/programming-guides/encoding and caffe.proto. The file is not trusted: every length is checked
against what is left, nothing is allocated from a size that the file only claims, and what is kept is no larger than it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from reverie.errors import ReverieError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_LAYERS, _MOST_BLOBS, _MOST_DIMENSIONS, _LONGEST_NAME = 2000, 8, 8, 256
_LONGEST_SIDE = 2**31  # of a blob; Caffe's own limit
# The field with the layers in NetParameter → a layer's name and blobs (LayerParameter, V1LayerParameter).
_LAYERS = {100: (1, 7), 2: (4, 6)}


def read(data: bytes, wanted: Collection[str] | None = None) -> dict[str, list[Tensor]]:
    """The blobs (float32, as shaped in the file) of each layer that has some; of the `wanted` layers, if they are
    given: the rest, nine tenths of VGG, is then not even copied. Raises ReverieError when damaged."""
    layers: dict[str, list[memoryview]] = {}
    for field, value in _fields(memoryview(data)):
        if field in _LAYERS and isinstance(value, memoryview):
            name, blobs = _layer(value, *_LAYERS[field])
            if blobs:
                layers[name] = blobs
            if len(layers) > _MOST_LAYERS:
                raise _damaged("it has too many layers")
    if not layers:
        raise _damaged("no layer in it has weights")
    return {name: [_blob(blob) for blob in blobs] for name, blobs in layers.items() if wanted is None or name in wanted}


def state(data: bytes, names: Mapping[str, str]) -> dict[str, Tensor]:
    """The state dict of a network whose convolutions have these names in the file → in the network. Other layers are
    left out. Raises ReverieError when the file is damaged, or lacks one of them."""
    blobs = read(data, names)
    result: dict[str, Tensor] = {}
    for theirs, ours in names.items():
        if len(blobs.get(theirs, [])) != 2:
            raise ReverieError(
                f"The .caffemodel file has no layer “{theirs}” with weights and biases. It is of another network, or "
                "of a variant: use the one that the network's authors published."
            )
        weight, bias = blobs[theirs]
        result[f"{ours}.weight"], result[f"{ours}.bias"] = weight, bias.flatten()  # old files: 1×1×1×C
    return result


def _layer(data: memoryview, name_field: int, blob_field: int) -> tuple[str, list[memoryview]]:
    name, blobs = "", list[memoryview]()
    for field, value in _fields(data):
        if field == name_field and isinstance(value, memoryview):
            name = bytes(value[:_LONGEST_NAME]).decode("utf-8", "replace")
        elif field == blob_field and isinstance(value, memoryview):
            blobs.append(value)
            if len(blobs) > _MOST_BLOBS:
                raise _damaged("a layer has too many blobs")
    return name, blobs


def _blob(data: memoryview) -> Tensor:
    shape: list[int] = []
    old_shape = {1: 1, 2: 1, 3: 1, 4: 1}
    numbers = bytearray()
    for field, value in _fields(data):
        if field in old_shape and isinstance(value, int):
            old_shape[field] = value
        elif field == 5 and isinstance(value, memoryview):
            numbers += value
        elif field == 7 and isinstance(value, memoryview):
            shape = _shape(value)
    shape = shape or list(old_shape.values())
    if not all(0 < side < _LONGEST_SIDE for side in shape):  # [0, 2⁶³] would fit no numbers, and no tensor either
        raise _damaged("a blob has a side of no or of too great a length")
    if 4 * math.prod(shape) != len(numbers):
        raise _damaged("a blob's shape does not fit its numbers")
    return torch.from_numpy(np.frombuffer(numbers, "<f4").astype(np.float32)).reshape(shape)


def _shape(data: memoryview) -> list[int]:
    shape: list[int] = []
    for field, value in _fields(data):
        if field != 1:
            continue
        if isinstance(value, int):
            shape.append(value)
        else:
            at = 0
            while at < len(value) and len(shape) <= _MOST_DIMENSIONS:
                size, at = _varint(value, at)
                shape.append(size)
        if len(shape) > _MOST_DIMENSIONS:
            raise _damaged("a blob has too many dimensions")
    return shape


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field of a message; fixed-size and length-delimited values as a view of the data."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise _damaged("it has a field of unknown kind")
        if size > len(data) - at:
            raise _damaged("it ends early")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    result = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise _damaged("it ends early")
        byte = data[at]
        at += 1
        result |= (byte & 127) << shift
        if byte < 128:
            return result, at
    raise _damaged("it has a number that does not end")


def _damaged(why: str) -> ReverieError:
    return ReverieError(f"The .caffemodel file cannot be read: {why}. It is damaged or something else; fetch it again.")
