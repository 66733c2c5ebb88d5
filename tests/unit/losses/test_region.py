"""A mask at the resolution of a layer: each unit's weight is the mask where that unit looks."""

from __future__ import annotations

import pytest
import torch
from reverie.losses.loss import Features
from reverie.losses.region import Region
from reverie.networks.network import Network

from tests.random_networks import MODULES, random_network


def _weights(network: Network, layer: str, mask: torch.Tensor) -> torch.Tensor:
    fmap = network.features(torch.zeros(1, 3, *mask.shape[2:]), [layer])
    return Region(mask, network).weights(Features.of_whole(fmap), layer)


@pytest.mark.parametrize("name", MODULES)
def test_a_units_weight_is_the_mask_in_the_middle_of_what_it_sees(name):
    """Of a ramp, each unit has the value at its own place."""
    network, (height, width) = random_network(name), (131, 149)
    ramps = torch.arange(float(height))[:, None].expand(-1, width), torch.arange(float(width)).expand(height, -1)
    for layer in network.layers[: len(network.layers) // 2]:
        reach = network.receptive_field(layer)
        for axis, ramp in enumerate(ramps):
            found = _weights(network, layer, ramp[None, None]).movedim(axis, 0)[:, 0]
            places = torch.arange(len(found)) * reach.stride - reach.padding + (reach.size - 1) / 2
            inside = (places >= reach.stride) & (places < len(ramp[0] if axis else ramp) - reach.stride)
            assert int(inside.sum()) > 2, layer
            torch.testing.assert_close(found[inside], places[inside])


def test_a_network_without_padding_has_its_last_unit_before_the_border():
    network = random_network("inception_v3")
    ramp = torch.arange(299.0).expand(1, 1, 299, 299)
    places = _weights(network, "Mixed_5b", ramp)[0]
    assert len(places) == 35
    assert (float(places[0]), float(places[-1])) == (13.0, 285.0)


def test_weights_are_shares_of_the_mask_up_to_the_border():
    network = random_network("squeezenet1_0")
    half = torch.zeros(1, 1, 96, 96)
    half[..., :47] = 1
    for layer in ("conv1", "fire2", "fire6"):
        weights = _weights(network, layer, half)
        assert float(weights.min()) >= 0 and float(weights.max()) == 1
        assert bool((weights[:, :1] == 1).all()) and bool((weights[:, -1:] == 0).all())
        assert bool((weights.diff(dim=1) <= 0).all())
        torch.testing.assert_close(_weights(network, layer, torch.ones(1, 1, 96, 96)), torch.ones_like(weights))
