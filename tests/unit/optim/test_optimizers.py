"""L-BFGS and Adam on a quadratic whose minimum is known."""

from __future__ import annotations

import pytest
import torch
from reverie.optim.adam import Adam
from reverie.optim.lbfgs import LBFGS


def _quadratic(condition: float = 100.0, size: int = 50):
    """½ (x − m)ᵀ D (x − m) with D from 1 to `condition`."""
    diagonal = torch.logspace(0, torch.log10(torch.tensor(condition)).item(), size)
    minimum = torch.linspace(-0.1, 0.1, size)
    return minimum, lambda x: diagonal * (x - minimum)


def test_lbfgs_finds_the_minimum_of_a_quadratic():
    minimum, gradient = _quadratic()
    x, optimizer = torch.zeros(50), LBFGS()
    for _ in range(60):
        optimizer.step(x, gradient(x))
    assert float((x - minimum).abs().max()) < 1e-4


def test_lbfgs_beats_steepest_descent_by_far():
    minimum, gradient = _quadratic()
    x, optimizer, plain = torch.zeros(50), LBFGS(), torch.zeros(50)
    for _ in range(30):
        optimizer.step(x, gradient(x))
        plain -= gradient(plain) * (2 / 101)  # the best fixed step for this spectrum
    assert float((x - minimum).norm()) < 0.05 * float((plain - minimum).norm())


def test_lbfgs_bounds_every_step():
    x, optimizer = torch.zeros(1000), LBFGS(first_step=0.02, longest_step=0.1)
    for iteration in range(10):
        before = x.clone()
        optimizer.step(x, torch.randn(1000, generator=torch.Generator().manual_seed(iteration)) * 1e6)
        assert float((x - before).square().mean().sqrt()) <= (0.02 if iteration == 0 else 0.1) * 1.001


def test_lbfgs_moves_no_pixel_far():
    """A gradient with a long tail, of which one number is a thousand times the others, and a minimum further away."""
    tail = torch.ones(1000).index_fill(0, torch.tensor([7]), 1000.0)
    x, optimizer = torch.zeros(1000), LBFGS(first_step=0.02, furthest=0.025)
    for iteration in range(20):
        before = x.clone()
        optimizer.step(x, tail * (x - 0.2))
        assert float((x - before).abs().max()) <= 0.025 * 1.001
        assert iteration > 0 or float(x[7]) == pytest.approx(0.025)
    assert float((x - 0.2).abs().max()) < 1e-3


def test_lbfgs_survives_negative_curvature():
    """On −½x² every pair has negative curvature: steps stay finite and go downhill."""
    x, optimizer = torch.full((10,), 0.01), LBFGS()
    for _ in range(5):
        before = float((-0.5 * x.square()).sum())
        optimizer.step(x, -x)
        assert torch.isfinite(x).all()
        assert float((-0.5 * x.square()).sum()) < before


def test_adams_average_is_nearer_to_the_minimum_than_its_iterates():
    minimum, gradient = _quadratic(10.0)
    generator = torch.Generator().manual_seed(0)
    x, optimizer = torch.zeros(50), Adam(rate=0.02)
    for _ in range(400):
        optimizer.step(x, gradient(x) + torch.randn(50, generator=generator))
    assert float((optimizer.result(x) - minimum).norm()) < 0.7 * float((x - minimum).norm())


def test_adams_average_has_no_bias_to_zero():
    x, optimizer = torch.full((3,), 0.5), Adam()
    optimizer.step(x, torch.zeros(3))
    assert optimizer.result(x).tolist() == pytest.approx([0.5] * 3)
