"""Gram matrix, mean and covariance against NumPy and against finite differences."""

from __future__ import annotations

import numpy as np
import torch
from reverie.losses import moments


def _features(seed: int = 0) -> torch.Tensor:
    return torch.randn(1, 5, 4, 7, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 3


def test_gram_is_the_mean_of_outer_products():
    features = _features()
    flat = features[0].flatten(1).numpy()
    expected = np.mean([np.outer(column, column) for column in flat.T], axis=0)
    np.testing.assert_allclose(moments.of(features).gram.numpy(), expected, rtol=1e-5)


def test_covariance_is_numpys():
    found = moments.of(_features())
    flat = _features()[0].flatten(1).numpy()
    np.testing.assert_allclose(found.mean.numpy(), flat.mean(1), rtol=1e-5)
    np.testing.assert_allclose(found.covariance.numpy(), np.cov(flat, bias=True), rtol=1e-4, atol=1e-5)


def test_gram_gradient_agrees_with_finite_differences():
    features = _features()
    target = torch.randn(5, 5, generator=torch.Generator().manual_seed(3))

    def value(f: torch.Tensor) -> torch.Tensor:
        _, products, count = moments.sums(f, torch.zeros(5))
        return (products / count * target).sum()

    x = features.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(value(x), x)
    step = 1e-2  # the function is quadratic: central differences are exact, and the float32 sums want a large step
    for index in [(0, 0, 0, 0), (0, 2, 1, 3), (0, 4, 3, 6)]:
        up, down = features.clone(), features.clone()
        up[index] += step
        down[index] -= step
        numeric = (value(up) - value(down)) / (2 * step)
        assert abs(float(numeric) - float(gradient[index])) < 2e-3 * float(gradient.abs().max())


def test_weights_count_positions_as_often_as_they_say():
    """A position of weight 2 counts like two positions, one of weight 0 like none."""
    features, center = _features(), torch.zeros(5)
    weights = torch.ones(4, 7)
    weights[:, 0], weights[:, 1] = 2, 0
    doubled = torch.cat([features[..., :1], features[..., :1], features[..., 2:]], 3)
    for found, expected in zip(moments.sums(features, center, weights), moments.sums(doubled, center), strict=True):
        torch.testing.assert_close(found.double(), expected.double(), rtol=1e-5, atol=1e-4)


def test_sums_add_up_over_parts_of_the_picture():
    features, center = _features(), torch.full((5,), 3.0, dtype=torch.float64)
    whole = moments.sums(features, center)
    left, right = moments.sums(features[..., :3], center), moments.sums(features[..., 3:], center)
    for total, a, b in zip(whole, left, right, strict=True):
        torch.testing.assert_close(total, a + b, rtol=1e-5, atol=1e-5)


def test_the_gradient_is_laid_out_as_the_features_are():
    """Position by position: on the CPU all that is done with it takes several times as long otherwise."""
    features = _features().contiguous(memory_format=torch.channels_last).requires_grad_(True)
    for weights in (None, torch.ones(4, 7)):
        first, second, _ = moments.sums(features, torch.zeros(5), weights)
        (gradient,) = torch.autograd.grad(first.sum() + second.square().sum(), features)
        assert gradient.stride() == features.stride()
