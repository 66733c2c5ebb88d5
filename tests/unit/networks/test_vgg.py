"""VGG: the published file, and files cut off at a layer."""

from __future__ import annotations

import pytest
import torch
from reverie.errors import ReverieError
from reverie.networks import registry, vgg
from reverie.networks.network import IMAGENET


def test_the_published_file_loads_by_its_own_key_names(tmp_path, monkeypatch):
    """Random weights, saved as PyTorch publishes them, the fully connected layers (here: small) included."""
    torch.manual_seed(0)
    state = vgg.VGG(19).state_dict()
    published = {**state, "classifier.0.weight": torch.zeros(2, 2), "classifier.0.bias": torch.zeros(2)}
    torch.save(published, tmp_path / "vgg19-dcbb9e9d.pth")
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tmp_path))
    network = registry.load("vgg19")
    x = torch.rand(1, 3, 40, 56)
    deepest = network.features(x, ["relu5_1"])["relu5_1"]
    torch.testing.assert_close(deepest, network.module.features[:30](IMAGENET(x)))
    torch.testing.assert_close(network.module.features[0].weight, state["features.0.weight"])


def test_a_file_cut_off_at_a_layer_gives_the_layers_up_to_it():
    state = {name: value for name, value in vgg.VGG(19).state_dict().items() if int(name.split(".")[1]) <= 28}
    network = vgg.build(19, state, IMAGENET)
    assert network.layers[-1] == "relu5_1"
    assert network.features(torch.rand(1, 3, 32, 32), ["relu5_1"])["relu5_1"].shape == (1, 512, 2, 2)
    with pytest.raises(ReverieError, match="end at layer “relu5_1”, before “relu5_2”"):
        network.features(torch.rand(1, 3, 32, 32), ["relu1_1", "relu5_2"])


@pytest.mark.parametrize("depth", [16, 19])
def test_it_has_no_classes_and_says_who_has(depth):
    with pytest.raises(ReverieError, match=r"without its classifier.*squeezenet1_0") as caught:
        registry.check_layers(f"vgg{depth}", ["relu1_1", "logits"], "dream.0.layer")
    assert caught.value.field == "dream.0.layer"


def test_a_file_of_another_network_is_named_as_such(tmp_path, monkeypatch):
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "vgg19-dcbb9e9d.pth")
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tmp_path))
    with pytest.raises(ReverieError, match="does not hold the weights of vgg19"):
        registry.load("vgg19")
