"""Sums over positions of features and of their products: what Gram matrix, mean and covariance are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reverie.losses.loss import Features
from reverie.losses.region import Region


@dataclass(frozen=True)
class Moments:
    """Mean (C) and covariance (C×C) of a layer's features over all positions, float32."""

    mean: Tensor
    covariance: Tensor

    @property
    def gram(self) -> Tensor:
        """Gatys et al. 2016, eq. 3, divided by the number of positions so that pictures of different size compare."""
        return self.covariance + torch.outer(self.mean, self.mean)


class _Sums(torch.autograd.Function):
    """Σ f and Σ f fᵀ over the rows f of an N×C matrix F, in float32 at least. The derivative with respect to F is
    s + F (S + Sᵀ) for upstream derivatives s and S: one matrix product, where automatic differentiation makes two."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(rows)
        exact = torch.promote_types(rows.dtype, torch.float32)
        return rows.sum(0, dtype=exact), (rows.T @ rows).to(exact)

    @staticmethod
    def backward(ctx: Any, first: Tensor, second: Tensor) -> Tensor:
        (rows,) = ctx.saved_tensors
        return torch.addmm(first.to(rows.dtype), rows, (second + second.T).to(rows.dtype))


def sums(features: Tensor, center: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Σ w (f − c), Σ w (f − c)(f − c)ᵀ and Σ w over all positions, in float32 at least: C, C×C and a scalar.

    `features` is 1×C×H×W, `center` C, `weights` H×W (1 where it is None). Sums, unlike means, add up over the tiles of
    a picture. Centring on a constant near the mean keeps the later difference of second moment and squared mean exact
    enough in bfloat16.
    """
    # A row a position, as the networks hold their features (channels last): their gradient is then laid out as they
    # are, too. To add up gradients that are not takes several times as long.
    rows = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1]) - center.to(features.dtype)
    if weights is None:
        count = torch.full((), float(len(rows)), device=rows.device)  # made on the device, which need not wait
        return *_sums(rows), count
    across = weights.flatten().to(torch.promote_types(rows.dtype, torch.float32))
    roots = across.sqrt().to(rows.dtype)
    rows = rows * roots[:, None]
    return roots @ rows, _sums(rows)[1], across.sum()


def _sums(rows: Tensor) -> tuple[Tensor, Tensor]:
    first, second = _Sums.apply(rows)  # type: ignore[no-untyped-call]
    return first, second


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


def blend_layers(styles: Sequence[tuple[Mapping[str, Moments], float]]) -> dict[str, Moments]:
    """`blend` in each layer; `styles` pairs the statistics by layer of each style picture with its weight."""
    return {layer: blend([(statistics[layer], share) for statistics, share in styles]) for layer in styles[0][0]}


def sums_of_layers(
    features: Features, centers: Mapping[str, Tensor], region: Region | None = None
) -> tuple[Tensor, ...]:
    """`sums` of some layers, one after the other, each about its centre; within a region, with its weights."""
    found: list[Tensor] = []
    for layer, center in centers.items():
        weights = region.weights(features, layer) if region else None
        found += sums(features.maps[layer], center, weights)
    return tuple(found)
