"""The command `frames`: painted frames of an animation, or of a zoom into one picture.

How a frame goes on from the one before is in `reverie.engine.frames`.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reverie.api import read_pictures
from reverie.cli import arguments, documents, photos
from reverie.cli.console import Console
from reverie.cli.whole import Whole
from reverie.engine import render
from reverie.errors import ReverieError, Sentence
from reverie.events import Event, Warning_
from reverie.pictures import animations, images
from reverie.pictures.animations import Animation
from reverie.pictures.encoded import Depth
from reverie.pictures.kept import Kept
from reverie.pictures.picture import Picture
from reverie.recipe import Before, Recipe

_COUNT = 60  # frames of a zoom, where nobody says how many
_BEFORE = Before(content="the frame before", result="the result before")


def frames(options: argparse.Namespace) -> None:
    document = documents.styled(options)
    if options.zoom is not None and not document["style"] and not document.get("fast"):
        document = {"dream": {}, **document}
    recipe = Recipe.parse(document)
    zoom = arguments.zoom(options.zoom, options.count)
    pictures = read_pictures(recipe)
    animation = animations.read(options.photos)
    animation.check_sizes(options.size)
    animations.check_target(options.output, options.photos, options.depth)
    with Console(as_json=options.json) as console:
        sources = [] if options.strip else options.photos
        result = Result(options.output, options.depth, sources, console.report)
        count = paint(
            recipe,
            animation,
            pictures,
            result,
            console,
            size=options.size,
            device=options.device,
            zoom=zoom,
            count=options.count or _COUNT,
        )
        console.done(options.output, "1 frame" if count == 1 else f"{count} frames", frames=count)


@dataclass(frozen=True)
class Result:
    """Where painted frames go, a folder or an animated file; in how many bits, and what is kept of which files: one for
    each frame, or one that has them all, or none."""

    output: Path
    depth: Depth
    sources: Sequence[Path]
    report: Callable[[Event], None]

    @property
    def is_folder(self) -> bool:
        return self.output.suffix.lower() not in animations.ANIMATED

    def kept(self, index: int) -> Kept:
        """What is kept of the file of a frame; a warning tells of what is damaged. Raises ReverieError."""
        return photos.kept(self.sources[index], self.report) if index < len(self.sources) else Kept()


def paint(
    recipe: Recipe,
    animation: Animation,
    pictures: Mapping[str, Picture],
    result: Result,
    console: Console,
    *,
    size: int | None,
    device: str,
    zoom: float,
    count: int,
) -> int:
    """Paints an animation, and returns how many frames there are.

    Each goes on from the last: with `zoom` 1, frame by frame; else `count` frames from one picture, each the last one
    enlarged by `zoom`. What is painted when the person at the keyboard asks to finish, or when a frame fails, is kept;
    in a folder, each frame is there as soon as it is done.
    """
    if zoom > 1 and len(animation.frames) > 1:
        raise ReverieError("A zoom goes on from one picture; give only one.")
    total = count if zoom > 1 else len(animation.frames)
    durations = animation.durations if zoom == 1 else [animations.DURATION] * total
    output, kept = result.output, result.kept(0)
    done: list[NDArray[np.uint8]] = []  # for an animated file
    number = 0
    try:
        for picture in _painted(recipe, animation, pictures, console, size, device, zoom, total):
            number += 1
            if result.is_folder:
                own = kept if number == 1 or len(result.sources) == 1 else result.kept(number - 1)
                images.write(output / f"{number:04}.png", picture, own, result.depth)
            else:
                done.append((picture.clip(0, 1) * 255).round().astype(np.uint8))
    except Exception:
        if done:
            _keep(output, Animation(done, durations[: len(done)], animation.plays), kept)
            told = Sentence(
                "The frames before, {count} of them, are in “{file}”.", {"count": number, "file": str(output)}
            )
            console.report(Warning_(told))
        raise
    if not result.is_folder:
        _keep(output, Animation(done, durations[: len(done)], animation.plays), kept)
    return number


def _painted(
    recipe: Recipe,
    animation: Animation,
    pictures: Mapping[str, Picture],
    console: Console,
    size: int | None,
    device: str,
    zoom: float,
    total: int,
) -> Iterator[Picture]:
    """The painted frames, up to the one at which the person at the keyboard asks to finish."""
    content = last = animation.frame(0, size)
    whole = Whole(console.report, total)
    for index in range(total):
        step, own = recipe, {**pictures}
        if index > 0 and zoom > 1:
            step, content = recipe.model_copy(update={"zoom": zoom, "seed": recipe.seed + index}), last
        elif index > 0:
            own |= {_BEFORE.content: content, _BEFORE.result: last}
            step, content = recipe.model_copy(update={"before": _BEFORE}), animation.frame(index, size)
        report = functools.partial(whole.tell, index)
        last = render.render(step, content, own, device=device, report=report, adjust=console.adjust).picture
        whole.note_done(index)
        yield last
        if console.adjust() is not None:  # finish with what there is
            break


def _keep(output: Path, done: Animation, kept: Kept) -> None:
    """Writes what is done into an animated file; where that fails, into another elsewhere, since hours may have gone
    into the frames. Raises ReverieError, which then says where that is."""
    try:
        animations.write(output, done, kept)
    except ReverieError as error:
        try:
            spare = Path(tempfile.mkdtemp(prefix="reverie-")) / "frames.apng"  # it holds pictures of any size, exactly
            animations.write(spare, done, kept)
        except (OSError, ReverieError):
            raise error from None
        raise ReverieError(f"{error.message} The painted frames are in “{spare}”.", error.field) from error
