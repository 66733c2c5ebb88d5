"""Dreams' shares of the influence, as the norms of their gradients in pixels."""

from __future__ import annotations

import math

import pytest
import torch
from reverie.engine.balance import Balance
from reverie.engine.objective import Objective
from reverie.losses.activation import Activation

from tests.random_networks import random_network

NETWORK = random_network("squeezenet1_1")
PICTURE = torch.rand(1, 3, 64, 80, generator=torch.Generator().manual_seed(1))


def _norm(objective: Objective, picture: torch.Tensor) -> float:
    return float(objective(picture)[1].norm())


def _dreams(*weights: float) -> list[tuple[Activation, Objective]]:
    """Of layers whose responses, and gradients, are of very different sizes."""
    terms = [Activation(layer, weight) for layer, weight in zip(("conv1", "fire5"), weights, strict=False)]
    return [(term, Objective(NETWORK, [term])) for term in terms]


@pytest.mark.parametrize("pull", [0.02, 1.0, 5.0])
def test_the_pull_is_shared_out_by_weight_whatever_the_gradients_are(pull):
    dreams = _dreams(1, 3)
    assert not 0.5 < _norm(dreams[0][1], PICTURE) / _norm(dreams[1][1], PICTURE) < 2
    Balance(pull, dreams).update(PICTURE)
    assert _norm(dreams[0][1], PICTURE) == pytest.approx(pull / 4, rel=1e-4)
    assert _norm(dreams[1][1], PICTURE) == pytest.approx(pull * 3 / 4, rel=1e-4)


def test_weights_follow_the_gradients_half_way():
    (dream, _), *_ = dreams = _dreams(1)
    balance = Balance(1.0, dreams)
    balance.update(PICTURE)
    first = dream.weight
    balance.update(PICTURE)
    assert dream.weight == pytest.approx(first)
    faint = 0.5 + 0.1 * (PICTURE - 0.5)
    Balance(1.0, dreams).update(faint)
    due = dream.weight
    assert due > 1.2 * first
    for _ in range(3):
        balance.update(faint)
    assert math.log(due / dream.weight) == pytest.approx(math.log(due / first) / 8, rel=1e-3)


def test_a_dream_without_a_gradient_is_left_out():
    black = torch.zeros_like(PICTURE)
    fmap = NETWORK.features(black, ["conv1"])["conv1"][0]
    silent = Activation("conv1", 1.0, int(fmap.amax((1, 2)).argmin()))
    objective = Objective(NETWORK, [silent])
    assert _norm(objective, black) == 0
    Balance(1.0, [(silent, objective)]).update(black)
    assert silent.weight == 0
