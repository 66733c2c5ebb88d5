"""The Wasserstein term against its closed form, finite differences and itself in tiles."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie.engine.objective import Objective
from reverie.errors import ReverieError
from reverie.losses import moments
from reverie.losses.loss import Features
from reverie.losses.moments import Moments
from reverie.losses.wasserstein import Wasserstein, trace_of_root

from tests.small_network import SmallNetwork

NETWORK = SmallNetwork()


def sqrtm(matrix: np.ndarray) -> np.ndarray:
    """The root of a symmetric matrix, by NumPy."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(values.clip(0)) @ vectors.T


def _picture(seed: int, height: int = 13, width: int = 17, channels: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, channels, height, width, generator=generator, dtype=torch.float64)


def _moments(maps: dict[str, torch.Tensor]) -> dict[str, Moments]:
    return {layer: moments.of(fmap) for layer, fmap in maps.items()}


def _loss(term: Wasserstein, maps: dict[str, torch.Tensor]) -> float:
    return float(term.value(term.measure(Features.of_whole(maps))))


def _maps(seed: int, channels: int = 5) -> dict[str, torch.Tensor]:
    mixing = torch.randn(channels, channels, generator=torch.Generator().manual_seed(seed))
    values = torch.randn(1, channels, 20, 30, generator=torch.Generator().manual_seed(seed + 1))
    return {"a": torch.einsum("ij,njhw->nihw", mixing, values) + seed}


def test_value_is_that_of_the_closed_form():
    picture, style = _maps(1), _maps(2)
    one, two = moments.of(picture["a"]), moments.of(style["a"])
    root = sqrtm(two.covariance.double().numpy())
    between = sqrtm(root @ one.covariance.double().numpy() @ root).trace().real
    distance = float((one.mean - two.mean).square().sum() + one.covariance.trace() + two.covariance.trace())
    expected = (distance - 2 * between) / float(two.mean.square().sum() + two.covariance.trace())
    assert _loss(Wasserstein([({"a": two}, 1.0)], 1.0), picture) == pytest.approx(expected, rel=1e-4)


def test_trace_of_root_has_the_right_derivative():
    factor = torch.randn(6, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrix = (factor @ factor.T).requires_grad_(True)
    assert float(trace_of_root(matrix.detach())) == pytest.approx(sqrtm(matrix.detach().numpy()).trace().real, rel=1e-9)
    # Of symmetric matrices only: finite differences must not leave them.
    assert torch.autograd.gradcheck(lambda m: trace_of_root((m + m.T) / 2), matrix)


def test_derivative_stays_finite_where_eigenvalues_are_equal_or_zero():
    for matrix in (torch.eye(4), torch.zeros(4, 4), torch.diag(torch.tensor([1.0, 1.0, 0.0, -1e-9]))):
        matrix.requires_grad_(True)
        (gradient,) = torch.autograd.grad(trace_of_root(matrix), matrix)
        assert bool(torch.isfinite(gradient).all())


def test_gradient_agrees_with_finite_differences():
    style = _moments(NETWORK.features(_picture(8, 21, 11), ["a", "c"]))
    objective = Objective(NETWORK, [Wasserstein([(style, 1.0)], 1.0)])
    x = _picture(1)
    _, gradient = objective(x)
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    step = 1e-2
    with torch.no_grad():
        numeric = float(objective.loss(x + step * direction) - objective.loss(x - step * direction)) / (2 * step)
    assert numeric == pytest.approx(float((gradient * direction).sum()), rel=1e-2)


def test_loss_is_zero_where_the_target_is_and_grows_with_distance():
    maps = NETWORK.features(_picture(7), ["a", "b", "c"])
    term = Wasserstein([(_moments(maps), 1.0)], 1.0)
    at_target = _loss(term, maps)
    elsewhere = _loss(term, NETWORK.features(_picture(7) * 0.9, ["a", "b", "c"]))
    assert abs(at_target) < 1e-4
    assert elsewhere > 10 * abs(at_target)


def test_two_styles_meet_at_the_mean_of_their_statistics():
    one, two = _maps(1), _maps(2)
    blend = moments.blend([(moments.of(one["a"]), 1.0), (moments.of(two["a"]), 3.0)])
    picture = _maps(3)
    both = Wasserstein([(_moments(one), 1.0), (_moments(two), 3.0)], 1.0)
    assert _loss(both, picture) == pytest.approx(_loss(Wasserstein([({"a": blend}, 1.0)], 1.0), picture), rel=1e-5)


def test_a_style_of_one_color_is_a_target_too():
    flat = {"a": torch.full((1, 5, 4, 4), 0.5)}
    assert _loss(Wasserstein([(_moments(flat), 1.0)], 1.0), flat) == pytest.approx(0, abs=1e-6)


def test_what_is_no_number_is_told_in_a_sentence():
    with pytest.raises(ReverieError, match="diverged"):
        trace_of_root(torch.full((3, 3), float("nan")))


def test_sums_in_float32_where_a_device_has_nothing_else(monkeypatch):
    """What an Apple processor computes by itself; that its matrices then change places cannot be shown without one."""
    few = {"a": _maps(1, channels=24)["a"][:, :, :4, :5]}
    term = Wasserstein([(_moments(_maps(2, channels=24)), 1.0)], 1.0)
    exact = _loss(term, few)
    monkeypatch.setattr("reverie.device.WITHOUT_FLOAT64", ("cpu",))
    assert {value.dtype for value in term.measure(Features.of_whole(few))} == {torch.float32}
    assert _loss(term, few) == pytest.approx(exact, rel=1e-3)
