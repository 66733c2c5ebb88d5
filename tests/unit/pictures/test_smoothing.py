"""Smoothing, alike in all directions and along edges."""

from __future__ import annotations

import torch
from reverie.pictures.smoothing import RADIUS, along_edges, smoothed


def test_what_is_finer_is_gone_and_what_is_broader_stays():
    x = torch.arange(240.0).expand(1, 2, 60, 240)
    fine, broad = (0.5 + 0.4 * torch.sin(2 * torch.pi * x / period) for period in (6, 96))
    assert (smoothed(fine, 12) - 0.5).abs()[..., 24:-24].max() < 0.02
    assert (smoothed(broad, 12) - broad).abs()[..., 24:-24].max() < 0.03
    torch.testing.assert_close(smoothed(torch.full((1, 3, 5, 4), 0.3), 12), torch.full((1, 3, 5, 4), 0.3))


def test_nothing_crosses_an_edge_and_the_rest_is_smooth():
    """What lies on one side of an edge stays there; on a plain light it spreads as far as the filter reaches."""
    light = torch.zeros(1, 1, 96, 128)
    light[..., 64:] = 0.5
    maps = (light > 0).float().expand(1, 2, -1, -1)
    assert (along_edges(maps, light) - maps).abs().max() < 0.06
    plain = along_edges(maps, torch.full_like(light, 0.5))[0, 0, 48]
    assert 0.2 < float(plain[64 - RADIUS // 2]) < 0.5 < float(plain[64 + RADIUS // 2]) < 0.8
    noise = torch.randn(1, 1, 96, 128, generator=torch.Generator().manual_seed(0))
    assert along_edges(noise, light).std() < 0.05


def test_it_takes_pictures_of_any_size():
    for size in ((1, 1), (3, 200), (30, 2)):
        whole = torch.full((1, 3, *size), 0.25)
        torch.testing.assert_close(along_edges(whole, torch.rand(1, 1, *size)), whole, atol=1e-4, rtol=0)
