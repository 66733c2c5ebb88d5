"""What holds of every style loss in the table: a new one is held to it by its line there."""

from __future__ import annotations

import pytest
import torch
from reverie.engine import neighbours
from reverie.engine.inputs import StylePicture
from reverie.engine.objective import Objective
from reverie.losses import STYLE_LOSSES, moments, style_losses
from reverie.losses.region import Region
from reverie.losses.style_target import StyleTarget

from tests.random_networks import random_network
from tests.small_network import SmallNetwork

NETWORK = SmallNetwork()


def _picture(seed: int, height: int = 13, width: int = 17) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _objective(name, style, like, share=1.0, region=None, network=NETWORK, layers=("a", "b")) -> Objective:
    """What a picture is to be like is found for the picture `like`."""
    maps = network.features(style, layers)
    statistics = [({layer: moments.of(fmap) for layer, fmap in maps.items()}, 1.0)]
    look = StylePicture("style", style, None, 1.0, 1.0)
    target = StyleTarget(
        statistics, lambda: neighbours.find(network, [look], layers, like, None, 0), share=share, region=region
    )
    return Objective(network, style_losses(name, target))


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_the_style_itself_has_none_and_another_picture_has(name):
    style = _picture(1)
    objective = _objective(name, style, style)
    assert float(objective.loss(style)) < 1e-3 < 0.01 < float(objective.loss(0.3 * _picture(2)))


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_the_gradient_agrees_with_finite_differences(name):
    x = _picture(3)
    objective = _objective(name, _picture(1, 21, 11), x)
    _, gradient = objective(x)
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    step = 1e-4
    with torch.no_grad():
        numeric = float(objective.loss(x + step * direction) - objective.loss(x - step * direction)) / (2 * step)
    assert numeric == pytest.approx(float((gradient * direction).sum()), rel=2e-2)


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_a_region_weighs_by_its_share_and_looks_at_nothing_else(name):
    network, mask = random_network("squeezenet1_1"), torch.zeros(1, 1, 64, 96)
    mask[..., :40] = 1
    style, x = _picture(1, 64, 96).float(), _picture(3, 64, 96).float()
    region, layers = Region(mask, network), ["conv1", "fire2"]
    half = _objective(name, style, x, 0.5, region, network, layers)
    elsewhere = x.clone()
    elsewhere[..., 70:] = 0.2  # beyond what any position in the region sees
    assert float(half.loss(elsewhere)) == pytest.approx(float(half.loss(x)), rel=1e-4)
    whole = _objective(name, style, x, 1.0, region, network, layers)
    assert float(whole.loss(x)) == pytest.approx(2 * float(half.loss(x)), rel=1e-4)
    assert float(whole.loss(0.5 * x)) != pytest.approx(float(whole.loss(x)), rel=1e-2)
