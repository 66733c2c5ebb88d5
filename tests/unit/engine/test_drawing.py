"""The photo's lines are put back where the painting has lost them; the rest is the painting's."""

from __future__ import annotations

import torch
from reverie.engine.drawing import BANDS, KEPT, coherence, missing, redrawn
from reverie.pictures.color import luma

SIDE = 96


def _line(color: float = 0.1) -> torch.Tensor:
    """A dark slanting line on grey, two pixels wide."""
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    return torch.where((x - y // 2 - 20).abs() < 2, color, 0.6).expand(1, 3, -1, -1).clone()


def _grain(seed: int = 0) -> torch.Tensor:
    return 0.4 * (torch.rand(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) - 0.5)


def test_a_line_that_is_lost_comes_back():
    photo, painted = _line(), torch.full((1, 3, SIDE, SIDE), 0.6)
    there = photo[:, :1] < 0.5
    lost = (luma(photo) - 0.6)[there].mean()
    back = (luma(redrawn(painted, photo)) - 0.6)[there].mean()
    assert 0.5 * KEPT < float(back / lost) < KEPT


def test_what_is_painted_strongly_stays():
    photo, painted = _line(0.45), _line(0.0)
    assert (redrawn(painted, photo) - painted).abs().max() < 0.05
    torch.testing.assert_close(redrawn(photo, photo), photo, atol=1e-6, rtol=0)


def test_grain_and_what_is_faint_are_not_put_back():
    plain = torch.full((1, 3, SIDE, SIDE), 0.6)
    assert (redrawn(plain, plain + _grain()) - plain).std() < 0.3 * KEPT * _grain().std()
    assert (redrawn(plain, _line(0.58)) - plain).abs().max() < 0.02 / 4


def test_only_light_is_changed():
    photo, painted = _line(), torch.full((1, 3, SIDE, SIDE), 0.5) * torch.tensor([1.0, 0.8, 0.6]).view(1, 3, 1, 1)
    change = redrawn(painted, photo) - painted
    assert float(change.std()) > 0.02
    torch.testing.assert_close(change, change[:, :1].expand_as(change), atol=1e-6, rtol=0)


def test_coherence_is_1_along_lines_of_any_direction_and_0_in_grain():
    for angle in torch.arange(0, 3.2, 0.4):
        y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
        waves = (0.5 + 0.3 * torch.sin(0.6 * (x * angle.cos() + y * angle.sin())))[None, None]
        assert coherence(waves)[..., 8:-8, 8:-8].min() > 0.95
    assert coherence(0.5 + _grain()).median() < 0.35
    assert coherence(torch.full((1, 1, SIDE, SIDE), 0.5)).max() < 1e-6


def test_of_two_bands_the_stronger_is_kept():
    strong, weak = _grain(), _grain(1) * 0.1
    for pixels in BANDS:
        torch.testing.assert_close(missing(weak, strong, pixels), strong - weak, atol=0.01, rtol=0)
        assert missing(strong, weak, pixels).abs().max() < 0.01
