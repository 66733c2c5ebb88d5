"""The schedule of scales."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reverie.engine.pyramid import RATIO, scales, within


def test_five_scales_from_128_to_512():
    plan = scales(512, 384, 128, 160)
    assert [(scale.width, scale.height) for scale in plan] == [
        (128, 96),
        (181, 136),
        (256, 192),
        (362, 272),
        (512, 384),
    ]
    assert sum(scale.iterations for scale in plan) == pytest.approx(160, abs=3)
    assert plan[0].iterations == max(scale.iterations for scale in plan)


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(16, 1024), st.integers(1, 500))
def test_plans_end_at_the_size_asked_for(width: int, height: int, smallest: int, iterations: int):
    plan = scales(width, height, smallest, iterations)
    assert (plan[-1].width, plan[-1].height) == (width, height)
    assert all(scale.iterations >= 1 and scale.width >= 1 and scale.height >= 1 for scale in plan)
    longest = [max(scale.width, scale.height) for scale in plan]
    assert longest == sorted(longest)
    assert longest[0] <= max(smallest * RATIO, 1) or len(plan) == 1


def test_scales_that_do_not_suit_are_left_out_but_for_the_last():
    plan = scales(640, 60, 128, 160, lambda width, height: height >= 20)
    assert [scale.height for scale in plan] == [21, 30, 42, 60]
    assert sum(scale.iterations for scale in plan) == pytest.approx(160, abs=3)
    assert [scale.height for scale in scales(640, 19, 128, 160, lambda width, height: height >= 20)] == [19]
    short = within(0.001, 1e-6, 2, 640, 60, 128, lambda width, height: height >= 20)
    assert [scale.height for scale in short] == [21]
