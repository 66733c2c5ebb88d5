"""How much memory an iteration takes, and what to do when there is not enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from reverie import device as devices
from reverie.errors import Sentence
from reverie.networks.network import Network

NOT_ENOUGH = Sentence(
    "There is not enough memory for a picture of this size. Choose a smaller one, or close other programs."
)
_SAMPLE = 256  # pixels: side of the picture whose activations are counted
_LEAST_TILE = 128
_EXHAUSTED = (  # of PyTorch, of C++ itself, and of the libraries that convolutions and products are left to
    *("out of memory", "can't allocate memory", "std::bad_alloc", "bad allocation"),
    *("CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED", "CUSOLVER_STATUS_ALLOC_FAILED"),
)


@dataclass(frozen=True)
class Placement:
    """Where, in which precision and in which tiles (their side in pixels; None for no tiles) a job computes."""

    device: torch.device
    dtype: torch.dtype
    tile: int | None


def free(device: torch.device) -> int:
    """Bytes that a job may take: what is free, and what PyTorch keeps at hand."""
    return devices.memory(device)["free"] + devices.at_hand(device)


def room(device: torch.device) -> int:
    """Bytes that an iteration may take: a third of what is free; the optimiser and a fragmented heap need some, too."""
    return free(device) // 3


def tile_for(network: Network, layers: Sequence[str], height: int, width: int, room: int) -> int | None:
    """The side of the tiles to compute a picture in, so that an iteration takes that many bytes at most. None when the
    whole picture does."""
    if not layers:
        return None
    pixels = room / bytes_per_pixel(network, layers)
    if height * width <= pixels:
        return None
    halo = max(network.receptive_field(layer).size for layer in layers)
    return max(_LEAST_TILE, (round(math.sqrt(pixels)) - halo) // 64 * 64)


def bytes_per_pixel(network: Network, layers: Sequence[str]) -> float:
    """What a pixel costs in an iteration: the outputs of all modules up to the deepest layer, which are kept for the
    backward pass, once more for their gradients, and half as much again for what convolutions and the statistics work
    in (together 3.5 times, as measured on SqueezeNet)."""
    counted = 0

    def count(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
        nonlocal counted
        counted += output.numel() * output.element_size()

    leaves = [module for module in network.module.modules() if not any(module.children())]
    hooks = [module.register_forward_hook(count) for module in leaves]
    try:
        with torch.no_grad():
            network.features(torch.zeros(1, 3, _SAMPLE, _SAMPLE, device=network.device), layers)
    finally:
        for hook in hooks:
            hook.remove()
    return 3.5 * counted / _SAMPLE**2


def is_exhausted(error: BaseException) -> bool:
    """Whether an error says that memory ran out."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    # What oneDNN says of it; its “could not create a primitive descriptor …” is another matter.
    exhausted = text == "could not create a primitive" or any(words in text for words in _EXHAUSTED)
    return isinstance(error, RuntimeError) and exhausted


def retreat(placement: Placement, longest: int) -> tuple[Placement, Sentence] | None:
    """What to try next when a picture of that longest side did not fit, and the sentence that tells it; None at the
    end: smaller tiles first, which cost time alone, then half precision, then the CPU."""
    tile = placement.tile or longest
    if tile > _LEAST_TILE:
        smaller = max(_LEAST_TILE, tile // 2 // 64 * 64)
        return replace(placement, tile=smaller), Sentence(
            "There was not enough memory on {device}; going on in tiles of {tile} pixels, which is slower and gives "
            "the same picture.",
            {"device": placement.device.type, "tile": smaller},
        )
    if placement.dtype == torch.float32:
        return replace(placement, dtype=torch.bfloat16), Sentence(
            "There was not enough memory on {device}; going on in half precision.", {"device": placement.device.type}
        )
    if placement.device.type != "cpu":
        return Placement(torch.device("cpu"), torch.float32, None), Sentence(
            "There was not enough memory on {device}; going on on the CPU, which is slower.",
            {"device": placement.device.type},
        )
    return None
