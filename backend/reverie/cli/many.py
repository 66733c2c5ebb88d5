"""Many photos painted into a folder, as one recipe says."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from reverie import job as jobs
from reverie.cli import photos
from reverie.cli.console import Console
from reverie.cli.manifest import NAME, Manifest
from reverie.cli.part import part_of
from reverie.cli.photos import Photo
from reverie.engine import render
from reverie.errors import ReverieError, Sentence
from reverie.events import Warning_
from reverie.pictures import images
from reverie.pictures.kept import Kept
from reverie.pictures.picture import Picture
from reverie.recipe import Recipe
from reverie.tools import estimate

_OF_THE_PHOTO = ("content", "size")  # the fields of errors that another photo need not have


def paint(recipe: Recipe, pictures: Mapping[str, Picture], options: argparse.Namespace) -> None:
    """Paints photos into a folder, each result there as soon as it is done, and lists them in a file beside them. What
    an earlier run has done as this one would is left as it is; what cannot be painted does not keep the others waiting.

    Raises ReverieError before any work for what is wrong with all, and at the end when some could not be painted.
    """
    folder: Path = options.output
    jobs.resolve(recipe, options.device)
    found = photos.found(options.photos, folder)
    _make(folder)
    manifest = Manifest(folder, recipe, pictures, options.size)
    todo = [photo for photo in found if not manifest.is_done(photo)]
    failed, begun = 0, time.monotonic()
    with Console(as_json=options.json, keeps=False) as console:
        for index, (photo, content) in enumerate(_read_ahead(todo, options.size)):
            report = part_of(console.report, index, len(todo), begun)
            try:
                own = content.result()
                result = render.render(recipe, own, pictures, device=options.device, report=report)
            except ReverieError as error:
                if error.field not in _OF_THE_PHOTO:
                    raise
                failed += 1
                manifest.note_failed(photo, error)
                told = Sentence("{photo}: {reason}", {"photo": str(photo.file), "reason": error.message})
                console.report(Warning_(told))
                continue
            _make((folder / photo.name).parent)
            images.write(folder / photo.name, result.picture, _kept(photo, options), options.depth)
            manifest.note_done(photo, result.seconds)
            console.painted(folder / photo.name, photo.file, result)
            estimate.learn(result, own, options.device)
        count, before = len(todo) - failed, len(found) - len(todo)
        if failed:
            raise ReverieError(
                f"{failed} of {len(found)} photos could not be painted: “{folder / NAME}” says why of each. The same "
                "command tries them again, and leaves the others as they are."
            )
        said = f"{count} photos painted" + (f", {before} were painted before" if before else "")
        console.done(folder, said, photos=count, painted_before=before)


def _read_ahead(todo: Sequence[Photo], size: int | None) -> Iterator[tuple[Photo, Future[Picture]]]:
    """The photos, each with its picture, or the error that reading it raised; while one is worked on, the next is
    read."""
    with ThreadPoolExecutor(1) as reader:
        coming = [reader.submit(photos.read, photo.file, size) for photo in todo[:1]]
        for index, photo in enumerate(todo):
            content = coming.pop()
            coming = [reader.submit(photos.read, after.file, size) for after in todo[index + 1 : index + 2]]
            yield photo, content


def _kept(photo: Photo, options: argparse.Namespace) -> Kept:
    """What the result keeps of the photo's file."""
    return Kept() if options.strip else images.kept(photo.file)


def _make(folder: Path) -> None:
    """Makes the folder for results. Raises ReverieError where no file can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReverieError(f"The folder “{folder}” cannot be made: {error.strerror or error}.", "output") from error
    images.check_folder(folder)
