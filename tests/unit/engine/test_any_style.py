"""Any picture as a style in one pass: its statistics, tiles, regions and strength. The parameters are random ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie import job as jobs
from reverie.engine import any_style
from reverie.engine.any_style import Painter
from reverie.engine.inputs import gather
from reverie.events import Cancelled, Event, Started
from reverie.fast.codec import CHANNELS, LEVELS, STRIDES, Codec, Decoder
from reverie.losses import moments
from reverie.networks.weights import catalogue
from reverie.pictures.picture import Picture
from reverie.recipe import Recipe, Style
from reverie.run import Run
from reverie.training import train_decoder


@pytest.fixture(scope="module")
def codec() -> Codec:
    torch.manual_seed(0)
    made = Codec(Decoder())
    train_decoder.fit_units(made, torch.cat([_picture(96, 96, seed) for seed in range(4)]))
    return made


def _picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """Blots, so that deep levels have something to see."""
    small = torch.rand(1, 3, height // 6, width // 6, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(small, (height, width), mode="bicubic").clamp(0, 1)


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
    painted = painter.paint(_picture(height, width), [(None, painter.statistics(_picture(80, 90, 1), None))], 1.0)
    assert painted.shape == (1, 3, height, width)
    assert bool(painted.isfinite().all()) and 0 <= float(painted.min()) <= float(painted.max()) <= 1


def test_tiles_change_nothing(codec):
    picture, style = _picture(210, 170), _picture(150, 140, 1)
    whole, tiled = Painter(codec, torch.float32), Painter(codec, torch.float32, 64)
    for a, b in zip(whole.statistics(style, None), tiled.statistics(style, None), strict=True):
        assert torch.allclose(a.covariance, b.covariance, atol=1e-4)
    regions = [(None, whole.statistics(style, None))]
    assert torch.allclose(whole.paint(picture, regions, 1.0), tiled.paint(picture, regions, 1.0), atol=1e-3)


def test_bfloat16_paints_the_same_picture_without_steps(codec):
    picture, style = _picture(96, 96), _picture(96, 96, 1)
    exact, half = (Painter(codec, precision) for precision in (torch.float32, torch.bfloat16))
    painted = [each.paint(picture, [(None, each.statistics(style, None))], 1.0) for each in (exact, half)]
    assert (painted[0] - painted[1]).abs().mean() < 0.03
    assert len(painted[1].unique()) > 5000  # bfloat16 has but 256 values from 0.5 to 1, and from 0.25 to 0.5


def test_moments_of_strips_are_those_of_the_whole(monkeypatch):
    features, weights = torch.randn(1, 8, 50, 30), torch.ones(50, 30)
    monkeypatch.setattr(any_style, "_POSITIONS", 7 * 30)
    exact = moments.of(features)
    found = any_style._moments(features, weights)
    assert torch.allclose(found.mean, exact.mean, atol=1e-5)
    assert torch.allclose(found.covariance, exact.covariance, atol=1e-4)


def test_a_style_is_measured_where_it_is_opaque(codec):
    """What is transparent does not count, but for what lies beside it."""
    painter, style = Painter(codec, torch.float32), _picture(192, 192)
    opaque = torch.zeros(1, 1, 192, 192)
    opaque[..., :96] = 1
    half = painter.statistics(style[..., :96], None)[0]
    found, everywhere = (painter.statistics(style, each)[0] for each in (opaque, None))
    assert (found.mean - half.mean).norm() < 0.2 * (everywhere.mean - half.mean).norm()


def test_each_region_takes_its_own_style_and_what_is_left_free_none(codec):
    painter, picture = Painter(codec, torch.float32), _picture(192, 192)
    left = torch.zeros(1, 1, 192, 192)
    left[..., :96] = 1
    one, other = (painter.statistics(_picture(96, 96, seed), None) for seed in (1, 2))
    alone = painter.paint(picture, [(left, one)], 1.0)
    both = painter.paint(picture, [(left, one), (1 - left, other)], 1.0)
    same, far = (alone - both).abs()[..., :32].mean(), (alone - both).abs()[..., -32:].mean()
    assert same < 0.1 * far
    # Where no style is, the codec's own picture: that of no strength at all.
    free = painter.paint(picture, [(None, one)], 0.0)
    assert (alone - free).abs()[..., -32:].mean() < 0.1 * (alone - free).abs()[..., :32].mean()


def test_strength_goes_evenly_from_none_to_all(codec):
    painter, picture = Painter(codec, torch.float32), _picture(96, 96)
    regions = [(None, painter.statistics(_picture(96, 96, 1), None))]
    none, *more = (painter.paint(picture, regions, strength) for strength in (0, 0.25, 0.5, 0.75, 1.0))
    distances = [float((each - none).square().mean()) for each in more]
    assert distances == sorted(distances) and distances[0] > 0


def test_it_tells_each_level_and_stops_when_told_to(codec):
    painter, heard = Painter(codec, torch.float32), []
    regions = [(None, painter.statistics(_picture(64, 64, 1), None))]
    painter.paint(_picture(64, 64), regions, 1.0, heard.append)
    assert heard == [5, 4, 3, 2, 1]

    def enough(level: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        painter.paint(_picture(64, 64), regions, 1.0, enough)


def _job(codec: Codec, recipe: Recipe, content: Picture, pictures: dict[str, Picture], run: Run | None = None):
    job, where = jobs.resolve(recipe, "cpu"), torch.device("cpu")
    return any_style.paint(job, gather(job.recipe, content, pictures, where), codec, torch.float32, run or Run())


def _array(height: int, width: int, seed: int) -> Picture:
    return np.ascontiguousarray(_picture(height, width, seed)[0].permute(1, 2, 0).numpy())


def test_where_a_mask_is_black_the_photo_is_untouched(codec):
    content, mask = _array(96, 96, 0), np.zeros((96, 96, 3), np.float32)
    mask[:, :48] = 1
    recipe = Recipe(style=[Style(image="s", mask="m")], strength=1, size=96)
    painted = _job(codec, recipe, content, {"s": _array(80, 80, 1), "m": mask})[0].permute(1, 2, 0).numpy()
    assert np.abs(painted - content)[:, 52:].max() < 1e-6
    assert np.abs(painted - content)[:, :44].mean() > 0.02


def test_little_strength_is_nearly_the_photo(codec):
    content, pictures = _array(96, 96, 0), {"s": _array(80, 80, 1)}

    def change(strength: float) -> float:
        painted = _job(codec, Recipe(style=[Style(image="s")], strength=strength, size=96), content, pictures)
        return float(np.abs(painted[0].permute(1, 2, 0).numpy() - content).mean())

    changes = [change(strength) for strength in (0.001, 0.05, 0.1, 0.2)]
    assert changes[0] < 0.005 and changes == sorted(changes)


def test_weights_lie_between_styles(codec):
    content, pictures = _array(96, 96, 0), {"a": _array(80, 80, 1), "b": _array(80, 80, 2)}

    def painted(*weights: float) -> torch.Tensor:
        styles = [Style(image=name, weight=weight) for name, weight in zip("ab", weights, strict=True)]
        return _job(codec, Recipe(style=styles, strength=1, size=96), content, pictures)

    one, mostly, other = painted(1, 1e-6), painted(3, 1), painted(1e-6, 1)
    assert (mostly - one).abs().mean() < (mostly - other).abs().mean()


def test_a_job_tells_how_far_it_is_and_can_be_cancelled(codec):
    content, pictures, recipe = _array(64, 64, 0), {"s": _array(64, 64, 1)}, Recipe(style=[Style(image="s")], size=64)
    heard: list[Event] = []
    _job(codec, recipe, content, pictures, Run(report=heard.append))
    assert isinstance(heard[0], Started) and heard[0].iterations == LEVELS
    assert [event.fraction for event in heard[1:]] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    with pytest.raises(Cancelled):
        _job(codec, recipe, content, pictures, Run(stop=lambda: True))
