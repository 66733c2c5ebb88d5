"""Frames of an animation: what stands still does not flicker, what moves is painted; zooms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from reverie import demo
from reverie.engine import frames
from reverie.engine.render import render
from reverie.errors import ReverieError
from reverie.pictures import images
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe

STYLE = {"style": "style", "network": "reverie", "iterations": 16, "precision": "float32"}
DREAM = {"dream": [{}], "network": "reverie", "iterations": 8, "precision": "float32"}
BEFORE = {"before": {"content": "content before", "result": "result before"}}


@pytest.fixture(scope="module")
def scene() -> list[np.ndarray]:
    """Two frames: a red disc that moves over a landscape, which stands still."""
    landscape = shrink_to(images.read(demo.content()), 96)
    y, x = np.mgrid[: landscape.shape[0], : landscape.shape[1]]
    result = []
    for place in (20, 32):
        inside = ((x - place) ** 2 + (y - 30) ** 2 < 64)[:, :, None]
        result.append(np.where(inside, np.float32([0.9, 0.1, 0.1]), landscape).astype(np.float32))
    return result


@pytest.fixture(scope="module")
def style() -> np.ndarray:
    return shrink_to(images.read(demo.styles()["strokes"]), 96)


def _next(recipe: dict, scene: list[np.ndarray], first: np.ndarray, style: np.ndarray, report=lambda event: None):
    pictures = {"style": style, "content before": scene[0], "result before": first}
    return render(Recipe.parse({**recipe, **BEFORE}), scene[1], pictures, device="cpu", report=report)


@pytest.mark.parametrize("recipe", [STYLE, DREAM], ids=["style", "dream"])
def test_what_stands_still_does_not_flicker_and_what_moves_is_painted(scene, style, recipe):
    alone = [render(Recipe.parse(recipe), frame, {"style": style}, device="cpu").picture for frame in scene]
    on = _next(recipe, scene, alone[0], style).picture
    still = frames.changed(scene[0], scene[1])[:, :, 0] == 0
    assert 0.5 < still.mean() < 0.95
    flicker_alone = float(np.abs(alone[1] - alone[0])[still].mean())
    flicker = float(np.abs(on - alone[0])[still].mean())
    assert flicker_alone > 4 / 255  # each frame by itself: the strokes jump
    assert flicker == 0
    moved = np.abs(scene[1] - scene[0]).max(axis=2) > 0.2
    assert np.abs(on - scene[1])[moved].mean() > 0.03  # painted, and not only copied
    assert np.abs(on - alone[0])[moved].mean() > 0.1  # where the disc was, it is no more
    assert np.abs(on - alone[1])[moved].mean() < np.abs(on - alone[0])[moved].mean()


def test_a_frame_in_which_nothing_moves_is_the_last_result_without_computing(scene, style):
    first = np.random.default_rng(0).random(scene[0].shape, np.float32)
    heard: list[object] = []
    result = _next(STYLE, [scene[0], scene[0]], first, style, heard.append)
    assert np.array_equal(result.picture, first)
    assert heard == []


def test_noise_is_no_change_and_hardly_shows(scene, style):
    noise = np.random.default_rng(0).uniform(-0.02, 0.02, scene[0].shape).astype(np.float32)
    heard: list[object] = []
    result = _next(STYLE, [scene[0], scene[0] + noise], scene[0], style, heard.append)
    assert np.abs(result.picture - scene[0]).mean() < 0.15 * np.abs(noise).mean()
    assert heard == []


def test_a_slow_fade_is_followed(scene, style):
    result, steps = np.full_like(scene[0], 0.5), [np.float32(-0.01 * step) for step in range(11)]
    for step, following in itertools.pairwise(steps):
        faded = [np.clip(scene[0] * 0 + 0.6 + each, 0, 1) for each in (step, following)]
        result = _next(STYLE, faded, result, style).picture
    assert result.mean() == pytest.approx(0.4, abs=0.01)


def test_the_record_says_what_was_asked_for(scene, style):
    result = _next(STYLE, scene, scene[0], style)
    assert result.recipe.iterations == 16 and result.recipe.init == "content" and result.recipe.strength == 0.85
    assert result.recipe.before is not None and result.recipe.before.result == "result before"


def test_transparency_is_that_of_the_frame(scene, style):
    alpha = [np.full((*frame.shape[:2], 1), value, np.float32) for frame, value in zip(scene, (1, 0.5), strict=True)]
    both = [np.concatenate([frame, each], axis=2) for frame, each in zip(scene, alpha, strict=True)]
    result = _next(STYLE, both, both[0], style).picture
    assert result.shape == both[1].shape
    assert np.array_equal(result[:, :, 3:], alpha[1])


def test_change_is_seen_above_noise_with_a_soft_edge_around_it():
    before = np.full((100, 200, 3), 0.5, np.float32)
    now = before + np.random.default_rng(0).uniform(-0.01, 0.01, before.shape).astype(np.float32)
    assert not frames.changed(before, now).any()
    now[40:50, 80:90] = 1
    mask = frames.changed(before, now)[:, :, 0]
    assert (mask[40:50, 80:90] == 1).all()
    assert mask[:, :60].max() == 0 and mask[:, 110:].max() == 0
    assert 0 < mask[45, 72:80].min() <= mask[45, 72:80].max() <= 1
    edge = np.unique(mask.round(4))
    assert len(edge) > 3


def test_patches_keep_what_stands_still_too(scene, style):
    recipe = {"style": "style", "method": "patches", "iterations": 2}
    first = np.zeros_like(scene[0])
    result = _next(recipe, scene, first, style).picture
    still = frames.changed(scene[0], scene[1])[:, :, 0] == 0
    assert not result[still].any() and result.any()


def test_frames_of_other_sizes_are_refused(scene, style):
    with pytest.raises(ReverieError, match="of one size; these have 90×"):
        _next(STYLE, [scene[0][:, :90], scene[1]], scene[0], style)


def test_a_zoom_enlarges_about_the_centre():
    picture = np.zeros((40, 60, 3), np.float32)
    picture[18:22, 28:32] = 1
    large = frames.zoomed(picture, 1.5)
    assert large.shape == picture.shape
    assert 1.8 < large.mean() / picture.mean() < 2.7  # 1.5², and the edge
    assert np.allclose(large, large[::-1, ::-1], atol=1e-4)


def test_what_is_hidden_does_not_show_in_a_zoom():
    picture = np.zeros((40, 60, 4), np.float32)
    picture[:] = (1, 0, 1, 0)
    picture[10:30, 20:40] = (0, 1, 0, 1)
    large = frames.zoomed(picture, 1.3)
    shown = large[:, :, 3] > 0.01
    assert shown.sum() > 1.5 * 400
    np.testing.assert_allclose(large[shown][:, :3], np.broadcast_to((0, 1, 0), (shown.sum(), 3)), atol=1e-3)


def test_a_zoomed_frame_is_dreamt_on_gently(scene):
    recipe = Recipe.parse({**DREAM, "zoom": 1.05})
    result = render(recipe, scene[0], {}, device="cpu")
    assert result.recipe.zoom == 1.05 and result.recipe.iterations == 8 and result.recipe.dream_strength == 0.5
    plain = render(Recipe.parse(DREAM), frames.zoomed(scene[0], 1.05), {}, device="cpu").picture
    moved, fully = (np.abs(each - frames.zoomed(scene[0], 1.05)).mean() for each in (result.picture, plain))
    assert 0.05 * fully < moved < 0.5 * fully
