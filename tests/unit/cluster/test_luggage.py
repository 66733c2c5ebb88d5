"""What a recipe takes along to machines where Reverie was just installed."""

from __future__ import annotations

import numpy as np
import pytest
from reverie.cluster import luggage
from reverie.cluster.luggage import Luggage
from reverie.engine import loaded
from reverie.errors import ReverieError
from reverie.fast import styles
from reverie.networks.weights import catalogue
from reverie.recipe import Recipe


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Goes to a machine of this name, where nothing was fetched or learnt yet."""

    def go(name: str) -> None:
        monkeypatch.setattr(catalogue, "cache", lambda: tmp_path / name / "weights")
        monkeypatch.setattr(styles, "folder", lambda: tmp_path / name / "styles")

    monkeypatch.delenv("REVERIE_WEIGHTS", raising=False)
    go("here")
    return go


def _packed(**recipe) -> Luggage:
    return luggage.packed(Recipe.parse(recipe), lambda event: None)


def test_what_comes_with_reverie_is_left_where_it_is(machine):
    for recipe in ({"style": "ink"}, {"style": "ink", "method": "instant"}, {"fast": "starry_night"}, {"dream": {}}):
        packed = _packed(**recipe)
        assert (packed.weights, packed.styles) == ({}, {})


def test_weights_are_fetched_once_and_found_on_the_other_machine(machine, monkeypatch):
    fetched = []

    def fetch(name, report) -> None:
        fetched.append(name)
        catalogue.cache().mkdir(parents=True)
        (catalogue.cache() / catalogue.CATALOGUE[name].files[0]).write_bytes(b"weights")

    monkeypatch.setattr(loaded, "fetch_weights", fetch)
    packed = _packed(style="ink", network="vgg19")
    assert fetched == ["vgg19"]
    machine("there")
    assert catalogue.find("vgg19") is None
    packed.unpack()
    assert catalogue.find("vgg19").read_bytes() == b"weights"
    (catalogue.cache() / catalogue.CATALOGUE["vgg19"].files[0]).write_bytes(b"its own")
    packed.unpack()
    assert catalogue.find("vgg19").read_bytes() == b"its own"
    assert _packed(style="ink", network="vgg19", method="patches").weights == {}


def test_fast_styles_of_ones_own_are_taken_along_and_never_replace_others(machine):
    _, vectors = styles._read(styles.BUNDLED)
    vector = next(iter(vectors.values()))
    styles.save(styles.file_of("mine"), {"mine": vector + 0.5})
    packed = _packed(fast=[{"name": "mine"}, {"name": "starry_night"}])
    assert list(packed.styles) == ["mine"]
    machine("there")
    packed.unpack()
    packed.unpack()
    assert np.allclose(styles.load("mine").vector, vector + 0.5, atol=1e-2)
    styles.save(styles.file_of("mine"), {"mine": vector})
    with pytest.raises(ReverieError, match="another fast style “mine”"):
        packed.unpack()
