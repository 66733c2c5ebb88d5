"""Receptive fields against the gradient: which pixels can change a unit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from backend.networks import squeezenet, vgg
from backend.networks.network import IMAGENET, Network
from backend.networks.receptive_field import ReceptiveField

SIDE = 256


def _positive(network: Network) -> Network:
    """Weights without signs, and poolings that let every pixel through, so that no influence cancels."""
    with torch.no_grad():
        for parameter in network.module.parameters():
            parameter.fill_(0.01 + 1 / max(1, parameter[0].numel()))
    for module in [network.module, *(stage for _, stage in network.stages)]:
        for parent in list(module.modules()):
            for name, child in parent.named_children():
                if isinstance(child, nn.MaxPool2d):
                    pool = nn.AvgPool2d(child.kernel_size, child.stride, child.padding, ceil_mode=child.ceil_mode)
                    setattr(parent, name, pool)
    return network


def _seen(network: Network, layer: str) -> tuple[int, int]:
    """First pixel and number of pixels, along a row, that change the unit in the middle of a layer."""
    x = torch.rand(1, 3, SIDE, SIDE, dtype=torch.float32, requires_grad=True)
    features = network.features(x, [layer])[layer]
    middle = features.shape[2] // 2
    (gradient,) = torch.autograd.grad(features[0, :, middle, middle].sum(), x)
    columns = gradient.abs().sum((0, 1, 2)).nonzero().flatten()
    return int(columns[0]), int(columns[-1] - columns[0] + 1)


@pytest.mark.parametrize("layer", ["conv1", "fire2", "fire4", "fire5", "fire8"])
def test_of_squeezenet(layer: str):
    network = _positive(squeezenet.build("1_0", squeezenet.SqueezeNet("1_0").state_dict(), IMAGENET))
    _check(network, layer)


@pytest.mark.parametrize("layer", ["relu1_1", "relu2_1", "relu3_1", "relu4_1"])
def test_of_vgg(layer: str):
    network = _positive(vgg.build(19, vgg.VGG(19).state_dict(), IMAGENET))
    _check(network, layer)


def _check(network: Network, layer: str) -> None:
    reach = network.receptive_field(layer)
    first, count = _seen(network, layer)
    assert count == reach.size
    middle = network.features(torch.rand(1, 3, SIDE, SIDE), [layer])[layer].shape[2] // 2
    assert first == middle * reach.stride - reach.padding


def test_the_published_size_of_vgg19s_conv5_1():
    network = vgg.build(19, vgg.VGG(19).state_dict(), IMAGENET)
    assert network.receptive_field("relu5_1") == ReceptiveField(size=156, stride=16, padding=70)
