"""How much painted films flicker, and what keeping them steady costs: the first frames of films, or of what is made of
photos, painted singly and as `reverie film` paints them."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable
from pathlib import Path

from reverie.api import read_pictures
from reverie.engine import render
from reverie.film import steady, video
from reverie.film.steady import Steady
from reverie.film.video import Frame
from reverie.pictures import images
from reverie.recipe import Recipe

from tests.benchmarks import moving

_FRAMES = 24
_RECIPE = {"style": "strokes", "method": "instant"}


def report(files: list[Path], size: int, device: str) -> None:
    """Prints a row for each film, or photo, at a longest side of `size` pixels. Raises ReverieError for what is
    neither."""
    recipe = Recipe.parse(_RECIPE)
    pictures, paint = read_pictures(recipe), functools.partial(render.render, device=device)
    print(f"{'film':24} {'seen':>8} {'singly':>8} {'steady':>8} {'ratio':>6} {'s singly':>9} {'s steady':>9}")
    for file in files:
        frames = _frames(file, size)
        state = Steady()
        singly, alone = _timed(frames, lambda frame: steady.paint(recipe, frame, pictures, Steady(), paint))
        kept, together = _timed(frames, lambda frame: steady.paint(recipe, frame, pictures, state, paint))  # noqa: B023
        seen, before, after = (steady.flicker(frames, results) for results in (frames, singly, kept))
        row = f"{file.name:24} {seen:8.4f} {before:8.4f} {after:8.4f} {after / max(before, 1e-9):6.2f}"
        print(f"{row} {alone:9.2f} {together:9.2f}", flush=True)


def _frames(file: Path, size: int) -> list[Frame]:
    if images.has_format(file):
        return moving.film(images.read(file), size, _FRAMES)
    return list(itertools.islice(video.frames(video.examine(file, size)), _FRAMES))


def _timed(frames: list[Frame], paint: Callable[[Frame], Frame]) -> tuple[list[Frame], float]:
    """What is painted of frames, and the seconds that each took, the first not counted."""
    results, begun = [paint(frames[0])], time.monotonic()
    results += [paint(frame) for frame in frames[1:]]
    return results, (time.monotonic() - begun) / max(1, len(frames) - 1)
