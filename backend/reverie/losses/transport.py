"""The linear map that gives features the mean and covariance of others, moving them as little as possible.

Lu et al. 2019, “A Closed-Form Solution to Universal Style Transfer”: of all maps that do so, the symmetric one is the
optimal transport between the two Gaussians. Whitening and colouring (Li et al. 2017) is another; it turns features
into each other that have nothing to do with one another, which breaks what is small.
"""

from __future__ import annotations

import torch
from torch import Tensor

from reverie import device as devices
from reverie.losses.moments import Moments

RIDGE = 1e-3  # added to the variances, which are about 1 in a photo: what hardly varies is no style, and noise
MOST = 4.0
"""How many times a deviation grows at most. Without a bound a plain sky's last grain becomes a lattice."""


def linear_map(own: Moments, wanted: Moments, share: float = 1.0, most: float = MOST) -> tuple[Tensor, Tensor]:
    """A (C×C) and b (C), float32: A f + b has the wanted moments, where no deviation grows more than `most` times.

    A `share` less than 1 goes that part of the way.
    """
    mean, covariance = devices.float64(own.mean), devices.float64(own.covariance)
    identity = torch.eye(len(mean), dtype=torch.float64, device=mean.device)
    root, inverse = _power(covariance + RIDGE * identity, (0.5, -0.5))
    (middle,) = _power(root @ (devices.float64(wanted.covariance) + RIDGE * identity) @ root, (0.5,))
    values, vectors = torch.linalg.eigh(inverse @ middle @ inverse)
    whole = (vectors * values.clamp(0, most)) @ vectors.T
    partial = torch.lerp(identity, whole, share)
    shift = torch.lerp(mean, devices.float64(wanted.mean), share) - partial @ mean
    return partial.float().to(own.mean.device), shift.float().to(own.mean.device)


def _power(matrix: Tensor, exponents: tuple[float, ...]) -> list[Tensor]:
    values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    return [(vectors * values.clamp_min(1e-8) ** exponent) @ vectors.T for exponent in exponents]
