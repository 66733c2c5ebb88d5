"""The map that gives features the statistics of others."""

from __future__ import annotations

import torch
from reverie.losses import moments
from reverie.losses.moments import Moments
from reverie.losses.transport import linear_map


def _features(channels: int, seed: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    mixing = torch.randn(channels, channels, generator=random)
    plain = torch.randn(1, channels, 40, 50, generator=random)
    return torch.einsum("ij,njhw->nihw", mixing, plain) + torch.randn(1, channels, 1, 1, generator=random)


def _moved(features: torch.Tensor, wanted: Moments, share: float = 1.0, most: float = 100.0) -> torch.Tensor:
    matrix, shift = linear_map(moments.of(features), wanted, share, most)
    return torch.einsum("ij,njhw->nihw", matrix, features) + shift[None, :, None, None]


def test_moved_features_have_the_wanted_moments():
    wanted = moments.of(_features(6, 1))
    found = moments.of(_moved(_features(6, 0), wanted))
    assert torch.allclose(found.mean, wanted.mean, atol=1e-3)
    assert torch.allclose(found.covariance, wanted.covariance, atol=0.02 * float(wanted.covariance.abs().max()))


def test_features_that_have_them_already_stay_where_they_are():
    """Any rotation would keep the moments, too: of all maps it is the one that moves least."""
    features = _features(6, 0)
    assert torch.allclose(_moved(features, moments.of(features)), features, atol=1e-3)


def test_no_deviation_grows_more_than_allowed():
    """The grain of what is plain would otherwise become a lattice."""
    features = torch.randn(1, 4, 30, 30, generator=torch.Generator().manual_seed(0))
    features[:, 2] *= 1e-3
    matrix, _ = linear_map(moments.of(features), moments.of(_features(4, 1)), most=3.0)
    assert float(torch.linalg.matrix_norm(matrix, 2)) <= 3.0 + 1e-4


def test_a_share_goes_part_of_the_way():
    features, wanted = _features(5, 0), moments.of(_features(5, 1))
    whole = _moved(features, wanted)
    assert torch.allclose(_moved(features, wanted, 0.25), torch.lerp(features, whole, 0.25), atol=1e-3)
    assert torch.allclose(_moved(features, wanted, 0.0), features, atol=1e-4)


def test_features_of_which_some_do_not_vary_are_moved_to_finite_places():
    features = _features(4, 0)
    features[:, 1] = 0.5
    assert bool(_moved(features, moments.of(_features(4, 1))).isfinite().all())


def test_what_hardly_varies_is_noise():
    """A thousandth is added to all variances: features that vary as little are not blown up to another's as little."""
    own, wanted = (
        Moments(torch.zeros(3), torch.diag(torch.tensor(variances)))
        for variances in ([1.0, 1e-3, 1e-5], [4.0, 4e-3, 1e-3])
    )
    matrix, _ = linear_map(own, wanted, most=100.0)
    grown = torch.tensor([4.001 / 1.001, 5e-3 / 2e-3, 2e-3 / 1.01e-3]).sqrt()
    assert torch.allclose(matrix, torch.diag(grown), atol=1e-3)
