"""A region of the picture, as weights of the positions of any layer."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from backend.engine.terms import Features


class Region:
    """Guidance by a mask (Gatys et al. 2017, “Controlling Perceptual Factors in Neural Style Transfer”, section 4):
    statistics are taken where the mask is, position by position as much as it covers there."""

    def __init__(self, mask: Tensor) -> None:
        """`mask` is 1×1×H×W of the whole picture, 0 to 1."""
        self._mask = mask
        self._layers: dict[tuple[int, int], Tensor] = {}

    @property
    def share(self) -> float:
        """The part of the picture that the region covers, 0 to 1."""
        return float(self._mask.mean())

    def weights(self, features: Features, layer: str) -> Tensor:
        """The weight of each position that `features` shows of the layer, h×w, 0 to 1: the mean of the mask over the
        pixels that belong to the position."""
        size = features.sizes[layer]
        if size not in self._layers:
            self._layers[size] = functional.adaptive_avg_pool2d(self._mask, size)[0, 0]
        rows, columns = features.at[layer]
        return self._layers[size][rows, columns]
