"""Masks: styles and content in their regions, transparency, and pictures of no use."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.engine import render as engine
from reverie.engine.inputs import fill, gather
from reverie.errors import ReverieError
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to, to_tensor
from reverie.recipe import Recipe

SETTINGS = {"size": 128, "smallest": 64, "iterations": 60, "precision": "float32", "strength": 0.98}
pytestmark = pytest.mark.skipif(not registry.available(), reason="needs the weights of a network")


@pytest.fixture(scope="module")
def photo() -> Picture:
    return shrink_to(images.read(demo.content()), 128)


@pytest.fixture(scope="module")
def pictures(photo) -> dict[str, Picture]:
    left = np.zeros_like(photo)
    left[:, : photo.shape[1] // 2] = 1
    styles = {name: shrink_to(images.read(demo.styles()[name]), 128) for name in ("stained_glass", "ink")}
    return {**styles, "left": left, "right": 1 - left, "black": np.zeros_like(photo)}


def _render(photo, pictures, **recipe):
    return engine.render(Recipe.parse({**SETTINGS, **recipe}), photo, pictures, device="cpu").picture


def _saturation(picture) -> tuple[float, float]:
    """Mean saturation of the left and the right half, a margin at the seam left out: glass has it, ink has not."""
    width = picture.shape[1]
    saturation = picture.max(2) - picture.min(2)
    return float(saturation[:, : width // 2 - 16].mean()), float(saturation[:, width // 2 + 16 :].mean())


def test_each_style_goes_where_its_mask_is(photo, pictures):
    for glass, ink in (("left", "right"), ("right", "left")):
        styles = [{"image": "stained_glass", "mask": glass}, {"image": "ink", "mask": ink}]
        halves = dict(zip(("left", "right"), _saturation(_render(photo, pictures, style=styles)), strict=True))
        assert halves[glass] > 2 * halves[ink]


def test_a_style_without_a_mask_gets_what_the_others_leave(photo, pictures):
    styles = [{"image": "stained_glass", "mask": "left"}, {"image": "ink"}]
    left, right = _saturation(_render(photo, pictures, style=styles))
    assert left > 2 * right


def test_outside_of_all_masks_the_photo_stays(photo, pictures):
    picture = _render(photo, pictures, style=[{"image": "stained_glass", "mask": "left"}])
    middle = photo.shape[1] // 2
    # Most of it lies beyond the reach of the layers; total variation and content hold what is there.
    inside = np.abs(picture - photo)[:, : middle - 16].mean()
    outside = np.abs(picture - photo)[:, -24:].mean()
    assert outside < 0.3 * inside


def test_content_is_kept_where_its_mask_is(photo, pictures):
    picture = _render(photo, pictures, style="stained_glass", content_mask="left", strength=0.85)
    detail = lambda p: p - p.mean((0, 1))  # noqa: E731
    middle = photo.shape[1] // 2

    def likeness(part) -> float:
        a, b = detail(picture[:, part]).ravel(), detail(photo[:, part]).ravel()
        return float(np.corrcoef(a, b)[0, 1])

    assert likeness(slice(0, middle)) > likeness(slice(middle, None)) + 0.1


def test_what_is_transparent_neither_gives_nor_receives(photo, pictures):
    """Garish colours hidden under transparency change nothing, and stay."""
    alpha = np.ones((*photo.shape[:2], 1), np.float32)
    alpha[:, -40:] = 0
    garish = photo.copy()
    garish[:, -40:] = (1, 0, 1)
    results = [
        _render(np.concatenate([content, alpha], 2), pictures, style="ink", iterations=6) for content in (photo, garish)
    ]
    assert np.array_equal(results[0][:, :-40], results[1][:, :-40])
    assert np.array_equal(results[1][:, -40:, :3], garish[:, -40:])
    look = pictures["stained_glass"]
    style = np.concatenate([look, np.ones((*look.shape[:2], 1), np.float32)], 2)
    hidden = style.copy()
    hidden[:48, :, :3], hidden[:48, :, 3], style[:48, :, 3] = (0, 1, 0), 0, 0
    one, two = (_render(photo, {"s": look}, style="s", iterations=6) for look in (style, hidden))
    assert np.array_equal(one, two)


def test_hidden_colors_do_not_show_in_a_smaller_picture():
    picture = np.zeros((60, 90, 4), np.float32)
    picture[:] = (1, 0, 1, 0)
    picture[13:47, 20:71] = (0.2, 0.6, 0.4, 1)
    small = shrink_to(picture, 40)
    shown = small[:, :, 3] > 0.01
    np.testing.assert_allclose(small[shown][:, :3], np.broadcast_to((0.2, 0.6, 0.4), (shown.sum(), 3)), atol=1e-3)
    assert small[0, 0].tolist() == pytest.approx([1, 0, 1, 0], abs=1e-6)


def test_hidden_colors_of_a_picture_to_go_on_from_are_not_seen_at_another_size(photo):
    begun = np.ones((37, 53, 4), np.float32) * (0.2, 0.6, 0.4, 1)
    begun[:, 20:, 3] = 0
    loud = begun.astype(np.float32)
    loud[:, 20:, :3] = (1, 0, 1)
    recipe = Recipe.parse({"dream": {}, "init": "begun"})
    one, other = (
        gather(recipe, photo, {"begun": each.astype(np.float32)}, torch.device("cpu")).init for each in (begun, loud)
    )
    torch.testing.assert_close(one, other)


def test_what_a_float_picture_has_beyond_white_counts_as_white(photo, pictures):
    """Highlights would else outweigh the rest of the photo."""
    bright = photo.copy()
    bright[:20, :20] = 1
    beyond = bright.copy()
    beyond[:20, :20] = 30
    one, other = (_render(content, pictures, style="ink", color="match", iterations=6) for content in (bright, beyond))
    assert np.array_equal(one, other)


def test_filling_keeps_what_is_opaque_and_continues_its_colors():
    picture = torch.rand(1, 3, 20, 31, generator=torch.Generator().manual_seed(0))
    opaque = torch.zeros(1, 1, 20, 31)
    opaque[..., :12] = 1
    filled = fill(picture, opaque)
    assert torch.equal(filled[..., :12], picture[..., :12])
    flat = fill(torch.full((1, 3, 20, 31), 0.3), opaque)
    torch.testing.assert_close(flat, torch.full_like(flat, 0.3))


@pytest.mark.parametrize(
    ("recipe", "field"),
    [
        ({"style": [{"image": "ink", "mask": "black"}]}, "style.0.mask"),
        ({"style": "stained_glass", "content_mask": "black"}, "content_mask"),
        ({"style": "stained_glass", "init": "nowhere.png"}, "init"),
        ({"style": "nan"}, "style.0.image"),
    ],
)
def test_pictures_of_no_use_are_named(photo, pictures, recipe, field):
    pictures = {**pictures, "nan": np.full((64, 64, 3), np.nan, np.float32)}
    with pytest.raises(ReverieError) as caught:
        _render(photo, pictures, **recipe)
    assert caught.value.field == field


def test_a_photo_without_numbers_or_pixels_is_refused(photo, pictures):
    broken = photo.copy()
    broken[3, 4, 1] = np.inf
    invisible = np.concatenate([photo, np.zeros((*photo.shape[:2], 1), np.float32)], 2)
    for content in (broken, invisible, photo[:1, :1], np.zeros((3, 2000, 3), np.float32)):
        with pytest.raises(ReverieError) as caught:
            _render(content, pictures, style="stained_glass")
        assert caught.value.field == "content"


def test_a_mask_over_nothing_but_transparency_is_named(photo, pictures):
    alpha = np.ones((*photo.shape[:2], 1), np.float32)
    alpha[:, : photo.shape[1] // 2] = 0
    styles, content = [{"image": "ink"}, {"image": "stained_glass", "mask": "left"}], np.concatenate([photo, alpha], 2)
    with pytest.raises(ReverieError, match="transparent") as caught:
        _render(content, pictures, style=styles)
    assert caught.value.field == "style.1.mask"


def test_a_run_goes_on_from_a_result(photo, pictures):
    """Started from a result, one more run is nearer to it than to the photo, and not coarser."""
    first = _render(photo, pictures, style="ink", iterations=30)
    second = _render(photo, {**pictures, "result": first}, style="ink", init="result", iterations=10)
    assert np.abs(second - first).mean() < 0.6 * np.abs(second - photo).mean()
    assert to_tensor(second, torch.device("cpu")).isfinite().all()
