"""Fast styles in a recipe: strength, colours, transparency, and as the start of an optimisation."""

from __future__ import annotations

import numpy as np
import pytest
from reverie import demo, events
from reverie.engine import render
from reverie.errors import ReverieError
from reverie.job import resolve
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe


@pytest.fixture(scope="module")
def landscape() -> Picture:
    return shrink_to(images.read(demo.content()), 96)


def _painted(content, **fields) -> Picture:
    return render.render(Recipe.parse({"fast": "the_scream", **fields}), content, {}, device="cpu").picture


def test_a_fast_style_paints_in_one_pass(landscape):
    told: list[events.Event] = []
    result = render.render(Recipe.parse({"fast": "the_scream"}), landscape, {}, device="cpu", report=told.append)
    assert result.picture.shape == landscape.shape
    assert float(np.abs(result.picture - landscape).mean()) > 0.05
    assert [type(event) for event in told] == [events.Started, events.Progress]
    assert result.network == "one pass"
    # The Scream's sky: warmer than the landscape.
    warmth = [float(picture[..., 0].mean() - picture[..., 2].mean()) for picture in (landscape, result.picture)]
    assert warmth[1] > warmth[0] + 0.05


def test_strength_mixes(landscape):
    full = _painted(landscape)
    half = _painted(landscape, strength=0.425)
    assert np.array_equal(_painted(landscape, strength=0.0), landscape)
    assert np.allclose(half, (full + landscape) / 2, atol=2e-3)
    assert np.allclose(_painted(landscape, strength=1.0), full)


def test_colours_can_be_kept(landscape):
    kept = _painted(landscape, color="luminance")
    for weights in ((-0.1146, -0.3854, 0.5), (0.5, -0.4542, -0.0458)):  # the colour differences of BT.709
        inside = ((kept > 0.02) & (kept < 0.98)).all(2)  # elsewhere the result was clipped
        assert np.allclose((kept @ weights)[inside], (landscape @ weights)[inside], atol=0.01)
    matched = _painted(landscape, color="match")
    assert np.allclose(matched.mean((0, 1)), landscape.mean((0, 1)), atol=0.03)


def test_what_is_transparent_stays(landscape):
    alpha = np.ones((*landscape.shape[:2], 1), np.float32)
    alpha[:20] = 0
    content = np.concatenate([landscape, alpha], 2)
    painted = _painted(content)
    assert np.array_equal(painted[:20], content[:20])
    assert np.array_equal(painted[..., 3], content[..., 3])
    assert float(np.abs(painted[20:, :, :3] - landscape[20:]).mean()) > 0.05


def test_it_can_be_what_an_optimisation_starts_from(landscape):
    """After one iteration a picture is still near what it started from."""
    fields = {"style": "ink", "iterations": 1, "strength": 0.9, "optimizer": "adam"}
    pictures = {"ink": images.read(demo.styles()["ink"])}
    started = render.render(Recipe.parse({"fast": "the_scream", **fields}), landscape, pictures, device="cpu").picture
    plain = render.render(Recipe.parse(fields), landscape, pictures, device="cpu").picture
    fast = _painted(landscape)
    assert np.abs(started - fast).mean() < 0.5 * np.abs(plain - fast).mean()


def test_starting_from_a_fast_style_costs_half_the_iterations(landscape):
    """From half the size: the composition is there, and large shapes may still change."""
    pictures = {"glass": images.read(demo.styles()["stained_glass"])}
    content = shrink_to(images.read(demo.content()), 300)
    told: list[events.Event] = []
    recipe = Recipe.parse({"style": "glass", "fast": "udnie", "network": "reverie", "size": 300, "iterations": 12})
    render.render(recipe, content, pictures, device="cpu", report=told.append)
    *steps, _, _, painted_over = [event for event in told if isinstance(event, events.Progress)]
    assert len(steps) == 6 and painted_over.iterations == 1
    assert max(steps[0].width, steps[0].height) == 150
    assert max(steps[-1].width, steps[-1].height) == 300


def test_the_same_recipe_gives_the_same_picture(landscape):
    assert np.array_equal(_painted(landscape), _painted(landscape))


def test_it_can_be_cancelled(landscape):
    with pytest.raises(events.Cancelled):
        render.render(Recipe.parse({"fast": "udnie"}), landscape, {}, device="cpu", stop=lambda: True)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"fast": "monet"}, "fast.0.name"),
        ({"fast": [{"name": "udnie", "weight": 0}]}, "fast.0.weight"),
        ({"fast": "udnie", "dream": {}}, "fast"),
        ({"fast": "udnie", "budget": 10}, "budget"),
        ({"fast": "udnie", "init": "noise"}, "init"),
        ({"fast": "udnie", "style": "a", "init": "noise"}, "init"),
        ({"fast": "udnie", "style": "a", "method": "patches"}, "fast"),
    ],
)
def test_contradictions_are_told_with_their_field(landscape, fields, field):
    with pytest.raises(ReverieError) as caught:
        resolve(Recipe.parse(fields), "cpu")
    assert caught.value.field == field
