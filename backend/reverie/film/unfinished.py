"""Painted frames of a film that is not finished: in a folder beside it, from which the same command goes on."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from reverie.files import replace_with
from reverie.film.video import Film, Frame
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.recipe import Recipe


def packed(frame: Frame) -> bytes:
    """A frame as it is kept."""
    return images.encode_png(frame.astype(np.float32) / np.float32(255))


class Unfinished:
    """The frames painted of a film so far, for one way to paint it: whoever changes that begins anew, elsewhere."""

    def __init__(self, output: Path, film: Film, recipe: Recipe, pictures: Mapping[str, Picture]) -> None:
        state = film.file.stat()
        what = (recipe.model_dump_json(), film.width, film.height, state.st_size, state.st_mtime_ns)
        way = hashlib.blake2b(repr(what).encode())
        for name, picture in sorted(pictures.items()):
            way.update(f"{name} {picture.shape}".encode() + picture.tobytes())
        self.folder = output.with_name(f"{output.stem}-{way.hexdigest()[:8]}.frames")

    def total(self) -> int:
        """How many are there."""
        return sum(1 for _ in self.folder.glob("[0-9]*.png"))

    def missing(self, first: int = 0) -> int:
        """The number of the first frame that is not there, from this one on."""
        number = first
        while self.has(number):
            number += 1
        return number

    def has(self, number: int) -> bool:
        """Whether a frame is there."""
        return self._file(number).exists()

    def keep(self, number: int, data: bytes) -> None:
        """Puts a packed frame into the folder. Raises ReverieError when it cannot be written."""
        replace_with(self._file(number), lambda part: part.write_bytes(data))

    def frame(self, number: int) -> Frame:
        """A frame that is there, exactly as it was kept. Raises ReverieError for a damaged file."""
        frame: Frame = np.rint(images.read(self._file(number))[:, :, :3] * 255).astype(np.uint8)
        return frame

    def remove(self) -> None:
        """When the film is finished, they are not needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, number: int) -> Path:
        return self.folder / f"{number + 1:06}.png"
