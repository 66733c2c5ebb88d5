"""What a recipe needs besides its pictures and does not find on a machine where Reverie was just installed: weights of
networks that were fetched, fast styles of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reverie import job as jobs
from reverie.engine import loaded
from reverie.errors import ReverieError
from reverie.events import Event
from reverie.fast import styles
from reverie.files import replace_with
from reverie.networks.weights import catalogue
from reverie.recipe import Recipe

File = NDArray[np.uint8]
"""The bytes of a file, as an array: all workers of a machine share one copy of it."""


def file(path: Path) -> File:
    """The bytes of a file. Raises ReverieError when it cannot be read."""
    try:
        return np.fromfile(path, np.uint8)
    except OSError as error:
        raise ReverieError(f"“{path}” cannot be read: {error.strerror or error}.") from error


@dataclass(frozen=True)
class Luggage:
    """The weights of a network by its name, with what their file is called, and fast styles by theirs."""

    weights: Mapping[str, tuple[str, File]]
    styles: Mapping[str, File]

    def unpack(self) -> None:
        """Puts what is missing on this machine where it would be, had it been fetched or learnt here. Raises
        ReverieError for a fast style of that name that is another."""
        for name, (called, data) in self.weights.items():
            if catalogue.find(name) is None:
                _write(catalogue.cache() / called, data)
        for name, data in self.styles.items():
            path = styles.file_of(name)
            if not path.exists():
                _write(path, data)
            elif path.read_bytes() != data.tobytes():
                raise ReverieError(f"There is another fast style “{name}” there; remove it, or rename this one.")


def packed(recipe: Recipe, report: Callable[[Event], None]) -> Luggage:
    """What a recipe needs, fetched first where it is not on this machine either. Raises ReverieError."""
    network, own = jobs.resolve(recipe, "cpu").network, [use.name for use in recipe.fast]
    weights: dict[str, tuple[str, File]] = {}
    if recipe.method == "optimise" and (recipe.style or recipe.dream):
        loaded.fetch_weights(network, report)
        path = catalogue.find(network)
        assert path is not None  # it has just been fetched
        if path.parent != catalogue.BUNDLED:
            weights[network] = (path.name, file(path))
    return Luggage(weights, {name: file(styles.file_of(name)) for name in own if name not in styles.bundled()})


def _write(path: Path, data: File) -> None:
    replace_with(path, lambda part: part.write_bytes(data.tobytes()))
