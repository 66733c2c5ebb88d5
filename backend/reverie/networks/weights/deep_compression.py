"""Reads the Deep Compression file of SqueezeNet 1.0 (Han, Mao & Dally 2016): 1.25 million weights in 660 KB."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reverie.errors import ReverieError

_CODES = 256


def read(data: bytes, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Weights and biases by name, float32.

    `shapes` gives each layer's name and weight shape (out×in×h×w) in the order of the prototxt. The file is a table of
    one uint32 a layer, the number of non-zero weights; then for each layer a codebook of 256 float32, the biases as
    float32, one byte a non-zero weight that indexes the codebook, and four bits a weight, low nibble first, for the
    number of zeros before it. Raises ReverieError unless the file is consumed to the last byte.
    """
    reader = _Reader(data)
    counts = reader.take(len(shapes), "<u4")
    state: dict[str, Tensor] = {}
    for (name, shape), count in zip(shapes.items(), counts.tolist(), strict=True):
        size = int(np.prod(shape))
        if count > size:
            raise _damaged(f"it claims {count} weights for {name}, which has {size}")
        codebook = reader.take(_CODES, "<f4")
        biases = reader.take(shape[0], "<f4")
        codes = reader.take(count, "u1")
        packed = reader.take((count + 1) // 2, "u1")
        gaps = np.stack([packed & 15, packed >> 4], axis=1).reshape(-1)[:count].astype(np.int64)
        positions = np.cumsum(gaps + 1) - 1
        if count and positions[-1] >= size:
            raise _damaged(f"a weight of {name} lies outside the layer")
        weights = np.zeros(size, np.float32)
        weights[positions] = codebook[codes]
        state[f"{name}.weight"] = torch.from_numpy(weights.reshape(shape))
        state[f"{name}.bias"] = torch.from_numpy(biases.astype(np.float32))
    if reader.left:
        raise _damaged(f"{reader.left} bytes are left over at its end")
    return state


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int, dtype: str) -> NDArray[Any]:
        size = count * np.dtype(dtype).itemsize
        if size > self.left:
            raise _damaged("it ends too early")
        values = np.frombuffer(self._data, dtype, count, self._at)
        self._at += size
        return values


def _damaged(why: str) -> ReverieError:
    return ReverieError(f"This is not the Deep Compression file of SqueezeNet 1.0: {why}. Fetch it again.")
