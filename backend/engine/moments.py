"""Sums over positions of features and of their products: what Gram matrix, mean and covariance are made of."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def _products(features: Tensor) -> Tensor:
    products: Tensor = _Products.apply(features)  # type: ignore[no-untyped-call]
    return products


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


def sums(features: Tensor, center: Tensor) -> tuple[Tensor, Tensor]:
    """Σ (f − c) and Σ (f − c)(f − c)ᵀ over all positions, in float32: C, C×C.

    `features` is 1×C×H×W, `center` C. Sums, unlike means, add up over the tiles of a picture. Centring on a constant
    near the mean keeps the later difference of second moment and squared mean exact enough in bfloat16.
    """
    flat = features.flatten(2)[0] - center.to(features.dtype)[:, None]
    return flat.sum(1, dtype=torch.float32), _products(flat)


def gram(features: Tensor) -> Tensor:
    """Gatys et al. 2016, eq. 3, divided by the number of positions so that pictures of different size compare: C×C."""
    flat = features.flatten(2)[0]
    return _products(flat) / flat.shape[1]


def mean_and_covariance(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (C) and covariance (C×C) of the features over all positions."""
    flat = features.flatten(2)[0].float()
    mean = flat.mean(1)
    centered = flat - mean[:, None]
    return mean, centered @ centered.T / flat.shape[1]
