"""The same job with every network at hand."""

from __future__ import annotations

import pytest

from backend import demo, images
from backend.engine import compare
from backend.engine.resize import shrink_to
from backend.networks import registry
from backend.recipe import Recipe


def test_each_network_paints_and_is_measured(shared, monkeypatch):
    monkeypatch.setenv("REVERIE_WEIGHTS", str(shared / "weights"))
    names = registry.available()
    assert {"reverie", "squeezenet1_0"} <= set(names)
    photo, style = (shrink_to(images.read(path), 64) for path in (demo.content(), demo.styles()["ink"]))
    heard: list[str] = []
    recipe = Recipe.parse({"style": "s", "size": 64, "smallest": 64, "iterations": 3})
    rows = compare.compare(
        recipe, photo, {"s": style}, device="cpu", report=lambda network, event: heard.append(network)
    )
    assert [row.network for row in rows] == names == list(dict.fromkeys(heard))
    assert len({row.picture.tobytes() for row in rows}) == len(rows)
    assert {row.network: row.parameters for row in rows}["squeezenet1_0"] == pytest.approx(1_248_424, rel=0.01)
    assert all(row.memory > 50 << 20 and row.seconds > 0 for row in rows)
    height, width = photo.shape[:2]
    sheet = compare.contact_sheet(rows)
    assert sheet.shape == (height + 28, width * len(rows), 3)
    assert abs(sheet[:height, :width] - rows[0].picture).max() < 0.5 / 255 + 1e-6
