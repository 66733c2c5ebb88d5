"""The cases of ../shared/cases: small files that were once read wrong, with what is right."""

from __future__ import annotations

import numpy as np
import pytest
from reverie.errors import ReverieError
from reverie.pictures import animations, images


@pytest.mark.parametrize(
    ("name", "place", "color", "step"),
    [
        ("gray_1.0.png", (100, 10), (178, 178, 178), 1),
        ("p3_palette.png", (100, 10), (187, 0, 110), 1),
        ("gray16_miniswhite.tif", (100, 10), (141, 141, 141), 1),
        ("gama1.png", (100, 10), (228, 92, 181), 7),
        ("ztxt_2MB.png", (1, 1), (2, 3, 141), 1),
        ("iccp_method1.png", (1, 1), (2, 3, 141), 1),
    ],
)
def test_colors_are_as_shown(shared, name, place, color, step):
    picture = images.read(shared / "cases" / name)
    np.testing.assert_allclose(picture[place[1], place[0]] * 255, color, atol=step)


@pytest.mark.parametrize(("name", "place"), [("p3_trns.png", (40, 30)), ("gray16_trns.png", (60, 40))])
def test_holes_are_holes(shared, name, place):
    alpha = images.read(shared / "cases" / name)[:, :, 3]
    assert alpha[place[1], place[0]] == 0 and alpha.mean() > 0.5


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("float_rgb.tif", "This TIFF file is of a sort that is not read"),
        ("la16.tif", "This TIFF file is grey with alpha in 16 bits"),
        ("cmyka8.tif", "This TIFF file is of a sort that is not read"),
        ("f4_255.npy", "samples reach 255, and where white"),
    ],
)
def test_what_is_not_read_is_told(shared, name, says):
    with pytest.raises(ReverieError, match=says):
        images.read(shared / "cases" / name)


@pytest.mark.parametrize("name", ["a.tif", "a.avif"])
def test_all_frames_are_found(shared, name):
    assert len(animations.read([shared / "cases" / name]).frames) == 3


def test_an_animation_keeps_profile_durations_and_count(shared):
    animation = animations.read([shared / "cases" / "p3.webp"])
    assert (animation.durations, animation.plays) == ([40, 70, 500], 2)
    assert np.abs(animation.frame(0, None)[10, 70] * 255 - (229, 0, 0)).max() < 1
