"""Tiled computation against untiled: features, statistics, and the gradient of every term on every network."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.engine import moments, tiling
from backend.engine.objective import Objective
from backend.engine.region import Region
from backend.engine.terms import Term
from backend.engine.terms.content import Content
from backend.engine.terms.dream import Dream
from backend.engine.terms.guided_dream import GuidedDream
from backend.engine.terms.style import Style
from backend.engine.terms.total_variation import TotalVariation
from backend.networks.network import Network
from tests.random_networks import MODULES, random_network

WIDEST = 75  # pixels: layers that see farther would need pictures too large for a quick test


def _picture(height: int, width: int, seed: int = 1, channels: int = 3) -> torch.Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(seed))


def _layers(network: Network) -> list[str]:
    return [layer for layer in network.layers if layer != "logits" and network.receptive_field(layer).size <= WIDEST]


def _terms(network: Network, picture: torch.Tensor) -> dict[str, Term]:
    height, width = picture.shape[2:]
    layers = _layers(network)
    other = network.features(_picture(110, 100, 2), layers)
    targets = network.features(_picture(height, width, 3), layers)
    region = Region(_picture(height, width, 4, 1), network)
    style = [({layer: moments.of(fmap) for layer, fmap in other.items()}, 1.0)]
    responses = network.features(picture, layers[:1])[layers[0]][0]
    channel, row, column = (int(index) for index in (responses == responses.max()).nonzero()[0])
    place = (column + 0.5) / responses.shape[2], (row + 0.5) / responses.shape[1]  # of a neuron that is not silent
    return {
        "content": Content(targets, 1.0),
        "content in a region": Content(targets, 1.0, region),
        "covariance": Style(style, 1.0),
        "gram": Style(style, 1.0, "gram"),
        "covariance in a region": Style(style, 1.0, region=region),
        "layer": Dream(layers[-1], 1.0),
        "channel": Dream(layers[0], 1.0, channel),
        "neuron": Dream(layers[0], 1.0, channel, place),
        "guide": GuidedDream(layers[-1], other[layers[-1]], 1.0),
        "total variation": TotalVariation(height, width, 1.0),
    }


def _assert_equal(network: Network, terms: list[Term], picture: torch.Tensor, tile: int) -> None:
    loss, gradient = Objective(network, terms)(picture)
    tiled_loss, tiled = Objective(network, terms, tile)(picture)
    assert float(gradient.norm()) > 0, "the test is about nothing"
    assert float((tiled - gradient).norm() / gradient.norm()) < 1e-4
    assert float(tiled_loss) == pytest.approx(float(loss), rel=1e-4)


@pytest.mark.parametrize("name", MODULES)
def test_the_gradient_in_tiles_is_that_of_the_whole_on_everyrandom_network(name: str):
    network, picture = random_network(name), _picture(171, 157)
    assert len(tiling.tiles(network, _layers(network), 171, 157, 64)) > 1
    _assert_equal(network, list(_terms(network, picture).values()), picture, 64)


SQUEEZENET = random_network("squeezenet1_0")


@pytest.mark.parametrize("kind", _terms(SQUEEZENET, _picture(150, 131)))
def test_the_gradient_of_every_term_in_tiles_is_that_of_the_whole(kind: str):
    picture = _picture(150, 131)
    _assert_equal(SQUEEZENET, [_terms(SQUEEZENET, picture)[kind]], picture, 64)


# In double precision: in single, rounding now and then decides another maximum in a pooling window.
PRECISE = random_network("squeezenet1_0").to(torch.device("cpu"), torch.float64)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(height=st.integers(64, 210), width=st.integers(64, 210), tile=st.sampled_from([48, 64, 100]))
def test_the_gradient_in_tiles_is_that_of_the_whole_at_every_size(height: int, width: int, tile: int):
    picture = _picture(height, width)
    terms = _terms(PRECISE, picture)
    _assert_equal(PRECISE, [terms["content in a region"], terms["covariance in a region"]], picture, tile)


def test_cores_hold_every_position_once():
    network = random_network("squeezenet1_0")
    layers = ["conv1", "fire2", "fire6"]
    parts = tiling.tiles(network, layers, 201, 333, 64)
    sizes = {layer: tuple(fmap.shape[2:]) for layer, fmap in network.features(_picture(201, 333), layers).items()}
    assert len(parts) > 6
    for layer, size in sizes.items():
        seen = torch.zeros(size)
        for part in parts:
            seen[part.core[layer]] += 1
        assert bool((seen == 1).all()), layer


def test_maps_and_statistics_in_tiles_are_those_of_the_whole():
    network, layers = random_network("squeezenet1_0"), ["conv1", "fire4"]
    picture, mask = _picture(200, 210), _picture(200, 210, 5, 1)
    for layer, fmap in tiling.maps(network, picture, layers, 64).items():
        torch.testing.assert_close(fmap, network.features(picture, [layer])[layer], rtol=1e-4, atol=1e-5)
    whole = tiling.statistics(network, picture, layers, None, mask)
    tiled = tiling.statistics(network, picture, layers, 64, mask)
    for layer in layers:
        torch.testing.assert_close(tiled[layer].mean, whole[layer].mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(tiled[layer].covariance, whole[layer].covariance, rtol=1e-3, atol=1e-5)


def test_a_small_picture_has_no_tiles():
    assert tiling.tiles(random_network("squeezenet1_0"), ["fire4"], 60, 64, 64) == []


def test_a_tile_costs_the_memory_of_a_tile():
    """The network never sees more than a tile with its halo, however large the picture is."""
    network = random_network("squeezenet1_0")
    seen: list[int] = []

    class Watched:
        device = network.device
        receptive_field, least_size = network.receptive_field, network.least_size

        def features(self, picture, layers):
            seen.append(picture.shape[2] * picture.shape[3])
            return network.features(picture, layers)

    style = Style([({"fire2": moments.of(network.features(_picture(64, 64), ["fire2"])["fire2"])}, 1.0)], 1.0)
    Objective(Watched(), [style], 64)(_picture(500, 400))
    halo = network.receptive_field("fire2").size
    assert max(seen) <= (64 + 32 + 2 * halo) ** 2
    assert len(seen) > 60
