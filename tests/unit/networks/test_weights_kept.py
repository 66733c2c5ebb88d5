"""What is kept of a download, and where weights are looked for."""

from __future__ import annotations

import errno
import hashlib
import io
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from reverie.errors import ReverieError
from reverie.networks import registry, vgg
from reverie.networks.network import IMAGENET
from reverie.networks.weights import catalogue, download, formats
from safetensors import safe_open

from tests.unit.networks.weights_server import (
    NAME,
    Server,
    left_behind,
    server_fixture,  # noqa: F401
)


@pytest.fixture
def vgg_server(server, monkeypatch) -> tuple[type[Server], dict[str, torch.Tensor]]:
    """The same with VGG-16's file as published: all convolutions and a classifier (here a small one), in the format
    that PyTorch wrote at that time."""
    torch.manual_seed(0)
    state = {**vgg.VGG(16).state_dict(), "classifier.0.weight": torch.rand(300, 1000)}
    body = io.BytesIO()
    torch.save(state, body, _use_new_zipfile_serialization=False)
    server.body = body.getvalue()
    url = catalogue.CATALOGUE[NAME].url
    entry = replace(catalogue.CATALOGUE["vgg16"], url=url, sha256=hashlib.sha256(server.body).hexdigest())
    monkeypatch.setattr(catalogue, "CATALOGUE", {**catalogue.CATALOGUE, "vgg16": entry})
    return server, state


def test_of_a_download_only_what_is_used_is_kept(vgg_server, tmp_path):
    server, state = vgg_server
    server.drop_after = [1 << 20]
    path = download.fetch("vgg16")
    assert left_behind(tmp_path / "cache") == {path.name} == {"vgg16-convolutions.safetensors"}
    assert catalogue.find("vgg16") == path
    convolutions = {name: value for name, value in state.items() if name.startswith("features.")}
    numbers = sum(value.numel() for value in convolutions.values())
    assert 2 * numbers < path.stat().st_size < 2 * numbers + 10_000
    assert "CC BY 4.0" in str(safe_open(path, "pt").metadata())
    network = registry.load("vgg16")
    assert network.layers == registry.NETWORKS["vgg16"].layers  # what is offered is there
    assert network.preprocessing == IMAGENET
    picture = torch.rand(1, 3, 48, 64)
    found = network.features(picture, ["relu5_3"])["relu5_3"]
    expected = vgg.build(16, convolutions, IMAGENET).features(picture, ["relu5_3"])["relu5_3"]
    assert float((found - expected).norm() / expected.norm()) < 1e-3


def test_a_cut_that_fails_loses_no_download(vgg_server, tmp_path, monkeypatch):
    def full(self, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_bytes", full)
        with pytest.raises(ReverieError, match=r"cannot be saved.*No space left"):
            download.fetch("vgg16")
    assert catalogue.find("vgg16") is None
    server, _ = vgg_server
    server.ranges.clear()
    path = download.fetch("vgg16")
    assert server.ranges == [f"bytes={len(server.body)}-"]  # only asked whether something is missing
    assert left_behind(tmp_path / "cache") == {path.name}


def test_a_whole_file_of_ones_own_is_used_as_it_is(vgg_server, tmp_path, monkeypatch):
    server, _ = vgg_server
    own = tmp_path / "own" / "vgg16-397923af.pth"
    own.parent.mkdir()
    own.write_bytes(server.body)
    monkeypatch.setenv("REVERIE_WEIGHTS", str(own.parent))
    assert registry.load("vgg16").layers[-1] == "relu5_3"
    assert own.stat().st_size == len(server.body) and list(own.parent.iterdir()) == [own]


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (exec, ("raise SystemExit('ran code')",))

    (tmp_path / "a.pth").write_bytes(pickle.dumps(Evil()))
    torch.save({"a": Evil()}, tmp_path / "b.pth")
    for name in ("a.pth", "b.pth"):
        with pytest.raises(ReverieError, match="cannot be read"):
            formats.read(tmp_path / name, {})


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02.",  # nothing on the stack
        b"\x80\x02]K\x01K\x02s.",  # an item of a list by its name
        b"\x80\x02K\x01h\x07.",  # what was never remembered
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nK\x01R.",
        b"\x80\x02X\x01\0\0\0aQ.",
        b"",
        b"PK\x03\x04",
        b"what",
    ],
)
@pytest.mark.parametrize("ending", ["pth", "safetensors", "net", "caffemodel"])
def test_damage_is_told_in_a_sentence(tmp_path, data, ending):
    (tmp_path / f"a.{ending}").write_bytes(data)
    with pytest.raises(ReverieError, match=r"cannot be (read|used)"):
        formats.read(tmp_path / f"a.{ending}", {})


def test_the_search_order(tmp_path, monkeypatch):
    folders = [tmp_path / name for name in ("bundled", "cache", "named")]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setattr(catalogue, "BUNDLED", folders[0])
    monkeypatch.setattr(catalogue, "cache", lambda: folders[1])
    monkeypatch.setenv("REVERIE_WEIGHTS", str(folders[2]))
    assert catalogue.find(NAME) is None
    for folder in reversed(folders):
        (folder / "squeezenet1_1-b8a52dc0.pth").touch()
        assert catalogue.find(NAME) == folder / "squeezenet1_1-b8a52dc0.pth"


def test_every_network_has_an_entry_in_the_catalogue():
    assert set(catalogue.CATALOGUE) == set(registry.NETWORKS)
    for entry in catalogue.CATALOGUE.values():
        if entry.url:
            assert entry.url.startswith("https://")
            assert len(entry.sha256) >= 8
        else:
            assert (catalogue.BUNDLED / entry.files[0]).is_file()
        assert entry.licence
