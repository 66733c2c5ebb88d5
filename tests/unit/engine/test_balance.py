"""A dream's share of the influence, as the norm of its gradient in pixels."""

from __future__ import annotations

import pytest
import torch

from backend.engine import moments
from backend.engine.balance import Balance
from backend.engine.objective import Objective
from backend.engine.terms.dream import Dream
from backend.engine.terms.style import Style
from tests.random_networks import random_network

NETWORK = random_network("squeezenet1_1")
PICTURE = torch.rand(1, 3, 64, 80, generator=torch.Generator().manual_seed(1))


def _style() -> Objective:
    other = torch.rand(1, 3, 60, 50, generator=torch.Generator().manual_seed(2))
    maps = NETWORK.features(other, ["conv1", "fire3"])
    return Objective(NETWORK, [Style([({layer: moments.of(fmap) for layer, fmap in maps.items()}, 1.0)], 1.0)])


def _norm(objective: Objective, picture: torch.Tensor) -> float:
    return float(objective(picture)[1].norm())


def _dreams(*weights: float) -> list[tuple[Dream, Objective]]:
    """Of layers whose responses, and gradients, are of very different sizes."""
    terms = [Dream("conv1", weights[0]), Dream("fire5", weights[1])]
    return [(term, Objective(NETWORK, [term])) for term in terms]


@pytest.mark.parametrize("share", [0.2, 1.0, 5.0])
def test_dreams_have_their_share_of_the_styles_gradient_each_by_its_weight(share):
    style, dreams = _style(), _dreams(1, 3)
    assert not 0.5 < _norm(dreams[0][1], PICTURE) / _norm(dreams[1][1], PICTURE) < 2
    balance = Balance(style, dreams, share)
    for picture in (PICTURE, 1 - PICTURE):  # their gradients differ, their shares do not
        balance.update(picture)
        wanted = share * _norm(style, picture)
        assert _norm(dreams[0][1], picture) == pytest.approx(wanted / 4, rel=1e-4)
        assert _norm(dreams[1][1], picture) == pytest.approx(wanted * 3 / 4, rel=1e-4)


def test_dreams_without_a_style_are_balanced_among_each_other():
    dreams = _dreams(2, 1)
    Balance(None, dreams, 0.3).update(PICTURE)
    assert _norm(dreams[0][1], PICTURE) == pytest.approx(2 * _norm(dreams[1][1], PICTURE), rel=1e-4)


def test_a_dream_without_a_gradient_is_left_out():
    black = torch.zeros_like(PICTURE)
    fmap = NETWORK.features(black, ["conv1"])["conv1"][0]
    silent = Dream("conv1", 1.0, int(fmap.amax((1, 2)).argmin()))
    objective = Objective(NETWORK, [silent])
    assert _norm(objective, black) == 0
    Balance(_style(), [(silent, objective)], 1.0).update(black)
    assert silent.weight == 0
