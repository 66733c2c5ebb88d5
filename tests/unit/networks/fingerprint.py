"""What stands for a network's wiring: a few numbers of each layer, for one picture and parameters that depend on
nothing but their names and shapes."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor


def weights_for(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Parameters under which the features stay of about one size through the whole network. NumPy's legacy generator
    gives the same numbers in every version."""
    return {name: torch.from_numpy(_values(name, shape)).reshape(shape) for name, shape in shapes.items()}


def _values(name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name.endswith("num_batches_tracked"):
        return np.zeros(1, np.int64)
    random = np.random.RandomState(zlib.crc32(name.encode()))
    noise = random.random_sample(int(np.prod(shape))).astype(np.float32) - np.float32(0.5)
    if name.endswith(("running_var", "bn.weight", "bn1.weight", "bn2.weight", "bn3.weight", "downsample.1.weight")):
        return np.float32(1) + noise
    if len(shape) < 2:  # a bias, or a running mean
        return np.float32(0.2) * noise
    return noise * np.float32(np.sqrt(24 / np.prod(shape[1:])))  # He et al. 2015: variance 2 over the fan-in


def picture() -> Tensor:
    """Of odd sizes, so that poolings that round up and those that round down differ; 1×3×103×97."""
    return torch.from_numpy(np.random.RandomState(0).random_sample((1, 3, 103, 97)).astype(np.float32))


def numbers(features: Tensor) -> list[float]:
    """Three numbers of 1×C×… features: their root mean square and, in units of it, their mean when each channel, and
    when each place, is multiplied by a random factor of its own, so that none may take another's."""
    flat = features.double().flatten(2)[0]
    size = float(flat.square().mean().sqrt())
    factors = torch.from_numpy(np.random.RandomState(1).standard_normal(flat.shape[0]))[:, None]
    places = torch.from_numpy(np.random.RandomState(2).standard_normal(flat.shape[1]))
    return [float(f"{value:.6g}") for value in (size, (factors * flat).mean() / size, (places * flat).mean() / size)]
