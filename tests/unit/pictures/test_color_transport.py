"""The photo in another picture's palette."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie.pictures.color_transport import color_map
from torch import Tensor


def _photo(seed: int = 0) -> Tensor:
    """1×3×48×64, of a spread of colours that are correlated, as a photo's are."""
    random = torch.Generator().manual_seed(seed)
    small = torch.rand(1, 3, 6, 8, generator=random) * 0.6 + torch.rand(1, 1, 6, 8, generator=random) * 0.4
    return torch.nn.functional.interpolate(small, (48, 64), mode="bicubic").clamp(0, 1)


def _etching() -> Tensor:
    """Nearly white paper and nearly black lines, one pixel in five."""
    ink = torch.rand(1, 1, 40, 40, generator=torch.Generator().manual_seed(1)) < 0.2
    return torch.where(ink, 0.05, 0.95).expand(1, 3, 40, 40).clone()


def _distance(a: Tensor, b: Tensor) -> float:
    """The sliced Wasserstein distance of the colours, over many directions and quantiles."""
    at = torch.linspace(0, 1, 200)
    directions = torch.randn(60, 3, generator=torch.Generator().manual_seed(2))
    directions /= directions.norm(dim=1, keepdim=True)
    quantiles = [torch.quantile(directions @ each.flatten(2)[0], at, dim=1) for each in (a, b)]
    return float((quantiles[0] - quantiles[1]).abs().mean())


def test_the_palette_is_the_others():
    photo, other = _photo(), _photo(3) * torch.tensor([0.9, 0.4, 0.6])[None, :, None, None]
    recolored = color_map(photo, other, None, None)(photo)
    assert _distance(recolored, other) < 0.2 * _distance(photo, other)


def test_greys_become_paper_and_ink():
    """What a linear map cannot do: most of the picture is as light as paper."""
    grey = _photo()[:, :1].expand(1, 3, 48, 64)
    recolored = color_map(grey, _etching(), None, None)(grey)
    assert float((recolored > 0.75).float().mean()) > 0.6
    assert _distance(recolored, _etching()) < 0.4 * _distance(grey, _etching())


def test_near_colors_stay_near():
    """Nothing is posterised: a ramp has no leap."""
    ramp = torch.linspace(0, 1, 256).reshape(1, 1, 1, 256).expand(1, 3, 1, 256)
    recolored = color_map(_photo(), _etching(), None, None)(ramp)
    assert float((recolored[..., 1:] - recolored[..., :-1]).abs().max()) < 8 / 255 * 3


def test_a_picture_in_its_own_colors_stays_as_it_is():
    photo = _photo()
    torch.testing.assert_close(color_map(photo, photo, None, None)(photo), photo, rtol=0, atol=0.03)


@pytest.mark.parametrize("which", ["own", "target"])
def test_what_does_not_count_has_no_part(which):
    photo, other, weights = _photo(), _photo(3), torch.ones(1, 1, 48, 64)
    weights[..., 32:] = 0
    hidden = torch.where(weights > 0, (photo, other)[which == "target"], torch.tensor(1.0))
    pictures = (hidden, other) if which == "own" else (photo, hidden)
    counts = (weights, None) if which == "own" else (None, weights)
    halves = (photo[..., :32], other) if which == "own" else (photo, other[..., :32])
    found, wanted = color_map(*pictures, *counts)(photo), color_map(*halves, None, None)(photo)
    assert float((found - wanted).abs().mean()) < 0.02


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_a_picture_of_one_color_can_be_recolored(value):
    plain = torch.full((1, 3, 20, 20), value)
    assert bool(torch.isfinite(color_map(plain, _photo(), None, None)(plain)).all())
    assert bool(torch.isfinite(color_map(_photo(), plain, None, None)(_photo())).all())


def test_it_is_the_same_each_time():
    maps = [color_map(_photo(), _photo(3), None, None)(_photo()) for _ in range(2)]
    assert np.array_equal(maps[0].numpy(), maps[1].numpy())
