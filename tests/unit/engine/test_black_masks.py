"""Where a mask is black the photo stays, to the last bit, whatever paints; and the way there is as soft as the mask."""

from __future__ import annotations

import numpy as np
import pytest
from reverie import demo
from reverie.engine import render
from reverie.losses import STYLE_LOSSES
from reverie.pictures import images
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe

METHODS = [
    *({"style_loss": loss} for loss in STYLE_LOSSES),
    {"method": "instant"},
    {"method": "patches"},
    {"fast": "udnie"},
    {"init": "noise"},
]


@pytest.fixture(scope="module")
def photo():
    """With more than white in it, as GIMP's floats may have."""
    picture = shrink_to(images.read(demo.content()), 72)
    picture[:4, :4] = 1.5
    return picture


def _painted(photo, masks, **wishes):
    ink = shrink_to(images.read(demo.styles()["ink"]), 72)
    gray = {f"mask {index}": np.repeat(mask[:, :, None], 3, 2).astype(np.float32) for index, mask in enumerate(masks)}
    style = [{"image": "ink", "mask": name} for name in gray]
    document = {"style": style, "seed": 1, **wishes}
    if document.get("method") is None:
        document |= {"iterations": 2}
    return render.render(Recipe.parse(document), photo, {"ink": ink, **gray}, device="cpu").picture


@pytest.mark.parametrize("size", [40, None])
@pytest.mark.parametrize("color", ["style", "luminance"])
@pytest.mark.parametrize("wishes", METHODS, ids=str)
def test_the_photo_stays_where_the_mask_is_black(photo, wishes, color, size):
    mask = np.zeros(photo.shape[:2])
    mask[:, 40:] = 1
    painted = _painted(photo, [mask], size=size, color=color, **wishes)
    assert np.array_equal(painted[:, :40], photo[:, :40])
    assert np.abs(painted[:, 44:] - photo[:, 44:]).mean() > 0.01


@pytest.mark.parametrize("wishes", [{}, {"method": "instant"}], ids=str)
def test_the_transition_is_as_soft_as_the_mask(photo, wishes):
    ramp = np.repeat(np.linspace(0, 1, photo.shape[1])[None], photo.shape[0], 0)
    away = np.abs(_painted(photo.clip(0, 1), [ramp], strength=1.0, **wishes) - photo.clip(0, 1)).mean((0, 2))
    parts = [part.mean() for part in np.array_split(away, 6)]
    assert parts[0] < 0.35 * parts[3] and parts[1] < parts[4] and parts[-1] > 0.02


def test_masks_that_share_the_picture_leave_none_of_it(photo):
    """At a soft border between two, half of each is all."""
    ramp = np.repeat(np.linspace(0, 1, photo.shape[1])[None], photo.shape[0], 0)
    inputs = render.gather(
        Recipe.parse({"style": [{"image": "ink", "mask": "a"}, {"image": "ink", "mask": "b"}]}),
        photo,
        {
            "ink": shrink_to(images.read(demo.styles()["ink"]), 72),
            "a": np.repeat(ramp[:, :, None], 3, 2).astype(np.float32),
            "b": np.repeat(1 - ramp[:, :, None], 3, 2).astype(np.float32),
        },
        render.devices.choose("cpu"),
    )
    assert inputs.cover is not None and float(inputs.cover.min()) > 0.9999


@pytest.mark.parametrize("wishes", [{"dream": {}}, {"strength": 0, "dream": {}}], ids=str)
def test_a_dream_beside_a_masked_style_is_everywhere(photo, wishes):
    mask = np.zeros(photo.shape[:2])
    mask[:, 40:] = 1
    painted = _painted(photo, [mask], **wishes)
    assert np.abs(painted[8:, :40] - photo[8:, :40]).mean() > 0.001


def test_a_style_without_a_mask_takes_the_rest(photo):
    mask = np.zeros(photo.shape[:2])
    mask[:, 40:] = 1
    gray = np.repeat(mask[:, :, None], 3, 2).astype(np.float32)
    ink = shrink_to(images.read(demo.styles()["ink"]), 72)
    recipe = Recipe.parse({"style": [{"image": "ink", "mask": "m"}, "ink"], "iterations": 2})
    painted = render.render(recipe, photo, {"ink": ink, "m": gray}, device="cpu").picture
    assert np.abs(painted[8:, :40] - photo[8:, :40]).mean() > 0.01


def test_half_of_a_photo_stays(shared):
    """A mask and a photo as they come from files, and larger than what is painted."""
    photo = shrink_to(images.read(shared / "images" / "photos" / "kodak01.png"), 384)
    mask = images.read(shared / "cases" / "mask_half.png")
    ink = shrink_to(images.read(demo.styles()["ink"]), 72)
    recipe = Recipe.parse({"style": [{"image": "ink", "mask": "mask"}], "size": 96, "iterations": 2})
    painted = render.render(recipe, photo, {"ink": ink, "mask": mask}, device="cpu").picture
    black = shrink_to(mask, 384)[:, :, 0] == 0
    assert 0.4 < black.mean() < 0.6
    assert np.array_equal(painted[black], photo[black])
    assert np.abs(painted[:, :180] - photo[:, :180]).mean() > 0.02
