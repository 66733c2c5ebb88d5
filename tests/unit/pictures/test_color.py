"""Colour transfer."""

from __future__ import annotations

import torch
from reverie.pictures import color


def _picture(seed: int) -> torch.Tensor:
    return torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(seed)) * 0.5 + 0.25


def test_luminance_transfer_takes_luma_from_one_and_chroma_from_the_other():
    painted, source = _picture(1), _picture(2)
    result = color.luminance_of(painted, source)
    weights = torch.tensor([0.2126, 0.7152, 0.0722])
    luma = lambda picture: torch.einsum("c,nchw->nhw", weights, picture)  # noqa: E731
    torch.testing.assert_close(luma(result), luma(painted), rtol=0, atol=1e-4)
    for channel in (0, 2):  # B−Y and R−Y
        torch.testing.assert_close(
            result[:, channel] - luma(result), source[:, channel] - luma(source), rtol=0, atol=2e-3
        )


def test_luminance_transfer_of_a_picture_to_itself_changes_nothing():
    torch.testing.assert_close(color.luminance_of(_picture(1), _picture(1)), _picture(1), rtol=0, atol=1e-5)


def test_matched_colors_have_the_targets_mean_and_covariance():
    picture, target = _picture(1), _picture(2) * torch.tensor([1.0, 0.6, 0.8])[None, :, None, None]
    matched = color.match_colors(picture, target).flatten(2)[0]
    wanted = target.flatten(2)[0]
    torch.testing.assert_close(matched.mean(1), wanted.mean(1), rtol=0, atol=5e-3)
    torch.testing.assert_close(torch.cov(matched), torch.cov(wanted), rtol=0, atol=2e-3)


def test_a_grey_picture_can_be_matched():
    grey = _picture(1)[:, :1].expand(1, 3, 20, 30)
    assert torch.isfinite(color.match_colors(grey, _picture(2))).all()
