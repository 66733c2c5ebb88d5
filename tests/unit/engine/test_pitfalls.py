"""What other programs of this kind have got wrong."""

from __future__ import annotations

import itertools

import pytest
import torch
from reverie import demo
from reverie.engine import loaded
from reverie.engine import render as engine
from reverie.events import Progress
from reverie.networks.network import Network
from reverie.optim.gradient_ascent import GradientAscent
from reverie.pictures import images
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe

from tests.random_networks import MODULES, random_network

PHOTO = shrink_to(images.read(demo.content()), 96)
DREAM = {"dream": {"layer": "level5"}, "network": "reverie", "size": 96, "precision": "float32"}


def test_an_iteration_costs_the_same_in_every_octave(monkeypatch):
    """One pass through the network, and no hook left behind, however many octaves there were before."""
    passes: list[int] = []
    features = Network.features
    monkeypatch.setattr(Network, "features", lambda *given: passes.append(1) or features(*given))
    told: list[tuple[int, int]] = []

    def listen(event) -> None:
        if isinstance(event, Progress):
            told.append((event.width, len(passes)))

    engine.render(Recipe.parse({**DREAM, "octaves": 4, "iterations": 16}), PHOTO, {}, device="cpu", report=listen)
    costs: dict[int, set[int]] = {}
    for (width, before), (next_width, after) in itertools.pairwise(told):
        if width == next_width:
            costs.setdefault(width, set()).add(after - before)
    assert len(costs) >= 3 and all(cost == {1} for cost in costs.values())
    network = loaded.network_for("reverie", "cpu")
    assert not any(module._forward_hooks or module._backward_hooks for module in network.module.modules())


def test_a_step_stays_within_the_range_of_pictures():
    x = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    GradientAscent(5.0).step(x, torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)))
    assert (float(x.min()), float(x.max())) == (0, 1)  # it went as far as it may, and no farther


@pytest.mark.parametrize("color", ["style", "luminance", "match"])
def test_a_result_is_within_the_range_of_pictures(color):
    ink = shrink_to(images.read(demo.styles()["ink"]), 96)
    recipe = {"style": "s", "strength": 1, "color": color, "network": "reverie", "size": 96, "iterations": 6}
    picture = engine.render(Recipe.parse(recipe), PHOTO, {"s": ink}, device="cpu").picture
    assert picture.min() >= 0 and picture.max() <= 1


def test_cudnn_stays_switched_on():
    engine.render(Recipe.parse({**DREAM, "iterations": 1}), PHOTO, {}, device="cpu")
    assert torch.backends.cudnn.enabled


@pytest.mark.parametrize("name", MODULES)
def test_no_network_sees_a_frame_around_a_flat_picture(name):
    """Padded with zeros, a white picture would stand on black, and its border be painted as an edge."""
    network = random_network(name)
    layers = network.layers if name == "reverie" else network.layers[:1]
    for layer, fmap in network.features(torch.ones(1, 3, 96, 96), layers).items():
        middle = fmap[:, :, fmap.shape[2] // 2, fmap.shape[3] // 2][:, :, None, None]
        assert float(middle.abs().max()) > 0
        torch.testing.assert_close(fmap, middle.expand_as(fmap), rtol=1e-4, atol=1e-5, msg=layer)
