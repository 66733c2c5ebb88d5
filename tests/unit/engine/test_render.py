"""A recipe is rendered: pictures, events, early ends."""

from __future__ import annotations

import types
from collections.abc import Callable

import numpy as np
import pytest
import torch
from reverie.engine import progress, tiling, weighting
from reverie.engine.objective import Objective
from reverie.events import Cancelled, Preview, Progress, Started
from reverie.losses.content import Content
from reverie.losses.mean_covariance import MeanCovariance
from reverie.networks import registry
from reverie.pictures.picture import Picture
from reverie.pictures.resize import to_tensor
from reverie.recipe import Recipe

from tests.unit.engine.rendered import (
    _render,
    photo_fixture,  # noqa: F401
    pictures_fixture,  # noqa: F401
    weights_at_hand_fixture,  # noqa: F401
)


def _colors(picture):
    flat = picture[:, :, :3].reshape(-1, 3)
    return flat.mean(0), np.cov(flat.T)


def _judge(photo: Picture, style: Picture) -> Callable[[Picture], float]:
    """The loss of a picture against a photo and a style of its size, at the default strength."""
    network = registry.load(registry.default())
    defaults = registry.spec(network.name).defaults
    weight = weighting.units(network, defaults.content, defaults.style).content_weight(
        Recipe.parse({"style": "strokes"}).strength
    )
    kept, look = (to_tensor(each, torch.device("cpu")) for each in (photo, style))
    content = Content(tiling.maps(network, kept, defaults.content, None), weight)
    styled = MeanCovariance([(tiling.statistics(network, look, defaults.style, None), 1.0)], 1.0)
    objective = Objective(network, [content, styled])
    return lambda picture: float(objective(to_tensor(picture, torch.device("cpu")))[0])


def test_the_same_recipe_and_seed_give_the_same_picture(photo, pictures):
    one, two = (_render(photo, pictures, init="noise", seed=5, iterations=8).picture for _ in range(2))
    other = _render(photo, pictures, init="noise", seed=6, iterations=8).picture
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_loss_falls_and_events_come_in_order(photo, pictures):
    events: list = []
    _render(photo, pictures, report=events.append, iterations=60)
    assert isinstance(events[0], Started)
    *progress, _, _, painted_over = [event for event in events if isinstance(event, Progress)]
    assert (painted_over.iteration, painted_over.iterations, painted_over.fraction) == (1, 1, 1)
    assert [event.iteration for event in progress] == list(range(1, events[0].iterations + 1))
    assert 0.8 < progress[-1].fraction < 1
    alone: list = []  # from one scale: after others it begins near
    _render(photo, pictures, report=alone.append, iterations=60, smallest=96)
    losses = [event.loss for event in alone if isinstance(event, Progress)]
    assert losses[-1] < 0.7 * losses[0]


def test_the_picture_takes_the_styles_colors_or_keeps_its_own(photo, pictures):
    """Distances of mean colours: the painted picture is nearer to the style; with luminance only, chroma stays."""
    style_mean, _ = _colors(pictures["stained_glass"])
    own_mean, _ = _colors(photo)
    painted = _render(photo, pictures, style="stained_glass", strength=1.0, iterations=120).picture
    mean, _ = _colors(painted)
    assert np.linalg.norm(mean - style_mean) < 0.5 * np.linalg.norm(own_mean - style_mean)
    kept = _render(photo, pictures, style="stained_glass", strength=0.9, color="luminance").picture
    chroma = lambda picture: picture[:, :, 2] - picture @ np.array([0.2126, 0.7152, 0.0722], np.float32)  # noqa: E731
    unclipped = ((kept > 0.01) & (kept < 0.99)).all(2)
    assert np.abs(chroma(kept) - chroma(photo))[unclipped].max() < 0.02


def test_strength_moves_the_picture_away_from_the_photo(photo, pictures):
    distances = [
        float(np.sqrt(np.mean((_render(photo, pictures, strength=strength).picture - photo) ** 2)))
        for strength in (0.0, 0.1, 0.5, 1.0)
    ]
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert distances[1] < 0.8 * distances[3]


def test_larger_strokes_leave_less_fine_detail(photo, pictures):
    def detail(scale: float) -> float:
        style = [{"image": "strokes", "scale": scale}]
        picture = _render(photo, pictures, style=style, strength=1.0).picture
        return float(np.abs(np.diff(picture, axis=1)).mean())

    assert detail(3.0) < detail(0.5)


def test_both_optimizers_and_both_losses_reach_a_lower_loss(photo, pictures):
    for settings in ({"optimizer": "adam"}, {"style_loss": "gram"}):
        events: list = []
        _render(photo, pictures, report=events.append, iterations=60, **settings)
        finest = [event.loss for event in events if isinstance(event, Progress) and event.width == 96]
        assert finest[-1] < 0.9 * finest[0], settings


def test_alpha_and_size_are_those_of_the_content(photo, pictures):
    alpha = np.random.default_rng(0).random((*photo.shape[:2], 1), dtype=np.float32)
    content = np.concatenate([photo, alpha], 2)
    picture = _render(content, pictures, size=48).picture
    assert picture.shape == content.shape
    assert np.array_equal(picture[:, :, 3:], alpha)


def test_half_precision_paints_about_as_good_a_picture(photo, pictures):
    """Both pictures are judged in float32 by one objective, and not by what each run says of itself."""
    judge = _judge(photo, pictures["strokes"])
    before = judge(photo)
    whole, half = (
        judge(_render(photo, pictures, precision=precision, iterations=12).picture)
        for precision in ("float32", "bfloat16")
    )
    assert whole < 0.7 * before
    assert half < 1.08 * whole


def test_stopping_ends_it_within_an_iteration(photo, pictures):
    events: list = []

    def told() -> list[Progress]:
        return [event for event in events if isinstance(event, Progress)]

    with pytest.raises(Cancelled):
        _render(photo, pictures, report=events.append, stop=lambda: len(told()) >= 5)
    assert told()[-1].iteration == 5


def test_previews_are_pictures_of_the_current_scale(photo, pictures, monkeypatch):
    monkeypatch.setattr(progress, "FIRST_PREVIEW_SECONDS", 0.0)
    events: list = []
    _render(photo, pictures, report=events.append, iterations=4)
    shapes = [event.picture.shape for event in events if isinstance(event, Preview)]
    assert shapes[-1] == photo.shape
    assert shapes[0][1] == 48


def test_the_first_preview_comes_soon_and_later_ones_once_a_second(photo, pictures, monkeypatch):
    events: list = []

    def iterations_told() -> int:
        return sum(isinstance(event, Progress) for event in events)

    clock = types.SimpleNamespace(monotonic=lambda: iterations_told() / 8)  # of which each takes an eighth of a second
    monkeypatch.setattr(progress, "time", clock)
    _render(photo, pictures, report=events.append, iterations=40)
    seconds = [
        (sum(isinstance(each, Progress) for each in events[:place]) - 1) / 8
        for place, event in enumerate(events)
        if isinstance(event, Preview)
    ]
    assert seconds == [0.25, 0.75, 1.75, 2.75, 3.75, 4.75]
