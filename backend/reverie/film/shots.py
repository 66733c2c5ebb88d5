"""A film in parts that are painted side by side: shots, as far as a glance tells them apart."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from reverie.engine import render
from reverie.events import Event
from reverie.film import steady, video
from reverie.film.steady import NotPainted, Steady
from reverie.film.unfinished import Unfinished, packed
from reverie.film.video import Film, Frame
from reverie.pictures.picture import Picture
from reverie.recipe import Recipe

_WIDTH, _HEIGHT = 32, 18  # pixels of the thumbnails that are compared
_CUT = 20  # of 255: the mean difference of two neighbours between which there may be a cut
_SHORTEST = 12  # frames


@dataclass(frozen=True)
class Shot:
    """Frames from the number `start` on, and before `stop`; None is the end of the film."""

    start: int
    stop: int | None

    def is_painted(self, unfinished: Unfinished) -> bool:
        """Whether all of it is there; where the film ends is not known."""
        return self.stop is not None and unfinished.missing(self.start) >= self.stop


WHOLE = Shot(0, None)


def found(film: Film) -> Iterator[Shot]:
    """The shots of a film, in their order. A cut too many costs time and changes nothing: whoever paints what comes
    after it sees that it goes on from what was before. Raises ReverieError where the film is damaged."""
    start, number, before = 0, 0, None
    for number, thumbnail in enumerate(video.thumbnails(film, _WIDTH, _HEIGHT)):
        seen = thumbnail.astype(np.float32)
        if before is not None and number - start >= _SHORTEST and np.abs(seen - before).mean() > _CUT:
            yield Shot(start, number)
            start = number
        before = seen
    yield Shot(start, number + 1)


@dataclass(frozen=True)
class Way:
    """How all frames are painted. `data` are the bytes of the film, for a machine that does not have its file."""

    film: Film
    recipe: Recipe
    pictures: Mapping[str, Picture]
    device: str
    data: NDArray[np.uint8] | None = None

    @functools.cached_property
    def source(self) -> BinaryIO | None:
        """The film's bytes in a file without a name, which is gone when this process is."""
        if self.data is None:
            return None
        file = tempfile.TemporaryFile()  # noqa: SIM115
        file.write(self.data.data)
        return file


@dataclass(frozen=True)
class Rest:
    """What is to be painted of a shot, from the frame `first` on, and the results before it that are known."""

    first: int
    stop: int | None
    known: Mapping[int, Frame]


def rest(shot: Shot, unfinished: Unfinished) -> Rest:
    """What is left of a shot. Raises ReverieError for a damaged frame."""
    first = unfinished.missing(shot.start)
    before = (number for number in range(steady.known_from(first), first) if unfinished.has(number))
    return Rest(first, shot.stop, {number: unfinished.frame(number) for number in before})


def paint(way: Way, task: Rest, report: Callable[[Event], None]) -> Iterator[tuple[int, bytes]]:
    """Paints frames, packed as they are kept, each with its number. Ends before one that goes on from a frame whose
    result is not known. Raises ReverieError."""
    known = steady.known_from(task.first)
    state = Steady(known)
    render_one = functools.partial(render.render, device=way.device, report=report)
    for number, frame in enumerate(video.frames(way.film, known, way.source), known):
        if number == task.stop:
            return
        if number < task.first:
            state.note(frame, task.known.get(number))
            continue
        try:
            painted = steady.paint(way.recipe, frame, way.pictures, state, render_one)
        except NotPainted:
            return
        yield number, packed(painted)
