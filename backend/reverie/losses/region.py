"""A region of the picture, as weights of the positions of any layer."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from reverie.losses.loss import Features
from reverie.networks.receptive_field import ReceptiveField


class Sighted(Protocol):
    """What a region needs of a network: what the units of a layer see."""

    def receptive_field(self, layer: str) -> ReceptiveField: ...


class Region:
    """Guidance by a mask (Gatys et al. 2017, “Controlling Perceptual Factors in Neural Style Transfer”, section 4):
    statistics are taken where the mask is, position by position as much as it covers there."""

    def __init__(self, mask: Tensor, network: Sighted) -> None:
        """`mask` is 1×1×H×W of the whole picture, 0 to 1."""
        self._mask, self._network = mask, network
        self._layers: dict[str, Tensor] = {}

    @property
    def share(self) -> float:
        """The part of the picture that the region covers, 0 to 1."""
        return float(self._mask.mean())

    def weights(self, features: Features, layer: str) -> Tensor:
        """The weight of each position that `features` shows of the layer, h×w, 0 to 1: the mean of the mask over the
        pixels in the middle of what the position sees, as many in each direction as its stride."""
        if layer not in self._layers:
            reach, (rows, columns) = self._network.receptive_field(layer), features.sizes[layer]
            self._layers[layer] = _means(_means(self._mask[0, 0], 0, rows, reach), 1, columns, reach)
        at_rows, at_columns = features.at[layer]
        return self._layers[layer][at_rows, at_columns]


def _means(mask: Tensor, axis: int, units: int, reach: ReceptiveField) -> Tensor:
    """The mask along an axis at the places of so many units: unit i looks at i·stride − padding + (size − 1)/2. A
    network without padding has no unit at the border, so the units do not divide the picture among them."""
    first, half = divmod(reach.size - reach.stride - 2 * reach.padding, 2)
    weights = [1.0] * (reach.stride + half)
    if half:  # the window begins and ends in the middle of a pixel
        weights[0] = weights[-1] = 0.5
    starts = first + reach.stride * torch.arange(units, device=mask.device)
    last = mask.shape[axis] - 1
    parts = [weight * mask.index_select(axis, (starts + pixel).clamp(0, last)) for pixel, weight in enumerate(weights)]
    return torch.stack(parts).sum(0) / reach.stride
