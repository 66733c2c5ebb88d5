"""Positions of pictures whose features stand for all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from reverie.engine import tiling
from reverie.engine.inputs import StylePicture
from reverie.losses.loss import Features
from reverie.losses.region import Region
from reverie.networks.network import Network

STYLE_POSITIONS = 4096  # a layer: as many of all styles together are looked through
GUIDE_POSITIONS = 20000  # of a guide with more, those on a lattice are looked through


def of_styles(
    network: Network, looks: Sequence[StylePicture], layers: Sequence[str], tile: int | None, seed: int
) -> dict[str, Tensor]:
    """The features of style pictures, C×N by layer, at positions drawn at random where the pictures are opaque: of each
    as many as its share, or all it has."""
    generator = torch.Generator().manual_seed(seed)
    total = sum(look.weight for look in looks)
    sizes = [tiling.sizes(network, layers, look.picture.shape[2], look.picture.shape[3]) for look in looks]
    chosen: list[dict[str, Tensor]] = [{} for _ in looks]
    for layer in layers:
        for look, size, own in zip(looks, sizes, chosen, strict=True):
            count = max(1, round(STYLE_POSITIONS * look.weight / total))
            opaque = _opaque(network, look, size[layer], layer)
            own[layer] = opaque[torch.randperm(len(opaque), generator=generator)[:count]]
    found = [tiling.samples(network, look.picture, own, tile) for look, own in zip(looks, chosen, strict=True)]
    return {layer: torch.cat([each[layer] for each in found], 1) for layer in layers}


def _opaque(network: Network, look: StylePicture, size: tuple[int, int], layer: str) -> Tensor:
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
