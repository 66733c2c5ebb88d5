"""What the places of a picture are most like."""

from __future__ import annotations

import pytest
import torch
from reverie.engine import neighbours
from reverie.engine.inputs import StylePicture
from reverie.engine.objective import Objective
from reverie.losses.nearest_neighbour import NearestNeighbour, Neighbours
from reverie.losses.region import Region
from reverie.networks import registry

from tests.random_networks import random_network
from tests.unit.engine.large import bound, peak

LAYERS = ["conv1", "fire2", "fire4"]  # strides 2, 4 and 8


def _picture(height: int, width: int, seed: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def _look(picture: torch.Tensor, weight: float = 1.0, opaque: torch.Tensor | None = None) -> StylePicture:
    return StylePicture("a", picture, opaque, weight, 1.0)


def _places(found: Neighbours) -> int:
    """How many places of the styles are looked through."""
    return len(found.features["fire2"])


def test_a_picture_that_is_the_style_finds_itself_place_by_place():
    """And so its loss is nothing, in each layer: where a place has four positions, and where it is part of one."""
    network, picture = random_network("squeezenet1_0"), _picture(96, 120, 1)
    found = neighbours.find(network, [_look(picture)], LAYERS, picture, None, 0)
    assert found.nearest.shape == network.features(picture, ["fire2"])["fire2"].shape[2:]
    assert [found.parts(layer) for layer in LAYERS] == [2, 1, 1]
    assert float(Objective(network, [NearestNeighbour(found, 1.0)])(picture)[0]) < 1e-3
    mirrored = neighbours.find(network, [_look(picture.flip(3))], LAYERS, picture, None, 0)
    assert float(Objective(network, [NearestNeighbour(mirrored, 1.0)])(picture)[0]) > 0.1


def test_of_each_style_as_many_places_are_looked_through_as_its_share(monkeypatch):
    monkeypatch.setattr(neighbours, "_PLACES", 100)
    network = random_network("squeezenet1_0")
    looks = [_look(_picture(130, 130, 2), 1.0), _look(_picture(130, 130, 3) * 0.1, 3.0)]
    found = neighbours.find(network, looks, LAYERS, _picture(96, 96, 1), None, 0)
    one, two = (neighbours.find(network, [look], LAYERS, _picture(96, 96, 1), None, 0) for look in looks)
    assert [_places(each) for each in (found, one, two)] == [100, 100, 100]
    assert all(len(found.features[layer]) == 100 * found.parts(layer) ** 2 for layer in LAYERS)
    spread = [each.features["fire2"].var(0).sum() for each in (one, two)]
    assert float(found.features["fire2"][:25].var(0).sum()) == pytest.approx(float(spread[0]), rel=0.4)
    assert float(found.features["fire2"][25:].var(0).sum()) == pytest.approx(float(spread[1]), rel=0.4)


def test_what_is_transparent_in_a_style_is_nothings_neighbour():
    network, picture = random_network("squeezenet1_0"), _picture(96, 120, 1)
    opaque = torch.ones(1, 1, 96, 120)
    opaque[..., 60:] = 0
    found = neighbours.find(network, [_look(picture, 1.0, opaque)], LAYERS, picture, None, 0)
    whole = neighbours.find(network, [_look(picture)], LAYERS, picture, None, 0)
    assert 0.4 < _places(found) / _places(whole) < 0.6


@pytest.mark.parametrize("regional", [False, True])
def test_gradient_in_tiles_is_that_of_the_whole(regional):
    network, picture = random_network("squeezenet1_0"), _picture(201, 167, 1)
    region = Region(torch.rand(1, 1, 201, 167), network) if regional else None
    term = NearestNeighbour(
        neighbours.find(network, [_look(_picture(90, 80, 2))], LAYERS, picture, None, 0), 1.0, region
    )
    loss, gradient = Objective(network, [term])(picture)
    tiled_loss, tiled = Objective(network, [term], 64)(picture)
    assert float(tiled_loss) == pytest.approx(float(loss), rel=1e-4)
    assert float((tiled - gradient).norm() / gradient.norm()) < 1e-3


@pytest.mark.parametrize("name", sorted(registry.NETWORKS))
def test_every_networks_style_layers_have_places(name):
    network = random_network(name)
    layers = registry.spec(name).defaults.style
    picture = _picture(140, 150, 1)
    found = neighbours.find(network, [_look(_picture(150, 140, 2))], layers, picture, None, 0)
    loss, gradient = Objective(network, [NearestNeighbour(found, 1.0)])(picture)
    assert 0 < float(loss) < 100
    assert bool(torch.isfinite(gradient).all())


def test_three_megapixels_stay_within_three_gibibytes():
    """Held on half of them."""
    assert peak(1448, size=1448, smallest=1448, iterations=1, tile=512, detail="sketch") < bound(3, 3.1, 1.6)
