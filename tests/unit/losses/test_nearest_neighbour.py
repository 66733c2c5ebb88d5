"""The nearest-neighbour term against its definition, written out, and itself in tiles."""

from __future__ import annotations

import pytest
import torch
from reverie.engine import sampling
from reverie.engine.inputs import StylePicture
from reverie.engine.objective import Objective
from reverie.losses import nearest_neighbour
from reverie.losses.loss import Features
from reverie.losses.nearest_neighbour import NearestNeighbour
from reverie.losses.region import Region
from reverie.networks import registry, squeezenet
from reverie.networks.receptive_field import ReceptiveField

from tests.small_network import SmallNetwork


def _map(seed: int, height: int, width: int, channels: int = 6) -> torch.Tensor:
    return torch.randn(1, channels, height, width, generator=torch.Generator().manual_seed(seed))


def _loss(term: NearestNeighbour, fmap: torch.Tensor) -> torch.Tensor:
    return term.value(term.measure(Features.of_whole({"a": fmap})))


def test_value_and_gradient_are_those_of_the_definition():
    picture, style = _map(1, 7, 9).requires_grad_(True), _map(2, 5, 8) + 0.5
    loss = _loss(NearestNeighbour({"a": style.flatten(2)[0]}, 1.0), picture)
    (gradient,) = torch.autograd.grad(loss, picture)
    own, theirs = picture.detach().flatten(2)[0].T, style.flatten(2)[0].T
    mean = theirs.mean(0)
    norm = (theirs - mean).square().sum(1).mean()
    expected, slopes = 0.0, []
    for feature in own - mean:
        similarities = [float(torch.cosine_similarity(feature, each, dim=0)) for each in theirs - mean]
        target = (theirs - mean)[similarities.index(max(similarities))]
        expected += float((feature - target).square().sum() / norm / len(own))
        slopes.append(2 * (feature - target) / norm / len(own))
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(gradient.flatten(2)[0].T, torch.stack(slopes), rtol=1e-4, atol=1e-7)


def test_loss_is_zero_where_every_feature_is_one_of_the_styles():
    style = _map(2, 6, 8)
    term = NearestNeighbour({"a": style.flatten(2)[0]}, 1.0)
    assert float(_loss(term, style.flip(3))) < 1e-10
    assert float(_loss(term, 2 * style)) > 0.1  # the cosine alone would not see the contrast


def test_styles_give_positions_by_their_shares_and_the_seed_decides_which():
    class Pixels(SmallNetwork):
        """Whose one layer is the picture itself."""

        device, least_size = torch.device("cpu"), staticmethod(lambda layer: 1)

        def features(self, x, layers):
            return dict.fromkeys(layers, x)

    looks = [
        StylePicture(name, torch.full((1, 3, 90, 90), value), None, weight, 1.0)
        for name, value, weight in (("one", 0.0, 1.0), ("two", 1.0, 3.0))
    ]
    drawn = sampling.of_styles(Pixels(), looks, ["a"], None, 0)["a"]
    assert drawn.shape == (3, 4096)
    assert float(drawn.mean()) == pytest.approx(0.75)
    random = [StylePicture("r", torch.rand(1, 3, 90, 90), None, 1.0, 1.0)]
    same, again, other = (sampling.of_styles(Pixels(), random, ["a"], None, seed)["a"] for seed in (0, 0, 1))
    assert torch.equal(same, again)
    assert not torch.equal(same, other)


class PixelByPixel:
    """A network whose units are the pixels."""

    def receptive_field(self, layer: str) -> ReceptiveField:
        return ReceptiveField(size=1, stride=1, padding=0)


def test_region_limits_it_to_where_the_mask_is():
    style = _map(2, 6, 8)
    picture = torch.cat([style, _map(3, 6, 8)], 3)
    mask = torch.zeros(1, 1, 6, 16)
    mask[..., :8] = 1
    inside = NearestNeighbour({"a": style.flatten(2)[0]}, 1.0, Region(mask, PixelByPixel()))
    outside = NearestNeighbour({"a": style.flatten(2)[0]}, 1.0, Region(1 - mask, PixelByPixel()))
    assert float(_loss(inside, picture)) < 1e-10
    assert float(_loss(outside, picture)) == pytest.approx(
        float(_loss(NearestNeighbour({"a": style.flatten(2)[0]}, 1.0), picture[..., 8:])), rel=1e-5
    )


def test_matching_in_parts_is_matching_at_once(monkeypatch):
    term = NearestNeighbour({"a": _map(2, 9, 9).flatten(2)[0]}, 1.0)
    at_once = float(_loss(term, _map(1, 11, 13)))
    monkeypatch.setattr(nearest_neighbour, "_AT_A_TIME", 10)
    assert float(_loss(term, _map(1, 11, 13))) == pytest.approx(at_once, rel=1e-6)


def test_gradient_in_tiles_is_that_of_the_whole_on_a_lattice(monkeypatch):
    """With 700 positions, conv1 is looked at on a lattice of every fourth row and column, which no tile begins with."""
    monkeypatch.setattr(nearest_neighbour, "_POSITIONS", 700)
    torch.manual_seed(0)
    network = registry.NETWORKS["squeezenet1_0"].build(squeezenet.SqueezeNet("1_0").state_dict(), "random.pth")
    random = torch.Generator().manual_seed(1)
    style = network.features(torch.rand(1, 3, 90, 80, generator=random), ["conv1", "fire2"])
    picture = torch.rand(1, 3, 201, 167, generator=random)
    for region in (None, Region(torch.rand(1, 1, 201, 167, generator=random), network)):
        term = NearestNeighbour({layer: fmap.flatten(2)[0] for layer, fmap in style.items()}, 1.0, region)
        loss, gradient = Objective(network, [term])(picture)
        tiled_loss, tiled = Objective(network, [term], 64)(picture)
        assert float(tiled_loss) == pytest.approx(float(loss), rel=1e-4)
        # A feature between two of the style's may, by rounding, go to either: few do.
        assert float((tiled - gradient).norm() / gradient.norm()) < 1e-2


def test_lattice_of_tiles_is_that_of_the_whole(monkeypatch):
    monkeypatch.setattr(nearest_neighbour, "_POSITIONS", 50)
    whole = torch.zeros(30, 40, dtype=torch.bool)
    whole[nearest_neighbour.lattice(Features.of_whole({"a": whole[None, None]}), "a")] = True
    tiled = torch.zeros_like(whole)
    for rows in (slice(0, 13), slice(13, 30)):
        for columns in (slice(0, 1), slice(1, 22), slice(22, 40)):
            part = tiled[rows, columns]
            part[nearest_neighbour.lattice(Features({"a": part}, {"a": (rows, columns)}, {"a": (30, 40)}), "a")] = True
    assert bool((whole == tiled).all())
    assert 20 < int(whole.sum()) <= 56
