"""Average pooling where a network stands it."""

from __future__ import annotations

import pytest
import torch
from reverie.errors import ReverieError
from reverie.job import resolve
from reverie.networks import registry, vgg
from reverie.networks.network import IMAGENET
from reverie.networks.pooling import average
from reverie.recipe import Recipe
from skeleton import random_network


def test_the_mean_takes_the_place_of_the_maximum():
    torch.manual_seed(0)
    state = vgg.VGG(16).state_dict()
    network = average(vgg.build(16, state, IMAGENET))
    picture = torch.rand(1, 3, 32, 48)
    found = network.features(picture, ["relu1_2", "relu2_1"])
    pooled = 2 * torch.nn.functional.avg_pool2d(found["relu1_2"], 2)
    expected = torch.relu(network.module.features[5](pooled))
    torch.testing.assert_close(found["relu2_1"], expected)
    untouched = vgg.build(16, state, IMAGENET).features(picture, ["relu1_2"])["relu1_2"]
    torch.testing.assert_close(found["relu1_2"], untouched)
    assert network.receptive_field("relu2_1") == vgg.build(16, state, IMAGENET).receptive_field("relu2_1")


def test_squeezenet_refuses_it():
    with pytest.raises(ReverieError, match="ripples") as caught:
        resolve(Recipe.parse({"style": "a", "network": "squeezenet1_0", "pooling": "average"}), "cpu")
    assert caught.value.field == "pooling"
    assert (
        resolve(Recipe.parse({"style": "a", "network": "vgg19", "pooling": "average"}), "cpu").recipe.pooling
        == "average"
    )
    with pytest.raises(ReverieError, match="ripples"):
        registry.load("squeezenet1_0", "average")


def test_alexnet_pools_its_overlapping_windows():
    network = average(random_network("alexnet"))
    found = network.features(torch.rand(1, 3, 67, 91), ["relu1", "relu2"])
    windows = found["relu1"].unfold(2, 3, 2).unfold(3, 3, 2)
    expected = torch.relu(network.module.features[3](2 * windows.mean((4, 5))))
    torch.testing.assert_close(found["relu2"], expected, rtol=1e-4, atol=1e-5)
