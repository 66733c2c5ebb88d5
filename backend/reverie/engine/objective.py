"""The function that the picture is to minimise: Σ weightᵢ · lossᵢ(features(x), x)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from reverie.engine import tiling
from reverie.losses.loss import PICTURE, Features, Loss
from reverie.networks.network import Network

Sums = list[tuple[Tensor, ...]]


class Objective:
    """The weighted sum of losses. The network runs once for all their layers, and no further than the deepest."""

    def __init__(self, network: Network, losses: Sequence[Loss], tile: int | None = None) -> None:
        """`tile` is the side, in pixels, of the tiles that larger pictures are computed in."""
        self._network, self._tile = network, tile
        self._of_pixels = [loss for loss in losses if loss.layers == (PICTURE,)]
        self._of_features = [loss for loss in losses if loss.layers != (PICTURE,)]
        self._layers = sorted({layer for loss in self._of_features for layer in loss.layers})
        self._tiles: tuple[tuple[int, ...], list[tiling.Tile]] = ((), [])

    def __call__(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """The loss (a scalar) and its gradient (as the picture) at a picture of 1×3×H×W, RGB in 0 to 1."""
        tiles = self._plan(picture)
        x = picture.detach().requires_grad_(True)
        if not tiles:
            loss = self.loss(x)
            (gradient,) = torch.autograd.grad(loss, x)
            return loss.detach(), gradient
        return self._tiled(x, tiles)

    def loss(self, picture: Tensor) -> Tensor:
        """The loss alone, differentiable, of a picture in one piece."""
        maps = self._network.features(picture, self._layers) if self._layers else {}
        features = Features.of_whole(maps)
        sums = [loss.measure(features) for loss in self._of_features]
        of_pixels = self._loss_of_pixels(picture)
        return self._of_sums(sums) + of_pixels if sums else of_pixels

    def _tiled(self, x: Tensor, tiles: Sequence[tiling.Tile]) -> tuple[Tensor, Tensor]:
        """Two passes. The first adds up what the losses measure, without gradient. The loss depends on the picture
        through these sums alone, so its derivatives with respect to them are constants, which the second pass
        back-propagates tile by tile. The gradient is that of the whole, up to rounding."""
        with torch.no_grad():
            totals = self._total(tile.features(self._network, tile.cut(x)) for tile in tiles)
        leaves = [tuple(value.requires_grad_(True) for value in sums) for sums in totals]
        of_features = self._of_sums(leaves)
        slopes = iter(torch.autograd.grad(of_features, [v for sums in leaves for v in sums], allow_unused=True))
        constants = [tuple(next(slopes) for _ in sums) for sums in leaves]
        of_pixels = self._loss_of_pixels(x)
        gradient = torch.zeros_like(x)
        if self._of_pixels:
            (gradient,) = torch.autograd.grad(of_pixels, x)
        for tile in tiles:
            cut = tile.cut(x).detach().requires_grad_(True)
            measured = self._measure(tile.features(self._network, cut))
            value = torch.stack(
                [
                    (constant * part).sum()
                    for slope, sums in zip(constants, measured, strict=True)
                    for constant, part in zip(slope, sums, strict=True)
                    if constant is not None and part.requires_grad
                ]
            ).sum()
            tile.cut(gradient).add_(torch.autograd.grad(value, cut)[0])
        return (of_features + of_pixels).detach(), gradient

    def _plan(self, picture: Tensor) -> list[tiling.Tile]:
        size = tuple(picture.shape[2:])
        if self._tile is not None and self._tiles[0] != size:
            self._tiles = size, tiling.tiles(self._network, self._layers, size[0], size[1], self._tile)
        return self._tiles[1]

    def _measure(self, features: Features) -> Sums:
        return [loss.measure(features) for loss in self._of_features]

    def _total(self, parts: Iterable[Features]) -> Sums:
        totals: Sums = []
        for features in parts:
            own = self._measure(features)
            totals = (
                [tuple(a + b for a, b in zip(x, y, strict=True)) for x, y in zip(totals, own, strict=True)]
                if totals
                else own
            )
        return totals

    def _of_sums(self, sums: Sums) -> Tensor:
        values = [loss.weight * loss.value(each) for loss, each in zip(self._of_features, sums, strict=True)]
        return torch.stack(values).sum()

    def _loss_of_pixels(self, picture: Tensor) -> Tensor:
        features = Features.of_whole({PICTURE: picture})
        values = [loss.weight * loss.value(loss.measure(features)) for loss in self._of_pixels]
        return torch.stack(values).sum() if values else picture.new_zeros(())
