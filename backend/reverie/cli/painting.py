"""The commands that paint one photo: `style`, `dream` and `run`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reverie.api import read_pictures
from reverie.cli import documents
from reverie.cli.console import Console
from reverie.cli.followed import Followed
from reverie.engine import render
from reverie.errors import ReverieError
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe
from reverie.tools import estimate


def style(options: argparse.Namespace) -> None:
    _carry_out(lambda: documents.styled(options), options)


def dream(options: argparse.Namespace) -> None:
    _carry_out(lambda: documents.dreamt(options), options)


def run(options: argparse.Namespace) -> None:
    _carry_out(lambda: documents.followed(options), options)


def _carry_out(document: Callable[[], dict[str, Any]], options: argparse.Namespace) -> None:
    """Renders a recipe's document, which is asked for again when the recipe's file was saved meanwhile."""
    images.check_target(options.output)
    recipe = Recipe.parse(document())
    content = read_photo(options.photo, options.size)
    pictures = read_pictures(recipe)
    if options.estimate:
        _estimate(recipe, content, options)
        return
    keeps = bool(recipe.style or recipe.dream)  # some tiles of a fast style are no picture yet
    with Console(as_json=options.json, keeps=keeps) as console:
        adjust = console.adjust
        if options.recipe:
            file = Followed(options.recipe, lambda: Recipe.parse(document()), recipe, console.report)
            adjust = lambda: console.adjust() or file.adjust()  # noqa: E731
        result = render.render(recipe, content, pictures, device=options.device, report=console.report, adjust=adjust)
        images.write(options.output, result.picture)
        console.finish(options.output, result)
    if not console.adjusted:
        estimate.learn(result, content, options.device)


def _estimate(recipe: Recipe, content: Picture, options: argparse.Namespace) -> None:
    """Says how long a job will take, and leaves it at that."""
    if not estimate.can_be_measured(recipe, options.device):
        raise ReverieError(
            "How long it takes is not known before the network's weights are on this machine: paint with it once.",
            "network",
        )
    size = content.shape[1], content.shape[0]
    if estimate.known(recipe, *size, options.device) is None:
        estimate.measure(recipe, options.device)
    seconds = estimate.known(recipe, *size, options.device)
    assert seconds is not None  # it has just been measured
    _print_estimate(seconds, *estimate.computed_size(recipe, *size, options.device), as_json=options.json)


def _print_estimate(seconds: float, width: int, height: int, *, as_json: bool) -> None:
    """How long a job will take, and at what size it is computed."""
    if as_json:
        print(json.dumps({"type": "estimate", "seconds": seconds, "width": width, "height": height}))
    else:
        print(f"About {seconds:.0f} s on this machine, computed at {width}×{height}.")


def read_photo(path: Path, size: int | None) -> Picture:
    """The picture to work on, its longest side at most `size`. Raises ReverieError that names the field."""
    try:
        picture = images.read(path)
    except ReverieError as error:
        raise ReverieError(error.message, "content") from error
    return picture if size is None else shrink_to(picture, size)
