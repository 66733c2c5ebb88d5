"""A picture as it was composed, and as it is after the finish, of one job: composing takes most of the time."""

from __future__ import annotations

import pytest
from reverie.engine import finish, render
from reverie.pictures.picture import Picture
from reverie.pictures.resize import to_picture
from reverie.recipe import Recipe
from torch import Tensor


def composed_and_finished(recipe: Recipe, photo: Picture, style: Picture) -> tuple[Picture, Picture]:
    """Both, of a recipe whose style picture is “s”."""
    composed: list[Picture] = []

    def noted(painted: Tensor, *rest: object) -> Tensor:
        composed.append(to_picture(painted))
        return own(painted, *rest)

    own = finish.finish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finish, "finish", noted)
        finished = render.render(recipe, photo, {"s": style}, device="cpu").picture
    assert len(composed) == 1 and composed[0].shape == finished.shape
    return composed[0], finished
