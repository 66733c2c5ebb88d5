"""Noise with the spectrum of photos."""

from __future__ import annotations

import torch
from torch import Tensor


def pink_noise(seed: int, device: torch.device, side: int) -> Tensor:
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
