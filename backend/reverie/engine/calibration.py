"""What the weights of terms are measured in, so that they mean the same on every network, at every size.

A term's influence is the norm of its gradient in pixels. It is measured once a job, half way between two pictures (a
content term has no gradient at its own picture, nor a style term at its own), which are always the same noise with the
spectrum of photos: so it depends on the network and the layers alone, and not on what is painted. All terms are means
over positions, so that their ratios hold at every size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.engine import tiling
from reverie.engine.objective import Objective
from reverie.losses import Term
from reverie.losses.content import Content
from reverie.losses.style import Style
from reverie.losses.total_variation import TotalVariation
from reverie.networks.network import Network

SIDE = 128  # pixels; more where the network needs it


@dataclass(frozen=True)
class Units:
    """The weights at which a content term and a total variation term pull as hard as a style term of weight 1."""

    content: float
    total_variation: float


def units(network: Network, content_layers: Sequence[str], style_layers: Sequence[str]) -> Units:
    """Measures the terms' gradients on a network, for these layers."""
    side = max(SIDE, *(network.least_size(layer) for layer in [*content_layers, *style_layers]))
    content, style = (pink_noise(seed, network.device, side) for seed in (1, 2))
    half_way = (content + style) / 2

    def influence(term: Term) -> float:
        return float(Objective(network, [term])(half_way)[1].norm()) + 1e-12

    styled = influence(Style([(tiling.statistics(network, style, style_layers, None), 1.0)], 1.0))
    return Units(
        styled / influence(Content(tiling.maps(network, content, content_layers, None), 1.0)),
        styled / influence(TotalVariation(side, side, 1.0)),
    )


def pink_noise(seed: int, device: torch.device, side: int = SIDE) -> Tensor:
    """A picture of noise, 1×3×side×side in 0 to 1, whose amplitudes fall with the frequency f as those of photos do
    (Field 1987: 1/f); its channels are alike, as theirs are."""
    generator = torch.Generator().manual_seed(seed)
    frequency = torch.fft.fftfreq(side)[:, None].square() + torch.fft.rfftfreq(side).square()
    frequency[0, 0] = 1
    noise = torch.randn(4, side, side, generator=generator)
    noise = torch.fft.irfft2(torch.fft.rfft2(noise) / frequency.sqrt(), s=(side, side))
    gray, colors = noise[:1], noise[1:]
    picture: Tensor = 0.5 + 0.2 * (gray / gray.std() + 0.5 * colors / colors.std())
    return picture[None].clamp(0, 1).to(device)
