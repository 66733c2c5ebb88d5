"""Many photos painted into a folder, as one recipe says."""

from __future__ import annotations

import argparse
import errno
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reverie import job as jobs
from reverie.cli import photos, pools
from reverie.cli.console import Console
from reverie.cli.manifest import NAME, Manifest
from reverie.cli.photos import Photo
from reverie.cli.whole import Whole
from reverie.engine import render
from reverie.errors import ReverieError, Sentence
from reverie.events import Event, Warning_
from reverie.pictures import images
from reverie.pictures.encoded import Depth
from reverie.pictures.kept import Kept
from reverie.pictures.picture import Picture
from reverie.recipe import MadeWith, Recipe
from reverie.tools import estimate

_OF_THE_PHOTO = ("content", "size")  # the fields of errors that another photo need not have
_TAKES_NO_MORE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # what every further result would meet, too
_NAMED = 3  # names in a warning


@dataclass(frozen=True)
class Way:
    """How all are painted. `learns` is whether estimates may learn from it: where nobody else paints on the machine."""

    recipe: Recipe
    pictures: Mapping[str, Picture]
    depth: Depth
    device: str
    learns: bool


@dataclass(frozen=True)
class Task:
    """One photo: the name of its result, its picture once it is asked for, and what the result keeps of its file."""

    name: Path
    content: Callable[[], Picture]
    kept: Kept


@dataclass(frozen=True)
class Painted:
    """The bytes of the result's file; in how many seconds, and with what, it was painted."""

    data: bytes
    seconds: float
    made_with: MadeWith | None


def paint(recipe: Recipe, pictures: Mapping[str, Picture], options: argparse.Namespace) -> None:
    """Paints photos into a folder, each result there as soon as it is done, and lists them in a file beside them. What
    an earlier run has done as this one would is left as it is; a photo that cannot be painted, or whose result cannot
    be written, does not keep the others waiting.

    Raises ReverieError before any work for what is wrong with all; as soon as no further result can be written; and at
    the end when some could not be painted.
    """
    folder: Path = options.output
    jobs.resolve(recipe, "auto" if options.cluster else options.device)
    found = photos.found(options.photos, folder)
    _check_formats(found, options)
    left_out = photos.left_out(options.photos, folder)
    _make(folder)
    manifest = Manifest(folder, recipe, pictures, options.size)
    todo = [photo for photo in found if not manifest.is_done(photo)]
    way = Way(recipe, pictures, options.depth, options.device, learns=options.cluster is None)
    failed = 0
    with (
        Console(as_json=options.json, keeps=False) as console,
        pools.opened(options.cluster, way, recipe, options.device, len(todo), console.report) as pool,
    ):
        if left_out:
            manifest.note_left_out(left_out)
            _tell_left_out(left_out, folder, console)
        whole = Whole(console.report, len(todo))
        read = functools.partial(_read, options=options, report=console.report)
        for photo, painted in pool.map(paint_one, todo, read, whole.tell):
            whole.note_done(photo)
            try:
                if isinstance(painted, ReverieError):
                    raise painted
                _write(photo, painted.data, options)
            except ReverieError as error:
                if error.field not in _OF_THE_PHOTO:
                    raise
                failed += 1
                manifest.note_failed(photo, error)
                told = Sentence("{photo}: {reason}", {"photo": str(photo.file), "reason": error.message})
                console.report(Warning_(told))
                continue
            manifest.note_done(photo, painted.seconds, painted.made_with)
            console.painted(folder / photo.name, photo.file, painted.seconds)
        count, before = len(todo) - failed, len(found) - len(todo)
        if failed:
            raise ReverieError(
                f"{failed} of {len(found)} photos could not be painted: “{folder / NAME}” says why of each. The same "
                "command tries them again, and leaves the others as they are."
            )
        said = f"{count} photos painted" + (f", {before} were painted before" if before else "")
        console.done(folder, said, photos=count, painted_before=before, left_out=len(left_out))


def paint_one(way: Way, task: Task, report: Callable[[Event], None]) -> Iterator[Painted]:
    """Paints one photo, here or on a machine of a cluster. Raises ReverieError."""
    content = task.content()
    result = render.render(way.recipe, content, way.pictures, device=way.device, report=report)
    if way.learns:
        estimate.learn(result, content, way.device)
    try:
        data = images.encode(task.name, result.picture, task.kept, way.depth)
    except ReverieError as error:  # its kind of file has no room for it
        raise ReverieError(error.message, "content") from error
    yield Painted(data, result.seconds, result.recipe.made_with)


def _read(photo: Photo, options: argparse.Namespace, report: Callable[[Event], None]) -> Task:
    """A photo from its file. For another machine it stays packed, and is unpacked there."""
    content: Callable[[], Picture]
    if options.cluster:
        content = functools.partial(photos.unpacked, photo.file, photos.load(photo.file), options.size)
    else:
        picture = photos.read(photo.file, options.size)
        content = lambda: picture  # noqa: E731
    return Task(photo.name, content, Kept() if options.strip else photos.kept(photo.file, report))


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


def _write(photo: Photo, data: bytes, options: argparse.Namespace) -> None:
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
        images.save(file, data)
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
