"""What says how near a painting is to its style while the decoder learns: the fifth encoder of Wang, Li, Wang, Hu and
Yang 2020, “Collaborative Distillation for Ultra-Resolution Universal Style Transfer”, which stands in for VGG-19.

The bundled encoder alone would be the judge of what is painted from its own features, and blind to what they miss: the
weave of small networks, doubled edges. The weights (5SE.pth, MIT) are the authors', and are not part of this project.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from reverie.errors import ReverieError

CONVOLUTIONS = ("11", "12", "21", "22", "31", "32", "33", "34", "41", "42", "43", "44", "51")


class Teacher:
    """The encoder: 3×3 convolutions with ReLU, reflected borders, 2×2 max pooling before each block but the first."""

    def __init__(self, file: Path, device: torch.device) -> None:
        """Raises ReverieError when the file is not this encoder's."""
        try:
            saved: dict[str, Tensor] = torch.load(file, weights_only=True, map_location=device)["model"]
            names = ["conv0", *(f"conv{name}" for name in CONVOLUTIONS)]
            self._layers = [(saved[f"{name}.weight"].float(), saved[f"{name}.bias"].float()) for name in names]
        except (OSError, KeyError, TypeError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise ReverieError(
                f"“{file}” is not the fifth encoder of Collaborative Distillation (5SE.pth): name that file.", "teacher"
            ) from error

    def levels(self, pictures: Tensor) -> list[Tensor]:
        """The first features of each of the five blocks, of pictures N×3×H×W in 0 to 1."""
        weight, bias = self._layers[0]
        features, found = functional.conv2d(pictures, weight, bias), []
        for name, (weight, bias) in zip(CONVOLUTIONS, self._layers[1:], strict=True):
            if name[1] == "1" and name != "11":
                features = functional.max_pool2d(features, 2)
            padded = functional.pad(features, (1, 1, 1, 1), mode="reflect")
            features = functional.conv2d(padded, weight, bias).relu()
            if name[1] == "1":
                found.append(features)
        return found
