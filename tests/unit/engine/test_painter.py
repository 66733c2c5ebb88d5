"""Painting in one pass: statistics, tiles, regions and strength. The parameters are random ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from reverie.engine import painter as painters
from reverie.engine.inputs import StylePicture
from reverie.engine.painter import Painter, Source
from reverie.engine.style_swap import LEVELS
from reverie.fast import codec as codecs
from reverie.fast.codec import CHANNELS, STRIDES
from reverie.losses import moments
from reverie.networks.weights import catalogue

from tests.unit.engine.blots import blots


def _source(painter: Painter, picture: torch.Tensor, opaque: torch.Tensor | None = None) -> Source:
    size = (picture.shape[3], picture.shape[2])
    return painter.source([(StylePicture("s", picture, opaque, 1.0, 1.0), size)], 0)


def test_each_level_leads_back_to_the_one_before(codec):
    levels = codec.encode(torch.rand(1, 3, 96, 64))
    assert [tuple(level.shape[1:]) for level in levels] == [
        (channels, 96 // stride, 64 // stride) for channels, stride in zip(CHANNELS, STRIDES, strict=True)
    ]
    for level in range(codecs.LEVELS, 1, -1):
        assert codec.up(level, levels[level - 1]).shape == levels[level - 2].shape
    assert codec.up(1, levels[0]).shape == (1, 3, 96, 64)


def test_decoder_and_encoder_fit_into_six_megabytes_of_float16(codec):
    count = sum(parameter.numel() for parameter in codec.decoder.parameters())
    assert 2 * count + catalogue.find("reverie").stat().st_size <= 6_000_000


@pytest.mark.parametrize(("height", "width"), [(70, 133), (33, 20), (160, 90)])
def test_the_painting_has_the_pictures_size_and_range(codec, height, width):
    painter = Painter(codec, torch.float32)
    picture = blots(height, width)
    painted = painter.paint(picture, picture, [(None, _source(painter, blots(80, 90, 1)))], 1.0)
    assert painted.shape == (1, 3, height, width)
    assert bool(painted.isfinite().all()) and 0 <= float(painted.min()) <= float(painted.max()) <= 1


def test_tiles_change_nothing(codec):
    picture, style = blots(210, 170), blots(150, 140, 1)
    whole, tiled = Painter(codec, torch.float32), Painter(codec, torch.float32, 64)
    for a, b in zip(whole.statistics(style, None, 3), tiled.statistics(style, None, 3), strict=True):
        assert torch.allclose(a.covariance, b.covariance, atol=1e-4)
    regions = [(None, _source(whole, style))]
    one, other = (each.paint(picture, picture, regions, 1.0) for each in (whole, tiled))
    assert torch.quantile((one - other).abs().flatten(), 0.99) < 1e-3  # rounding may decide for another place


def test_large_maps_are_kept_in_half_the_memory_and_pictures_whole(codec, monkeypatch):
    picture, style = blots(96, 120), blots(80, 90, 1)
    painter = Painter(codec, torch.float32)
    regions = [(None, painter.statistics(style, None, 2))]
    exact = painter.brushwork(picture, regions, 1.0, (0.5, 0.0), lambda done: None)
    monkeypatch.setattr(painters, "_LARGE", 0)
    assert {level.dtype for level in painter._down(painters.continued(picture), 2)} == {torch.bfloat16}
    found = painter.brushwork(picture, regions, 1.0, (0.5, 0.0), lambda done: None)
    assert 0 < float((found - exact).abs().mean()) < 0.03 * float(exact.abs().mean())
    plain = torch.linspace(0.5, 0.6, 120).expand(1, 3, 96, 120)
    made = painter._in_tiles(lambda x: x, plain, to_picture=True)
    assert torch.equal(made, plain)


def test_bfloat16_paints_the_same_picture_without_steps(codec):
    picture, style = blots(96, 96), blots(96, 96, 1)
    exact, half = (Painter(codec, precision) for precision in (torch.float32, torch.bfloat16))
    painted = [each.paint(picture, picture, [(None, _source(each, style))], 1.0) for each in (exact, half)]
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
    half = painter.statistics(style[..., :96], None, 1)[0]
    found, everywhere = (painter.statistics(style, each, 1)[0] for each in (opaque, None))
    assert (found.mean - half.mean).norm() < 0.2 * (everywhere.mean - half.mean).norm()


def test_each_region_takes_its_own_style_and_what_is_left_free_none(codec):
    painter, picture = Painter(codec, torch.float32), blots(192, 192)
    left = torch.zeros(1, 1, 192, 192)
    left[..., :96] = 1
    one, other = (_source(painter, blots(96, 96, seed)) for seed in (1, 2))
    alone = painter.paint(picture, picture, [(left, one)], 1.0)
    both = painter.paint(picture, picture, [(left, one), (1 - left, other)], 1.0)
    same, far = (alone - both).abs()[..., :32].mean(), (alone - both).abs()[..., -32:].mean()
    assert same < 0.1 * far
    # Where no style is, the codec's own picture: that of no strength at all.
    free = painter.paint(picture, picture, [(None, one)], 0.0)
    assert (alone - free).abs()[..., -32:].mean() < 0.1 * (alone - free).abs()[..., :32].mean()


def test_the_order_of_regions_that_overlap_makes_no_difference(codec):
    painter, half = Painter(codec, torch.float32), torch.full((1, 1, 96, 96), 0.5)
    regions, picture = [(half, _source(painter, blots(96, 96, seed))) for seed in (1, 2)], blots(96, 96)
    one, other = (painter.paint(picture, picture, each, 1.0) for each in (regions, regions[::-1]))
    assert torch.allclose(one, other, atol=1e-3)


def test_strength_goes_evenly_from_none_to_all(codec):
    painter, picture = Painter(codec, torch.float32), blots(96, 96)
    regions = [(None, _source(painter, blots(96, 96, 1)))]
    none, *more = (painter.paint(picture, picture, regions, strength) for strength in (0, 0.25, 0.5, 0.75, 1.0))
    distances = [float((each - none).square().mean()) for each in more]
    assert distances == sorted(distances) and distances[0] > 0


def test_it_tells_each_level_and_stops_when_told_to(codec):
    painter, heard = Painter(codec, torch.float32), []
    regions, picture = [(None, _source(painter, blots(64, 64, 1)))], blots(64, 64)
    painter.paint(picture, picture, regions, 1.0, told=heard.append)
    assert heard == [3, 2, 1]

    def enough(level: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        painter.paint(picture, picture, regions, 1.0, told=enough)


def test_a_style_is_looked_at_once_at_each_size(codec, monkeypatch):
    seen = []
    original = Painter.statistics

    def statistics(self, picture, opaque, levels):
        seen.append((tuple(picture.shape[2:]), levels))
        return original(self, picture, opaque, levels)

    monkeypatch.setattr(Painter, "statistics", statistics)
    look = StylePicture("s", blots(60, 60, 1), None, 1.0, 1.0, digest="the style")
    painter = Painter(codec, torch.float32)
    first, again = (painter.looks([(look, (64, 64))], LEVELS)[0].covariance for _ in range(2))
    assert torch.equal(first, again) and len(seen) == 1
    painter.looks([(look, (48, 48))], LEVELS)
    painter.looks([(look, (64, 64))], 2)
    Painter(codec, torch.bfloat16).looks([(look, (64, 64))], LEVELS)
    Painter(codec, torch.float32, 32).looks([(look, (64, 64))], LEVELS)
    painter.looks([(replace(look, digest="another"), (64, 64))], LEVELS)
    assert len(seen) == 6


def test_brushwork_is_what_the_style_changes_and_nothing_of_the_codec(codec):
    """At strength 0 nothing, though a codec never gives quite what it got; else the difference of two decodings."""
    painter = Painter(codec, torch.float32)
    picture, style = blots(80, 96), blots(80, 90, 1)
    regions, kept = [(None, painter.statistics(style, None, 2))], (0.5, 0.0)

    def decoded(strength: float) -> torch.Tensor:
        with torch.no_grad():
            own = painter._down(painters.continued(picture), 2)
            return painter._up(own, picture, regions, strength, kept)

    untouched = decoded(0.0)
    assert float((untouched - picture).abs().max()) > 0.01
    assert float(painter.brushwork(picture, regions, 0.0, kept, lambda level: None).abs().max()) < 1e-5
    change = painter.brushwork(picture, regions, 0.3, kept, lambda level: None)
    assert float(change.abs().max()) > 0.005
    torch.testing.assert_close(change, decoded(0.3) - untouched, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 3.0), (1.0, 7.0), (0.5, 5.0)])
def test_of_what_is_taken_features_get_their_share_where_the_weights_are(share, expected, monkeypatch):
    """Ones, which the map makes threes, and sevens are taken; in strips of two rows."""
    monkeypatch.setattr(painters, "_POSITIONS", 30)  # three rows, and so two
    features, weights = torch.ones(1, 4, 6, 10), torch.zeros(6, 10)
    weights[:, :5], moved, asked = 1, features.clone(), []

    def taken(rows: slice) -> torch.Tensor:
        asked.append((rows.start, rows.stop))
        return torch.full((1, 4, rows.stop - rows.start, 10), 7.0)

    shares = torch.full((6, 10), share)
    painters._add_change(moved, features, (2 * torch.eye(4), torch.ones(4)), weights, (taken, shares))
    assert bool((moved[..., :5] == expected).all() and (moved[..., 5:] == 1).all())
    assert asked == [(0, 2), (2, 4), (4, 6)]


def test_the_places_of_a_style_reach_the_painting(codec, monkeypatch):
    """Of two sources with the same moments."""
    painter, picture = Painter(codec, torch.float32), blots(96, 96)
    source, other = (_source(painter, blots(96, 96, seed)) for seed in (1, 2))
    mixed = Source(source.statistics, other.places)
    one, two = (painter.paint(picture, picture, [(None, each)], 0.85) for each in (source, mixed))
    assert float((one - two).abs().mean()) > 0.001
    monkeypatch.setattr(painters, "TAKEN", (0.0, 0.0, 0.0))
    one, two = (painter.paint(picture, picture, [(None, each)], 0.85) for each in (source, mixed))
    assert torch.equal(one, two)


def test_what_is_taken_in_some_rows_is_what_is_taken_there(codec):
    places = _source(Painter(codec, torch.float32), blots(96, 96)).places
    nearest = torch.arange(600, 600 + 48).view(6, 8)
    for level in (1, 2, 3):
        whole = places.taken(level, nearest)
        rows = slice(4, min(8, whole.shape[2]))
        assert torch.equal(painters._taken(places, nearest, level, rows), whole[:, :, rows])


def test_less_is_taken_where_the_picture_is_plain(codec, monkeypatch):
    """Of two sources with the same moments, on a picture whose left half is plain."""
    painter, picture = Painter(codec, torch.float32), blots(96, 192)
    picture[..., :96] = 0.5
    source, other = (_source(painter, blots(96, 96, seed)) for seed in (1, 2))
    mixed = Source(source.statistics, other.places)

    def changed() -> float:
        one, two = (painter.paint(picture, picture, [(None, each)], 0.85) for each in (source, mixed))
        change = (one - two).abs()
        return float(change[..., 16:64].mean() / change[..., 128:176].mean())

    calm = changed()
    monkeypatch.setattr(painters, "CALM", 1.0)
    assert calm < 0.6 * changed()


def test_the_source_of_a_style_is_kept_for_the_next_frame(codec, monkeypatch):
    painter, look = Painter(codec, torch.float32), StylePicture("s", blots(64, 64, 1), None, 1.0, 1.0, digest="d")
    first = painter.source([(look, (64, 64))], 0)
    assert painter.source([(look, (64, 64))], 0) is first
    assert painter.source([(look, (64, 64))], 1) is not first
    assert painter.source([(replace(look, weight=2.0), (64, 64))], 0) is not first
    nameless = replace(look, digest="")
    assert painter.source([(nameless, (64, 64))], 0) is not painter.source([(nameless, (64, 64))], 0)
    monkeypatch.setattr(painters, "_KEPT_SOURCES", 4 * first.places.bytes)
    painter.source([(look, (64, 64))], 2)
    assert painter.source([(look, (64, 64))], 0) is first  # asked for again, it is not the oldest
    for seed in (3, 4, 5):
        painter.source([(look, (64, 64))], seed)
    assert painter.source([(look, (64, 64))], 0) is first
    for seed in (6, 7, 8, 9):
        painter.source([(look, (64, 64))], seed)
    assert painter.source([(look, (64, 64))], 0) is not first
    monkeypatch.setattr(painters, "_KEPT_SOURCES", first.places.bytes - 1)
    large = painter.source([(look, (64, 64))], 10)
    assert painter.source([(look, (64, 64))], 10) is not large
