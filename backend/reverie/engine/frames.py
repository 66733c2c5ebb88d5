"""A frame of an animation: painted on from the result of the frame before, so that nothing flickers that stands still;
or zoomed into, so that a dream goes on for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from reverie.engine.pyramid import COARSEST
from reverie.engine.result import Result
from reverie.errors import ReverieError
from reverie.job import iterations
from reverie.pictures.picture import Picture
from reverie.pictures.resize import resized, to_picture, to_tensor
from reverie.recipe import Recipe

START = "the start of this frame"
"""The name of a picture that the recipe is given."""

ITERATIONS = 0.5
"""Share of them that a frame of a style gets which goes on from another."""

_NOTICED = 6 / 255  # a difference of colour that counts as change, and not as noise or a trace of compression
_MARGIN = 0.015  # of the longest side: how far around a change is painted anew, to join old strokes and new
_LIGHT = 0.03  # of the longest side: what changes together over that much is the light
_COARSEST = 0.35  # of its size, where it begins: new things need large strokes, too
_DREAMT_ON = 0.12  # share of the strength, and of the iterations: what a zoomed frame shows is dreamt already


class Paint(Protocol):
    """`render`, all but its recipe and pictures given."""

    def __call__(self, recipe: Recipe, content: Picture, pictures: Mapping[str, Picture]) -> Result: ...


def paint(recipe: Recipe, content: Picture, pictures: Mapping[str, Picture], paint: Paint) -> Result:
    """Carries out a recipe that has `zoom` or `before`.

    What stands still keeps the last result's very pixels, or follows as the light changes slowly. What has changed
    since begins as the new frame has it, beside the last result all around, and is painted in fewer iterations (Ruder,
    Dosovitskiy & Brox 2016, “Artistic Style Transfer for Videos”, sections 4.1 and 4.2, without optical flow: a thing
    that moves is new where it gets to).
    Raises ReverieError for frames of different sizes, and what `paint` raises.
    """
    single = recipe.model_copy(update={"before": None, "zoom": 1.0})
    content = zoomed(content, recipe.zoom)
    if recipe.zoom > 1:
        single = single.model_copy(update={"dream_strength": recipe.dream_strength * _DREAMT_ON, **effort(recipe)})
    if recipe.before is None:
        return _recorded(paint(single, content, pictures), recipe)
    before, result = (_of_size(pictures, name, content) for name in (recipe.before.content, recipe.before.result))
    change, last = changed(before, content), np.clip(result[:, :, :3] + drift(before, content), 0, 1)
    start = last + change * (content[:, :, :3] - last)
    # What is not optimised cannot go on from a picture, and a dream would only grow where it is strong already.
    if goes_on(recipe):
        single, pictures = going_on(single, content), {**pictures, START: start}
    if not change.any():
        single = single.model_copy(update={"strength": 0.0, "dream_strength": 0.0})  # checked, but not computed
    painted = paint(single, content, pictures)
    colors = last + change * (painted.picture[:, :, :3] - last)
    picture = np.concatenate([colors, content[:, :, 3:]], axis=2).astype(np.float32)
    return _recorded(replace(painted, picture=picture), recipe)


def goes_on(recipe: Recipe) -> bool:
    """Whether a frame is begun from another's result; else it is painted like any picture."""
    return bool(recipe.style) and recipe.method == "optimise" and recipe.init == "content"


def going_on(recipe: Recipe, content: Picture) -> Recipe:
    """The recipe for a frame that is begun from the picture START, in fewer iterations."""
    longest = min(recipe.size or max(content.shape[:2]), max(content.shape[:2]))
    smallest = max(recipe.smallest or COARSEST, round(longest * _COARSEST))
    return recipe.model_copy(update={"init": START, "smallest": smallest, **_fewer(recipe, ITERATIONS)})


def effort(recipe: Recipe) -> dict[str, int]:
    """The iterations of a frame, for an update of its recipe: fewer where it goes on from the frame before."""
    return _fewer(
        recipe, _DREAMT_ON if recipe.zoom > 1 else ITERATIONS if recipe.before is not None and goes_on(recipe) else 1.0
    )


def _fewer(recipe: Recipe, share: float) -> dict[str, int]:
    return {"iterations": max(1, round(iterations(recipe) * share))}


def _recorded(painted: Result, recipe: Recipe) -> Result:
    """The result, with a recipe that says what was asked for and not how the frame was brought about."""
    names = ("before", "zoom", "init", "iterations", "smallest", "strength", "dream_strength")
    asked = {name: getattr(recipe, name) for name in names}
    return replace(painted, recipe=painted.recipe.model_copy(update=asked))


def _of_size(pictures: Mapping[str, Picture], name: str, content: Picture) -> Picture:
    if name not in pictures:
        raise ReverieError(f"The picture “{name}” was not given with the recipe.", "before")
    picture = pictures[name]
    if picture.shape[:2] != content.shape[:2]:
        sizes = " and ".join(f"{each.shape[1]}×{each.shape[0]}" for each in (picture, content))
        raise ReverieError(f"The frames of an animation must be of one size; these have {sizes} pixels.", "before")
    return picture


def changed(before: Picture, now: Picture) -> Picture:
    """Where a frame differs from the one before, transparency included: H×W×1, 0 where it stands still, 1 where it has
    changed and close by, with a soft edge between."""
    channels = min(before.shape[2], now.shape[2])
    difference = np.abs(before[:, :, :channels] - now[:, :, :channels]).max(axis=2, keepdims=True)
    mask = to_tensor((difference > _NOTICED).astype(np.float32), torch.device("cpu"))
    margin = max(1, round(_MARGIN * max(now.shape[:2])))
    mask = _smooth(_grown(mask, 2 * margin), margin)
    return to_picture(mask)


def drift(before: Picture, now: Picture) -> Picture:
    """How the colours of a frame have changed on the whole, H×W×3, where nothing has moved: a fade whose steps are too
    small to count as change would otherwise never be seen. 0 where the frames are equal."""
    difference = to_tensor(now[:, :, :3] - before[:, :, :3], torch.device("cpu"))
    moved = (difference.abs() > _NOTICED).any(dim=1, keepdim=True)
    smooth = _smooth(difference.masked_fill(moved, 0), max(2, round(_LIGHT * max(now.shape[:2]))))
    result: Picture = smooth[0].permute(1, 2, 0).contiguous().numpy()
    return result


def _grown(mask: Tensor, margin: int) -> Tensor:
    return functional.max_pool2d(mask, 2 * margin + 1, 1, margin)


def _smooth(mask: Tensor, margin: int) -> Tensor:
    padded = functional.pad(mask, (margin,) * 4, mode="replicate")
    return functional.avg_pool2d(padded, 2 * margin + 1, 1)


def zoomed(picture: Picture, factor: float) -> Picture:
    """The picture enlarged about its centre and cut to its size again."""
    if factor == 1:
        return picture
    height, width = picture.shape[:2]
    large = resized(picture, round(width * factor), round(height * factor))
    top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    return np.ascontiguousarray(large[top : top + height, left : left + width])
