"""The atlas: what a channel likes to see, once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie.cli import arguments
from reverie.errors import ReverieError
from reverie.events import Cancelled
from reverie.networks import registry
from reverie.networks.weights import catalogue
from reverie.pictures import images
from reverie.pictures.noise import pink_noise
from reverie.pictures.resize import to_tensor
from reverie.tools import atlas

SHORT = atlas.Effort("short", (56, 80, 112), 8, 0.015)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(atlas, "folder", lambda network, layer: tmp_path / network / layer)
    monkeypatch.setattr(atlas, "THOROUGH", SHORT)
    return tmp_path


def _response(network, picture: torch.Tensor, channel: int) -> float:
    return float(network.features(picture, ["level5"])["level5"][0, channel].mean())


def test_each_tile_is_what_its_channel_responds_to(cache):
    network = registry.load("reverie")
    told: list[int] = []
    tiles = atlas.atlas(network, "level5", [2, 7, 30], effort=SHORT, progress=told.append)
    assert told == [0, 3]
    noise = 0.25 + 0.5 * pink_noise(0, torch.device("cpu"), 128)
    for channel, tile in tiles.items():
        assert tile.shape == (atlas.SIDE, atlas.SIDE, 3)
        own = _response(network, to_tensor(tile, torch.device("cpu")), channel)
        assert own > 2 * _response(network, noise, channel)
        others = [
            _response(network, to_tensor(tiles[each], torch.device("cpu")), channel)
            for each in tiles
            if each != channel
        ]
        assert own > max(others)


def test_what_is_there_is_not_made_again(cache, monkeypatch):
    network = registry.load("reverie")
    first = atlas.atlas(network, "level5", [2, 7], effort=SHORT)
    made: list[int] = []
    original = atlas._dream
    monkeypatch.setattr(
        atlas, "_dream", lambda n, layer, batch, *rest: made.extend(batch) or original(n, layer, batch, *rest)
    )
    again = atlas.atlas(network, "level5", [2, 7, 9], effort=atlas.QUICK)  # what took more effort is as good
    assert made == [9]
    for channel, tile in first.items():
        assert np.abs(again[channel] - tile).max() < 1 / 255
    sheet = atlas.contact_sheet(again)
    assert sheet.shape == (atlas.SIDE + 20, 3 * (atlas.SIDE + 4), 3)


def test_a_quick_tile_is_kept_apart_and_shows_the_same(cache):
    network = registry.load("reverie")
    quick = atlas.atlas(network, "level5", [30], effort=atlas.QUICK)[30]
    long = atlas.atlas(network, "level5", [30], effort=SHORT)[30]
    assert np.abs(quick - long).max() > 0.1
    noise = 0.25 + 0.5 * pink_noise(0, torch.device("cpu"), 128)
    assert _response(network, to_tensor(quick, torch.device("cpu")), 30) > 2 * _response(network, noise, 30)


def test_a_damaged_tile_is_made_again(cache):
    network = registry.load("reverie")
    first = atlas.atlas(network, "level5", [2, 7], effort=SHORT)
    for damage in (lambda data: data[: len(data) // 2], lambda data: b""):
        file = cache / "reverie" / "level5" / "7.png"
        file.write_bytes(damage(file.read_bytes()))
        again = atlas.atlas(network, "level5", [2, 7], effort=SHORT)
        assert np.abs(again[7] - first[7]).mean() < 0.02  # alone, it sums in another order
        assert images.read(file).shape == (atlas.SIDE, atlas.SIDE, 3)


def test_other_weights_under_the_same_name_have_tiles_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(atlas.platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr(catalogue, "BUNDLED", tmp_path)
    places = []
    for content in (b"one", b"another", b"one"):
        (tmp_path / "reverie.safetensors").write_bytes(content)
        places.append(atlas.folder("reverie", "level5"))
    assert places[0] == places[2] != places[1]
    assert atlas.folder("reverie", "level4").parent == places[2].parent


def test_a_stopped_atlas_keeps_the_batches_that_were_done(cache):
    network, told = registry.load("reverie"), []
    with pytest.raises(Cancelled):
        atlas.atlas(
            network, "level5", range(9), effort=atlas.QUICK, progress=told.append, stop=lambda: told[-1:] == [8]
        )
    assert len(list((cache / "reverie" / "level5").iterdir())) == 8


@pytest.mark.parametrize(("text", "expected"), [(None, range(64)), ("12", range(12, 13)), ("3-5", range(3, 6))])
def test_spans(text, expected):
    assert arguments.span(text, 64) == expected


@pytest.mark.parametrize("text", ["64", "5-3", "a", "0-64"])
def test_spans_beyond_the_layer_are_refused(text):
    with pytest.raises(ReverieError, match="0 to 63"):
        arguments.span(text, 64)
