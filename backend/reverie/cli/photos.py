"""Which photos a command is given, and where the result of each belongs."""

from __future__ import annotations

import contextlib
import glob
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reverie.errors import ReverieError, Sentence
from reverie.events import Event, Warning_
from reverie.pictures import images, kinds
from reverie.pictures.kept import Kept
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to

STREAM = Path("-")
"""In the place of a photo standard input, in the place of a result standard output."""


@dataclass(frozen=True)
class Photo:
    """A file, and what its result is called in the folder for the results."""

    file: Path
    name: Path


def is_one(words: Sequence[Path], output: Path) -> bool:
    """Whether these words mean one photo, and the output the file for it; else the output is a folder."""
    if STREAM in (*words, output):
        if len(words) > 1:
            raise ReverieError(
                "Standard input and output are for one photo; leave out “-”, or the other photos.", "content"
            )
        return True
    return len(words) == 1 and not words[0].is_dir() and not _is_pattern(words[0]) and not output.is_dir()


def found(words: Sequence[Path], folder: Path) -> list[Photo]:
    """The photos that files, folders (with all that is in them, but for what is hidden) and patterns stand for, each
    once. Those of a folder keep their places in it.

    Raises ReverieError for words that stand for none, for two results of one name, and for results that would take the
    place of a photo.
    """
    photos: dict[Path, Photo] = {}
    for word in words:
        own = list(_of(word, folder))
        if not own:
            raise _nothing_in(word, folder)
        for photo in own:
            photos.setdefault(photo.file.resolve(), photo)
    names: dict[Path, Path] = {}
    for file, photo in photos.items():
        other = names.setdefault(folder.resolve() / photo.name, photo.file)
        if other != photo.file:
            raise ReverieError(
                f"“{other}” and “{photo.file}” would both be painted into “{photo.name}”: name the folder that holds "
                "both, or paint them into two folders.",
                "output",
            )
        if folder.resolve() / photo.name in photos:
            raise ReverieError(
                f"The painted “{file.name}” would take the place of a photo; choose another folder than “{folder}”.",
                "output",
            )
    return list(photos.values())


def left_out(words: Sequence[Path], folder: Path) -> dict[Path, str]:
    """The pictures in the folders among these words that are of a kind which is not read, with the kind of each."""
    files = (file for word in words if word.is_dir() for file, _ in _inside(word, folder))
    return {file: kind for file in files if (kind := kinds.by_ending(file)) is not None}


def _nothing_in(word: Path, folder: Path) -> ReverieError:
    if others := sorted(set(left_out([word], folder).values())):
        return ReverieError(
            f"The pictures in “{word}” are of kinds that are not read ({', '.join(others)}): save them as PNG, JPEG or "
            "TIFF first.",
            "content",
        )
    return ReverieError(f"There is no picture in “{word}”; name files or folders that hold some.", "content")


def _of(word: Path, folder: Path) -> Iterator[Photo]:
    """What one word stands for."""
    if word.is_dir():
        yield from (Photo(file, inside) for file, inside in _inside(word, folder) if images.has_format(file))
    elif _is_pattern(word):
        files = map(Path, sorted(glob.glob(str(word), recursive=True)))
        yield from (Photo(file, _result_of(file)) for file in files if file.is_file())
    else:
        yield Photo(word, _result_of(word))


def _inside(word: Path, folder: Path) -> Iterator[tuple[Path, Path]]:
    """The files in a folder, and their places in it, but for what is hidden. Results of an earlier run are no
    photos."""
    results = folder.resolve()
    results_inside = word.resolve() in results.parents
    for file in sorted(word.rglob("*")):
        inside = file.relative_to(word)
        hidden = any(part.startswith(".") for part in inside.parts)
        is_result = results_inside and file.resolve().is_relative_to(results)
        if not hidden and not is_result and file.is_file():
            yield file, inside


def _result_of(file: Path) -> Path:
    return Path(file.name if images.has_format(file) else f"{file.name}.png")


def _is_pattern(word: Path) -> bool:
    return any(sign in str(word) for sign in "*?[") and not word.exists()


def read(file: Path, size: int | None) -> Picture:
    """The picture to work on, its longest side at most `size`. Raises ReverieError that names the field."""
    with _of_the_photo():
        if file == STREAM:
            return _shrunk(images.decode(sys.stdin.buffer.read()), size)
        data = images.load(file)
    return unpacked(file, data, size)


def load(file: Path) -> bytes:
    """The bytes of a photo's file. Raises ReverieError that names the field."""
    with _of_the_photo():
        return images.load(file)


def kept(file: Path, report: Callable[[Event], None]) -> Kept:
    """What the result keeps of a photo's file; a warning says what is too damaged for that. Raises ReverieError that
    names the field."""
    with _of_the_photo():
        kept = images.kept(file)
    if kept.is_damaged:
        report(Warning_(Sentence("{photo}: its EXIF is damaged, and left out of the result.", {"photo": str(file)})))
    return kept


def unpacked(file: Path, data: bytes, size: int | None) -> Picture:
    """What `read` gives of a file, from its bytes: the file itself may be on another machine."""
    with _of_the_photo(), images.naming(file):
        return _shrunk(images.decode(data), size)


def _shrunk(picture: Picture, size: int | None) -> Picture:
    return picture if size is None else shrink_to(picture, size)


@contextlib.contextmanager
def _of_the_photo() -> Iterator[None]:
    """What is wrong is wrong with the photo: the error names that field."""
    try:
        yield
    except ReverieError as error:
        raise ReverieError(error.message, "content") from error
