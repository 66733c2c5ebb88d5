"""Every network with random weights, for what does not depend on the weights."""

from __future__ import annotations

from functools import cache

import torch
from reverie.networks import alexnet, googlenet, inception, registry, resnet, reverie, squeezenet, vgg
from reverie.networks.network import Network

MODULES = {
    "vgg19": lambda: vgg.VGG(19),
    "vgg16": lambda: vgg.VGG(16),
    "squeezenet1_0": lambda: squeezenet.SqueezeNet("1_0"),
    "reverie": reverie.Encoder,
    "squeezenet1_1": lambda: squeezenet.SqueezeNet("1_1"),
    "inception_v3": inception.InceptionV3,
    "googlenet": googlenet.GoogLeNet,
    "resnet50": resnet.ResNet50,
    "alexnet": alexnet.AlexNet,
}


@cache
def random_state(name: str) -> dict[str, torch.Tensor]:
    """The same parameters each time, by their published names."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MODULES[name]().state_dict()


def random_network(name: str) -> Network:
    """The network, through the registry's own way of building."""
    return registry.NETWORKS[name].build(random_state(name), "random.pth")
