"""Deep dream, and dream and style in one optimisation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.engine import loaded
from reverie.engine import render as engine
from reverie.errors import ReverieError
from reverie.events import Progress
from reverie.job import resolve
from reverie.networks import registry
from reverie.networks.network import Network
from reverie.networks.weights import catalogue
from reverie.optim.gradient_ascent import GradientAscent, even_out
from reverie.optim.redirected_relu import RedirectedReLU
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to, to_tensor
from reverie.recipe import Recipe

from tests.random_networks import random_network

SETTINGS = {"size": 96, "smallest": 48, "iterations": 30, "precision": "float32", "network": "reverie"}
pytestmark = pytest.mark.skipif("reverie" not in registry.available(), reason="needs the bundled encoder")


@pytest.fixture(scope="module")
def photo() -> Picture:
    return shrink_to(images.read(demo.content()), 96)


@pytest.fixture(scope="module")
def network() -> Network:
    return registry.load("reverie")


def _render(photo, pictures=None, **recipe):
    return engine.render(Recipe.parse({**SETTINGS, **recipe}), photo, pictures or {}, device="cpu")


def _response(network, picture, layer, channel=None, at=None):
    fmap = network.features(to_tensor(picture[:, :, :3], torch.device("cpu")), [layer])[layer][0]
    if at is not None:
        row, column = _unit(network, picture, layer, at)
        return float(fmap[channel, row, column])
    return float(fmap[channel].mean() if channel is not None else fmap.square().mean())


def _unit(network, picture, layer, at):
    """Row and column of the neuron that looks at a place in the picture."""
    reach = network.receptive_field(layer)
    return reach.unit_at(at[1] * picture.shape[0]), reach.unit_at(at[0] * picture.shape[1])


def test_a_layer_responds_more_to_its_dream(photo, network):
    result = _render(photo, dream={"layer": "level6"})
    assert _response(network, result.picture, "level6") > 1.5 * _response(network, photo, "level6")
    assert result.picture.shape == photo.shape


def test_a_channel_responds_more_to_its_dream_than_to_that_of_another(photo, network):
    one, two = (_render(photo, dream={"layer": "level5", "channel": channel}).picture for channel in (3, 40))
    assert _response(network, one, "level5", 3) > _response(network, photo, "level5", 3)
    assert _response(network, one, "level5", 3) > _response(network, two, "level5", 3)
    assert _response(network, two, "level5", 40) > _response(network, one, "level5", 40)


def test_a_neurons_dream_is_where_the_neuron_is(photo, network):
    fmap = network.features(to_tensor(photo, torch.device("cpu")), ["level4"])["level4"][0]
    at = (0.25, 0.75)
    row, column = _unit(network, photo, "level4", at)
    channel = int(fmap[:, row, column].argmax())
    picture = _render(photo, dream={"layer": "level4", "channel": channel, "at": at}).picture
    assert _response(network, picture, "level4", channel, at) > 1.3 * float(fmap[channel, row, column])
    change = np.abs(picture - photo).mean(2)
    height, width = change.shape
    y, x = int(at[1] * height), int(at[0] * width)
    assert change[y - 8 : y + 8, x - 8 : x + 8].mean() > 5 * change[: height // 4, -width // 4 :].mean()


def test_a_neuron_that_is_silent_is_woken(photo, network):
    """Its gradient is zero: with plain rectifiers the picture would stay as it is."""
    at = (0.5, 0.5)
    fmap = network.features(to_tensor(photo, torch.device("cpu")), ["level6"])["level6"][0]
    row, column = _unit(network, photo, "level6", at)
    responses = fmap[:, row, column]
    channel = int((responses == 0).nonzero()[3])
    picture = _render(photo, dream={"layer": "level6", "channel": channel, "at": at}).picture
    assert _response(network, picture, "level6", channel, at) > 0.1
    assert np.abs(picture - photo).mean() > 0.01


def test_rectifiers_are_redirected_only_where_nothing_passes():
    x = torch.tensor([-2.0, -1.0, 3.0, 4.0], requires_grad=True)
    upstream = torch.tensor([-1.0, 1.0, 5.0, -7.0])
    silent = torch.tensor([1.0, 1.0, 0.0, 0.0])
    with RedirectedReLU():
        for module in (torch.relu, torch.nn.ReLU()):
            (usual,) = torch.autograd.grad((module(x) * upstream).sum(), x)
            assert usual.tolist() == [0, 0, 5, -7]
            (redirected,) = torch.autograd.grad((module(x) * upstream * silent).sum(), x)
            assert redirected.tolist() == [-1, 0, 0, 0]
    (plain,) = torch.autograd.grad((torch.relu(x) * upstream * silent).sum(), x)
    assert plain.tolist() == [0, 0, 0, 0]


def test_a_guides_features_are_found_in_its_dream(photo, network):
    guide = shrink_to(images.read(demo.styles()["mosaic"]), 96)
    picture = _render(photo, {"g": guide}, dream={"layer": "level4", "guide": "g"}).picture
    wanted = network.features(to_tensor(guide, torch.device("cpu")), ["level4"])["level4"][0].flatten(1)

    def best_products(shown):
        fmap = network.features(to_tensor(shown, torch.device("cpu")), ["level4"])["level4"][0].flatten(1)
        return float((fmap.T @ wanted).amax(1).mean())

    assert best_products(picture) > 1.3 * best_products(photo)


def test_strength_is_how_far_the_picture_moves_on_every_layer(photo):
    def moved(**recipe) -> float:
        return float(np.sqrt(np.mean((_render(photo, **recipe).picture - photo) ** 2)))

    weak, usual, strong = (moved(dream={"layer": "level6"}, dream_strength=d) for d in (0.1, 0.5, 1.0))
    assert weak < 0.5 * usual < usual < strong
    elsewhere = moved(dream={"layer": "level2"}, dream_strength=0.5)
    assert 0.4 < elsewhere / usual < 2.5
    assert moved(dream={"layer": "level6"}, dream_strength=0) == 0


@pytest.mark.parametrize("octaves", [1, 3])
def test_octaves_are_counted_down_from_the_full_size(photo, octaves):
    heard: list[object] = []
    recipe = Recipe.parse({"dream": {}, "network": "reverie", "iterations": 9, "octaves": octaves})
    engine.render(recipe, photo, {}, device="cpu", report=heard.append)
    sizes = {event.width for event in heard if isinstance(event, Progress)}
    assert len(sizes) == octaves
    assert max(sizes) == photo.shape[1]


def test_several_dreams_share_by_weight(photo, network):
    """Each channel responds the more the larger its share is."""
    dreams = [{"layer": "level5", "channel": 3}, {"layer": "level5", "channel": 40}]

    def responses(first: float, second: float) -> tuple[float, float]:
        weighted = [{**dreams[0], "weight": first}, {**dreams[1], "weight": second}]
        picture = _render(photo, dream=weighted).picture
        return _response(network, picture, "level5", 3), _response(network, picture, "level5", 40)

    mostly_first, mostly_second = responses(9, 1), responses(1, 9)
    assert mostly_first[0] > mostly_second[0]
    assert mostly_second[1] > mostly_first[1]


BOTH = {"style": "s", "iterations": 60, "size": 160, "smallest": 80}


@pytest.fixture(scope="module")
def beside() -> tuple[Picture, Picture]:
    """A photo and a style: in less than 160 pixels, the deepest layers have only a few places."""
    photo, style = (shrink_to(images.read(path), 160) for path in (demo.content(), demo.styles()["strokes"]))
    return photo, style


@pytest.fixture(scope="module")
def alone(beside) -> Callable[[list[str] | None], Picture]:
    """What the style paints without a dream, by its layers: once for all dreams beside them."""
    painted: dict[str, Picture] = {}

    def paint(layers: list[str] | None) -> Picture:
        if str(layers) not in painted:
            painted[str(layers)] = _render(beside[0], {"s": beside[1]}, **BOTH, style_layers=layers).picture
        return painted[str(layers)]

    return paint


@pytest.mark.parametrize(
    ("dream", "layers"),
    [
        ({}, None),
        ({}, ["level1", "level3", "level8"]),  # the default layer for dreams is the style's here: another is chosen
        ({"layer": "level8", "channel": 11, "at": [0.4, 0.6]}, None),
    ],
    ids=["default layer", "chosen layer", "neuron"],
)
def test_dream_and_style_at_once(network, beside, alone, dream, layers):
    """The dream's response rises above the style's alone, while the picture still nears the style's statistics."""
    photo, style = beside
    both = _render(photo, {"s": style}, dream=dream, dream_strength=0.5, **BOTH, style_layers=layers)
    (found,) = both.recipe.dream
    assert found.layer not in [*both.recipe.style_layers, *both.recipe.content_layers]
    assert found.layer == ("level8" if layers is None else "level7")
    what = (found.layer, found.channel, found.at)
    response = _response(network, both.picture, *what)
    assert response > 1.2 * _response(network, alone(layers), *what)
    assert response > 1.2 * _response(network, photo, *what)

    def distance(picture) -> float:
        layers = both.recipe.style_layers
        wanted = network.features(to_tensor(style, torch.device("cpu")), layers)
        found = network.features(to_tensor(picture, torch.device("cpu")), layers)
        return sum(
            float((found[k].mean((2, 3)) - wanted[k].mean((2, 3))).norm() / wanted[k].mean((2, 3)).norm())
            for k in layers
        )

    assert distance(both.picture) < 0.8 * distance(photo)


def test_beside_a_style_a_dream_grows_with_its_strength_and_never_runs_away(photo, network):
    """Even where the style has the layer above the dream's: its weight must not follow a gradient that it makes grow
    itself, or all that is left is noise of full contrast."""
    style = shrink_to(images.read(demo.styles()["stained_glass"]), 96)
    responses, clipped = [], []
    for strength in (0.1, 0.5, 0.8):
        settings = {"style": "s", "style_layers": ["level1", "level3", "level8"], "dream": {"layer": "level7"}}
        picture = _render(photo, {"s": style}, dream_strength=strength, **settings).picture
        responses.append(_response(network, picture, "level7"))
        clipped.append(float(((picture == 0) | (picture == 1)).mean()))
    assert responses[0] < responses[1] < responses[2]
    assert clipped[2] < 0.3


@pytest.mark.parametrize("name", registry.NETWORKS)
def test_a_layer_is_chosen_that_style_and_content_do_not_use(name):
    spec = registry.NETWORKS[name]
    chosen = resolve(Recipe.parse({"style": "s", "dream": {}, "network": name}), "cpu")
    assert chosen.dreams[0].layer in spec.layers
    assert chosen.dreams[0].layer not in [*chosen.style_layers, *chosen.content_layers, "logits"]
    assert chosen.style_layers  # of AlexNet, whose every layer is the style's, the dream takes one
    alone = resolve(Recipe.parse({"dream": {}, "network": name}), "cpu")
    assert alone.dreams[0].layer == spec.defaults.dream[0]


def test_the_same_seed_gives_the_same_dream(photo):
    one, two = (_render(photo, dream={"layer": "level6"}, seed=4).picture for _ in range(2))
    other = _render(photo, dream={"layer": "level6"}, seed=5).picture
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_class_is_dreamt_by_name(shared, monkeypatch, photo):
    """SqueezeNet sees a dog in its dream of one: the class wins among a thousand."""
    monkeypatch.setenv("REVERIE_WEIGHTS", str(shared / "weights"))
    picture = shrink_to(images.read(shared / "images" / "photos" / "golden_gate.jpg"), 160)
    recipe = {"dream": {"class_name": "Golden Retriever"}, "network": "squeezenet1_0", "size": 160, "smallest": 128}
    result = _render(picture, **recipe)
    squeezenet = registry.load("squeezenet1_0")
    logits = squeezenet.features(to_tensor(result.picture, torch.device("cpu")), ["logits"])["logits"][0, :, 0, 0]
    assert squeezenet.class_names[int(logits.argmax())] == "golden retriever"
    assert result.recipe.dream[0].class_name == "golden retriever"


def test_the_gradient_is_evened_out_over_scales():
    """Coarse and fine structure of very different strength come out equally strong."""
    generator = torch.Generator().manual_seed(0)
    fine = torch.randn(1, 3, 64, 64, generator=generator)
    coarse = torch.nn.functional.interpolate(torch.randn(1, 3, 8, 8, generator=generator), (64, 64), mode="bicubic")
    low = torch.nn.functional.avg_pool2d
    for share in (0.001, 1.0, 1000.0):
        even = even_out(fine + share * coarse)
        ratio = float(
            low(even, 8).square().mean().sqrt()
            / (even - torch.nn.functional.interpolate(low(even, 2), (64, 64))).square().mean().sqrt()
        )
        assert 0.3 < ratio < 3


def test_steps_have_the_same_length_whatever_the_gradient():
    for size in (1e-6, 1.0, 1e6):
        x = torch.full((1, 3, 16, 16), 0.5)
        gradient = size * torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
        GradientAscent(0.01).step(x, gradient)
        assert float((x - 0.5).square().mean().sqrt()) == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize(
    ("dream", "field", "words"),
    [
        ({"layer": "level66"}, "dream.0.layer", "level6"),
        ({"layer": "level6", "channel": 99999}, "dream.0.channel", "channels 0 to"),
        ({"class_name": "pug"}, "dream.0.class_name", "knows no classes"),
        ({"layer": "level6", "guide": "nowhere.png"}, "dream.0.guide", "nowhere.png"),
    ],
)
def test_what_cannot_be_dreamt_is_named(photo, dream, field, words):
    with pytest.raises(ReverieError) as caught:
        _render(photo, dream=dream)
    assert caught.value.field == field
    assert words in caught.value.message


def test_a_misspelt_class_gets_suggestions(photo):
    with pytest.raises(ReverieError, match="golden retriever"):
        _render(photo, network="squeezenet1_0", dream={"class_name": "golden retreiver"})


@pytest.mark.parametrize(
    "dream",
    [
        {"channel": 3},
        {"layer": "level6", "at": [0.5, 0.5]},
        {"class_name": "pug", "layer": "level6"},
        {"layer": "level6", "channel": 1, "guide": "a.jpg"},
        {"layer": "level6", "channel": 1, "at": [0.5, 1.5]},
        {"weight": 0},
    ],
)
def test_contradictions_are_refused_by_the_recipe(dream):
    with pytest.raises(ReverieError):
        Recipe.parse({"dream": dream})


def test_a_dream_beside_a_style_works_wherever_the_style_alone_does(monkeypatch):
    """Strokes so small that the network sees none of them at the size at which a pull is usually measured."""
    network = random_network("vgg19")
    monkeypatch.setattr(catalogue, "find", lambda name: Path(name))
    monkeypatch.setattr(registry, "load", lambda name, pooling: network)
    loaded.forget_network()
    photo, style = (shrink_to(images.read(path), 320) for path in (demo.content(), demo.styles()["strokes"]))
    settings = {"style": {"image": "s", "scale": 0.15}, "network": "vgg19", "iterations": 1, "size": 320}
    settings |= {
        "detail": "sketch",
        "smallest": 320,
        "style_layers": ["relu1_1", "relu5_1"],
        "content_layers": ["relu2_1"],
    }
    _render(photo, {"s": style}, **settings)
    dreamt = _render(photo, {"s": style}, dream={"layer": "relu3_1"}, **settings)
    loaded.forget_network()
    assert np.isfinite(dreamt.picture).all()
