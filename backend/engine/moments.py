"""Sums over positions of features and of their products: what Gram matrix, mean and covariance are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Moments:
    """Mean (C) and covariance (C×C) of a layer's features over all positions, float32."""

    mean: Tensor
    covariance: Tensor

    @property
    def gram(self) -> Tensor:
        """Gatys et al. 2016, eq. 3, divided by the number of positions so that pictures of different size compare."""
        return self.covariance + torch.outer(self.mean, self.mean)


class _Products(torch.autograd.Function):
    """F Fᵀ for F of C×N. The derivative with respect to F is (S + Sᵀ) F for an upstream derivative S: one matrix
    product, where automatic differentiation of `F @ F.T` makes two."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        ctx.save_for_backward(features)
        return (features @ features.T).float()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:
        (features,) = ctx.saved_tensors
        gradient: Tensor = (upstream + upstream.T).to(features.dtype) @ features
        return gradient


def sums(features: Tensor, center: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Σ w (f − c), Σ w (f − c)(f − c)ᵀ and Σ w over all positions, in float32: C, C×C and a scalar.

    `features` is 1×C×H×W, `center` C, `weights` H×W (1 where it is None). Sums, unlike means, add up over the tiles of
    a picture. Centring on a constant near the mean keeps the later difference of second moment and squared mean exact
    enough in bfloat16.
    """
    flat = features.flatten(2)[0] - center.to(features.dtype)[:, None]
    if weights is None:
        count = torch.full((), float(flat.shape[1]), device=flat.device)  # made on the device, which need not wait
        return flat.sum(1, dtype=torch.float32), _products(flat), count
    across = weights.flatten()
    flat = flat * across.sqrt().to(flat.dtype)
    return flat @ across.sqrt().to(flat.dtype), _products(flat), across.sum()


def _products(features: Tensor) -> Tensor:
    products: Tensor = _Products.apply(features)  # type: ignore[no-untyped-call]
    return products


def of(features: Tensor) -> Moments:
    """The moments of a layer's 1×C×H×W features."""
    flat = features.flatten(2)[0].float()
    mean = flat.mean(1)
    centered = flat - mean[:, None]
    return Moments(mean, centered @ centered.T / flat.shape[1])


def blend(moments: Sequence[tuple[Moments, float]]) -> Moments:
    """The weighted mean of the statistics of several styles: mean and covariance each by themselves."""
    total = sum(share for _, share in moments)
    return Moments(
        torch.stack([each.mean * (share / total) for each, share in moments]).sum(0),
        torch.stack([each.covariance * (share / total) for each, share in moments]).sum(0),
    )
