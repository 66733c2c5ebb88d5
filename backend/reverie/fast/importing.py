"""Styles trained elsewhere: the checkpoints of PyTorch's own example of fast neural style (github.com/pytorch/examples,
fast_neural_style), which many people have published."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reverie.errors import ReverieError
from reverie.fast.network import Architecture, StyleNetwork

ARCHITECTURE = Architecture((32, 64, 128), blocks=5, kernel=9, reducing="stride", enlarging="nearest")

_CONVOLUTIONS = {
    **{"first": "conv1", "down.0": "conv2", "down.1": "conv3"},
    **{f"residual.{2 * block + part}": f"res{block + 1}.conv{part + 1}" for block in range(5) for part in range(2)},
    **{"up.0": "deconv1", "up.1": "deconv2", "last": "deconv3"},
}
_NORMS = [
    *("in1", "in2", "in3"),
    *(f"res{block}.in{part}" for block in range(1, 6) for part in (1, 2)),
    *("in4", "in5"),
]
_FIRST = "conv1.conv2d.weight"
_WRAPPERS = ("state_dict", "model_state_dict", "model")  # where training programs keep weights beside other things
_LARGEST = 64 << 20  # bytes; the published ones have 7 MB


def read(file: Path) -> tuple[StyleNetwork, Tensor]:
    """The network and its one style vector from a checkpoint (.pth): its weights by name, also as one of several things
    in it (`state_dict`, `model`), and as they are called in a wrapper (`module.conv1…`). Raises ReverieError for
    anything else.

    The example's network sees and gives 0 to 255, ours −1 to 1: that is put into its first and its last convolution.
    Biases before an instance normalisation have no effect and are dropped.
    """
    state = _unwrapped(_load(file))
    if any(isinstance(value, Tensor) and value.is_complex() for value in state.values()):
        raise ReverieError(f"“{file.name}” holds complex numbers; it is no checkpoint of a fast style.")
    try:
        weights = {f"{ours}.weight": state[f"{theirs}.conv2d.weight"].float() for ours, theirs in _CONVOLUTIONS.items()}
        weights["first.weight"] = weights["first.weight"] * 127.5
        weights["last.bias"] = state["deconv3.conv2d.bias"].float() * (2 / 255) - 1
        weights["last.weight"] = weights["last.weight"] * (2 / 255)
        vector = torch.cat([state[f"{name}.{part}"].float() for name in _NORMS for part in ("weight", "bias")])[None]
        network = StyleNetwork(ARCHITECTURE)
        network.load_state_dict(weights)
        if vector.shape != (1, ARCHITECTURE.style_size):
            raise ValueError(f"{vector.shape[1]} gains and biases")
    except (KeyError, AttributeError, RuntimeError, ValueError, TypeError) as error:
        detail = re.sub(r"\s+", " ", str(error))
        raise ReverieError(
            f"“{file.name}” is no checkpoint of the fast_neural_style example ({detail:.200}). Only those can be "
            "imported; `train-style` learns any style from its picture."
        ) from error
    if not all(bool(value.half().isfinite().all()) for value in (*weights.values(), vector)):  # as they are kept
        raise ReverieError(
            f"“{file.name}” holds numbers that are not finite, or far larger than a style's; fetch it again."
        )
    return network.requires_grad_(False).eval(), vector


def _load(file: Path) -> Mapping[str, Any]:
    try:
        if file.stat().st_size > _LARGEST:
            raise ReverieError(f"“{file.name}” is far larger than a checkpoint of a fast style.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters of what torch has to say is said below
            state = torch.load(file, weights_only=True, map_location="cpu")
    except OSError as error:
        raise ReverieError(f"“{file}” cannot be read: {error.strerror or error}.") from error
    except (ReverieError, MemoryError):
        raise
    except Exception as error:  # of a damaged file, PyTorch raises whatever comes
        raise ReverieError(
            f"“{file.name}” is damaged, or holds more than weights and is not opened for safety. Fetch it again from "
            "where it was published."
        ) from error
    if not isinstance(state, dict):
        raise ReverieError(f"“{file.name}” holds no weights by name; it is no checkpoint of a fast style.")
    return state


def _unwrapped(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The weights by their names in the network alone."""
    inner = next((state[name] for name in _WRAPPERS if isinstance(state.get(name), dict)), state)
    first = min((name for name in inner if isinstance(name, str) and name.endswith(_FIRST)), key=len, default=_FIRST)
    prefix = first.removesuffix(_FIRST)
    return {name.removeprefix(prefix): value for name, value in inner.items() if isinstance(name, str)}
