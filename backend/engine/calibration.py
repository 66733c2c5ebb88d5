"""What a term's weight is measured in, so that it means the same on every network and for every style loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from backend.engine.objective import Objective
from backend.engine.terms import Term
from backend.networks.network import Network

_SIDE = 128  # pixels: enough for the deepest default layers


def influence(network: Network, term: Callable[[Tensor, Tensor], Term]) -> float:
    """The norm of a term's gradient in pixels, half way between the pictures that it compares.

    `term` makes the term, of weight 1, for a content and a style picture, both 1×3×H×W. The pictures are noise with the
    spectrum of photos, always the same: so the figure depends on the network, the layers and the kind of term alone,
    and two terms whose weights are divided by it pull equally hard. It is taken half way since a content term has no
    gradient at its own picture, nor a style term at its own.
    """
    content, style = (pink_noise(seed, network.device) for seed in (1, 2))
    made = term(content, style)
    made.weight = 1.0
    _, gradient = Objective(network, [made])((content + style) / 2)
    return float(gradient.norm())


def pink_noise(seed: int, device: torch.device) -> Tensor:
    """A picture of noise, 1×3×H×W in 0 to 1, whose amplitudes fall with the frequency f as those of photos do (Field
    1987: 1/f); its channels are alike, as theirs are."""
    generator = torch.Generator().manual_seed(seed)
    frequency = torch.fft.fftfreq(_SIDE)[:, None].square() + torch.fft.rfftfreq(_SIDE).square()
    frequency[0, 0] = 1
    noise = torch.randn(4, _SIDE, _SIDE, generator=generator)
    noise = torch.fft.irfft2(torch.fft.rfft2(noise) / frequency.sqrt(), s=(_SIDE, _SIDE))
    gray, colors = noise[:1], noise[1:]
    picture: Tensor = 0.5 + 0.2 * (gray / gray.std() + 0.5 * colors / colors.std())
    return picture[None].clamp(0, 1).to(device)
