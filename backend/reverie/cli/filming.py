"""Paints a film: a strip to look at first, then frame after frame, and at last the film itself."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from reverie import job as jobs
from reverie.cli import pools
from reverie.cli.console import Console
from reverie.cli.pools import Pool
from reverie.cli.whole import Whole
from reverie.engine import frames as animation
from reverie.engine import render
from reverie.errors import ReverieError, Sentence
from reverie.events import Event, Progress, Warning_
from reverie.film import shots, strip, video
from reverie.film.shots import Shot, Way
from reverie.film.unfinished import Unfinished
from reverie.film.video import Film, Frame
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.recipe import Recipe


def carry_out(recipe: Recipe, pictures: Mapping[str, Picture], options: argparse.Namespace) -> None:
    """Paints the film that the options of a command name.

    Raises ReverieError for what is no film, or cannot be painted or written; the frames that are painted are then kept,
    as they are at Ctrl-C, and the same command goes on from there.
    """
    jobs.resolve(recipe, "auto" if options.cluster else options.device)
    film = video.examine(options.film, options.size)
    output: Path = options.output
    video.check_target(film.file, output)
    unfinished = Unfinished(output, film, recipe, pictures)
    way = Way(film, recipe, pictures, options.device, np.fromfile(film.file, np.uint8) if options.cluster else None)
    parts = shots.found(film) if options.cluster else [shots.WHOLE]
    with (
        Console(as_json=options.json, keeps=False) as console,
        pools.opened(options.cluster, way, recipe, options.device, film.count, console.report) as pool,
    ):
        if options.estimate or unfinished.total() == 0:
            _show(way, pool, output, console)
        if options.estimate:
            return
        try:
            _paint(film, parts, pool, unfinished, console.report)
        except BaseException:
            count = unfinished.total()
            if not count:
                raise
            told = "{count} frames are painted; the same command goes on from there. They are in “{folder}”."
            console.report(Warning_(Sentence(told, {"count": count, "folder": str(unfinished.folder)})))
            raise
        count = unfinished.missing()
        video.write(film, (unfinished.frame(number) for number in range(count)), output)
        unfinished.remove()
        console.done(output, "1 frame" if count == 1 else f"{count} frames", frames=count)


def _show(way: Way, pool: Pool, output: Path, console: Console) -> None:
    """Paints a strip of a few frames beside the film that is to be, and says how long all of them will take."""
    film, file = way.film, output.with_name(f"{output.stem}-preview.jpg")
    tell = _but_progress(console.report)
    for _, painted in pool.map(_paint_strip, [film], strip.frames, lambda _, event: tell(event)):
        if isinstance(painted, ReverieError):
            raise painted
        picture, seconds = painted
        images.write(file, picture)
        if animation.goes_on(way.recipe):
            seconds *= animation.ITERATIONS
        console.foreseen(film.count * seconds / pool.count, film.count, film.width, film.height, file)


def _paint_strip(way: Way, frames: list[Frame], report: Callable[[Event], None]) -> Iterator[tuple[Picture, float]]:
    paint = functools.partial(render.render, device=way.device, report=report)
    yield strip.strip(frames, lambda frame: paint(way.recipe, frame, way.pictures).picture)


def _but_progress(report: Callable[[Event], None]) -> Callable[[Event], None]:
    return lambda event: None if isinstance(event, Progress) else report(event)


def _paint(
    film: Film, parts: Iterable[Shot], pool: Pool, unfinished: Unfinished, report: Callable[[Event], None]
) -> None:
    """Paints the frames that are not there yet, and keeps them. What goes on from a shot that is not painted at that
    time waits for another round. Raises ReverieError."""
    whole = Whole(report, film.count - unfinished.total())
    while True:
        begun: list[Shot] = []
        todo = _todo(parts, unfinished, begun)
        for shot, painted in pool.map(shots.paint, todo, lambda shot: shots.rest(shot, unfinished), whole.tell):
            if isinstance(painted, ReverieError):
                raise painted
            number, data = painted
            unfinished.keep(number, data)
            whole.note_done(shot)
        parts = [shot for shot in begun if shot.stop is not None and not shot.is_painted(unfinished)]
        if not parts:
            return


def _todo(parts: Iterable[Shot], unfinished: Unfinished, begun: list[Shot]) -> Iterator[Shot]:
    """The shots that are not painted, each noted as it is begun."""
    for shot in parts:
        if not shot.is_painted(unfinished):
            begun.append(shot)
            yield shot
