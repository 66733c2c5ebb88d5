"""Slopes as lessons: what the trainer asks for is what the engine asks for, and disagreement is an angle."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie.losses import moments
from reverie.losses.activation import Activation
from reverie.losses.loss import Features
from reverie.losses.mean_covariance import MeanCovariance
from reverie.training import slopes


def _features(seed: int, channels: int = 5) -> torch.Tensor:
    return torch.randn(3, channels, 12, 14, generator=torch.Generator().manual_seed(seed))


def _angle(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0))


def test_each_crop_is_asked_for_the_style_of_the_next_as_the_engine_asks():
    """The derivative with respect to features of two layers, against that of the engine's own term."""
    maps = [_features(0).requires_grad_(), _features(1, 7).requires_grad_()]
    asked = torch.autograd.grad(slopes.style([1.0, 1.0])(maps), maps)
    for crop in range(3):
        after = (crop + 1) % 3
        target = {str(n): moments.of(fmap[after : after + 1].detach()) for n, fmap in enumerate(maps)}
        own = {str(n): fmap[crop : crop + 1].detach().requires_grad_() for n, fmap in enumerate(maps)}
        term = MeanCovariance([(target, 1.0)], 1.0)
        wanted = torch.autograd.grad(term.value(term.measure(Features.of_whole(own))), list(own.values()))
        for found, expected in zip(asked, wanted, strict=True):
            # The engine takes the mean over layers, and the lesson their sum.
            torch.testing.assert_close(found[crop : crop + 1], 2 * expected, rtol=1e-4, atol=1e-6)


def test_each_crop_is_asked_for_more_of_a_layer_as_the_engine_asks():
    maps = [_features(0).relu().requires_grad_(), _features(1, 7).relu().requires_grad_()]
    asked, untouched = torch.autograd.grad(slopes.dream(0)(maps), maps, allow_unused=True)
    assert untouched is None
    for crop in range(3):
        own = maps[0][crop : crop + 1].detach().requires_grad_()
        term = Activation("0", 1.0)
        (wanted,) = torch.autograd.grad(term.value(term.measure(Features.of_whole({"0": own}))), own)
        assert _angle(asked[crop], wanted) == pytest.approx(1, abs=1e-5)


def test_lessons_ask_for_styles_and_for_dreams_of_the_deepest_layers():
    maps = [_features(n).requires_grad_() for n in range(8)]
    random, dreamt, styles = np.random.default_rng(0), set(), 0
    for _ in range(60):
        derivatives = torch.autograd.grad(slopes.lesson(8, random)(maps), maps, allow_unused=True)
        asked = [index for index, each in enumerate(derivatives) if each is not None]
        if len(asked) == 1:
            dreamt.add(asked[0])
        else:
            assert len(asked) == 8
            styles += 1
    assert dreamt == {5, 6, 7}
    assert 30 <= styles <= 48


def test_disagreement_is_one_minus_the_cosine_however_steep_either_is():
    waves = torch.sin(torch.arange(64) / 64 * 4 * torch.pi)
    across, down = waves.expand(1, 3, 64, 64), waves[:, None].expand(1, 3, 64, 64)
    assert float(slopes.disagreement(5 * across, 0.1 * across)) == pytest.approx(0, abs=1e-3)
    assert float(slopes.disagreement(across, down)) == pytest.approx(1, abs=1e-3)
    assert float(slopes.disagreement(-across, across)) == pytest.approx(2, abs=1e-3)
    assert float(slopes.disagreement(across + down, across)) == pytest.approx(1 - 0.5**0.5, abs=1e-3)


def test_the_teachers_raster_of_pixels_is_not_to_be_learnt():
    """A gradient that alternates with each pixel says nothing: the one without it agrees as well as before."""
    plain = torch.nn.functional.interpolate(torch.randn(2, 3, 8, 8), (64, 64), mode="bicubic")
    raster = (torch.arange(64) % 2 * 2.0 - 1).expand(2, 3, 64, 64)
    clean, rough = (float(slopes.disagreement(plain, teachers)) for teachers in (plain, plain + raster))
    assert clean < 0.02
    assert rough == pytest.approx(clean, abs=0.01)
    assert float(slopes.disagreement(plain + raster, plain)) > 0.2


def test_the_derivative_of_the_disagreement_is_that_of_finite_differences():
    """Through a gradient of a network's features, as the trainer takes it: a second derivative."""
    torch.manual_seed(0)
    network = torch.nn.Conv2d(3, 4, 3, padding=1, padding_mode="replicate").double()
    crops = torch.rand(2, 3, 10, 10, dtype=torch.float64).requires_grad_()
    teachers = torch.rand(2, 3, 10, 10, dtype=torch.float64)

    def value() -> torch.Tensor:
        features = [torch.nn.functional.leaky_relu(network(crops), 0.1).square()]
        return slopes.disagreement(slopes.gradient(slopes.dream(0), features, crops, create_graph=True), teachers)

    (slope,) = torch.autograd.grad(value(), network.weight)
    direction = torch.randn_like(network.weight)
    step = 1e-4
    with torch.no_grad():
        network.weight += step * direction
    above = float(value().detach())
    with torch.no_grad():
        network.weight -= 2 * step * direction
    below = float(value().detach())
    assert float((slope * direction).sum()) == pytest.approx((above - below) / (2 * step), rel=2e-3)
