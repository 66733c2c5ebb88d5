"""The files of fast styles: the user's own, the damaged, and those that were trained elsewhere."""

from __future__ import annotations

import json
import os
from dataclasses import asdict

import numpy as np
import pytest
import torch
from reverie.cli import main as command_line
from reverie.engine import render
from reverie.errors import ReverieError
from reverie.fast import importing, styles, thumbnails
from reverie.fast.network import Architecture, StyleNetwork
from reverie.fast.stylise import stylise
from reverie.recipe import Recipe
from safetensors.torch import load_file, save_file
from torch import nn


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(styles, "folder", lambda: tmp_path)
    return tmp_path


def _picture(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(4))


def test_a_style_of_the_users_is_a_few_kilobytes_and_is_found(folder):
    vector = styles.load("udnie").vector
    styles.save(styles.file_for_new("mine"), {"mine": vector})
    assert styles.names()[-1] == "mine"
    assert styles.file_of("mine").stat().st_size < 10_000
    found = styles.load("mine")
    assert torch.allclose(found.vector, vector, atol=1e-3)
    assert found.network is styles.base()
    styles.remove("mine")
    assert "mine" not in styles.names() and not list(folder.iterdir())


def test_a_thumbnail_is_painted_once_until_its_style_changes(folder, monkeypatch):
    painted = []
    monkeypatch.setattr(thumbnails, "stylise", lambda *arguments: painted.append(1) or stylise(*arguments))
    file = styles.file_for_new("mine")
    styles.save(file, {"mine": styles.load("udnie").vector})
    first = thumbnails.thumbnail("mine")
    assert thumbnails.thumbnail("mine") == first and len(painted) == 1
    styles.save(file, {"mine": styles.load("starry_night").vector})
    os.utime(file, ns=(1, 1))  # two writes within the grain of a file system's clock would pass for one
    assert thumbnails.thumbnail("mine") != first and len(painted) == 2
    styles.remove("mine")
    with pytest.raises(ReverieError, match="no fast style"):
        thumbnails.thumbnail("mine")


@pytest.mark.parametrize("name", ["", "../up", "a/b", "x" * 65, ".hidden"])
def test_names_that_are_no_names_are_refused(folder, name):
    with pytest.raises(ReverieError, match="letters, digits"):
        styles.file_for_new(name)


def test_a_name_that_is_taken_is_refused(folder):
    with pytest.raises(ReverieError, match="already"):
        styles.file_for_new("starry_night")
    styles.save(styles.file_for_new("mine"), {"mine": styles.load("udnie").vector})
    with pytest.raises(ReverieError, match="remove"):
        styles.file_for_new("mine")
    with pytest.raises(ReverieError, match="no style of yours"):
        styles.remove("starry_night")


def test_a_style_of_ones_own_that_a_later_version_brings_too(folder):
    """It is listed once, and can be removed; the one that comes with Reverie stays."""
    styles.save(folder / "udnie.safetensors", {"udnie": styles.load("shipwreck").vector})
    assert styles.names().count("udnie") == 1
    styles.remove("udnie")
    assert not list(folder.iterdir()) and "udnie" in styles.names()


def test_unknown_styles_are_named_with_those_there_are(folder):
    with pytest.raises(ReverieError, match=r"no fast style “monet”.*starry_night") as caught:
        styles.load("monet", "fast.0.name")
    assert caught.value.field == "fast.0.name"


def _saved(folder) -> bytes:
    styles.save(styles.file_of("mine"), {"mine": styles.load("udnie").vector})
    return styles.file_of("mine").read_bytes()


@pytest.mark.parametrize(
    "damage", ["cut", "empty", "foreign", "nan", "short", "another base", "wild architecture", "no widths"]
)
def test_damaged_and_foreign_files_are_told(folder, damage):
    data, file = _saved(folder), styles.file_of("mine")
    tensors = load_file(file)
    metadata = {"format": "reverie-style", "base": styles.fingerprint(styles.base())}
    if damage in ("cut", "empty"):
        file.write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    elif damage == "foreign":
        save_file({"weight": torch.ones(3)}, file)
    elif damage == "nan":
        tensors["style/mine"][0, 7] = float("nan")
        save_file(tensors, file, metadata)
    elif damage == "short":
        save_file({"style/mine": tensors["style/mine"][:, :100].contiguous()}, file, metadata)
    elif damage == "another base":
        save_file(tensors, file, {**metadata, "base": "0" * 64})
    else:
        widths = [9999999, 99999999] if damage == "wild architecture" else []
        wild = {**asdict(Architecture()), "widths": widths}
        save_file(tensors, file, {"format": "reverie-style", "architecture": json.dumps(wild)})
    with pytest.raises(ReverieError, match=r"again\.$"):
        styles.load("mine")


def test_a_network_of_its_own_is_kept_with_the_style(folder):
    network, vector = StyleNetwork(importing.ARCHITECTURE), torch.rand(1, importing.ARCHITECTURE.style_size)
    styles.save(styles.file_for_new("whole"), {"whole": vector}, network)
    found = styles.load("whole")
    assert found.network is not styles.base()
    picture = _picture(40, 40)
    kept = stylise(found, picture, torch.float32)
    assert torch.allclose(kept, stylise(styles.FastStyle("", network, vector), picture, torch.float32), atol=0.02)


class _Example(nn.Module):
    """The network of PyTorch's example fast_neural_style, written anew after its description: reflection padding,
    nearest-neighbour enlarging, 0 to 255 in and out. Only the names of its parameters are the example's."""

    def __init__(self) -> None:
        super().__init__()
        sizes = {"conv1": (3, 32, 9), "conv2": (32, 64, 3), "conv3": (64, 128, 3)}
        sizes |= {"deconv1": (128, 64, 3), "deconv2": (64, 32, 3), "deconv3": (32, 3, 9)}
        for name, (inputs, outputs, kernel) in sizes.items():
            setattr(
                self,
                name,
                nn.ModuleDict({"conv2d": nn.Conv2d(inputs, outputs, kernel, 2 if name in ("conv2", "conv3") else 1)}),
            )
        for index, channels in enumerate((32, 64, 128, 64, 32), 1):
            setattr(self, f"in{index}", nn.InstanceNorm2d(channels, affine=True))
        for index in range(1, 6):
            parts: dict[str, nn.Module] = {}
            for part in (1, 2):
                parts[f"conv{part}"] = nn.ModuleDict({"conv2d": nn.Conv2d(128, 128, 3)})
                parts[f"in{part}"] = nn.InstanceNorm2d(128, affine=True)
            setattr(self, f"res{index}", nn.ModuleDict(parts))

    def forward(self, x):
        def convolve(layer, x):
            edge = layer["conv2d"].kernel_size[0] // 2
            return layer["conv2d"](nn.functional.pad(x, [edge] * 4, mode="reflect"))

        for index in (1, 2, 3):
            x = getattr(self, f"in{index}")(convolve(getattr(self, f"conv{index}"), x)).relu()
        for index in range(1, 6):
            block = getattr(self, f"res{index}")
            x = x + block["in2"](convolve(block["conv2"], block["in1"](convolve(block["conv1"], x)).relu()))
        for index in (1, 2):
            x = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
            x = getattr(self, f"in{index + 3}")(convolve(getattr(self, f"deconv{index}"), x)).relu()
        return convolve(self.deconv3, x)


@pytest.mark.parametrize("zipped", [True, False])
def test_the_published_checkpoints_load_and_paint_as_their_own_code_does(tmp_path, zipped):
    torch.manual_seed(5)
    example = _Example().requires_grad_(False)
    for parameter in example.parameters():
        parameter.add_(0.1 * torch.randn_like(parameter))
    state = example.state_dict() | {f"in{n}.running_mean": torch.zeros(3) for n in (1, 2)}  # as in the older ones
    torch.save(state, tmp_path / "candy.pth", _use_new_zipfile_serialization=zipped)
    network, vector = importing.read(tmp_path / "candy.pth")
    picture = _picture(72, 96)
    wanted = example(picture * 255) / 255
    found = network(picture, vector)
    assert float(wanted.std()) > 0.01
    assert float((found - wanted).abs().max()) < 1e-3 * float(wanted.abs().max())


def _published(file) -> _Example:
    """The example's network, its numbers drawn and scaled so that it gives pictures, and its checkpoint in a file."""
    torch.manual_seed(5)
    example = _Example().requires_grad_(False)
    for parameter in example.parameters():
        parameter.add_(0.1 * torch.randn_like(parameter))
    painted = example(_picture(72, 96) * 255)
    last, scale = example.deconv3["conv2d"], 60 / painted.std()
    last.bias.mul_(scale).add_(127 - scale * painted.mean())
    last.weight.mul_(scale)
    torch.save(example.state_dict(), file)
    return example


@pytest.mark.parametrize("size", [(72, 96), (61, 83), (9, 14)])
def test_an_imported_style_paints_the_original_programs_picture_to_rounding(folder, tmp_path, size):
    example = _published(tmp_path / "candy.pth")
    assert command_line.main(["import-style", str(tmp_path / "candy.pth"), "--name", "candy"]) == 0
    picture = _picture(*size)
    wanted = example(picture * 255)[0, :, : size[0], : size[1]].clamp(0, 255).permute(1, 2, 0).numpy()
    photo = picture[0].permute(1, 2, 0).numpy()
    painted = render.render(Recipe.parse({"fast": "candy"}), photo, {}, device="cpu").picture
    assert wanted.std() > 30
    assert np.abs(painted * 255 - wanted).max() < 0.5


def test_parts_of_an_imported_styles_picture_fit(tmp_path):
    """With the statistics of the whole, tiles without a margin are the whole."""
    _published(tmp_path / "candy.pth")
    network, vector = importing.read(tmp_path / "candy.pth")
    style, picture = styles.FastStyle("", network, vector), _picture(40, 200)
    whole, parts = (stylise(style, picture, torch.float32, tile) for tile in (None, 64))
    assert float((whole - parts).abs().max()) < 1e-3
    assert stylise(style, _picture(2, 3), torch.float32).shape == (1, 3, 2, 3)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: {f"module.{name}": value for name, value in state.items()},
        lambda state: {"epoch": 3, "state_dict": state},
        lambda state: {"model": state, "optimizer": {"lr": 0.1}},
        lambda state: {"state_dict": {f"model.module.{name}": value for name, value in state.items()}},
    ],
)
def test_wrapped_checkpoints_load(tmp_path, wrapped):
    state = _published(tmp_path / "candy.pth").state_dict()
    torch.save(wrapped(state), tmp_path / "wrapped.pth")
    (bare, vector), (network, same) = (importing.read(tmp_path / name) for name in ("candy.pth", "wrapped.pth"))
    assert torch.equal(vector, same)
    assert all(torch.equal(a, b) for a, b in zip(bare.parameters(), network.parameters(), strict=True))


class _Evil:
    def __reduce__(self):
        return print, ("code in a checkpoint was run",)


def test_checkpoints_that_are_none_are_refused(tmp_path, capsys, recwarn):
    file = tmp_path / "a.pth"
    good = _Example().state_dict()
    broken = {**good, "res3.in2.weight": torch.full((128,), float("inf"))}
    cases = {
        "no checkpoint": {name: value for name, value in good.items() if name != "res3.in2.weight"},
        "no checkpoint of the fast_neural_style example ": {**good, "conv1.conv2d.weight": torch.zeros(8, 3, 9, 9)},
        "not finite": broken,
        "far larger": {**good, "res3.in2.weight": torch.full((128,), 1e5)},  # which is infinite in the style's file
        "complex": {**good, "res3.in2.weight": torch.full((128,), 1j)},
        "no weights by name": [1, 2, 3],
        "safety": {"conv1": _Evil()},
    }
    for message, contents in cases.items():
        torch.save(contents, file)
        with pytest.raises(ReverieError, match=message):
            importing.read(file)
    torch.save(good, file)
    data = file.read_bytes()
    for size in (0, 10, len(data) // 2):
        file.write_bytes(data[:size])
        with pytest.raises(ReverieError, match="damaged"):
            importing.read(file)
    for damaged in (b"\x80\x02.", b"\x80\x02]K\x01K\x02s.", b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nK\x01R."):
        file.write_bytes(damaged)
        with pytest.raises(ReverieError, match="damaged"):
            importing.read(file)
    torch.save({**good, "res3.in2.weight": 7}, file)
    with pytest.raises(ReverieError, match="no checkpoint of the fast_neural_style example"):
        importing.read(file)
    with pytest.raises(ReverieError, match="cannot be read"):
        importing.read(tmp_path / "none.pth")
    assert "was run" not in capsys.readouterr().out
    assert not recwarn.list
