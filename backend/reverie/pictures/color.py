"""Keeping the colours of the source picture."""

from __future__ import annotations

import torch
from torch import Tensor

# Rec. 709 luma and the orthogonal-enough colour differences of BT.709 YCbCr, for RGB in 0 to 1.
_TO_YCC = torch.tensor([[0.2126, 0.7152, 0.0722], [-0.1146, -0.3854, 0.5], [0.5, -0.4542, -0.0458]])
TO_LUMA = _TO_YCC[0]


def luma(picture: Tensor) -> Tensor:
    """The light of a picture, 1×3×H×W: 1×1×H×W."""
    return torch.einsum("j,njhw->nhw", TO_LUMA.to(picture.device), picture)[:, None]


def luminance_of(picture: Tensor, colors_from: Tensor) -> Tensor:
    """The luma of one picture with the colour of another of the same size: 1×3×H×W in, the same out.

    Gatys et al. 2017, “Controlling Perceptual Factors in Neural Style Transfer”, section 5.2 (luminance-only transfer).
    """
    matrix = _TO_YCC.to(picture.device)
    ycc = torch.einsum("ij,njhw->nihw", matrix, colors_from)
    luma = torch.einsum("j,njhw->nhw", matrix[0], picture)[:, None]
    return torch.einsum("ij,njhw->nihw", torch.linalg.inv(matrix), torch.cat([luma, ycc[:, 1:]], 1))


def match_colors(
    picture: Tensor, target: Tensor, opaque: Tensor | None = None, target_opaque: Tensor | None = None
) -> Tensor:
    """The picture with the mean and covariance of the target's colours: 1×3×H×W in and out, clipped to 0–1. What counts
    of either is where it is opaque, 1×1×H×W in 0 to 1; None: everywhere.

    Gatys et al. 2017, section 5.1: x ↦ A x + b with A = Σₜ^½ Σₚ^−½ (the symmetric roots, their “image analogies” form).
    """
    own_mean, own_covariance = _color_statistics(picture, opaque)
    mean, covariance = _color_statistics(target, target_opaque)
    transform = _power(covariance, 0.5) @ _power(own_covariance, -0.5)
    moved = torch.einsum("ij,njhw->nihw", transform, picture - own_mean[None, :, None, None])
    return (moved + mean[None, :, None, None]).clamp(0, 1)


def _color_statistics(picture: Tensor, opaque: Tensor | None) -> tuple[Tensor, Tensor]:
    flat = picture.flatten(2)[0]
    weights = torch.ones_like(flat[:1]) if opaque is None else opaque.flatten(2)[0]
    weights = weights / weights.sum()
    mean = (flat * weights).sum(1)
    centered = flat - mean[:, None]
    # A little of the identity keeps the roots defined for pictures of one colour, or grey ones.
    return mean, (centered * weights) @ centered.T + 1e-5 * torch.eye(3, device=picture.device)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    power: Tensor = vectors @ torch.diag(values.clamp_min(1e-8) ** exponent) @ vectors.T
    return power
