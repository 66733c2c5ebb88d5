"""Columns of features in fewer numbers, and by their direction alone: what they are compared by."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_ROUNDS = 3  # of the search


def principal(columns: Tensor, count: int) -> Tensor:
    """An orthonormal basis, C×count, of about the first principal components of centred columns, N×C, by subspace
    iteration (Halko, Martinsson & Tropp 2011, “Finding Structure with Randomness”, algorithm 4.4)."""
    basis = torch.randn(columns.shape[1], count, generator=torch.Generator().manual_seed(0)).to(columns)
    for _ in range(_ROUNDS):
        basis = torch.linalg.qr(columns.T @ (columns @ basis)).Q
    return basis


def directions(columns: Tensor) -> Tensor:
    """Columns, N×C, of length 1 each."""
    return functional.normalize(columns, dim=1)
