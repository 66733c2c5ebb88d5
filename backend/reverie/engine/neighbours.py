"""What in the styles each place of a picture is most like (Kolkin et al. 2022, “Neural Neighbor Style Transfer”,
section 3): hypercolumns, the features of all layers at a place, are compared by the cosine.

They are compared once a scale, not once an iteration: with the next scale, √2 larger, it is done anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from reverie.engine import sampling, tiling
from reverie.engine.inputs import StylePicture
from reverie.engine.principal import directions, principal
from reverie.losses.loss import Features
from reverie.losses.nearest_neighbour import Neighbours
from reverie.networks.network import Network

_STRIDE = 4  # pixels from place to place, at least: of the first layer that has it, the positions are the places
_PLACES = 8192  # of all styles together, that are looked through
_COMPONENTS = 128  # of a hypercolumn, that are compared
_AT_A_TIME = 2048  # places of the picture: bounds the table of similarities

_Parts = Mapping[str, tuple[int, int]]


def find(
    network: Network, looks: Sequence[StylePicture], layers: Sequence[str], picture: Tensor, tile: int | None, seed: int
) -> Neighbours:
    """The places of the style pictures, at their present sizes, that those of a picture, 1×3×H×W, are most like. Of the
    styles, places are drawn at random where they are opaque: of each as many as its share, or all it has."""
    reference = _reference(network, layers)
    stride, strides = _stride(network, reference), {layer: _stride(network, layer) for layer in layers}
    parts = {layer: (max(1, stride // own), max(1, own // stride)) for layer, own in strides.items()}
    features, places = _of_styles(network, looks, reference, parts, tile, seed)
    columns = _Columns({layer: found.view(places, -1, found.shape[1]).mean(1) for layer, found in features.items()})
    sizes = tiling.sizes(network, layers, picture.shape[2], picture.shape[3])
    nearest = torch.zeros(sizes[reference], dtype=torch.long, device=picture.device)
    with torch.no_grad():
        for part in _shown(network, layers, picture, tile):
            rows, across = part.at[reference]
            nearest[rows, across] = columns.nearest(_hypercolumns(part, reference, parts))
    return Neighbours(features, nearest, stride, strides)


def _shown(network: Network, layers: Sequence[str], picture: Tensor, tile: int | None) -> Iterator[Features]:
    """The features of a picture, tile by tile where a tile's side is given."""
    tiles = tiling.tiles(network, layers, picture.shape[2], picture.shape[3], tile) if tile else []
    if not tiles:
        yield Features.of_whole(network.features(picture, layers))
    for each in tiles:
        yield each.features(network, each.cut(picture))


def _reference(network: Network, layers: Sequence[str]) -> str:
    """The layer whose positions are the places."""
    ordered = [layer for layer in network.layers if layer in layers]
    return next((layer for layer in ordered if _stride(network, layer) >= _STRIDE), ordered[-1])


def _stride(network: Network, layer: str) -> int:
    return network.receptive_field(layer).stride


def _of_styles(
    network: Network,
    looks: Sequence[StylePicture],
    reference: str,
    parts: _Parts,
    tile: int | None,
    seed: int,
) -> tuple[dict[str, Tensor], int]:
    """The styles' features at the places drawn, as Neighbours has them, and how many places these are. `parts` are k
    and span of each layer, as Neighbours names them."""
    generator = torch.Generator().manual_seed(seed)
    total = sum(look.weight for look in looks)
    found: dict[str, list[Tensor]] = {layer: [] for layer in parts}
    places = 0
    for look in looks:
        sizes = tiling.sizes(network, parts, look.picture.shape[2], look.picture.shape[3])
        opaque = sampling.opaque(network, look, sizes[reference], reference)
        count = max(1, round(_PLACES * look.weight / total))
        chosen = opaque[torch.randperm(len(opaque), generator=generator)[:count]]
        at = {layer: _positions(chosen, sizes[reference][1], sizes[layer], *each) for layer, each in parts.items()}
        for layer, features in tiling.samples(network, look.picture, at, tile).items():
            found[layer].append(features.T)
        places += len(chosen)
    return {layer: torch.cat(each) for layer, each in found.items()}, places


def _positions(places: Tensor, width: int, size: tuple[int, int], parts: int, span: int) -> Tensor:
    """The positions of a layer of a size at some places, of which `width` are in a row: for N places N·parts·parts."""
    rows = _along(places // width, parts, span).clamp(max=size[0] - 1)
    columns = _along(places % width, parts, span).clamp(max=size[1] - 1)
    return (rows[:, :, None] * size[1] + columns[:, None, :]).flatten()


def _along(places: Tensor, parts: int, span: int) -> Tensor:
    """The positions of a layer at some places along an axis: N×parts. They are counted in strides, and so are the same
    in tiles, which begin at multiples of them."""
    return places[:, None] // span * parts + torch.arange(parts, device=places.device)


def _hypercolumns(features: Features, reference: str, parts: _Parts) -> dict[str, Tensor]:
    """What is shown of each layer at the places that are shown: h×w×C by layer, the mean of a place's positions."""
    result = {}
    for layer, (count, span) in parts.items():
        fmap = features.maps[layer][0]
        for axis in (0, 1):
            shown, at = features.at[reference][axis], features.at[layer][axis]
            places = torch.arange(shown.start, shown.stop, device=fmap.device)
            positions = (_along(places, count, span) - at.start).clamp(0, fmap.shape[1 + axis] - 1)
            fmap = torch.stack([fmap.index_select(1 + axis, each) for each in positions.T]).float().mean(0)
        result[layer] = fmap.permute(1, 2, 0)
    return result


class _Columns:
    """The styles' hypercolumns, each layer in units of its spread there, by their principal components."""

    def __init__(self, features: Mapping[str, Tensor]) -> None:
        """`features` are N×C by layer."""
        self._means = {layer: found.float().mean(0) for layer, found in features.items()}
        self._units = {
            layer: (found.float() - self._means[layer]).square().sum(1).mean().sqrt().clamp_min(1e-6)
            for layer, found in features.items()
        }
        columns = self._joined(features)
        self._basis = principal(columns, min(_COMPONENTS, *columns.shape))
        self._directions = directions(columns @ self._basis)

    def nearest(self, features: Mapping[str, Tensor]) -> Tensor:
        """The number of the column that is most like each of h×w×C: h×w. A few rows at a time: the columns of a large
        picture are hundreds of megabytes."""
        height, width = next(iter(features.values())).shape[:2]
        count = max(1, _AT_A_TIME // width)
        found = []
        for top in range(0, height, count):
            columns = self._joined({layer: whole[top : top + count] for layer, whole in features.items()})
            found.append((directions(columns.flatten(0, 1) @ self._basis) @ self._directions.T).max(1).indices)
        return torch.cat(found).view(height, width)

    def _joined(self, features: Mapping[str, Tensor]) -> Tensor:
        return torch.cat(
            [(features[layer].float() - mean) / self._units[layer] for layer, mean in self._means.items()], -1
        )
