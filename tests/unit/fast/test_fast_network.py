"""The feed-forward network: its size, its tiles, and what it leaves out of the picture."""

from __future__ import annotations

import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reverie import demo
from reverie.errors import ReverieError
from reverie.fast import styles
from reverie.fast import stylise as stylise_module
from reverie.fast.network import Architecture, StyleNetwork, plain_style
from reverie.fast.stylise import blend, stylise
from reverie.pictures import images
from reverie.pictures.resize import shrink_to, to_tensor
from torch.nn import functional

LATTICE = 1.6  # in 255ths: what stands out less is hardly seen among strokes
SMALL = Architecture((4, 6, 8), blocks=2, kernel=5)


def _picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def _small(seed: int = 0, architecture: Architecture = SMALL) -> styles.FastStyle:
    torch.manual_seed(seed)
    vector = plain_style(architecture) + 0.3 * torch.randn(1, architecture.style_size)
    return styles.FastStyle(f"small{seed}", StyleNetwork(architecture).requires_grad_(False), vector)


def test_six_styles_come_with_the_project_in_four_megabytes():
    wanted = {"starry_night", "the_scream", "great_wave", "shipwreck", "udnie", "woman_with_hat"}
    assert wanted <= set(styles.bundled())
    assert styles.BUNDLED.stat().st_size <= 4_000_000
    network = styles.base()
    assert sum(parameter.numel() for parameter in network.parameters()) <= 1_700_000
    # A style costs a few kilobytes beside the network, in float16.
    assert 2 * network.architecture.style_size <= 8000


@settings(max_examples=12, deadline=None)
@given(height=st.integers(100, 260), width=st.integers(100, 260), tile=st.integers(32, 96), blocks=st.integers(0, 3))
def test_tiles_with_given_statistics_are_the_whole(height, width, tile, blocks):
    style = _small(blocks, Architecture((4, 6, 8), blocks, 5))
    picture = _picture(height, width)
    whole = stylise(style, picture, torch.float32, tile=4096)
    tiled = stylise(style, picture, torch.float32, tile=tile)
    assert whole.shape == picture.shape
    assert float(whole.std()) > 0.02
    assert float((whole - tiled).abs().max()) < 1e-4


def test_tiles_of_the_trained_network_are_the_whole():
    style, picture = styles.load("starry_night"), _picture(200, 331)
    whole, tiled = (stylise(style, picture, torch.float32, tile=side) for side in (4096, 64))
    assert float((whole - tiled).abs().max()) < 1e-3


def test_tiles_of_a_picture_larger_than_is_measured_show_no_borders(monkeypatch):
    """They take the statistics of the picture at half its size, which are nearly its own: all of the difference from
    the whole is spread over the picture, and none of it is a step between two tiles."""
    monkeypatch.setattr(stylise_module, "_MEASURED", 256)
    style = styles.load("starry_night")
    picture = to_tensor(shrink_to(images.read(demo.content()), 512), torch.device("cpu"))
    with torch.no_grad():
        whole = style.network.measure(stylise_module._padded(picture, style.network.architecture), style.vector)
        reduced = stylise_module._statistics(style.network, picture, style.vector)
    for true, near in zip(whole, reduced, strict=True):
        assert float((true.mean - near.mean).abs().mean()) < 0.2 * float(true.deviation.mean())
        assert 0.7 < float((near.deviation / true.deviation).mean()) < 1.3
    difference = stylise(style, picture, torch.float32, 4096) - stylise(style, picture, torch.float32, 128)
    assert 1e-4 < float(difference.abs().mean()) < 0.05
    assert float(functional.avg_pool2d(difference, 32).abs().max()) < 0.2  # a blot in flat water would have 0.5
    steps = (difference[..., 1:] - difference[..., :-1]).abs().mean((0, 1, 2))
    border = torch.zeros_like(steps, dtype=torch.bool)
    border[127::128] = True
    assert float(steps[border].mean()) < 1.5 * float(steps[~border].mean())


def test_tiles_narrower_than_the_halo_would_show():
    """The halo is needed: with half of it the tiles differ from the whole."""
    style, picture = _small(), _picture(160, 160)
    narrow = styles.FastStyle("narrow", StyleNetwork(_Narrow((4, 6, 8), 2, 5)).requires_grad_(False), style.vector)
    narrow.network.load_state_dict(style.network.state_dict())
    whole = stylise(narrow, picture, torch.float32, tile=4096)
    assert float((whole - stylise(narrow, picture, torch.float32, tile=32)).abs().max()) > 1e-3


def test_borders_look_as_they_would_further_in():
    """The same place is painted at a border and, the picture being continued by reflection, far from one. Without the
    margin, streaks across the borders make the outer 8 pixels 2.9 times as different as the others."""
    picture = to_tensor(shrink_to(images.read(demo.content()), 256), torch.device("cpu"))
    ratios = []
    for name in ("starry_night", "udnie", "woman_with_hat"):
        style = styles.load(name)
        continued = stylise(style, functional.pad(picture, (128,) * 4, mode="reflect"), torch.float32)
        differs = (stylise(style, picture, torch.float32) - continued[:, :, 128:-128, 128:-128]).abs().mean((0, 1))
        border = torch.ones_like(differs, dtype=torch.bool)
        border[8:-8, 8:-8] = False
        ratios.append(float(differs[border].mean() / differs[32:-32, 32:-32].mean()))
    assert sum(ratios) / len(ratios) < 1.8, ratios


class _Narrow(Architecture):
    @property
    def halo(self) -> int:
        return 4


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 2000), (17, 16), (33, 7)])
def test_pictures_of_any_shape_keep_it(height, width):
    painted = stylise(styles.load("udnie"), _picture(height, width), torch.float32)
    assert painted.shape == (1, 3, height, width)
    assert bool(torch.isfinite(painted).all())


def test_a_blend_lies_between_its_styles():
    picture = _picture(96, 96)
    one, two = styles.load("starry_night"), styles.load("the_scream")
    a, b, middle = (
        stylise(blend(uses), picture, torch.float32) for uses in ([(one, 1)], [(two, 5)], [(one, 2), (two, 2)])
    )
    apart = float((a - b).square().mean())
    assert apart > 1e-3
    for end in (a, b):
        assert float((middle - end).square().mean()) < apart
    assert torch.equal(blend([(one, 1), (two, 3)]).vector, blend([(one, 0.5), (two, 1.5)]).vector)


def test_styles_of_different_networks_do_not_blend():
    with pytest.raises(ReverieError, match="networks of their own"):
        blend([(styles.load("udnie"), 1.0), (_small(), 1.0)])


def _smooth() -> torch.Tensor:
    """A picture without texture: whatever repeats in its painting is the network's own."""
    ramp = torch.linspace(0.2, 0.8, 256)
    return torch.stack([ramp[:, None] * ramp * 1.2, ramp[:, None].expand(256, 256), ramp.expand(256, 256)])[None]


def _lattice(painted: torch.Tensor, period: int) -> float:
    """How far what repeats every `period` pixels, across, down or in both directions at once, stands out, in 255ths.

    It is in the spectrum at the multiples of 1/period and nowhere else; strokes are at the frequencies around these
    too, and so the power found there is taken off.
    """
    grey = painted.mean(1, keepdim=True)
    fine = (grey - functional.avg_pool2d(grey, 33, 1, 16, count_include_pad=False))[0, 0, 32:-32, 32:-32]
    cells = fine.shape[0] // period
    power = torch.fft.fft2(fine[: cells * period, : cells * period]).abs().square() / (cells * period) ** 4
    near = {(y, x): power.roll((-y, -x), (0, 1))[::cells, ::cells] for y in range(-2, 3) for x in range(-2, 3)}
    found = {place: float(each.sum() - each[0, 0]) for place, each in near.items()}  # without the mean
    own = found.pop((0, 0))
    return 255 * max(0.0, own - sum(found.values()) / len(found)) ** 0.5


@pytest.mark.parametrize("name", styles.bundled())
def test_no_lattice(name):
    """Weaves, chessboards and rulings: what enlarging leaves behind repeats every 8 pixels, the stride, or every 4."""
    painted = stylise(styles.load(name), _smooth(), torch.float32)
    found = {period: _lattice(painted, period) for period in range(2, 17)}
    assert max(found.values()) < LATTICE, found


@pytest.mark.parametrize("period", range(2, 17))
@pytest.mark.parametrize("direction", ["upright", "level", "both"])
def test_a_weave_that_is_hardly_seen_would_be_found(period, direction):
    """Of an amplitude of 3 in 255, over strokes that are many times as strong."""
    wave = 3 / 255 * torch.cos(2 * torch.pi * torch.arange(256) / period)
    weave = {"upright": wave.expand(256, 256), "level": wave[:, None].expand(256, 256)}
    weave["both"] = weave["upright"] + weave["level"]
    painted = stylise(styles.load("woman_with_hat"), _smooth(), torch.float32)
    assert _lattice(painted, period) < LATTICE < _lattice(painted + weave[direction], period)


def test_a_megapixel_takes_seconds():
    begun = time.process_time()
    stylise(styles.load("udnie"), _picture(1000, 1000), torch.float32)
    assert time.process_time() - begun < 30  # about one on a quiet core: this only catches what is wrong by far
