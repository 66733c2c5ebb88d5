"""The photo in the styles' colours."""

from __future__ import annotations

import torch
from reverie.engine.inputs import Inputs, StylePicture
from reverie.engine.palette import Palette
from reverie.recipe import Recipe
from torch import Tensor


def _inputs(source: Tensor) -> Inputs:
    """Red on the left, blue on the right."""
    left = torch.zeros(1, 1, 16, 24)
    left[..., :12] = 1
    random = torch.Generator().manual_seed(1)
    red, blue = (
        torch.rand(1, 3, 9, 9, generator=random) * 0.1 + torch.tensor(color).view(1, 3, 1, 1)
        for color in ([0.8, 0, 0], [0, 0, 0.8])
    )
    regions = [(left, [StylePicture("r", red, None, 1.0, 1.0)]), (1 - left, [StylePicture("b", blue, None, 1.0, 1.0)])]
    return Inputs(source, regions, {}, None, None)


def _source() -> Tensor:
    return torch.rand(1, 3, 16, 24, generator=torch.Generator().manual_seed(0))


def test_each_region_has_the_colors_of_its_own_style():
    palette = Palette(_inputs(_source()), Recipe.parse({"style": ["r", "b"], "method": "instant"}))
    for photo in (_source(), torch.nn.functional.interpolate(_source(), scale_factor=3)):
        middle, result = photo.shape[3] // 2, palette.recolored(photo)
        assert float(result[:, 0, :, :middle].mean()) > 0.7 > 0.2 > float(result[:, 0, :, middle:].mean())
        assert float(result[:, 2, :, middle:].mean()) > 0.7 > 0.2 > float(result[:, 2, :, :middle].mean())


def test_less_strength_goes_part_of_the_way():
    source = _source()

    def change(strength: float) -> float:
        recipe = Recipe.parse({"style": ["r", "b"], "method": "instant", "strength": strength})
        return float((Palette(_inputs(source), recipe).recolored(source) - source).abs().mean())

    changes = [change(strength) for strength in (0.0, 0.2, 0.5, 0.85, 1.0)]
    assert changes[0] == 0 and changes[:4] == sorted(changes[:4]) and changes[3] == changes[4] > 0.1


def test_where_the_photos_colors_are_to_stay_they_stay():
    for color in ("luminance", "match"):
        recipe = Recipe.parse({"style": ["r", "b"], "method": "instant", "color": color})
        assert torch.equal(Palette(_inputs(_source()), recipe).recolored(_source()), _source())
