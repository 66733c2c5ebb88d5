"""Tiled computation against untiled: features, statistics, and the gradient of every term on every network."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reverie.engine import neighbours, sampling, tiling
from reverie.engine.inputs import StylePicture
from reverie.engine.objective import Objective
from reverie.losses import STYLE_LOSSES, moments, style_losses
from reverie.losses.activation import Activation
from reverie.losses.class_logit import ClassLogit
from reverie.losses.content import Content
from reverie.losses.guide import Guide
from reverie.losses.loss import Loss
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.nearest_neighbour import Neighbours
from reverie.losses.region import Region
from reverie.losses.style_target import StyleTarget
from reverie.losses.total_variation import TotalVariation
from reverie.losses.value_range import ValueRange
from reverie.networks import registry
from reverie.networks.network import BEFORE_LOGITS, Network
from reverie.pictures.resize import resize

from tests.random_networks import MODULES, random_network

DEEPEST = 170  # pixels: what the deepest layers see that are looked at here


def _network(name: str) -> Network:
    """With random weights. Filters as large, and biases as small, as He et al. 2015 have them: with PyTorch's own,
    features wane with depth and are nearly equal everywhere, so that rounding decides the maxima in pooling windows."""
    network = random_network(name)
    torch.manual_seed(0)
    for part in network.module.modules():
        if isinstance(part, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.kaiming_normal_(part.weight)
            if part.bias is not None:
                torch.nn.init.normal_(part.bias, std=0.05)
        elif isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(part.running_mean, std=0.1)
    return network


NETWORKS = {name: _network(name) for name in MODULES}


def _picture(height: int, width: int, seed: int = 1, channels: int = 3) -> torch.Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(seed))


def _layers(network: Network) -> list[str]:
    """A first, a middle and a deep layer: relu5_1 of the VGGs, the last one of the smaller networks."""
    within = [layer for layer in network.layers if layer != "logits" and network.receptive_field(layer).size <= DEEPEST]
    return [within[0], within[len(within) // 2], within[-1]]


def _style(network: Network, layers: list[str]) -> dict[str, torch.Tensor]:
    return network.features(_style_picture(network, layers), layers)


def _style_picture(network: Network, layers: list[str]) -> torch.Tensor:
    return _picture(max(60, *(network.least_size(layer) for layer in layers)), 101, 2)


def _content(network: Network, picture: torch.Tensor, region: Region | None) -> Loss:
    return Content(network.features(_picture(*picture.shape[2:], 3), _layers(network)), 1.0, region)


def _of_style(name: str) -> Callable[..., Loss]:
    """The loss that is named for the style loss, the first of those that it consists of."""

    def term(network: Network, picture: torch.Tensor, region: Region | None) -> Loss:
        style = _style(network, _layers(network))
        statistics = [({layer: moments.of(fmap) for layer, fmap in style.items()}, 1.0)]
        look = StylePicture("style", _style_picture(network, _layers(network)), None, 1.0, 1.0)

        def found() -> Neighbours:
            return neighbours.find(network, [look], _layers(network), picture, None, 0)

        return style_losses(name, StyleTarget(statistics, found, 1.0, region))[0]

    return term


def _dream(kind: str) -> Callable[..., Loss]:
    def term(network: Network, picture: torch.Tensor, region: Region | None) -> Loss:
        layer = _layers(network)[-1]
        if kind == "layer":
            return Activation(layer, 1.0)
        if kind == "guide":
            return Guide(layer, _style(network, [layer])[layer].flatten(2)[0], 1.0)
        fmap = network.features(picture, [layer])[layer][0]
        channel, row, column = (int(index) for index in (fmap == fmap.max()).nonzero()[0])  # not a silent one
        return Activation(layer, 1.0, channel, (row, column) if kind == "neuron" else None)

    return term


TERMS: dict[str, Callable[[Network, torch.Tensor, Region | None], Loss]] = {
    "content": _content,
    **{name: _of_style(name) for name in STYLE_LOSSES},
    **{kind: _dream(kind) for kind in ("layer", "channel", "neuron", "guide")},
}
IN_REGIONS = ("content", *STYLE_LOSSES)
CASES = [(kind, masked) for kind in TERMS for masked in ((False, True) if kind in IN_REGIONS else (False,))]


def _error(network: Network, terms: list[Loss], picture: torch.Tensor, tile: int) -> float:
    """Of the gradient in tiles, relative to the gradient of the whole. The losses must agree, too."""
    loss, gradient = Objective(network, terms)(picture)
    tiled_loss, tiled = Objective(network, terms, tile)(picture)
    assert float(gradient.norm()) > 0, "the test is about nothing"
    assert float(tiled_loss) == pytest.approx(float(loss), rel=1e-4)
    return float((tiled - gradient).norm() / gradient.norm())


def _error_of(kind: str, masked: bool, network: Network, height: int, width: int, tile: int) -> float:
    """Of a term, on the best of three pictures: now and then rounding, which no two computers share, decides another
    maximum in a pooling window, or another neighbour; hardly in each of three."""
    error = 1.0
    for seed in (1, 6, 9):
        picture = resize(_picture(height // 3 + 1, width // 3 + 1, seed), width, height)
        region = Region(_picture(height, width, 4, 1), network) if masked else None
        error = min(error, _error(network, [TERMS[kind](network, picture, region)], picture, tile))
        if error < 1e-4:
            break
    return error


@pytest.mark.parametrize(("kind", "masked"), CASES)
@pytest.mark.parametrize("name", MODULES)
def test_the_gradient_of_every_term_on_every_network_in_tiles_is_that_of_the_whole(name: str, kind: str, masked: bool):
    """In narrow or low pictures, which are quick to compute, and long enough for tiles that see a part of them only.
    Each has another size, which is the same in every run."""
    network, chance = NETWORKS[name], random.Random(f"{name} {kind} {masked}")
    deep, tile = _layers(network)[-1], chance.choice([48, 64, 80])
    narrow = max(16, network.least_size(deep)) + chance.randrange(30)
    long = network.receptive_field(deep).size + tile + 16 + chance.randrange(40)
    parts = tiling.tiles(network, [deep], narrow, long, tile)
    assert any(part.pixels[1].start > 0 for part in parts)
    assert any(part.pixels[1].stop < long for part in parts)
    height, width = chance.sample([narrow, long], 2)
    assert _error_of(kind, masked, network, height, width, tile) < 1e-4


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    name=st.sampled_from([name for name in MODULES if not name.startswith("vgg")]),  # they would take most of the time
    case=st.sampled_from(CASES),
    height=st.integers(16, 210),
    width=st.integers(16, 210),
    tile=st.sampled_from([48, 64, 100]),
)
def test_so_it_is_at_every_size(name: str, case: tuple[str, bool], height: int, width: int, tile: int):
    least = NETWORKS[name].least_size(_layers(NETWORKS[name])[-1])
    assert _error_of(*case, NETWORKS[name], max(least, height), max(least, width), tile) < 1e-4


@pytest.mark.parametrize("name", [name for name in MODULES if "logits" in registry.NETWORKS[name].layers])
def test_the_gradient_of_a_class_in_tiles_is_that_of_the_whole(name: str):
    """Beside a style, whose layers are then computed in tiles, too."""
    network = NETWORKS[name]
    height, width = (
        max(31, network.least_size("logits")) | 1,
        min(427, network.receptive_field(BEFORE_LOGITS).size + 102),
    )
    assert len(tiling.tiles(network, [BEFORE_LOGITS], height, width, 128)) > 1
    errors = []
    for seed in (1, 6, 9):
        picture = resize(_picture(height // 3 + 1, width // 3 + 1, seed), width, height)
        logits = network.features(picture, ["logits"])["logits"].flatten()
        number = int(logits.argmax())
        term = ClassLogit(network.classifier, 1.0, number)
        loss, _ = Objective(network, [term])(picture)
        assert float(loss) == pytest.approx(-float(logits[number]), rel=1e-5)
        errors.append(_error(network, [term], picture, 128))
        if errors[-1] < 1e-4:
            break
    assert min(errors) < 1e-4


def test_a_class_and_a_style_in_one_objective_are_computed_in_tiles():
    """No matter how many terms there are, the network never sees more than a tile with its halo; pixels are no part."""
    network, picture = NETWORKS["squeezenet1_1"], 1.4 * _picture(70, 700) - 0.2
    seen: list[int] = []

    class Watched:
        def __getattr__(self, name: str):
            return getattr(network, name)

        def features(self, cut, layers):
            seen.append(cut.shape[3])
            return network.features(cut, layers)

    terms: list[Loss] = [
        ClassLogit(network.classifier, 1.0, 3),
        _of_style("covariance")(network, picture, None),
        ValueRange(70, 700, 10.0),
        TotalVariation(70, 700, 1.0),
    ]
    loss, gradient = Objective(network, terms)(picture)
    tiled_loss, tiled = Objective(Watched(), terms, 64)(picture)
    assert float((tiled - gradient).norm() / gradient.norm()) < 1e-4
    assert float(tiled_loss) == pytest.approx(float(loss), rel=1e-4)
    across = [width for width in seen if width < 700]
    assert len(across) >= 20
    assert seen.count(700) == 1  # a strip, to find the layers' sizes
    assert max(across) <= 64 + 32 + network.receptive_field(BEFORE_LOGITS).size


def test_cores_hold_every_position_once():
    network = NETWORKS["squeezenet1_0"]
    layers = ["conv1", "fire2", "fire6"]
    parts = tiling.tiles(network, layers, 201, 333, 64)
    sizes = {layer: tuple(fmap.shape[2:]) for layer, fmap in network.features(_picture(201, 333), layers).items()}
    assert len(parts) > 6
    for layer, size in sizes.items():
        seen = torch.zeros(size)
        for part in parts:
            seen[part.core[layer]] += 1
        assert bool((seen == 1).all()), layer


def test_maps_and_statistics_in_tiles_are_those_of_the_whole():
    network, layers = NETWORKS["squeezenet1_0"], ["conv1", "fire4"]
    picture, mask = _picture(200, 210), _picture(200, 210, 5, 1)
    for layer, fmap in tiling.maps(network, picture, layers, 64).items():
        torch.testing.assert_close(fmap, network.features(picture, [layer])[layer], rtol=1e-4, atol=1e-5)
    whole = tiling.statistics(network, picture, layers, None, mask)
    tiled = tiling.statistics(network, picture, layers, 64, mask)
    for layer in layers:
        torch.testing.assert_close(tiled[layer].mean, whole[layer].mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(tiled[layer].covariance, whole[layer].covariance, rtol=1e-3, atol=1e-5)


def test_samples_in_tiles_are_those_of_the_whole_and_no_map_is_held():
    """Of styles, where they are opaque, and of a guide."""
    network, layers = NETWORKS["squeezenet1_0"], ["conv1", "fire4"]
    opaque = torch.zeros(1, 1, 150, 331)
    opaque[..., :200] = 1
    looks = [
        StylePicture("a", _picture(200, 210), None, 3.0, 1.0),
        StylePicture("b", _picture(150, 331, 2), opaque, 1.0, 1.0),
    ]
    picture = _picture(170, 190, 3)
    whole, tiled = (neighbours.find(network, looks, layers, picture, tile, 5) for tile in (None, 64))
    other = neighbours.find(network, looks, layers, picture, 64, 6)
    for layer in layers:
        torch.testing.assert_close(tiled.features[layer], whole.features[layer], rtol=1e-4, atol=1e-4)
        assert not torch.equal(tiled.features[layer], other.features[layer])
    # By rounding a place between two may go to either: few do.
    assert float((tiled.nearest != whole.nearest).float().mean()) < 0.01
    guide = _picture(200, 600)
    features = network.features(guide, ["conv1"])["conv1"]  # 100×300 positions: every second row and column
    for tile in (None, 64):
        found = sampling.of_guide(network, guide, "conv1", tile)
        torch.testing.assert_close(found, features[0, :, 1::2, 1::2].flatten(1), rtol=1e-4, atol=1e-4)


def test_a_small_picture_has_no_tiles():
    assert tiling.tiles(NETWORKS["squeezenet1_0"], ["fire4"], 60, 64, 64) == []


def test_a_tile_costs_the_memory_of_a_tile():
    """The network never sees more than a tile with its halo, however large the picture is."""
    network = NETWORKS["squeezenet1_0"]
    seen: list[int] = []

    class Watched:
        device = network.device
        receptive_field, least_size = network.receptive_field, network.least_size

        def features(self, picture, layers):
            seen.append(picture.shape[2] * picture.shape[3])
            return network.features(picture, layers)

    style = MeanCovariance([({"fire2": moments.of(network.features(_picture(64, 64), ["fire2"])["fire2"])}, 1.0)], 1.0)
    Objective(Watched(), [style], 64)(_picture(500, 400))
    halo = network.receptive_field("fire2").size
    assert max(seen) <= (64 + 32 + 2 * halo) ** 2
    assert len(seen) > 60
