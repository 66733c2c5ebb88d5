"""Style as a Wasserstein distance: what it takes to carry the features of the picture over to those of the styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from reverie import device as devices
from reverie.errors import ReverieError
from reverie.losses import moments
from reverie.losses.loss import Features, Loss
from reverie.losses.moments import Moments
from reverie.losses.region import Region
from reverie.losses.style_target import StyleTarget

_LEAST = 1e-3  # eigenvalues of a style's covariance below this part of the largest drown in the rounding of float32
_LEAST_SQUARED = _LEAST**2  # as they appear where the covariances meet
_NOTHING = 1e-12  # an eigenvalue where a layer has one position: the root's derivative has to be a number in float32
_WEIGHT = 1.6  # at which a strength means about the same as with mean and covariance; found by looking


class Wasserstein:
    """Squared 2-Wasserstein distance between the Gaussians with the features' means and covariances (Dowson & Landau
    1982, eq. 4), divided by that of the target from the origin, |m₂|² + tr S₂, and averaged over the layers.

        |m₁ − m₂|² + tr(S₁ + S₂ − 2 (S₂^½ S₁ S₂^½)^½)

    We depart from the formula in one thing: in place of S₂^½ stand the eigenvectors of S₂ that carry its variance, each
    times the root of its eigenvalue. The nonzero eigenvalues are the same, and the matrix is smaller.

    The matrices are float64: the derivative of a root makes much of the rounding of small eigenvalues. So are the sums
    where a layer has fewer positions than channels, and a covariance has eigenvalues that should be zero. On a device
    that has no float64 the matrices, which are small, are computed beside it, and the sums are its own.
    """

    def __init__(
        self, styles: Sequence[tuple[Mapping[str, Moments], float]], weight: float, region: Region | None = None
    ) -> None:
        """`styles` pairs the statistics by layer of each style picture with its weight; several blend into the weighted
        mean of their statistics. `region` limits the loss to a part of the picture."""
        self.layers = tuple(styles[0][0])
        self.weight = weight
        self._region = region
        self._targets = moments.blend_layers(styles)
        self._roots = {layer: _root(target.covariance) for layer, target in self._targets.items()}

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        for layer in self.layers:
            weights = self._region.weights(features, layer) if self._region else None
            fmap = features.maps[layer]
            if fmap.shape[2] * fmap.shape[3] < fmap.shape[1] and fmap.device.type not in devices.WITHOUT_FLOAT64:
                fmap = fmap.double()
            found += moments.sums(fmap, self._targets[layer].mean, weights)
        return tuple(found)

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        parts = []
        for index, layer in enumerate(self.layers):
            first, second, count = (devices.float64(value) for value in sums[3 * index : 3 * index + 3])
            target, root = self._targets[layer], self._roots[layer]
            offset = first / count.clamp_min(1e-6)
            covariance = second / count.clamp_min(1e-6) - torch.outer(offset, offset)
            spread = covariance.trace() + root.square().sum() - 2 * trace_of_root(root.T @ covariance @ root)
            whole = devices.float64(target.mean.square().sum() + target.covariance.trace()) + 1e-12
            parts.append((offset.square().sum() + spread) / whole)
        return torch.stack(parts).mean().float().to(sums[0].device)


def _root(covariance: Tensor) -> Tensor:
    """C×k, float64, with root · rootᵀ the covariance but for what is too faint to compute with."""
    values, vectors = torch.linalg.eigh(devices.float64(covariance))
    strong = values > _LEAST * values[-1].clamp_min(1e-12)
    if not bool(strong.any()):  # a style of one colour
        return torch.zeros(len(values), 1, dtype=values.dtype, device=values.device)
    root: Tensor = vectors[:, strong] * values[strong].sqrt()
    return root


class _TraceOfRoot(torch.autograd.Function):
    """tr(M^½) of a symmetric positive semidefinite matrix; its derivative is ½ M^−½ (Higham 2008, section 6.1).

    Automatic differentiation through the eigenvectors would divide by differences of eigenvalues, and by their roots:
    it fails where two are equal or one is zero. Here the roots alone are needed, and are kept from zero.
    """

    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(matrix)
        ctx.save_for_backward(values, vectors)
        trace: Tensor = values.clamp_min(0).sqrt().sum()
        return trace

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:
        values, vectors = ctx.saved_tensors
        least = (values[-1] * _LEAST_SQUARED).clamp_min(_NOTHING)
        gradient: Tensor = upstream / 2 * (vectors * values.clamp_min(least).rsqrt()) @ vectors.T
        return gradient


def trace_of_root(matrix: Tensor) -> Tensor:
    """tr(M^½), a differentiable scalar, of a symmetric positive semidefinite n×n matrix. Raises ReverieError when the
    matrix is not made of finite numbers."""
    try:
        trace: Tensor = _TraceOfRoot.apply(matrix)  # type: ignore[no-untyped-call]
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise ReverieError(
            "The optimisation diverged: the picture's statistics are no longer numbers. Use precision “float32”, or "
            "the optimizer “adam”.",
            "precision",
        ) from error
    return trace


def losses(target: StyleTarget) -> list[Loss]:
    """The losses of the style loss “wasserstein”."""
    return [Wasserstein(target.statistics, _WEIGHT * target.share, target.region)]
