"""Positions of pictures whose features stand for all of them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from reverie.engine import tiling
from reverie.engine.inputs import StylePicture
from reverie.losses.loss import Features
from reverie.losses.region import Region
from reverie.networks.network import Network

GUIDE_POSITIONS = 20000  # of a guide with more, those on a lattice are looked through


def opaque(network: Network, look: StylePicture, size: tuple[int, int], layer: str) -> Tensor:
    """The positions of a layer, of height×width, where a picture is opaque."""
    height, width = size
    if look.opaque is None:
        return torch.arange(height * width)
    whole = {layer: (slice(0, height), slice(0, width))}
    cover = Region(look.opaque, network).weights(Features({}, whole, {layer: size}), layer).flatten().cpu()
    # A speck of a style may cover no position of a deep layer by half: the one that it covers most, then.
    return (cover >= cover.max().clamp(max=0.5)).nonzero()[:, 0]


def of_guide(network: Network, guide: Tensor, layer: str, tile: int | None) -> Tensor:
    """The features, C×N, of a guide picture of 1×3×H×W in a layer, at all positions or on a lattice of them."""
    height, width = tiling.sizes(network, [layer], guide.shape[2], guide.shape[3])[layer]
    step = math.ceil(math.sqrt(height * width / GUIDE_POSITIONS))
    rows, columns = (torch.arange(step // 2, length, step) for length in (height, width))
    positions = (rows[:, None] * width + columns).flatten()
    return tiling.samples(network, guide, {layer: positions}, tile)[layer]
