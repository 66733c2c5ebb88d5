"""Many photos painted into a folder, as one recipe says."""

from __future__ import annotations

import argparse
import errno
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
_TAKES_NO_MORE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # what every further result would meet, too
_NAMED = 3  # names in a warning


def paint(recipe: Recipe, pictures: Mapping[str, Picture], options: argparse.Namespace) -> None:
    """Paints photos into a folder, each result there as soon as it is done, and lists them in a file beside them. What
    an earlier run has done as this one would is left as it is; a photo that cannot be painted, or whose result cannot
    be written, does not keep the others waiting.

    Raises ReverieError before any work for what is wrong with all; as soon as no further result can be written; and at
    the end when some could not be painted.
    """
    folder: Path = options.output
    jobs.resolve(recipe, options.device)
    found = photos.found(options.photos, folder)
    _check_formats(found, options)
    left_out = photos.left_out(options.photos, folder)
    _make(folder)
    manifest = Manifest(folder, recipe, pictures, options.size)
    todo = [photo for photo in found if not manifest.is_done(photo)]
    failed, begun = 0, time.monotonic()
    with Console(as_json=options.json, keeps=False) as console:
        if left_out:
            manifest.note_left_out(left_out)
            _tell_left_out(left_out, folder, console)
        for index, (photo, content) in enumerate(_read_ahead(todo, options.size)):
            report = part_of(console.report, index, len(todo), begun)
            try:
                own = content.result()
                result = render.render(recipe, own, pictures, device=options.device, report=report)
                _write(photo, result.picture, options)
            except ReverieError as error:
                if error.field not in _OF_THE_PHOTO:
                    raise
                failed += 1
                manifest.note_failed(photo, error)
                told = Sentence("{photo}: {reason}", {"photo": str(photo.file), "reason": error.message})
                console.report(Warning_(told))
                continue
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
        console.done(folder, said, photos=count, painted_before=before, left_out=len(left_out))


def _read_ahead(todo: Sequence[Photo], size: int | None) -> Iterator[tuple[Photo, Future[Picture]]]:
    """The photos, each with its picture, or the error that reading it raised; while one is worked on, the next is
    read."""
    with ThreadPoolExecutor(1) as reader:
        coming = [reader.submit(photos.read, photo.file, size) for photo in todo[:1]]
        for index, photo in enumerate(todo):
            content = coming.pop()
            coming = [reader.submit(photos.read, after.file, size) for after in todo[index + 1 : index + 2]]
            yield photo, content


def _check_formats(found: Sequence[Photo], options: argparse.Namespace) -> None:
    """Raises ReverieError when a result has no room for what is wanted in it."""
    for photo in found:
        try:
            images.check_format(photo.name, options.depth)
        except ReverieError as error:
            raise ReverieError(
                f"{error.message} Each result has its photo's kind of file: paint those that are .png or .tif by "
                "themselves, or leave out --depth.",
                error.field,
            ) from error


def _tell_left_out(files: Mapping[Path, str], folder: Path, console: Console) -> None:
    """A line for each kind of picture that is not read, with the first few names."""
    for kind in sorted(set(files.values())):
        names = [f"“{file}”" for file, its in files.items() if its == kind]
        more = f" and {len(names) - _NAMED} more, listed in “{folder / NAME}”" if len(names) > _NAMED else ""
        console.report(
            Warning_(
                Sentence(
                    "Left out, since files of this kind ({kind}) are not read: {names}. Save them as PNG, JPEG or TIFF "
                    "first.",
                    {"kind": kind, "names": ", ".join(names[:_NAMED]) + more},
                )
            )
        )


def _write(photo: Photo, picture: Picture, options: argparse.Namespace) -> None:
    """Puts a result into the folder. Raises ReverieError: of a field in `_OF_THE_PHOTO` when others can be written all
    the same."""
    folder: Path = options.output
    if not folder.is_dir():  # a drive that was taken out is not to be made as a folder of the system's disk
        raise ReverieError(
            f"The folder “{folder}” for the results is not there any more. When it is back, the same command goes on.",
            "output",
        )
    file = folder / photo.name
    try:
        _make(file.parent)
        images.write(file, picture, Kept() if options.strip else images.kept(photo.file), options.depth)
    except ReverieError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in _TAKES_NO_MORE:
            raise ReverieError(
                f"The disk that holds “{folder}” takes no more results ({error.__cause__.strerror}). Make room on it, "
                "and the same command goes on.",
                "output",
            ) from error
        raise ReverieError(error.message, "content") from error


def _make(folder: Path) -> None:
    """Makes the folder for results. Raises ReverieError where no file can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReverieError(f"The folder “{folder}” cannot be made: {error.strerror or error}.", "output") from error
    images.check_folder(folder)
