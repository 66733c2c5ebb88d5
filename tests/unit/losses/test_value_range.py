"""The range of values: nothing inside, the square outside."""

from __future__ import annotations

import pytest
import torch
from reverie.losses.loss import PICTURE, Features
from reverie.losses.value_range import ValueRange


def _loss(picture: torch.Tensor) -> torch.Tensor:
    term = ValueRange(picture.shape[2], picture.shape[3], 1.0)
    return term.value(term.measure(Features.of_whole({PICTURE: picture})))


def test_what_is_within_0_and_1_costs_nothing():
    assert float(_loss(torch.linspace(0, 1, 48).view(1, 3, 4, 4))) == 0


def test_what_is_outside_costs_its_mean_square_and_is_pulled_back():
    picture = torch.full((1, 3, 2, 2), 0.5)
    picture[0, 0, 0, 0], picture[0, 1, 1, 1] = 1.2, -0.1
    picture.requires_grad_(True)
    loss = _loss(picture)
    (gradient,) = torch.autograd.grad(loss, picture)
    assert float(loss.detach()) == pytest.approx((0.04 + 0.01) / 12, rel=1e-5)
    assert float(gradient[0, 0, 0, 0]) > 0 > float(gradient[0, 1, 1, 1])
    assert int((gradient != 0).sum()) == 2
