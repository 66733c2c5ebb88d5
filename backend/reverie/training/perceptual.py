"""What a feed-forward network is trained for: the same losses that the engine optimises (Johnson et al. 2016, section
3.2), of every picture in a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from reverie.engine import tiling, weighting
from reverie.errors import ReverieError
from reverie.losses.content import Content
from reverie.losses.loss import Features, Loss
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.total_variation import TotalVariation
from reverie.losses.value_range import ValueRange
from reverie.networks.network import Network
from reverie.pictures.resize import fit, resize

STYLE_SIZE = 512
"""Longest side, in pixels, at which the strokes of a style are learnt."""

_LEAST_STYLE = 128  # pixels, the shorter side: below, there is little of a style to see


def check_size(width: int, height: int) -> None:
    """Raises ReverieError for a style picture that is too small to learn from."""
    if min(height, width) < _LEAST_STYLE:
        raise ReverieError(
            "The style picture has {width}×{height} pixels, which is too small to learn from. Use one with {least} or "
            "more in each direction.",
            "style",
            width=width,
            height=height,
            least=_LEAST_STYLE,
        )


class Perceptual:
    """The loss of pictures beside their photos, for one of several styles each."""

    def __init__(self, network: Network, strength: float, smoothness: float = 0.05) -> None:
        """`network` looks at the pictures; `strength` and `smoothness` mean what they do in a recipe."""
        self._network = network
        self._content, self._layers = list(network.defaults.content), list(network.defaults.style)
        self._units = weighting.units(network, self._content, self._layers)
        self._strength, self._smoothness = strength, smoothness
        self._styles: list[MeanCovariance] = []

    def add_style(self, picture: Tensor, opaque: Tensor | None = None) -> None:
        """Another style, from a picture 1×3×H×W, where it is `opaque`: 1×1×H×W in 0 to 1; None: everywhere.

        Raises ReverieError for one too small to learn from.
        """
        height, width = picture.shape[2:]
        check_size(width, height)
        size = fit(width, height, min(STYLE_SIZE, max(height, width)))
        sized = resize(picture, *size).clamp(0, 1)
        opaque = resize(opaque, *size).clamp(0, 1) if opaque is not None else None
        self._styles.append(
            MeanCovariance([(tiling.statistics(self._network, sized, self._layers, None, opaque), 1.0)], 1.0)
        )

    def __call__(self, painted: Tensor, photos: Tensor, styles: list[int]) -> Tensor:
        """The mean loss of N×3×H×W paintings of as many photos; `styles` says which style each is in."""
        with torch.no_grad():
            wanted = self._network.features(photos, self._content)
        found = self._network.features(painted, {*self._content, *self._layers})
        height, width = painted.shape[2:]
        content_weight = self._units.content_weight(self._strength)
        smoothness = self._units.smoothness_weight(self._smoothness)
        values = []
        for index, style in enumerate(styles):
            content = Content({layer: maps[index : index + 1] for layer, maps in wanted.items()}, content_weight)
            features = Features.of_whole({layer: maps[index : index + 1] for layer, maps in found.items()})
            pixels = Features.of_whole({"picture": painted[index : index + 1]})
            smooth = TotalVariation(height, width, smoothness)
            bounded = ValueRange(height, width, weighting.VALUE_RANGE)
            losses: list[tuple[Loss, Features]] = [
                (self._styles[style], features),
                (content, features),
                (smooth, pixels),
                (bounded, pixels),
            ]
            values += [loss.weight * loss.value(loss.measure(shown)) for loss, shown in losses]
        return torch.stack(values).sum() / len(styles)
