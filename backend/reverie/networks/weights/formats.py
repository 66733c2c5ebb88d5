"""Files of weights, read without running any code in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from reverie.errors import ReverieError
from reverie.networks import squeezenet
from reverie.networks.weights import caffemodel, deep_compression
from reverie.networks.weights.catalogue import remedy

_LARGEST = 1 << 30  # bytes; VGG-19 has 548 MiB


def read(path: Path, caffe_names: Mapping[str, str]) -> dict[str, Tensor]:
    """The state dict in a .safetensors, .pth/.pt (never running code of its own), .net (Deep Compression) or
    .caffemodel file, in which the network's convolutions have the `caffe_names`.

    Raises ReverieError for a file that is none of these, is damaged, or would run code.
    """
    if path.stat().st_size > _LARGEST:
        raise ReverieError(f"“{path}” has more than {_LARGEST >> 20} MiB, and so is no network that Reverie knows.")
    try:
        if path.suffix == ".safetensors":
            return {name: value.float() for name, value in load_file(path).items()}
        if path.suffix == ".net":
            return deep_compression.read(path.read_bytes(), squeezenet.PROTOTXT_SHAPES)
        if path.suffix == ".caffemodel":
            return caffemodel.state(path.read_bytes(), caffe_names)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except ReverieError as error:
        raise ReverieError(f"The weights in “{path}” cannot be used. {error.message}") from error
    except Exception as error:  # of a damaged file, PyTorch raises whatever comes
        raise ReverieError(
            f"The weights in “{path}” cannot be read: the file is damaged, or not what its name says. {remedy(path)}."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ReverieError(f"“{path}” holds no state dict (names and tensors), so it is no weights file.")
    return dict(state)
