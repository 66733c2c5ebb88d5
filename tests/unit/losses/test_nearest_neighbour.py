"""The nearest-neighbour term against its definition, written out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from reverie.losses import moments
from reverie.losses.loss import Features
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.nearest_neighbour import NearestNeighbour, Neighbours, losses
from reverie.losses.region import Region
from reverie.networks.receptive_field import ReceptiveField


def _map(seed: int, height: int, width: int, channels: int = 6) -> torch.Tensor:
    return torch.randn(1, channels, height, width, generator=torch.Generator().manual_seed(seed))


def _loss(term: NearestNeighbour, maps: dict[str, torch.Tensor]) -> torch.Tensor:
    return term.value(term.measure(Features.of_whole(maps)))


def _neighbours() -> tuple[Neighbours, torch.Tensor]:
    """Of 3×4 places, seven of a style to choose from: a place has 2×2 positions in “fine”, and “deep” is coarser."""
    nearest = torch.randint(7, (3, 4), generator=torch.Generator().manual_seed(4))
    features = {
        "fine": _map(1, 28, 1)[0, :, :, 0].T,
        "same": _map(2, 7, 1)[0, :, :, 0].T,
        "deep": _map(3, 7, 1)[0, :, :, 0].T,
    }
    return Neighbours(features, nearest, 4, {"fine": 2, "same": 4, "deep": 8}), nearest


def test_value_and_gradient_are_those_of_the_definition():
    neighbours, nearest = _neighbours()
    maps = {"fine": _map(5, 6, 8), "same": _map(6, 3, 4), "deep": _map(7, 2, 2)}
    maps = {layer: fmap.requires_grad_(True) for layer, fmap in maps.items()}
    assert [neighbours.parts(layer) for layer in maps] == [2, 1, 1]
    loss = _loss(NearestNeighbour(neighbours, 1.0), maps)
    gradients = torch.autograd.grad(loss, list(maps.values()))
    expected = 0.0
    for (layer, fmap), gradient in zip(maps.items(), gradients, strict=True):
        styles = neighbours.features[layer]
        spread = float((styles - styles.mean(0)).square().sum(1).mean())
        height, width = fmap.shape[2:]
        for row in range(height):
            for column in range(width):
                down, across = {"fine": (row // 2, column // 2), "same": (row, column)}.get(
                    layer, (min(2, 2 * row + 1), min(3, 2 * column + 1))
                )
                place = nearest[down, across]
                number = place * 4 + row % 2 * 2 + column % 2 if layer == "fine" else place
                difference = fmap[0, :, row, column].detach() - styles[number]
                expected += float(difference.square().sum()) / spread / (height * width) / 3
                slope = 2 * difference / spread / (height * width) / 3
                torch.testing.assert_close(gradient[0, :, row, column], slope, rtol=1e-4, atol=1e-7)
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)


def test_loss_is_zero_where_every_place_is_one_of_the_styles():
    style = _map(2, 6, 8)
    term = NearestNeighbour(
        Neighbours({"a": style.flatten(2)[0].T}, torch.arange(48).view(6, 8).flip(1), 1, {"a": 1}), 1.0
    )
    assert float(_loss(term, {"a": style.flip(3)})) < 1e-10
    assert float(_loss(term, {"a": 2 * style.flip(3)})) > 0.1  # the cosine alone would not see the contrast


class PixelByPixel:
    """A network whose units are the pixels."""

    def receptive_field(self, layer: str) -> ReceptiveField:
        return ReceptiveField(size=1, stride=1, padding=0)


def test_region_limits_it_to_where_the_mask_is():
    style, other = _map(2, 6, 8), _map(3, 6, 8)
    picture = torch.cat([style, other], 3)
    mask = torch.zeros(1, 1, 6, 16)
    mask[..., :8] = 1
    own = torch.arange(48).view(6, 8)
    neighbours = Neighbours({"a": style.flatten(2)[0].T}, torch.cat([own, own], 1), 1, {"a": 1})
    inside = NearestNeighbour(neighbours, 1.0, Region(mask, PixelByPixel()))
    outside = NearestNeighbour(neighbours, 1.0, Region(1 - mask, PixelByPixel()))
    alone = NearestNeighbour(Neighbours(neighbours.features, own, 1, {"a": 1}), 1.0)
    assert float(_loss(inside, {"a": picture})) < 1e-10
    assert float(_loss(outside, {"a": picture})) == pytest.approx(float(_loss(alone, {"a": other})), rel=1e-5)


def test_mean_and_covariance_count_two_fifths_beside_it():
    """Without them the grain of a style is lost, and with more its weave is everywhere."""
    neighbours, _ = _neighbours()
    statistics = [({"same": moments.of(_map(2, 7, 5))}, 1.0)]
    target = SimpleNamespace(neighbours=lambda: neighbours, statistics=statistics, share=0.5, region=None)
    nearest, covariance = losses(target)
    assert isinstance(nearest, NearestNeighbour) and isinstance(covariance, MeanCovariance)
    assert (nearest.weight, covariance.weight) == pytest.approx((0.5, 0.2))
