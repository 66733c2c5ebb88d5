"""Columns of features in fewer numbers, and by their direction alone: what they are compared by."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from reverie import device as devices

_ROUNDS = 3  # of the search
_NOTHING = 1e-13  # of all that vectors span: what rounding makes of nothing


def principal(columns: Tensor, count: int) -> Tensor:
    """An orthonormal basis, C×count, of about the first principal components of centred columns, N×C, by subspace
    iteration (Halko, Martinsson & Tropp 2011, “Finding Structure with Randomness”, algorithm 4.4)."""
    basis = torch.randn(columns.shape[1], count, generator=torch.Generator().manual_seed(0)).to(columns)
    for _ in range(_ROUNDS):
        basis = _orthonormal(columns.T @ (columns @ basis))
    return basis


def _orthonormal(vectors: Tensor) -> Tensor:
    """What spans the same as some vectors, C×n, by Cholesky's factor of their products, twice for what rounding leaves
    the first time (Yamamoto et al. 2015, “Roundoff Error Analysis of the CholeskyQR2 Algorithm”). Householder's way has
    the threads wait for each other at each column: on a busy machine it takes a hundred times as long."""
    found = devices.float64(vectors)
    for _ in range(2):
        products = found.T @ found
        products.diagonal().add_(_NOTHING * products.trace() + 1e-200)  # where some depend on others, or all are zero
        found = torch.linalg.solve_triangular(torch.linalg.cholesky(products), found.T, upper=False).T
    return found.to(vectors)


def directions(columns: Tensor) -> Tensor:
    """Columns, N×C, of length 1 each."""
    return functional.normalize(columns, dim=1)
