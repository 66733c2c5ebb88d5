"""Transparency, records and strengths of what is rendered."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie.engine import render as engine
from reverie.engine.inputs import gather
from reverie.errors import ReverieError
from reverie.events import Cancelled, Progress
from reverie.recipe import Recipe

from tests.unit.engine.rendered import (
    _render,
    photo_fixture,  # noqa: F401
    pictures_fixture,  # noqa: F401
    weights_at_hand_fixture,  # noqa: F401
)


def test_what_is_transparent_in_a_picture_to_go_on_from_is_the_photo(photo, pictures):
    """And what lies hidden there is not seen."""
    begun = np.dstack([photo[::-1], np.ones(photo.shape[:2], np.float32)])
    begun[:, 48:, 3] = 0
    loud, composed = begun.copy(), begun.copy()
    loud[:, 48:, :3] = 1 - begun[:, 48:, :3]
    composed[:, 48:, :3], composed[:, 48:, 3] = photo[:, 48:], 1
    first, *others = (
        _render(photo, {**pictures, "begun": each}, init="begun").picture for each in (begun, loud, composed)
    )
    assert all(np.array_equal(first, other) for other in others)


def test_a_white_mask_that_is_transparent_is_black(photo, pictures):
    white = np.ones((*photo.shape[:2], 4), np.float32)
    white[:, photo.shape[1] // 2 :, 3] = 0
    plain = np.repeat(white[:, :, 3:], 3, 2)
    one, other = (
        _render(photo, {**pictures, "mask": mask}, style={"image": "strokes", "mask": "mask"}).picture
        for mask in (white, plain)
    )
    assert np.array_equal(one, other)
    with pytest.raises(ReverieError, match="black everywhere"):
        _render(photo, {**pictures, "mask": white * [1, 1, 1, 0]}, style={"image": "strokes", "mask": "mask"})


def test_hidden_colors_of_a_guide_are_not_dreamt_of(photo, pictures):
    guide = np.dstack([pictures["ink"], np.ones(pictures["ink"].shape[:2], np.float32)])
    guide[:20, :, 3] = 0
    loud = np.where(guide[:, :, 3:] > 0, guide, guide[::-1])
    loud[:, :, 3] = guide[:, :, 3]
    dream = {"layer": "level4", "guide": "guide"}
    settings = {"style": [], "dream": dream, "network": "reverie", "iterations": 4}
    one, other = (_render(photo, {"guide": each}, **settings).picture for each in (guide, loud))
    assert np.array_equal(one, other)


def test_colors_are_matched_to_what_is_seen_of_the_photo(photo, pictures):
    """Not to what stands for the transparent part of it."""
    seen = np.dstack([photo, np.ones(photo.shape[:2], np.float32)])
    seen[:, 10:, 3] = 0
    recipe = Recipe.parse({"style": "strokes", "color": "match"})
    ((_, (look,)),) = gather(recipe, seen, pictures, torch.device("cpu")).regions
    assert look.picture.mean((0, 2, 3)).tolist() == pytest.approx(photo[:, :10].mean((0, 1)).tolist(), abs=0.02)


def test_pictures_are_made_ready_no_further_than_until_the_job_is_given_up(photo, pictures):
    """At each of its pictures, and at each use of it."""
    mask = np.ones_like(photo)
    styles = [{"image": "strokes", "mask": "mask"}, {"image": "ink"}, {"image": "strokes"}]
    recipe = Recipe.parse({"style": styles, "content_mask": "mask"})
    given, asked = {**pictures, "mask": mask}, []
    gather(recipe, photo, given, torch.device("cpu"), lambda: asked.append(None))
    assert len(asked) >= len(recipe.references()) + len(styles) + 1
    for times in range(1, len(asked) + 1):
        left = iter(range(times - 1))

        def check_stop(left=left) -> None:
            if next(left, None) is None:
                raise Cancelled

        with pytest.raises(Cancelled):
            gather(recipe, photo, given, torch.device("cpu"), check_stop)


def test_a_recorded_recipe_goes_on_from_a_result_like_a_short_one(photo, pictures):
    """At full size at once, though the record names every field."""
    first = _render(photo, pictures, smallest=None)
    events: list = []
    document = {**first.recipe.model_dump(mode="json"), "init": "result", "iterations": 4}
    again = _render(photo, {**pictures, "result": first.picture}, report=events.append, **document)
    assert {event.width for event in events if isinstance(event, Progress)} == {96}
    short = _render(photo, {**pictures, "result": first.picture}, smallest=None, init="result", iterations=4)
    assert np.array_equal(again.picture, short.picture)


def test_an_unknown_device_is_refused(photo, pictures):
    absent = next(
        kind
        for kind, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()))
        if not there  # no machine has both
    )
    with pytest.raises(ReverieError, match="doctor"):
        engine.render(Recipe.parse({"style": "strokes"}), photo, pictures, device=absent)


def test_strength_feels_linear(photo, pictures):
    """The picture moves about in proportion to the strength: half way at ½, within a seventh of the whole way."""
    far = {
        strength: float(
            np.sqrt(np.mean((_render(photo, pictures, strength=strength, iterations=60).picture - photo) ** 2))
        )
        for strength in (0.25, 0.5, 0.75, 1.0)
    }
    for strength, distance in far.items():
        assert distance / far[1.0] == pytest.approx(strength, abs=0.15)


def test_little_strength_changes_little_with_brushwork_too(photo, pictures):
    """It begins with the colours of the style: but of little strength only with a little of them."""
    far = {
        strength: np.abs(_render(photo, pictures, strength=strength, style_loss="nearest").picture - photo).mean()
        for strength in (0.01, 0.25, 1.0)
    }
    assert far[0.01] < 0.2 * far[1.0]
    assert far[0.01] < far[0.25] < 0.4 * far[1.0]
