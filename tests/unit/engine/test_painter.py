"""Painting in one pass: statistics, tiles, regions and strength. The parameters are random ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from reverie.engine import painter as painters
from reverie.engine.inputs import StylePicture
from reverie.engine.painter import Painter
from reverie.fast.codec import CHANNELS, LEVELS, STRIDES
from reverie.losses import moments
from reverie.networks.weights import catalogue

from tests.unit.engine.blots import blots


def test_each_level_leads_back_to_the_one_before(codec):
    levels = codec.encode(torch.rand(1, 3, 96, 64))
    assert [tuple(level.shape[1:]) for level in levels] == [
        (channels, 96 // stride, 64 // stride) for channels, stride in zip(CHANNELS, STRIDES, strict=True)
    ]
    for level in range(LEVELS, 1, -1):
        assert codec.up(level, levels[level - 1]).shape == levels[level - 2].shape
    assert codec.up(1, levels[0]).shape == (1, 3, 96, 64)


def test_decoder_and_encoder_fit_into_six_megabytes_of_float16(codec):
    count = sum(parameter.numel() for parameter in codec.decoder.parameters())
    assert 2 * count + catalogue.find("reverie").stat().st_size <= 6_000_000


@pytest.mark.parametrize(("height", "width"), [(70, 133), (33, 20), (160, 90)])
def test_the_painting_has_the_pictures_size_and_range(codec, height, width):
    painter = Painter(codec, torch.float32)
    painted = painter.paint(blots(height, width), [(None, painter.statistics(blots(80, 90, 1), None))], 1.0)
    assert painted.shape == (1, 3, height, width)
    assert bool(painted.isfinite().all()) and 0 <= float(painted.min()) <= float(painted.max()) <= 1


def test_tiles_change_nothing(codec):
    picture, style = blots(210, 170), blots(150, 140, 1)
    whole, tiled = Painter(codec, torch.float32), Painter(codec, torch.float32, 64)
    for a, b in zip(whole.statistics(style, None), tiled.statistics(style, None), strict=True):
        assert torch.allclose(a.covariance, b.covariance, atol=1e-4)
    regions = [(None, whole.statistics(style, None))]
    assert torch.allclose(whole.paint(picture, regions, 1.0), tiled.paint(picture, regions, 1.0), atol=1e-3)


def test_bfloat16_paints_the_same_picture_without_steps(codec):
    picture, style = blots(96, 96), blots(96, 96, 1)
    exact, half = (Painter(codec, precision) for precision in (torch.float32, torch.bfloat16))
    painted = [each.paint(picture, [(None, each.statistics(style, None))], 1.0) for each in (exact, half)]
    assert (painted[0] - painted[1]).abs().mean() < 0.03
    assert len(painted[1].unique()) > 5000  # bfloat16 has but 256 values from 0.5 to 1, and from 0.25 to 0.5


def test_moments_of_strips_are_those_of_the_whole(monkeypatch):
    features, weights = torch.randn(1, 8, 50, 30), torch.ones(50, 30)
    monkeypatch.setattr(painters, "_POSITIONS", 7 * 30)
    exact = moments.of(features)
    found = painters._moments(features, weights)
    assert torch.allclose(found.mean, exact.mean, atol=1e-5)
    assert torch.allclose(found.covariance, exact.covariance, atol=1e-4)


def test_a_style_is_measured_where_it_is_opaque(codec):
    """What is transparent does not count, but for what lies beside it."""
    painter, style = Painter(codec, torch.float32), blots(192, 192)
    opaque = torch.zeros(1, 1, 192, 192)
    opaque[..., :96] = 1
    half = painter.statistics(style[..., :96], None)[0]
    found, everywhere = (painter.statistics(style, each)[0] for each in (opaque, None))
    assert (found.mean - half.mean).norm() < 0.2 * (everywhere.mean - half.mean).norm()


def test_each_region_takes_its_own_style_and_what_is_left_free_none(codec):
    painter, picture = Painter(codec, torch.float32), blots(192, 192)
    left = torch.zeros(1, 1, 192, 192)
    left[..., :96] = 1
    one, other = (painter.statistics(blots(96, 96, seed), None) for seed in (1, 2))
    alone = painter.paint(picture, [(left, one)], 1.0)
    both = painter.paint(picture, [(left, one), (1 - left, other)], 1.0)
    same, far = (alone - both).abs()[..., :32].mean(), (alone - both).abs()[..., -32:].mean()
    assert same < 0.1 * far
    # Where no style is, the codec's own picture: that of no strength at all.
    free = painter.paint(picture, [(None, one)], 0.0)
    assert (alone - free).abs()[..., -32:].mean() < 0.1 * (alone - free).abs()[..., :32].mean()


def test_the_order_of_regions_that_overlap_makes_no_difference(codec):
    painter, half = Painter(codec, torch.float32), torch.full((1, 1, 96, 96), 0.5)
    regions = [(half, painter.statistics(blots(96, 96, seed), None)) for seed in (1, 2)]
    one, other = (painter.paint(blots(96, 96), each, 1.0) for each in (regions, regions[::-1]))
    assert torch.allclose(one, other, atol=1e-3)


def test_strength_goes_evenly_from_none_to_all(codec):
    painter, picture = Painter(codec, torch.float32), blots(96, 96)
    regions = [(None, painter.statistics(blots(96, 96, 1), None))]
    none, *more = (painter.paint(picture, regions, strength) for strength in (0, 0.25, 0.5, 0.75, 1.0))
    distances = [float((each - none).square().mean()) for each in more]
    assert distances == sorted(distances) and distances[0] > 0


def test_it_tells_each_level_and_stops_when_told_to(codec):
    painter, heard = Painter(codec, torch.float32), []
    regions = [(None, painter.statistics(blots(64, 64, 1), None))]
    painter.paint(blots(64, 64), regions, 1.0, told=heard.append)
    assert heard == [5, 4, 3, 2, 1]

    def enough(level: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        painter.paint(blots(64, 64), regions, 1.0, told=enough)


def test_a_style_is_looked_at_once_at_each_size(codec, monkeypatch):
    seen = []
    original = Painter.statistics

    def statistics(self, picture, opaque, levels=LEVELS):
        seen.append((tuple(picture.shape[2:]), levels))
        return original(self, picture, opaque, levels)

    monkeypatch.setattr(Painter, "statistics", statistics)
    look = StylePicture("s", blots(60, 60, 1), None, 1.0, 1.0, digest="the style")
    painter = Painter(codec, torch.float32)
    first, again = (painter.looks([(look, (64, 64))])[0].covariance for _ in range(2))
    assert torch.equal(first, again) and len(seen) == 1
    painter.looks([(look, (48, 48))])
    painter.looks([(look, (64, 64))], 2)
    Painter(codec, torch.bfloat16).looks([(look, (64, 64))])
    Painter(codec, torch.float32, 32).looks([(look, (64, 64))])
    painter.looks([(replace(look, digest="another"), (64, 64))])
    assert len(seen) == 6


def test_brushwork_is_what_the_style_changes_and_nothing_of_the_codec(codec):
    """At strength 0 nothing, though a codec never gives quite what it got; else the difference of two paintings."""
    painter = Painter(codec, torch.float32)
    picture, style = blots(80, 96), blots(80, 90, 1)
    regions = [(None, painter.statistics(style, None, 2))]
    untouched, kept = painter.paint(picture, regions, 0.0, (0.5, 0.0)), (0.5, 0.0)
    assert float((untouched - picture).abs().max()) > 0.01
    assert float(painter.brushwork(picture, regions, 0.0, kept, lambda level: None).abs().max()) < 1e-5
    change = painter.brushwork(picture, regions, 0.3, kept, lambda level: None)
    inside = ((untouched > 0) & (untouched < 1)).all()
    assert bool(inside) and float(change.abs().max()) > 0.005
    torch.testing.assert_close(change, painter.paint(picture, regions, 0.3, kept) - untouched, atol=1e-5, rtol=0)
