"""Which part of a layer is worked on, in numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reverie.plugin.shared import geometry


@pytest.mark.parametrize(
    ("a", "b", "shared"),
    [
        ((0, 0, 10, 10), (5, 6, 10, 10), (5, 6, 5, 4)),
        ((0, 0, 10, 10), (2, 3, 4, 5), (2, 3, 4, 5)),
        ((-5, -5, 10, 10), (0, 0, 10, 10), (0, 0, 5, 5)),
        ((0, 0, 10, 10), (10, 0, 5, 5), None),  # edge to edge is no overlap
        ((0, 0, 10, 10), (20, 20, 5, 5), None),
    ],
)
def test_intersection(a, b, shared):
    assert geometry.intersection(a, b) == shared
    assert geometry.intersection(b, a) == shared


@pytest.mark.parametrize(
    ("selected", "area"),
    [
        ((400, 300, 100, 80), (368, 268, 164, 144)),  # 32 pixels at least on every side
        ((200, 150, 400, 200), (150, 100, 500, 300)),  # an eighth of the longer side: 50
        ((0, 0, 100, 80), (0, 0, 132, 112)),  # clipped at the layer's border
        ((950, 700, 50, 68), (918, 668, 82, 100)),
        ((0, 0, 1000, 768), (0, 0, 1000, 768)),
    ],
)
def test_the_area_is_the_selection_with_context_within_the_layer(selected, area):
    assert geometry.work_area(selected, 1000, 768) == area


@given(st.data(), st.integers(1, 5000), st.integers(1, 5000))
def test_the_area_holds_the_selection_and_lies_in_the_layer(data, width, height):
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    selected = (x, y, data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y)))
    area = geometry.work_area(selected, width, height)
    assert geometry.intersection(area, selected) == selected
    assert geometry.intersection(area, (0, 0, width, height)) == area
