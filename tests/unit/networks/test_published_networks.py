"""AlexNet, ResNet-50, GoogLeNet, Inception v3: published numbers, names, sizes, classes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from fingerprint import numbers, picture, weights_for
from reverie.errors import ReverieError
from reverie.networks import classes, registry
from reverie.networks.network import Network

from tests.random_networks import random_state


@pytest.fixture(scope="module", params=["alexnet", "resnet50", "googlenet", "inception_v3"])
def network(request) -> Network:
    """With random weights, through the registry's own way of building."""
    state = random_state(request.param)
    extra = {"googlenet": "aux1.fc1.bias", "inception_v3": "AuxLogits.fc.bias"}.get(request.param)
    state = {**state, extra: torch.zeros(1)} if extra else state
    return registry.NETWORKS[request.param].build(state, "published.pth")


PARAMETERS = {"alexnet": 61_100_840, "resnet50": 25_557_032, "googlenet": 6_624_904, "inception_v3": 23_834_568}


def test_has_the_published_number_of_parameters(network):
    assert sum(value.numel() for value in network.module.parameters()) == PARAMETERS[network.name]
    assert not any(value.requires_grad for value in network.module.parameters())


FOLDER = Path(__file__).parent
PUBLISHED = json.loads((FOLDER / "published.json").read_text())
"""Every name and shape in the files that PyTorch publishes, from torchvision 0.29.1."""
FINGERPRINTS = json.loads((FOLDER / "fingerprints.json").read_text())
"""The `numbers` of every layer in torchvision's own modules, given `weights_for` and `picture`, but with the border's
pixels repeated around the picture before the first convolution, as we depart (not in Inception, which pads nothing)."""
# Parts of the files that neither style nor dream has a use for.
_LEFT_OUT = {"vgg16": "classifier.", "vgg19": "classifier.", "googlenet": "aux", "inception_v3": "AuxLogits."}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_have_the_published_names_and_shapes(name):
    left_out = _LEFT_OUT.get(name)
    expected = {
        key: shape for key, shape in PUBLISHED[name].items() if left_out is None or not key.startswith(left_out)
    }
    assert {key: list(value.shape) for key, value in random_state(name).items()} == expected


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_layer_computes_what_the_published_network_does(name):
    """To a few parts in a million, as two orders of summation differ; 1e-4 is asked for."""
    shapes = {key: tuple(value.shape) for key, value in random_state(name).items()}
    network = registry.NETWORKS[name].build(weights_for(shapes), "published.pth")
    features = network.features(picture(), network.layers)
    assert list(features) == list(FINGERPRINTS[name])
    for layer, expected in FINGERPRINTS[name].items():
        size, *shares = numbers(features[layer])
        assert size == pytest.approx(expected[0], rel=1e-4), layer
        assert shares == pytest.approx(expected[1:], abs=1e-4), layer


def test_all_but_our_own_network_are_compared():
    assert set(PUBLISHED) == set(FINGERPRINTS) == set(registry.NETWORKS) - {"reverie"}


def test_layers_are_those_of_the_registry_and_give_logits(network):
    chosen = registry.NETWORKS[network.name]
    assert network.layers == chosen.layers
    for layers in (chosen.defaults.content, chosen.defaults.style, chosen.defaults.dream):
        assert set(layers) <= set(network.layers)
    logits = network.features(torch.rand(1, 3, 101, 97), ["logits"])["logits"]
    assert logits.shape == (1, 1000, 1, 1) and bool(logits.isfinite().all())


@pytest.mark.parametrize("name", registry.NETWORKS)
def test_the_channels_of_each_layer_are_known_without_weights(name):
    chosen = registry.NETWORKS[name]
    features = chosen.build(random_state(name), "published.pth").features(picture(), chosen.layers)
    assert {layer: chosen.channels(layer) for layer in chosen.layers} == {
        layer: values.shape[1] for layer, values in features.items()
    }


@pytest.mark.parametrize("place", [0, 4, -3, -2])
def test_the_least_size_is_exact(network, place):
    layer = network.layers[place]
    least = network.least_size(layer)
    assert min(network.features(torch.rand(1, 3, least, least), [layer])[layer].shape) > 0
    with pytest.raises(ReverieError, match=f"“{layer}” of {network.name}, which needs {least} "):
        network.features(torch.rand(1, 3, least - 1, least), [layer])
    with pytest.raises((RuntimeError, IndexError)):  # the network itself fails there: the bound is not too careful
        _run(network, layer, torch.rand(1, 3, least - 1, least))


def _run(network: Network, layer: str, x: torch.Tensor) -> float:
    """One value of a layer, without the check of sizes."""
    for _, stage in network.stages[: network.layers.index(layer) + 1]:
        x = stage(x)
    return float(x[0, 0, 0, 0])


def test_classes_are_in_ilsvrcs_order():
    expected = {0: "tench", 207: "golden retriever", 718: "pier", 839: "suspension bridge", 999: "toilet tissue"}
    assert len(classes.names()) == 1000
    assert {index: classes.names()[index] for index in expected} == expected


@pytest.mark.parametrize("name", [*classes.names()[260:270], classes.names()[474]])
def test_every_class_is_found_by_its_name(name):
    """Also where another has the same but for a capital."""
    assert classes.find(name) == name


def test_capitals_do_not_count_where_names_differ_otherwise():
    assert len({classes.find(name) for name in classes.names()}) == 1000
    assert classes.find(" Golden Retriever") == "golden retriever"
    with pytest.raises(ReverieError, match="golden retriever"):
        classes.find("golden retreiver")
    with pytest.raises(ReverieError, match="Cardigan, cardigan"):
        classes.find("CARDIGAN")


def test_who_is_far_from_every_class_is_told_where_they_are_listed():
    with pytest.raises(ReverieError) as caught:
        classes.find("zzqx", "dream.0.class_name")
    file = Path(str(caught.value.sentence.values["file"]))
    assert f"“{file}” lists them" in caught.value.message
    assert tuple(file.read_text(encoding="utf-8").splitlines()) == classes.names()
