"""Each loss's number, against its formula written out with NumPy."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from reverie.losses import moments, style_losses
from reverie.losses.activation import Activation
from reverie.losses.class_logit import ClassLogit
from reverie.losses.content import Content
from reverie.losses.guide import Guide
from reverie.losses.loss import PICTURE, Features
from reverie.losses.nearest_neighbour import Neighbours
from reverie.losses.style_target import StyleTarget
from reverie.losses.total_variation import TotalVariation

LAYERS = {"a": (5, 7, 9), "b": (4, 3, 4)}


class Half:
    """A region of weights by formula: more to the right."""

    def weights(self, features: Features, layer: str) -> torch.Tensor:
        height, width = features.sizes[layer]
        return torch.linspace(0, 1, width, dtype=torch.float64).repeat(height, 1)


def _maps(seed: int, mean: float = 0.7) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        layer: mean + torch.randn(1, *size, generator=generator, dtype=torch.float64) for layer, size in LAYERS.items()
    }


def _value(loss, maps: dict[str, torch.Tensor]) -> float:
    return float(loss.value(loss.measure(Features.of_whole(maps))))


def _weights(layer: str, region) -> np.ndarray:
    _, height, width = LAYERS[layer]
    whole = np.ones((height, width)) if region is None else np.repeat(np.linspace(0, 1, width)[None], height, 0)
    return whole.flatten() / whole.sum()


def _statistics(fmap: torch.Tensor, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    flat = fmap[0].flatten(1).numpy().astype(float)
    weights = np.full(flat.shape[1], 1 / flat.shape[1]) if weights is None else weights
    mean = flat @ weights
    return mean, (flat - mean[:, None]) * weights @ (flat - mean[:, None]).T


def _relative(value: np.ndarray, target: np.ndarray) -> float:
    return float(((value - target) ** 2).sum() / (target**2).sum())


def _target(region=None, share=1.0) -> tuple[StyleTarget, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Two styles of weights 1 and 3, and what they are together."""
    styles = [(_maps(1, 0.5), 1.0), (_maps(2, 1.1), 3.0)]
    statistics = [({layer: moments.of(fmap) for layer, fmap in maps.items()}, weight) for maps, weight in styles]
    blended = {}
    for layer in LAYERS:
        first, second = (_statistics(maps[layer]) for maps, _ in styles)
        blended[layer] = tuple(0.25 * one + 0.75 * other for one, other in zip(first, second, strict=True))
    return StyleTarget(statistics, lambda: {}, share, region), blended


@pytest.mark.parametrize("region", [None, Half()], ids=["everywhere", "region"])
def test_covariance_is_the_distance_of_the_means_and_that_of_the_covariances(region):
    target, blended = _target(region, 0.3)
    (loss,) = style_losses("covariance", target)
    maps, expected = _maps(3), []
    for layer, (mean, covariance) in blended.items():
        own = _statistics(maps[layer], _weights(layer, region))
        expected.append(_relative(own[0], mean) + _relative(own[1], covariance))
    assert _value(loss, maps) == pytest.approx(np.mean(expected), rel=1e-4)
    assert loss.weight == pytest.approx(0.3)


def test_each_half_of_covariance_counts():
    """Features that differ from the style's by a shift have its covariance, and those that turn about their mean its
    mean; neither is free."""
    target, blended = _target()
    (loss,) = style_losses("covariance", target)
    shifted, turned, expected = {}, {}, []
    for layer, (mean, covariance) in blended.items():
        size = LAYERS[layer]
        noise = torch.randn(size[0], size[1] * size[2], generator=torch.Generator().manual_seed(5), dtype=torch.float64)
        noise = noise - noise.mean(1, keepdim=True)
        own = noise @ noise.T / noise.shape[1]
        root = torch.linalg.cholesky(own + 1e-9 * torch.eye(size[0], dtype=torch.float64))
        wanted = torch.linalg.cholesky(torch.tensor(covariance) + 1e-9 * torch.eye(size[0], dtype=torch.float64))
        exact = wanted @ torch.linalg.solve(root, noise)
        center = torch.tensor(mean)[:, None]
        shifted[layer] = (exact + center + 0.5).view(1, *size)
        turned[layer] = (2 * exact + center).view(1, *size)
        expected.append(0.25 * size[0] / float((mean**2).sum()))
    assert _value(loss, shifted) == pytest.approx(np.mean(expected), rel=1e-3)
    assert _value(loss, turned) == pytest.approx(9.0, rel=1e-3)  # |4Σ − Σ|² / |Σ|²


@pytest.mark.parametrize("region", [None, Half()], ids=["everywhere", "region"])
def test_gram_is_the_distance_of_the_gram_matrices(region):
    target, blended = _target(region, 0.3)
    (loss,) = style_losses("gram", target)
    maps, expected = _maps(3), []
    for layer, (mean, covariance) in blended.items():
        own_mean, own = _statistics(maps[layer], _weights(layer, region))
        gram = covariance + np.outer(mean, mean)
        expected.append(_relative(own + np.outer(own_mean, own_mean), gram))
    assert _value(loss, maps) == pytest.approx(np.mean(expected), rel=1e-4)
    assert loss.weight == pytest.approx(0.3)


@pytest.mark.parametrize("region", [None, Half()], ids=["everywhere", "region"])
def test_wasserstein_is_the_distance_of_two_normal_distributions(region):
    target, blended = _target(region, 0.3)
    (loss,) = style_losses("wasserstein", target)
    maps, expected = _maps(3), []
    for layer, (mean, covariance) in blended.items():
        own_mean, own = _statistics(maps[layer], _weights(layer, region))
        roots = np.sqrt(np.clip(np.linalg.eigvals(own @ covariance).real, 0, None)).sum()
        squared = ((own_mean - mean) ** 2).sum() + np.trace(own) + np.trace(covariance) - 2 * roots
        expected.append(squared / ((mean**2).sum() + np.trace(covariance)))
    assert _value(loss, maps) == pytest.approx(np.mean(expected), rel=1e-3)
    plain = style_losses("wasserstein", _target(region, 1.0)[0])[0].weight
    assert loss.weight == pytest.approx(0.3 * plain) and plain > 0


def test_nearest_is_the_distance_from_what_was_found_beside_the_covariance():
    generator = torch.Generator().manual_seed(4)
    nearest = torch.randint(6, (3, 4), generator=generator)
    features = {"a": torch.randn(24, 5, generator=generator), "b": torch.randn(6, 4, generator=generator)}
    found = Neighbours(features, nearest, 4, {"a": 2, "b": 4})
    target, _ = _target(None, 0.3)
    target = StyleTarget(target.statistics, lambda: found, 0.3, None)
    loss, beside = style_losses("nearest", target)
    maps, expected = _maps(3), []
    for layer, styles in features.items():
        fmap, known = maps[layer][0].numpy(), styles.numpy()
        squared = []
        for row, column in np.ndindex(*fmap.shape[1:]):
            place = int(nearest[min(2, row // 2), min(3, column // 2)] if layer == "a" else nearest[row, column])
            number = 4 * place + 2 * (row % 2) + column % 2 if layer == "a" else place
            squared.append(((fmap[:, row, column] - known[number]) ** 2).sum())
        expected.append(np.mean(squared) / ((known - known.mean(0)) ** 2).sum(1).mean())
    assert _value(loss, maps) == pytest.approx(np.mean(expected), rel=1e-4)
    (alone,) = style_losses("covariance", target)
    assert _value(beside, maps) == pytest.approx(_value(alone, maps), rel=1e-6)
    whole = style_losses("nearest", StyleTarget(target.statistics, lambda: found, 1.0, None))
    for part, of_all in zip((loss, beside), whole, strict=True):
        assert part.weight == pytest.approx(0.3 * of_all.weight) and of_all.weight > 0


@pytest.mark.parametrize("region", [None, Half()], ids=["everywhere", "region"])
def test_content_is_the_squared_distance_relative_to_the_photos_features(region):
    photo, maps, expected = _maps(1), _maps(3), []
    for layer, target in photo.items():
        weights = _weights(layer, region)
        weights = (weights / weights.max()).reshape(LAYERS[layer][1:]) if region else 1.0
        squared = ((maps[layer] - target)[0].numpy() ** 2 * weights).sum()
        expected.append(squared / float((target**2).sum()))
    loss = Content(photo, 0.4, region)
    assert _value(loss, maps) == pytest.approx(np.mean(expected), rel=1e-5) and loss.weight == 0.4


def test_total_variation_is_the_mean_squared_difference_of_neighbours():
    picture = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    array = picture[0].numpy()
    expected = (np.diff(array, axis=1) ** 2).sum() + (np.diff(array, axis=2) ** 2).sum()
    loss = TotalVariation(6, 8, 0.4)
    assert _value(loss, {PICTURE: picture}) == pytest.approx(expected / 48, rel=1e-6) and loss.weight == 0.4


@pytest.mark.parametrize("channel", [None, 2])
@pytest.mark.parametrize("unit", [None, (1, 3), (50, -4)])
def test_a_dream_is_minus_the_response(channel, unit):
    fmap = _maps(3)["a"]
    array = fmap[0].numpy()
    if channel is None:
        expected, unit = (array**2).mean(), None
    elif unit is None:
        expected = array[2].mean()
    else:  # beyond the edge, the last before it
        expected = array[2][min(unit[0], 6), max(unit[1], 0)]
    loss = Activation("a", 0.4, channel, unit)
    assert _value(loss, {"a": fmap}) == pytest.approx(-expected, rel=1e-5)
    assert loss.weight == 0.4 and loss.layers == ("a",)


def test_a_guided_dream_is_minus_the_mean_product_with_what_fits_best(monkeypatch):
    fmap = _maps(3)["a"]
    guide = torch.randn(5, 11, generator=torch.Generator().manual_seed(1))
    expected = (fmap[0].flatten(1).numpy().T @ guide.numpy().astype(float)).max(1).mean()
    loss = Guide("a", guide, 0.4)
    assert _value(loss, {"a": fmap}) == pytest.approx(-expected, rel=1e-4) and loss.weight == 0.4
    monkeypatch.setattr("reverie.losses.guide._TABLE", 50)
    assert _value(loss, {"a": fmap}) == pytest.approx(-expected, rel=1e-4)


def test_a_neuron_is_found_in_the_tile_that_holds_it():
    fmap = _maps(3)["a"]
    found = []
    for rows in (slice(0, 3), slice(3, 7)):
        features = Features({"a": fmap[:, :, rows]}, {"a": (rows, slice(0, 9))}, {"a": (7, 9)})
        found.append(float(Activation("a", 1.0, 2, (4, 3)).measure(features)[0]))
    assert found == pytest.approx([0.0, float(fmap[0, 2, 4, 3])], rel=1e-6)


@pytest.mark.parametrize("channel", [None, 1])
def test_the_dream_of_a_class_is_minus_its_logit(channel):
    """Of the averages that adaptive pooling gives; 5 and 7 positions are not divided evenly among 3."""
    layers = torch.nn.Conv2d(4, 2, 3)
    classifier = SimpleNamespace(side=3, layers=layers, of_average=layers)
    fmap = torch.randn(1, 4, 5, 7, generator=torch.Generator().manual_seed(1))
    logits = layers(torch.nn.functional.adaptive_avg_pool2d(fmap, 3))[0, :, 0, 0].detach()
    expected = -logits.square().mean() if channel is None else -logits[channel]
    loss = ClassLogit(classifier, 0.4, channel)
    assert _value(loss, {loss.layers[0]: fmap}) == pytest.approx(float(expected), rel=1e-4) and loss.weight == 0.4
