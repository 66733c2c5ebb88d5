"""Networks reduced to their geometry: every kernel, stride, padding and branch in place, one channel wide.

What a unit sees, and where, does not depend on the number of channels; so all layers of the largest network can be
checked, in double precision, in milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from reverie.networks.network import Network
from torch import nn

from tests.random_networks import random_network


def skeleton(name: str, averages: bool = False) -> Network:
    """The network, one channel wide, with positive weights in double precision, so that no influence cancels. With
    `averages`, poolings let every pixel through, too."""
    network = random_network(name)
    for part in _modules(network):
        if isinstance(part, nn.Conv2d):
            part.weight = nn.Parameter(0.1 + torch.rand(1, 1, *part.weight.shape[2:], dtype=torch.float64), False)
            part.weight /= part.weight.sum()
            part.bias, part.groups = None, 1
            part.forward = lambda x, own=part: nn.Conv2d.forward(own, x.mean(1, keepdim=True))
        elif isinstance(part, nn.BatchNorm2d):
            part.forward = nn.Identity().forward
        elif averages and isinstance(part, nn.MaxPool2d):
            part.forward = nn.AvgPool2d(part.kernel_size, part.stride, part.padding, part.ceil_mode).forward
    heads: dict[str, nn.Module] = {}
    return Network(name, network.module, network.stages, network.preprocessing, network.defaults, heads)


def spatial_layers(network: Network) -> list[str]:
    """All layers but the classifier's, which has no place in the picture."""
    return [layer for layer in network.layers if layer != "logits"]


def _modules(network: Network) -> Iterator[nn.Module]:
    seen: set[nn.Module] = set()
    waiting: list[nn.Module] = [network.module, *(stage for _, stage in network.stages)]
    while waiting:
        part = waiting.pop()
        if part not in seen:
            seen.add(part)
            waiting += [*part.children(), *getattr(part, "branches", ())]
            yield part
