"""SqueezeNet: the Deep Compression file, and that what it computes is right."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reverie.errors import ReverieError
from reverie.networks import squeezenet
from reverie.networks.network import CAFFE, IMAGENET
from reverie.networks.weights import deep_compression
from reverie.pictures import images
from reverie.pictures.resize import resize, to_tensor

# The place in ILSVRC's list of classes.
PIER, SUSPENSION_BRIDGE = 718, 839


@pytest.fixture(scope="module")
def data(shared) -> bytes:
    return (shared / "weights" / "compressed_SqueezeNet.net").read_bytes()


def test_the_file_gives_every_weight_and_is_read_to_its_end(data):
    assert hashlib.sha256(data).hexdigest() == "e4ab6960ae8cd81505e1c2136921201507e930966c53deaf15862a395b3a3261"
    state = deep_compression.read(data, squeezenet.PROTOTXT_SHAPES)
    assert sum(value.numel() for name, value in state.items() if name.endswith("weight")) == 1_244_448
    for cut in (data[:-1], data + b"\0"):
        with pytest.raises(ReverieError, match="Fetch it again"):
            deep_compression.read(cut, squeezenet.PROTOTXT_SHAPES)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=4000))
def test_any_other_bytes_are_refused(junk: bytes):
    with pytest.raises(ReverieError):
        deep_compression.read(junk, squeezenet.PROTOTXT_SHAPES)


@pytest.mark.parametrize("position", [0, 3, 104, 2000, 300_000])
def test_a_flipped_byte_never_writes_outside_a_layer(data, position):
    damaged = bytearray(data)
    damaged[position] ^= 0xFF
    try:
        state = deep_compression.read(bytes(damaged), squeezenet.PROTOTXT_SHAPES)
    except ReverieError:
        return
    assert {name: tuple(value.shape) for name, value in state.items() if name.endswith("weight")} == {
        f"{name}.weight": shape for name, shape in squeezenet.PROTOTXT_SHAPES.items()
    }


def test_it_calls_the_golden_gate_a_pier_or_a_suspension_bridge(data, shared):
    network = squeezenet.build("1_0", deep_compression.read(data, squeezenet.PROTOTXT_SHAPES), CAFFE)
    photo = images.read(shared / "images" / "photos" / "golden_gate.jpg")
    height, width = photo.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(photo[top : top + side, left : left + side])
    crop = resize(to_tensor(square, torch.device("cpu")), 227, 227).clamp(0, 1)
    logits = network.features(crop, ["logits"])["logits"].flatten()
    assert int(logits.argmax()) in (PIER, SUSPENSION_BRIDGE)


def _random(version: str = "1_0"):
    torch.manual_seed(0)
    return squeezenet.build(version, squeezenet.SqueezeNet(version).state_dict(), IMAGENET)


def test_features_are_those_of_running_the_published_sequence():
    """The stages share their modules with `features`, in the published order: the last fire module must agree."""
    network, x = _random(), torch.rand(1, 3, 97, 131)
    expected = network.module.features(IMAGENET(x))
    torch.testing.assert_close(network.features(x, ["fire9"])["fire9"], expected)


@pytest.mark.parametrize("version", ["1_0", "1_1"])
def test_any_size_works_and_too_small_a_picture_is_refused(version):
    network = _random(version)
    for height, width in [(16, 16), (17, 33), (64, 21)]:
        features = network.features(torch.rand(1, 3, height, width), network.layers)
        assert list(features) == list(network.layers)
    with pytest.raises(ReverieError, match="too small for layer"):
        network.features(torch.rand(1, 3, 64, 3), ["fire5"])


def test_it_computes_nothing_past_the_deepest_layer():
    network = _random()
    ran: list[str] = []
    for name, stage in network.stages:
        stage.register_forward_hook(lambda *_, name=name: ran.append(name))
    network.features(torch.rand(1, 3, 32, 32), ["fire3", "conv1"])
    assert ran == ["conv1", "fire2", "fire3"]


def test_no_parameter_asks_for_a_gradient():
    assert not any(parameter.requires_grad for parameter in _random().module.parameters())
