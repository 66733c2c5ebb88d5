"""What a smaller picture would not show."""

from __future__ import annotations

import pytest
import torch
from reverie.pictures.resize import resize, unseen


def test_what_is_unseen_and_the_smaller_picture_are_the_whole():
    picture = torch.rand(1, 3, 40, 60, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(unseen(picture, 15, 10) + resize(resize(picture, 15, 10), 60, 40), picture)


@pytest.mark.parametrize(("period", "share"), [(2, 1.0), (30, 0.0)])
def test_stripes_finer_than_the_smaller_picture_are_unseen_and_broad_ones_are_not(period, share):
    wave = torch.cos(2 * torch.pi * torch.arange(60.0) / period).expand(1, 1, 60, 60)
    lost = unseen(wave, 15, 15)[..., 8:-8, 8:-8]
    assert float(lost.norm() / wave[..., 8:-8, 8:-8].norm()) == pytest.approx(share, abs=0.1)
