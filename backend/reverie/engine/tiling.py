"""Exact tiling: a picture's features in parts, so that memory is set by the tile and not by the picture.

A tile is computed with a halo wide enough that every position of its core sees just what it sees in the whole picture.
Tiles begin at multiples of the network's stride, so that their positions are positions of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.losses import moments
from reverie.losses.loss import Features, Place
from reverie.losses.moments import Moments
from reverie.losses.region import Region
from reverie.networks.network import Network

_ROWS = 128  # of a layer at a time are turned into float32 for its statistics


@dataclass(frozen=True)
class Tile:
    """`pixels` is the part of the picture to run the network on, halo included; `core` the positions of each layer that
    are this tile's, and `inner` where those are in the features of `pixels`."""

    pixels: Place
    core: Mapping[str, Place]
    inner: Mapping[str, Place]
    sizes: Mapping[str, tuple[int, int]]

    def cut(self, picture: Tensor) -> Tensor:
        """The tile's pixels of a 1×C×H×W picture."""
        return picture[:, :, self.pixels[0], self.pixels[1]]

    def features(self, network: Network, cut: Tensor) -> Features:
        """The core's features, given the tile's pixels."""
        maps = network.features(cut, self.core)
        inner = {layer: fmap[:, :, self.inner[layer][0], self.inner[layer][1]] for layer, fmap in maps.items()}
        return Features(inner, self.core, self.sizes)


def tiles(network: Network, layers: Iterable[str], height: int, width: int, side: int) -> list[Tile]:
    """The tiles, about `side` pixels square without their halo, of a picture of height×width pixels; empty when one
    would be enough. Together their cores hold every position of every layer once."""
    layers = tuple(layers)
    stride = max((network.receptive_field(layer).stride for layer in layers), default=1)
    side = max(stride, side // stride * stride)
    if (height <= side and width <= side) or not layers or "logits" in layers:
        return []  # logits have no places
    found = sizes(network, layers, height, width)
    down = [_Span(network, found, 0, start, side, height, stride) for start in _starts(height, side)]
    across = [_Span(network, found, 1, start, side, width, stride) for start in _starts(width, side)]
    return [
        Tile(
            (rows.pixels, columns.pixels),
            {layer: (rows.core[layer], columns.core[layer]) for layer in layers},
            {layer: (rows.inner[layer], columns.inner[layer]) for layer in layers},
            found,
        )
        for rows in down
        for columns in across
    ]


def _starts(length: int, side: int) -> range:
    # A last tile of less than half a side joins the one before it: a sliver may be smaller than the network can see.
    return range(0, max(1, length - side // 2), side)


class _Span:
    """One tile's extent along one axis."""

    def __init__(
        self,
        network: Network,
        sizes: Mapping[str, tuple[int, int]],
        axis: int,
        start: int,
        side: int,
        length: int,
        stride: int,
    ) -> None:
        last = start + side >= length - side // 2
        fields = {layer: network.receptive_field(layer) for layer in sizes}
        before = min(start - field.padding for field in fields.values())
        behind = max(start + side - field.stride - field.padding + field.size for field in fields.values())
        first = max(0, before) // stride * stride
        self.pixels = slice(first, length if last else min(length, behind))
        self.core, self.inner = {}, {}
        for layer, field in fields.items():
            size = sizes[layer][axis]
            begin = min(size, start // field.stride)
            end = size if last else min(size, (start + side) // field.stride)
            self.core[layer] = slice(begin, end)
            self.inner[layer] = slice(begin - first // field.stride, end - first // field.stride)


def sizes(network: Network, layers: Iterable[str], height: int, width: int) -> dict[str, tuple[int, int]]:
    """The size of each layer for a picture of height×width, found on two strips of it."""
    layers = tuple(layers)
    least = max(network.least_size(layer) for layer in layers)
    with torch.no_grad():
        down = network.features(torch.zeros(1, 3, height, min(width, least), device=network.device), layers)
        across = network.features(torch.zeros(1, 3, min(height, least), width, device=network.device), layers)
    return {layer: (down[layer].shape[2], across[layer].shape[3]) for layer in layers}


@torch.no_grad()
def maps(network: Network, picture: Tensor, layers: Iterable[str], side: int | None) -> dict[str, Tensor]:
    """The features of a 1×3×H×W picture, 1×C×h×w by layer, computed in tiles of that side where it is given."""
    layers = tuple(layers)
    parts = tiles(network, layers, picture.shape[2], picture.shape[3], side) if side else []
    if not parts:
        return network.features(picture, layers)
    result: dict[str, Tensor] = {}
    for tile in parts:
        found = tile.features(network, tile.cut(picture))
        for layer, fmap in found.maps.items():
            if layer not in result:
                result[layer] = fmap.new_empty(1, fmap.shape[1], *found.sizes[layer])
            rows, columns = found.at[layer]
            result[layer][:, :, rows, columns] = fmap
    return result


@torch.no_grad()
def samples(network: Network, picture: Tensor, positions: Mapping[str, Tensor], side: int | None) -> dict[str, Tensor]:
    """The features, C×N by layer, of a 1×3×H×W picture at N positions of each layer (row · width + column, on the CPU).
    Computed in tiles of that side where it is given, and then no layer is ever held as a whole."""
    parts = tiles(network, positions, picture.shape[2], picture.shape[3], side) if side else []
    if not parts:
        return {
            layer: fmap.flatten(2)[0, :, positions[layer].to(fmap.device)]
            for layer, fmap in network.features(picture, positions).items()
        }
    result: dict[str, Tensor] = {}
    for tile in parts:
        found = tile.features(network, tile.cut(picture))
        for layer, fmap in found.maps.items():
            (rows, columns), (_, width) = found.at[layer], found.sizes[layer]
            row, column = positions[layer] // width, positions[layer] % width
            here = (
                (rows.start <= row) & (row < rows.stop) & (columns.start <= column) & (column < columns.stop)
            ).nonzero()[:, 0]
            if layer not in result:
                result[layer] = fmap.new_empty(fmap.shape[1], len(row))
            result[layer][:, here.to(fmap.device)] = fmap[0][:, row[here] - rows.start, column[here] - columns.start]
    return result


@torch.no_grad()
def statistics(
    network: Network, picture: Tensor, layers: Iterable[str], side: int | None, mask: Tensor | None = None
) -> dict[str, Moments]:
    """Mean and covariance by layer of the features of a 1×3×H×W picture, computed in tiles of that side where it is
    given. With a 1×1×H×W mask, they are those of the positions that it covers."""
    layers = tuple(layers)
    region = Region(mask, network) if mask is not None else None
    parts = tiles(network, layers, picture.shape[2], picture.shape[3], side) if side else []
    # Two rounds: for the means, and for products that are centred on them. A picture in one piece is looked at once.
    whole = [] if parts else [Features.of_whole(network.features(picture, layers))]
    zero = {layer: torch.zeros((), device=picture.device) for layer in layers}
    means = {layer: first / count for layer, (first, _, count) in _sums(network, picture, parts, whole, region, zero)}
    return {
        layer: Moments(means[layer] + first / count, second / count - torch.outer(first / count, first / count))
        for layer, (first, second, count) in _sums(network, picture, parts, whole, region, means)
    }


def _sums(
    network: Network,
    picture: Tensor,
    parts: Sequence[Tile],
    whole: Sequence[Features],
    region: Region | None,
    centers: Mapping[str, Tensor],
) -> Iterable[tuple[str, tuple[Tensor, Tensor, Tensor]]]:
    totals: dict[str, tuple[Tensor, Tensor, Tensor]] = {}
    for features in whole or (tile.features(network, tile.cut(picture)) for tile in parts):
        for layer, center in centers.items():
            fmap = features.maps[layer]
            weights = region.weights(features, layer) if region else torch.ones(fmap.shape[2:], device=fmap.device)
            for rows in range(0, fmap.shape[2], _ROWS):
                part = fmap[:, :, rows : rows + _ROWS].float()  # targets are computed once: as exactly as they can be
                own = moments.sums(part, center.expand(fmap.shape[1]), weights[rows : rows + _ROWS])
                before = totals.get(layer)
                totals[layer] = own if before is None else (own[0] + before[0], own[1] + before[1], own[2] + before[2])
    return totals.items()
