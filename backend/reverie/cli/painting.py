"""The commands that paint photos: `style`, `dream` and `run`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from reverie.api import read_pictures
from reverie.cli import documents, many, photos
from reverie.cli.console import Console
from reverie.cli.followed import Followed
from reverie.engine import render
from reverie.errors import ReverieError
from reverie.pictures import images
from reverie.pictures.kept import Kept
from reverie.pictures.picture import Picture
from reverie.recipe import Recipe
from reverie.tools import estimate


def style(options: argparse.Namespace) -> None:
    _carry_out(lambda: documents.styled(options), options)


def dream(options: argparse.Namespace) -> None:
    _carry_out(lambda: documents.dreamt(options), options)


def run(options: argparse.Namespace) -> None:
    _carry_out(lambda: documents.followed(options), options)


def _carry_out(document: Callable[[], dict[str, Any]], options: argparse.Namespace) -> None:
    """Renders a recipe's document: one photo, or many."""
    if photos.is_one(options.photos, options.output):
        if options.cluster:
            raise ReverieError(
                "One photo is painted by one machine: leave out --cluster, or name a folder for -o.", "cluster"
            )
        _paint_one(document, options)
        return
    recipe = Recipe.parse(document())
    pictures = read_pictures(recipe)
    if options.estimate and options.cluster:
        raise ReverieError("How long a cluster will take is not known beforehand; leave out --estimate.", "estimate")
    if options.estimate:
        found = photos.found(options.photos, options.output)
        _estimate(recipe, photos.read(found[0].file, options.size), len(found), options)
    else:
        many.paint(recipe, pictures, options)


def _paint_one(document: Callable[[], dict[str, Any]], options: argparse.Namespace) -> None:
    """Renders a recipe's document, which is asked for again when the recipe's file was saved meanwhile."""
    _check_output(options)
    recipe = Recipe.parse(document())
    content = photos.read(options.photos[0], options.size)
    pictures = read_pictures(recipe)
    if options.estimate:
        _estimate(recipe, content, 1, options)
        return
    photo = options.photos[0]
    keeps = bool(recipe.style or recipe.dream)  # some tiles of a fast style are no picture yet
    with Console(as_json=options.json, keeps=keeps) as console:
        kept = Kept() if options.strip or photo == photos.STREAM else photos.kept(photo, console.report)
        adjust = console.adjust
        if options.recipe:
            file = Followed(options.recipe, lambda: Recipe.parse(document()), recipe, console.report)
            adjust = lambda: console.adjust() or file.adjust()  # noqa: E731
        result = render.render(recipe, content, pictures, device=options.device, report=console.report, adjust=adjust)
        if options.output == photos.STREAM:
            sys.stdout.buffer.write(images.encode_png(result.picture))
        else:
            images.write(options.output, result.picture, kept, options.depth)
        console.finish(options.output, result)
    if not console.adjusted:
        estimate.learn(result, content, options.device)


def _check_output(options: argparse.Namespace) -> None:
    """Raises ReverieError for a result that could not be written, before any work goes into it."""
    if options.output != photos.STREAM:
        images.check_target(options.output, options.depth)
    elif options.json:
        raise ReverieError("The picture and --json cannot both go to standard output; leave out one.", "output")


def _estimate(recipe: Recipe, content: Picture, count: int, options: argparse.Namespace) -> None:
    """Says how long it will take to paint `count` photos, each as large as this one, and leaves it at that."""
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
    width, height = estimate.computed_size(recipe, *size, options.device)
    if options.json:
        print(json.dumps({"type": "estimate", "seconds": seconds * count, "width": width, "height": height}))
    else:
        many = f", for {count} photos as large as the first" if count > 1 else ""
        print(f"About {seconds * count:.0f} s on this machine{many}, computed at {width}×{height}.")
