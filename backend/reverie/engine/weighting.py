"""What the losses of a job weigh, so that a strength means the same on every network, at every size.

A loss's influence is the norm of its gradient in pixels. It is measured once a job, half way between two pictures (a
content loss has no gradient at its own picture, nor a style loss at its own), which are always the same noise with the
spectrum of photos: so it depends on the network and the layers alone, and not on what is painted. All losses are means
over positions, so that their ratios hold at every size.

The content is measured against mean and covariance for every style loss. To measure it against each would only change
the weights in their files: with them, a loss's gradient is about the same part of mean and covariance's on different
networks (of the Gram matrix 0.55 with reverie and 0.63 with SqueezeNet 1.0, of Wasserstein 0.37 and 0.39, of the
nearest neighbours 0.75 and 0.76).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reverie.engine import tiling
from reverie.engine.objective import Objective
from reverie.losses.content import Content
from reverie.losses.loss import Loss
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.total_variation import TotalVariation
from reverie.networks.network import Network
from reverie.pictures.noise import pink_noise

SIDE = 128
"""Pixels of the noise that is measured on; more where the network needs it."""

VALUE_RANGE = 10.0
"""Weight of the bounds of the pixels' values."""

_CONTENT, _SMOOTHNESS = 0.8, 0.07
"""Influence of the content at strength ½, and of a total variation of 1, against 1 for the style. The content's is such
that a strength of ½ moves the picture about half as far as a strength of 1; the default strength was found by looking
at many pictures."""


@dataclass(frozen=True)
class Units:
    """The weights at which a content loss and a total variation pull as hard as a style loss of weight 1."""

    content: float
    total_variation: float

    def content_weight(self, strength: float) -> float:
        """(1 − s)/s: how far the picture moves is then about proportional to s, and s = 1 leaves the style alone."""
        return _CONTENT * self.content * (1 - strength) / max(strength, 1e-6)

    def smoothness_weight(self, total_variation: float) -> float:
        """Of a total variation as recipes name it."""
        return _SMOOTHNESS * self.total_variation * total_variation


def units(network: Network, content_layers: Sequence[str], style_layers: Sequence[str]) -> Units:
    """Measures the losses' gradients on a network, for these layers."""
    side = max(SIDE, *(network.least_size(layer) for layer in [*content_layers, *style_layers]))
    content, style = (pink_noise(seed, network.device, side) for seed in (1, 2))
    half_way = (content + style) / 2

    def influence(loss: Loss) -> float:
        return float(Objective(network, [loss])(half_way)[1].norm()) + 1e-12

    styled = influence(MeanCovariance([(tiling.statistics(network, style, style_layers, None), 1.0)], 1.0))
    return Units(
        styled / influence(Content(tiling.maps(network, content, content_layers, None), 1.0)),
        styled / influence(TotalVariation(side, side, 1.0)),
    )


def dream_share(strength: float) -> float:
    """What a dream's strength d, 0 to 1, makes its gradient, as a multiple of the style's pull: 4d/(1 − d). Found by
    looking: with ½ both can be seen."""
    return 4 * strength / max(1 - strength, 0.05)
