"""Caffe's weights: both layer formats, and files that are damaged or mean harm."""

from __future__ import annotations

import contextlib
import struct

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reverie.errors import ReverieError
from reverie.networks import registry
from reverie.networks.weights import caffemodel, catalogue

from tests.random_networks import random_network


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _varint(value >> 7)


def _field(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(body)) + body


NUMBERS = struct.pack("<6f", *range(6))
NEW = _field(100, _field(1, b"conv1") + _field(7, _field(7, _field(1, b"\x02\x03")) + _field(5, NUMBERS)))
OLD_SHAPE = b"".join(_varint(n << 3) + _varint(size) for n, size in ((1, 1), (2, 1), (3, 2), (4, 3)))
UNPACKED = b"".join(_varint(5 << 3 | 5) + NUMBERS[i : i + 4] for i in range(0, 24, 4))
OLD = _field(2, _field(4, b"conv2") + _field(6, OLD_SHAPE + UNPACKED))


def test_both_formats_of_layers_are_read():
    blobs = caffemodel.read(NEW + OLD)
    torch.testing.assert_close(blobs["conv1"], [torch.arange(6.0).reshape(2, 3)])
    torch.testing.assert_close(blobs["conv2"], [torch.arange(6.0).reshape(1, 1, 2, 3)])
    assert set(caffemodel.read(NEW + OLD, ["conv2"])) == {"conv2"}


@pytest.mark.parametrize("length", range(len(NEW)))
def test_a_truncated_file_is_refused(length):
    with pytest.raises(ReverieError):
        caffemodel.read(NEW[:length])


def test_a_claimed_size_allocates_nothing():
    huge = _field(7, _field(1, _varint(1 << 40) + _varint(1 << 20)))
    with pytest.raises(ReverieError, match="too great a length"):
        caffemodel.read(_field(100, _field(1, b"x") + _field(7, huge + _field(5, NUMBERS))))
    with pytest.raises(ReverieError, match="ends early"):
        caffemodel.read(_varint(100 << 3 | 2) + _varint(1 << 60))


SIDES = st.one_of(st.integers(0, 7), st.sampled_from([2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1]))


@settings(max_examples=300, deadline=None, derandomize=True)
@example(shape=[0, 2**63], count=0, old=False)  # as many numbers as it has: none
@example(shape=[0, 1, 2, 3], count=0, old=True)
@given(st.lists(SIDES, max_size=9), st.integers(0, 12), st.booleans())
def test_a_shape_fits_its_numbers_or_is_refused(shape, count, old):
    if old:
        sides = b"".join(_varint(number << 3) + _varint(side) for number, side in enumerate(shape[:4], start=1))
    else:
        sides = _field(7, _field(1, b"".join(map(_varint, shape))))
    blob = sides + _field(5, struct.pack(f"<{count}f", *range(count)))
    data = _field(100, _field(1, b"x") + _field(7, blob))
    try:
        (tensor,) = caffemodel.read(data)["x"]
    except ReverieError:
        return
    wanted = [*shape[:4], 1, 1, 1, 1][:4] if old or not shape else shape
    assert list(tensor.shape) == wanted and tensor.flatten().tolist() == list(range(count)) and count


def test_a_shape_that_no_tensor_has_is_told_with_the_file(tmp_path, monkeypatch):
    blob = _field(7, _field(1, _varint(0) + _varint(2**63)))
    body = _field(1, b"conv1") + _field(7, blob) + _field(7, blob)
    (tmp_path / "squeezenet_v1.1.caffemodel").write_bytes(_field(100, body))
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(catalogue, "cache", lambda: tmp_path)
    with pytest.raises(ReverieError, match=r"squeezenet_v1\.1\.caffemodel.*length"):
        registry.load("squeezenet1_1")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.integers(0, len(NEW)))
def test_noise_gives_weights_or_a_sentence(noise, place):
    for data in (noise, NEW[:place] + noise + NEW[place:]):
        with contextlib.suppress(ReverieError):  # anything else, a MemoryError say, fails the test
            assert caffemodel.read(data)


def _blob(value: torch.Tensor, old: bool) -> bytes:
    numbers = _field(5, value.numpy().astype("<f4").tobytes())
    if not old:
        return _field(7, b"".join(_varint(1 << 3) + _varint(side) for side in value.shape)) + numbers
    shape = [1] * (4 - value.ndim) + list(value.shape)
    return b"".join(_varint(n << 3) + _varint(side) for n, side in enumerate(shape, start=1)) + numbers


def _file(state: dict[str, torch.Tensor], names: dict[str, str], old: bool) -> bytes:
    """A .caffemodel as Caffe writes it: layers in the old or the new format, one without weights among them."""
    number, name_field, blob_field = (2, 4, 6) if old else (100, 1, 7)
    layers = [_field(number, _field(name_field, b"data"))]
    for theirs, ours in names.items():
        blobs = [_blob(state[f"{ours}.{kind}"], old) for kind in ("weight", "bias")]
        body = _field(name_field, theirs.encode()) + b"".join(_field(blob_field, blob) for blob in blobs)
        layers.append(_field(number, body))
    return b"".join(layers)


FILES = {
    "vgg19": ("VGG_ILSVRC_19_layers.caffemodel", True, "relu3_1"),
    "vgg16": ("VGG_ILSVRC_16_layers.caffemodel", True, "relu3_1"),
    "squeezenet1_0": ("squeezenet_v1.0.caffemodel", False, "logits"),
    "squeezenet1_1": ("squeezenet_v1.1.caffemodel", False, "logits"),
}


@pytest.mark.parametrize("name", FILES)
def test_caffes_files_give_the_network(tmp_path, monkeypatch, name):
    file, old, layer = FILES[name]
    expected = random_network(name)
    state, names = expected.module.state_dict(), registry.NETWORKS[name].caffe_names
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tmp_path))
    (tmp_path / file).write_bytes(_file(state, names, old) + _field(2, _field(4, b"fc6") + _field(6, b"\x01")))
    network = registry.load(name)
    assert network.layers == registry.NETWORKS[name].layers
    for key, value in network.module.state_dict().items():
        torch.testing.assert_close(value, state[key], rtol=0, atol=0)
    # The same features, from the pixels as Caffe saw them: 0 to 255, blue first, less the mean of ImageNet.
    picture = torch.rand(1, 3, 40, 48)
    x = 255 * picture[:, [2, 1, 0]] - torch.tensor([104.0, 117.0, 123.0])[:, None, None]
    for _, stage in expected.stages[: expected.layers.index(layer) + 1]:
        x = stage(x)
    assert float(x.std()) > 0
    torch.testing.assert_close(network.features(picture, [layer])[layer], x, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("name", "missing"), [("vgg16", "conv4_2"), ("squeezenet1_0", "fire3/expand3x3")])
def test_a_file_that_lacks_a_layer_is_named_with_what_is_missing(tmp_path, monkeypatch, name, missing):
    file, old, _ = FILES[name]
    names = dict(registry.NETWORKS[name].caffe_names)
    del names[missing]
    (tmp_path / file).write_bytes(_file(random_network(name).module.state_dict(), names, old))
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tmp_path))
    with pytest.raises(ReverieError, match=f"{file}.*has no layer “{missing}”"):
        registry.load(name)


def test_a_layer_of_another_shape_is_named(tmp_path, monkeypatch):
    state = random_network("squeezenet1_1").module.state_dict()
    state["features.0.weight"] = torch.zeros(64, 3, 5, 5)
    file, old, _ = FILES["squeezenet1_1"]
    (tmp_path / file).write_bytes(_file(state, registry.NETWORKS["squeezenet1_1"].caffe_names, old))
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tmp_path))
    with pytest.raises(ReverieError, match=rf"{file}” does not hold.*features\.0\.weight"):
        registry.load("squeezenet1_1")


def test_a_file_larger_than_any_network_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "VGG_ILSVRC_19_layers.caffemodel"
    with path.open("wb") as file:
        file.truncate(3 << 30)  # a hole: takes no room on the disk
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tmp_path))
    with pytest.raises(ReverieError, match="MiB"):
        registry.load("vgg19")
