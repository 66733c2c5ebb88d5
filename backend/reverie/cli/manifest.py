"""The list of what was made of each photo in a folder: what is done is not done again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reverie.cli.photos import Photo
from reverie.errors import ReverieError
from reverie.files import replace_with
from reverie.pictures.picture import Picture
from reverie.recipe import MadeWith, Recipe

NAME = "reverie.json"
"""The file in the folder: {"photos": {NAME: {"photo", "made_of", "seconds", "made_with"} or {"photo", "failed"}}}, and
with {"left_out": {PHOTO: KIND}} the pictures that are not read."""


class Manifest:
    """The list in a folder, for one way to paint: a recipe, its pictures, and the longest side of the results."""

    def __init__(self, folder: Path, recipe: Recipe, pictures: Mapping[str, Picture], size: int | None) -> None:
        """Raises ReverieError for a file of that name that is no such list."""
        self._folder, self._file = folder, folder / NAME
        self._photos: dict[str, dict[str, Any]] = self._read()
        self._left_out: dict[str, str] = {}
        way = hashlib.blake2b(f"{recipe.model_dump_json()} {size}".encode())
        for name, picture in sorted(pictures.items()):
            way.update(f"{name} {picture.shape}".encode() + picture.tobytes())
        self._way = way.hexdigest()[:32]

    def is_done(self, photo: Photo) -> bool:
        """Whether the photo as it is now was painted in this way, and the result is still there."""
        entry = self._photos.get(photo.name.as_posix(), {})
        made_of = entry.get("made_of")
        return made_of is not None and made_of == self._made_of(photo) and (self._folder / photo.name).exists()

    def note_done(self, photo: Photo, seconds: float, made_with: MadeWith | None) -> None:
        """Notes a photo whose result is there, in how many seconds it was painted, and with what. Raises ReverieError
        when it cannot be written down."""
        how = {} if made_with is None else {"made_with": made_with.model_dump(mode="json")}
        self._note(photo, {"made_of": self._made_of(photo), "seconds": round(seconds, 2), **how})

    def note_failed(self, photo: Photo, error: ReverieError) -> None:
        """Notes why a photo has no result."""
        self._note(photo, {"failed": error.message})

    def note_left_out(self, files: Mapping[Path, str]) -> None:
        """Notes the pictures that are not painted since their kind is not read, with the kind of each."""
        self._left_out = {str(file): kind for file, kind in files.items()}
        self._write()

    def _note(self, photo: Photo, entry: dict[str, Any]) -> None:
        self._photos[photo.name.as_posix()] = {"photo": str(photo.file), **entry}
        self._write()

    def _write(self) -> None:
        # A line a photo: the list is written anew with each, and json.dumps takes twice as long to indent it.
        lines = (f"{_json(name)}: {_json(entry)}" for name, entry in self._photos.items())
        left_out = f', "left_out": {_json(self._left_out)}' if self._left_out else ""
        text = '{"photos": {\n' + ",\n".join(lines) + "\n}" + left_out + "}\n"
        replace_with(self._file, lambda part: part.write_bytes(text.encode("utf-8", "backslashreplace")))

    def _made_of(self, photo: Photo) -> str | None:
        """What stands for a way of painting and a photo as it lies there; None for one that does not."""
        try:
            state = photo.file.stat()
        except OSError:
            return None
        return f"{self._way}-{state.st_size}-{state.st_mtime_ns}"

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            photos = json.loads(self._file.read_bytes())["photos"]
            return {str(name): dict(entry) for name, entry in photos.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise ReverieError(
                f"“{self._file}” is not a list of painted photos: {error}. Move it away, or choose another folder.",
                "output",
            ) from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
