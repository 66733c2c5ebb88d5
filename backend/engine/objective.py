"""The function that the picture is to minimise: Σ weightᵢ · termᵢ(features(x), x)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from backend.engine.terms import PICTURE, Features, Term
from backend.networks.network import Network


class Objective:
    """The weighted sum of terms. The network runs once for all their layers, and no further than the deepest."""

    def __init__(self, network: Network, terms: Sequence[Term]) -> None:
        """Terms of weight 0 are left out."""
        self._network = network
        self._terms = [term for term in terms if term.weight != 0]
        self._layers = sorted({layer for term in self._terms for layer in term.layers} - {PICTURE})

    def __call__(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """The loss (a scalar) and its gradient (as the picture) at a picture of 1×3×H×W, RGB in 0 to 1."""
        x = picture.detach().requires_grad_(True)
        loss = self.loss(x)
        (gradient,) = torch.autograd.grad(loss, x)
        return loss.detach(), gradient

    def loss(self, picture: Tensor) -> Tensor:
        """The loss alone, differentiable."""
        features = self._features(picture)
        values = [term.weight * term.loss(term.measure(features)) for term in self._terms]
        return torch.stack(values).sum()

    def _features(self, picture: Tensor) -> Features:
        maps = self._network.features(picture, self._layers) if self._layers else {}
        maps[PICTURE] = picture
        return Features(maps, {name: (slice(0, m.shape[2]), slice(0, m.shape[3])) for name, m in maps.items()})
