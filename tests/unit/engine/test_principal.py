"""What a search for principal components finds, whatever it is given."""

from __future__ import annotations

import pytest
import torch
from reverie.engine.principal import principal

_RANDOM = torch.Generator().manual_seed(1)
_FADING = torch.randn(400, 60, generator=_RANDOM) * torch.logspace(0, -4, 60)


@pytest.mark.parametrize("columns", [_FADING, _FADING[:12]])
def test_it_finds_what_carries_most(columns):
    """As much as the components that a decomposition finds, but for what so few rounds leave."""
    basis = principal(columns, 12)
    assert torch.allclose(basis.T @ basis, torch.eye(12), atol=1e-5)
    best = torch.linalg.svdvals(columns)[:12].square().sum()
    assert 0.98 * best < (columns @ basis).square().sum() <= best * 1.00001


@pytest.mark.parametrize("rank", [0, 1, 5])
def test_there_may_be_less_than_is_looked_for(rank):
    """A flat style, or one of a few colours."""
    columns = torch.randn(90, rank, generator=_RANDOM) @ torch.randn(rank, 40, generator=_RANDOM)
    basis = principal(columns, 12)
    assert torch.isfinite(basis).all()
    assert torch.allclose(columns @ basis @ basis.T, columns, atol=1e-4)
