"""A weight means the same on every network."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.engine import loaded, render, tiling, weighting
from reverie.engine.objective import Objective
from reverie.losses.content import Content
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.total_variation import TotalVariation
from reverie.networks import registry
from reverie.networks.network import Network
from reverie.networks.weights import catalogue
from reverie.pictures import images
from reverie.pictures.noise import pink_noise
from reverie.pictures.resize import resize, shrink_to, to_tensor
from reverie.recipe import Recipe

from tests.random_networks import random_network


def _measured(network: Network, size: int) -> dict[str, tuple[float, float]]:
    """The loss and the norm of the gradient of each term at its unit, half way between two pictures that the
    calibration has not seen."""
    defaults = registry.NETWORKS[network.name].defaults
    units = weighting.units(network, defaults.content, defaults.style)
    content, style = (pink_noise(seed, torch.device("cpu"), size) for seed in (11, 12))
    terms = {
        "content": Content(tiling.maps(network, content, defaults.content, None), units.content),
        "style": MeanCovariance([(tiling.statistics(network, style, defaults.style, None), 1.0)], 1.0),
        "total variation": TotalVariation(size, size, units.total_variation),
    }
    found = {name: Objective(network, [term])((content + style) / 2) for name, term in terms.items()}
    return {name: (float(loss), float(gradient.norm())) for name, (loss, gradient) in found.items()}


@pytest.mark.parametrize("name", ["squeezenet1_1", "googlenet", "resnet50"])
@pytest.mark.parametrize("size", [128, 192])
def test_calibrated_terms_pull_as_hard_as_the_style_on_other_pictures_and_sizes(name, size):
    pulls = {term: norm for term, (_, norm) in _measured(random_network(name), size).items()}
    assert 0.5 < pulls["content"] / pulls["style"] < 2
    assert 0.5 < pulls["total variation"] / pulls["style"] < 2


@pytest.mark.parametrize("name", ["reverie", "squeezenet1_0", "vgg19", "resnet50", "alexnet"])
def test_strength_one_half_shares_the_influence_alike_on_every_network(name, request, monkeypatch):
    """On pictures that the calibration has not seen: the content has 0.8 of 1.8 parts of the gradient, to 0.16."""
    if name == "squeezenet1_0":
        monkeypatch.setenv("REVERIE_WEIGHTS", str(request.getfixturevalue("shared") / "weights"))
    network = registry.load(name) if name in registry.available() else random_network(name)
    defaults = registry.NETWORKS[name].defaults
    weight = weighting.units(network, defaults.content, defaults.style).content_weight(0.5)
    photo, look = (
        resize(to_tensor(images.read(path), torch.device("cpu")), 160, 120).clamp(0, 1)
        for path in (demo.content(), demo.styles()["strokes"])
    )
    content = Content(tiling.maps(network, photo, defaults.content, None), weight)
    style = MeanCovariance([(tiling.statistics(network, look, defaults.style, None), 1.0)], 1.0)
    kept, styled = (float(Objective(network, [term])((photo + look) / 2)[1].norm()) for term in (content, style))
    assert kept / (kept + styled) == pytest.approx(0.8 / 1.8, abs=0.16)


def test_units_follow_the_gradient_and_not_the_loss():
    """Total variation is a flat term: where it pulls as hard as the style, its loss is six times as large."""
    found = _measured(random_network("squeezenet1_1"), weighting.SIDE)
    (flat, pull), (loss, styled) = found["total variation"], found["style"]
    assert flat > 4 * loss
    assert pull == pytest.approx(styled, rel=0.2)


def test_units_are_the_same_each_time_and_those_of_the_layers():
    network = random_network("squeezenet1_1")
    before = weighting.units(network, ["fire4"], ["fire2", "fire3"])
    again = weighting.units(network, ["fire4"], ["fire2", "fire3"])
    assert before == again
    deeper = weighting.units(network, ["fire9"], ["fire2", "fire3"])
    assert deeper.total_variation == before.total_variation
    assert deeper.content != before.content


def test_units_do_not_depend_on_how_large_the_numbers_of_a_layer_are():
    """A layer whose features are a hundred times as large has the same relative loss, and so the same unit."""

    class Hundredfold(torch.nn.Module):
        def forward(self, fmap: torch.Tensor) -> torch.Tensor:
            return 100 * fmap

    network = random_network("squeezenet1_1")
    before = weighting.units(network, ["fire4"], ["fire2", "fire3"])
    for layer in ("fire4", "fire3"):
        larger = dataclasses.replace(network, heads={layer: Hundredfold()})
        after = weighting.units(larger, ["fire4"], ["fire2", "fire3"])
        assert dataclasses.astuple(after) == pytest.approx(dataclasses.astuple(before), rel=0.01)


def test_noise_has_the_spectrum_of_photos():
    """Power falls by 1/f²: an octave up, a quarter."""
    spectrum = torch.fft.rfft2(pink_noise(3, torch.device("cpu"), 256).mean((0, 1)) - 0.5).abs().square()
    radius = (torch.fft.fftfreq(256)[:, None].square() + torch.fft.rfftfreq(256).square()).sqrt() * 256
    low, high = (float(spectrum[(radius >= r) & (radius < 2 * r)].mean()) for r in (8, 16))
    assert 2.5 < low / high < 6


@pytest.mark.parametrize("name", ["squeezenet1_0", "googlenet", "resnet50", "alexnet"])
def test_a_dreams_strength_moves_the_picture_as_far_on_every_network(name, monkeypatch):
    """As far as on our own encoder, also with random weights: a step's length does not depend on the gradient's."""
    photo = shrink_to(images.read(demo.content()), 96)
    monkeypatch.setattr(catalogue, "find", lambda network: Path("random.pth"))
    monkeypatch.setattr(registry, "load", lambda network, pooling=None: random_network(network))
    distances = []
    for network in ("reverie", name):
        loaded.forget_network()
        recipe = {"dream": {}, "network": network, "iterations": 5, "smallest": 96, "precision": "float32"}
        picture = render.render(Recipe.parse(recipe), photo, {}, device="cpu").picture
        distances.append(float(np.sqrt(np.square(picture - photo).mean())))
    loaded.forget_network()
    assert 0.5 < distances[1] / distances[0] < 2
