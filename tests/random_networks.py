"""Every network with random weights, for what does not depend on the weights."""

from __future__ import annotations

from functools import cache

import torch
from reverie.networks import registry
from reverie.networks.network import Network

MODULES = {name: spec.make for name, spec in registry.NETWORKS.items()}


@cache
def random_state(name: str) -> dict[str, torch.Tensor]:
    """The same parameters each time, by their published names."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MODULES[name]().state_dict()


def random_network(name: str) -> Network:
    """The network, through the registry's own way of building."""
    return registry.NETWORKS[name].build(random_state(name), "random.pth")
