"""Pictures computed in tiles: no seam, and no more memory than promised."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.engine import render as engine
from reverie.engine import tiling
from reverie.job import resolve
from reverie.networks import registry
from reverie.networks.network import Network
from reverie.networks.receptive_field import ReceptiveField
from reverie.pictures import images
from reverie.pictures.canvas import Canvas
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to, to_tensor
from reverie.recipe import Recipe

from tests.unit.engine.large import bound, peak

pytestmark = pytest.mark.skipif("reverie" not in registry.available(), reason="needs the bundled encoder")


def test_twelve_megapixels_stay_within_four_gibibytes():
    """Held on a quarter of them. Tiles take 0.4 GiB, however many there are."""
    fields = {"size": 2048, "smallest": 2048, "iterations": 1, "tile": 512, "style_loss": "covariance"}
    style = {"image": "s", "scale": 0.3}  # a large one takes as much, and more time
    assert peak(2048, **fields, style=style, detail="sketch") < bound(4, 12.6, 3.15, always=0.9)


RECIPE = Recipe.parse(  # few iterations: each multiplies what rounding makes different
    {"style": "s", "size": 320, "smallest": 320, "iterations": 2, "network": "reverie", "precision": "float32"}
)
TILE = 96


@pytest.fixture(scope="module")
def photo() -> Picture:
    return shrink_to(images.read(demo.content()), 320)


@pytest.fixture(scope="module")
def whole(photo) -> Picture:
    return _painted(photo, None)


def _painted(photo: Picture, tile: int | None) -> Picture:
    style = shrink_to(images.read(demo.styles()["strokes"]), 320)
    return engine.render(RECIPE.model_copy(update={"tile": tile}), photo, {"s": style}, device="cpu").picture


def _beside_borders(picture: Picture) -> np.ndarray:
    """H×W, where one tile ends and the next begins, and three pixels to each side. Tiles are those of the canvas, on
    which the picture lies within a margin."""
    job, network = resolve(RECIPE, "cpu"), registry.load("reverie")
    layers = [*job.content_layers, *job.style_layers]
    canvas = Canvas.of(to_tensor(picture, torch.device("cpu")), picture.shape[1], picture.shape[0])
    finest = min(layers, key=lambda layer: network.receptive_field(layer).stride)
    stride = network.receptive_field(finest).stride
    result = np.zeros(picture.shape[:2], bool)
    for tile in tiling.tiles(network, layers, *canvas.size, TILE):
        row, column = (span.start * stride for span in tile.core[finest])
        if row > 0:
            result[row - canvas.rows - 3 : row - canvas.rows + 3, :] = True
        if column > 0:
            result[:, column - canvas.columns - 3 : column - canvas.columns + 3] = True
    assert 0.05 < result.mean() < 0.5
    return result


def _seam(picture: Picture, whole: Picture) -> float:
    """How many times the difference to the untiled picture is larger beside the tiles' borders than elsewhere."""
    difference, borders = np.abs(picture - whole).mean(2), _beside_borders(whole)
    return float(difference[borders].mean() / (difference[~borders].mean() + 1e-5))


def test_there_is_no_seam(photo, whole):
    """The difference to the untiled picture is small, and no larger beside the tiles' borders than elsewhere."""
    assert np.abs(whole - photo).mean() > 0.02
    tiled = _painted(photo, TILE)
    assert np.abs(tiled - whole).max() < 0.005
    assert _seam(tiled, whole) < 2


def test_a_seam_would_be_found(photo, whole, monkeypatch):
    """That of tiles which see nothing of their neighbours. Eight pixels beside the borders it is no seam: 1.4."""

    def without_halo(network: Network, layer: str) -> ReceptiveField:
        stride = original(network, layer).stride
        return ReceptiveField(size=stride, stride=stride, padding=0)

    original = Network.receptive_field
    with monkeypatch.context() as changed:
        changed.setattr(Network, "receptive_field", without_halo)
        tiled = _painted(photo, TILE)
    assert _seam(tiled, whole) > 2
