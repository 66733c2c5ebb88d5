"""Reverie from Python: `reverie.render` and what it needs; see docs/python.md."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import numpy as np

from reverie import demo
from reverie.engine import render as engine
from reverie.engine.result import Result
from reverie.errors import ReverieError
from reverie.events import Event
from reverie.files import named
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.recipe import Recipe

Photo = Picture | str | os.PathLike[str]
"""A picture as float32 array, H×W×3 (RGB) or 4 (with straight alpha), 0 to 1, sRGB; or the file that it is in."""


def render(
    recipe: Recipe | Mapping[str, object],
    photo: Photo,
    pictures: Mapping[str, Photo] | None = None,
    *,
    device: str = "auto",
    report: Callable[[Event], None] = lambda event: None,
    stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Paints a photo as a recipe says: `render({"style": "ink"}, "photo.jpg").picture`.

    The pictures that the recipe names are those in `pictures` under these names, and else files or the project's own by
    their bare names. `report` is told events as they happen; `stop` is asked before each iteration whether to give up.
    `device` is “auto”, “cpu”, “cuda”, “xpu” or “mps”. The photo's size, channels and transparency are the result's.

    Raises ReverieError, which names the recipe's field or “content”, for what a person can mend, and Cancelled when
    `stop` said so.
    """
    checked = recipe if isinstance(recipe, Recipe) else Recipe.parse(dict(recipe))
    content = _picture(photo, "content")
    return engine.render(checked, content, read_pictures(checked, pictures), device=device, report=report, stop=stop)


def read_pictures(recipe: Recipe, given: Mapping[str, Photo] | None = None) -> dict[str, Picture]:
    """The pictures of a recipe by their references, each read once: those that are given, and else files, or the
    project's own. Raises ReverieError that names the field."""
    pictures: dict[str, Picture] = {}
    given = given or {}
    for field, reference in recipe.references():
        if reference not in pictures:
            known = given[reference] if reference in given else named(str(demo.picture(reference)))
            pictures[reference] = _picture(known, field)
    return pictures


def _picture(picture: Photo, field: str) -> Picture:
    """A picture as the engine takes it. Raises ReverieError that names the field."""
    if not isinstance(picture, np.ndarray):
        try:
            return images.read(os.fspath(picture))
        except ReverieError as error:
            raise ReverieError(error.message, field) from error
    if picture.dtype != np.float32 or picture.ndim != 3 or picture.shape[2] not in (3, 4):
        raise ReverieError(
            f"A picture is a float32 array, height × width × 3 or 4, and this is {picture.dtype}, "
            f"{' × '.join(map(str, picture.shape))}. Convert it first, or give the file.",
            field,
        )
    return picture
