"""The style losses that a recipe can name, from the recipe to the picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.engine import render, style_transfer
from reverie.engine.inputs import Inputs, StylePicture
from reverie.engine.scene import Scene
from reverie.events import Progress
from reverie.job import resolve
from reverie.losses import STYLE_LOSSES
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.canvas import Canvas
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe


@pytest.fixture(scope="module", autouse=True)
def weights_at_hand() -> None:
    if not registry.available():
        pytest.skip("needs the weights of a network, and there are none on this machine")


@pytest.fixture(scope="module")
def photo() -> Picture:
    return shrink_to(images.read(demo.content()), 80)


@pytest.fixture(scope="module")
def style() -> Picture:
    return shrink_to(images.read(demo.styles()["strokes"]), 80)


def _render(photo, pictures, **settings):
    events: list = []
    recipe = Recipe.parse(
        {"style": "strokes", "size": 80, "smallest": 80, "iterations": 14, "precision": "float32", **settings}
    )
    result = render.render(recipe, photo, pictures, device="cpu", report=events.append)
    return result.picture, [event.loss for event in events if isinstance(event, Progress) and event.width == 80]


@pytest.mark.parametrize("style_loss", STYLE_LOSSES)
def test_every_loss_falls_and_is_another_picture_than_the_default(photo, style, style_loss):
    picture, losses = _render(photo, {"strokes": style}, style_loss=style_loss)
    assert losses[-1] < 0.95 * losses[0]
    if style_loss != next(iter(STYLE_LOSSES)):
        default, _ = _render(photo, {"strokes": style})
        assert np.abs(picture - default).mean() > 0.01


@pytest.mark.parametrize("style_loss", ["wasserstein", "nearest"])
def test_transparent_parts_of_a_style_are_not_looked_at(photo, style, style_loss):
    """What colour lies hidden makes no difference; that it is hidden does."""
    alpha = np.ones((*style.shape[:2], 1), np.float32)
    alpha[: style.shape[0] // 2] = 0
    shown = np.concatenate([style, alpha], 2)
    green = np.where(alpha > 0, shown, np.array([0, 1, 0, 0], np.float32))
    pictures = [_render(photo, {"strokes": each}, style_loss=style_loss)[0] for each in (shown, green)]
    opaque = _render(photo, {"strokes": style}, style_loss=style_loss)[0]
    assert np.abs(pictures[0] - pictures[1]).max() < 1e-3
    assert np.abs(pictures[0] - opaque).max() > 0.05


def test_it_starts_in_the_colors_of_the_styles_each_in_its_region():
    source = torch.rand(1, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    left = torch.zeros(1, 1, 16, 24)
    left[..., :12] = 1
    red, blue = (torch.rand(1, 3, 9, 9) * 0.1 + torch.tensor(c).view(1, 3, 1, 1) for c in ([0.8, 0, 0], [0, 0, 0.8]))
    regions = [(left, [StylePicture("r", red, None, 1.0, 1.0)]), (1 - left, [StylePicture("b", blue, None, 1.0, 1.0)])]
    job = resolve(Recipe.parse({"style": ["r", "b"], "network": "reverie"}), "cpu")
    canvas = Canvas.of(source, 24, 16, margin=0)
    scene = Scene(job, Inputs(source, regions, {}, None, None), registry.load("reverie"), canvas, None)
    result = style_transfer.StyleTransfer().start(scene, None)
    assert float(result[:, 0, :, :12].mean()) > 0.7 > 0.2 > float(result[:, 0, :, 12:].mean())
    assert float(result[:, 2, :, 12:].mean()) > 0.7 > 0.2 > float(result[:, 2, :, :12].mean())
