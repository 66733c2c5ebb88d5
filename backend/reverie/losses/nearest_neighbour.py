"""Style by nearest neighbours: each place in the picture comes near the place in the styles that is most like it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from reverie.losses.loss import Features, Loss
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.region import Region
from reverie.losses.style_target import StyleTarget

_WEIGHT, _COVARIANCE = 1.2, 0.7
"""At which a strength means about the same as with mean and covariance. The nearest neighbours come with these: by
themselves they settle on the few, often flat, places of a style that most of a photo is near to. Found by looking."""

_POSITIONS = 20000  # a layer: of larger ones a lattice of positions is looked at
_AT_A_TIME = 2048  # positions: bounds the table of similarities


class NearestNeighbour:
    """Distance of the features at each position from those of the styles that are most similar by the cosine (Kolkin et
    al. 2022, “Neural Neighbor Style Transfer”, section 3), averaged over the layers. It has the strongest brushwork,
    since it copies the styles' features one by one and not their average.

    We depart from the paper in three things. The distance is the squared one, relative to the mean square of the
    styles' features: the cosine alone leaves the contrast free, and burns it. Layers are matched one by one. And both
    sides are centred on the styles' mean, which is known before the picture is seen, where the paper centres each on
    its own.
    """

    def __init__(self, styles: Mapping[str, Tensor], weight: float, region: Region | None = None) -> None:
        """`styles` are the features of the style pictures, C×N by layer, that are looked through. `region` limits the
        loss to a part of the picture."""
        self.layers = tuple(styles)
        self.weight = weight
        self._region = region
        self._pools = {layer: _Pool(features) for layer, features in styles.items()}

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        for layer in self.layers:
            down, across = lattice(features, layer)
            fmap = features.maps[layer][0, :, down, across]
            distances = self._pools[layer].distances(fmap.flatten(1))
            if self._region is None:
                weights = torch.ones_like(distances)
            else:
                weights = self._region.weights(features, layer)[down, across].flatten()
            found += [(distances * weights).sum(), weights.sum()]
        return tuple(found)

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        parts = [
            sums[2 * index] / sums[2 * index + 1].clamp_min(1e-6) / self._pools[layer].norm
            for index, layer in enumerate(self.layers)
        ]
        return torch.stack(parts).mean()


def lattice(features: Features, layer: str) -> tuple[slice, slice]:
    """The rows and columns of what is shown of a layer that are looked at: of a large layer every second, third, …
    counted from the edge of the whole layer, so that tiles look at the positions that the whole would."""
    height, width = features.sizes[layer]
    step = math.ceil(math.sqrt(height * width / _POSITIONS))
    rows, columns = features.at[layer]
    return slice((step // 2 - rows.start) % step, None, step), slice((step // 2 - columns.start) % step, None, step)


class _Pool:
    """The styles' features in one layer."""

    def __init__(self, features: Tensor) -> None:
        """`features` is C×N."""
        features = features.float()
        self._mean = features.mean(1, keepdim=True)
        self._features = features - self._mean
        self._directions = self._features / self._features.norm(dim=0).clamp_min(1e-12)
        self.norm = self._features.square().sum(0).mean().clamp_min(1e-12)

    def distances(self, features: Tensor) -> Tensor:
        """The squared distance of each column of C×M features from the one most similar to it: M, float32."""
        parts = [
            (centered - self._nearest(centered, features.dtype)).square().sum(0)
            for centered in torch.split(features.float() - self._mean, _AT_A_TIME, 1)
        ]
        return torch.cat(parts)

    @torch.no_grad()
    def _nearest(self, centered: Tensor, dtype: torch.dtype) -> Tensor:
        # In the network's own precision: it is enough to tell which is nearest.
        if dtype == torch.float64:
            dtype = torch.float32
        similarities = centered.T.to(dtype) @ self._directions.to(dtype)
        return self._features[:, similarities.max(1).indices]  # argmax is six times slower in bfloat16


def losses(target: StyleTarget) -> list[Loss]:
    """The losses of the style loss “nearest”."""
    return [
        NearestNeighbour(target.samples(), _WEIGHT * target.share, target.region),
        MeanCovariance(target.statistics, _COVARIANCE * target.share, target.region),
    ]
