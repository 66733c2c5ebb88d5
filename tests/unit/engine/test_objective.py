"""The objective's gradient in pixels against finite differences, term by term."""

from __future__ import annotations

import pytest
import torch
from reverie.engine.objective import Objective
from reverie.losses import moments
from reverie.losses.content import Content
from reverie.losses.gram import Gram
from reverie.losses.guide import Guide
from reverie.losses.loss import Features, Loss
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.moments import Moments
from reverie.losses.total_variation import TotalVariation

from tests.small_network import SmallNetwork

NETWORK = SmallNetwork()
_OF_STYLE = {"covariance": MeanCovariance, "gram": Gram}


def _picture(seed: int, height: int = 13, width: int = 17) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _moments(maps: dict[str, torch.Tensor]) -> dict[str, Moments]:
    return {layer: moments.of(fmap) for layer, fmap in maps.items()}


def _terms() -> dict[str, Loss]:
    style = _moments(NETWORK.features(_picture(8, 21, 11), ["a", "c"]))
    return {
        "content": Content(NETWORK.features(_picture(7), ["b"]), 1.0),
        "covariance": MeanCovariance([(style, 1.0)], 1.0),
        "gram": Gram([(style, 1.0)], 1.0),
        "total variation": TotalVariation(13, 17, 1.0),
    }


@pytest.mark.parametrize("name", ["content", "covariance", "gram", "total variation"])
def test_gradient_agrees_with_finite_differences(name: str):
    objective = Objective(NETWORK, [_terms()[name]])
    x = _picture(1)
    _, gradient = objective(x)
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    step = 1e-3
    with torch.no_grad():
        numeric = float(objective.loss(x + step * direction) - objective.loss(x - step * direction)) / (2 * step)
    assert numeric == pytest.approx(float((gradient * direction).sum()), rel=2e-3)


@pytest.mark.parametrize("name", ["content", "covariance", "gram"])
def test_loss_is_zero_exactly_where_the_target_is(name: str):
    target = _picture(7)
    features = NETWORK.features(target, ["a", "b"])
    term = _OF_STYLE[name]([(_moments(features), 1.0)], 1.0) if name in _OF_STYLE else Content(features, 1.0)
    at_target = float(Objective(NETWORK, [term]).loss(target))
    elsewhere = float(Objective(NETWORK, [term]).loss(_picture(9)))
    assert at_target < 1e-6
    assert elsewhere > 1e-3


def test_terms_add_up_with_their_weights():
    content, style = _terms()["content"], _terms()["covariance"]
    alone = [float(Objective(NETWORK, [term]).loss(_picture(1))) for term in (content, style)]
    style.weight = 3.0
    assert float(Objective(NETWORK, [content, style]).loss(_picture(1))) == pytest.approx(
        alone[0] + 3 * alone[1], rel=1e-6
    )


def test_two_styles_pull_to_the_mean_of_their_statistics():
    """The blended target has, up to a constant, the summed loss of the two styles; so it has the same gradient."""
    one, two = NETWORK.features(_picture(3), ["a"]), NETWORK.features(_picture(4) * 0.5, ["a"])
    blend = MeanCovariance([(_moments(one), 1.0), (_moments(two), 3.0)], 1.0)
    x = _picture(1)
    a, b = (0.25 * NETWORK.features(_picture(3), ["a"])["a"].mean((2, 3)), 0.75 * two["a"].mean((2, 3)))
    sums = blend.measure(Features.of_whole(NETWORK.features(x, ["a"])))
    mean = sums[0] / sums[2] + (a + b)[0]
    torch.testing.assert_close(mean.double(), NETWORK.features(x, ["a"])["a"].mean((2, 3))[0], rtol=1e-5, atol=1e-6)


def test_a_guide_is_compared_in_parts_as_at_once(monkeypatch):
    """So that the table of products is bounded, however large picture and guide are."""
    guide, features = NETWORK.features(_picture(3), ["b"])["b"].flatten(2)[0], NETWORK.features(_picture(1), ["b"])
    term, shapes = Guide("b", guide, 1.0), []
    at_once = float(term.value(term.measure(Features.of_whole(features))))
    original = term._best
    monkeypatch.setattr(term, "_best", lambda part: (shapes.append(part.shape), original(part))[1])
    monkeypatch.setattr("reverie.losses.guide._TABLE", 5 * guide.shape[1])
    assert float(term.value(term.measure(Features.of_whole(features)))) == pytest.approx(at_once, rel=1e-6)
    assert len(shapes) > 5 and max(shape[1] for shape in shapes) == 5


def test_the_network_is_not_run_past_the_deepest_layer():
    asked: list[tuple[str, ...]] = []

    class Recording(SmallNetwork):
        def features(self, x, layers):
            asked.append(tuple(layers))
            return super().features(x, layers)

    Objective(Recording(), [Content(NETWORK.features(_picture(7), ["b"]), 1.0)])(_picture(1))
    assert asked == [("b",)]
