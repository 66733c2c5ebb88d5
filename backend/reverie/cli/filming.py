"""Paints a film: a strip to look at first, then frame after frame, and at last the film itself."""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from reverie import job as jobs
from reverie.cli.console import Console
from reverie.cli.part import part_of
from reverie.engine import frames as animation
from reverie.engine import render
from reverie.errors import Sentence
from reverie.events import Event, Progress, Warning_
from reverie.film import steady, video
from reverie.film.steady import Steady
from reverie.film.strip import strip
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
    jobs.resolve(recipe, options.device)
    film = video.examine(options.film, options.size)
    output: Path = options.output
    video.check_target(film.file, output)
    unfinished = Unfinished(output, film, recipe, pictures)
    with Console(as_json=options.json, keeps=False) as console:
        if options.estimate or unfinished.count() == 0:
            _show(film, recipe, pictures, options, console)
        if options.estimate:
            return
        try:
            for number, frame in _painted(film, recipe, pictures, options.device, unfinished, console.report):
                unfinished.keep(number, frame)
        except BaseException:
            count = unfinished.count()
            if not count:
                raise
            told = "{count} frames are painted; the same command goes on from there. They are in “{folder}”."
            console.report(Warning_(Sentence(told, {"count": count, "folder": str(unfinished.folder)})))
            raise
        count = unfinished.count()
        video.write(film, (unfinished.frame(number) for number in range(count)), output)
        unfinished.remove()
        console.done(output, "1 frame" if count == 1 else f"{count} frames", frames=count)


def _show(
    film: Film, recipe: Recipe, pictures: Mapping[str, Picture], options: argparse.Namespace, console: Console
) -> None:
    """Paints a strip of a few frames beside the film that is to be, and says how long all of them will take."""
    paint = functools.partial(render.render, device=options.device, report=_but_progress(console.report))
    picture, seconds = strip(film, lambda frame: paint(recipe, frame, pictures).picture)
    file = options.output.with_name(f"{options.output.stem}-preview.jpg")
    images.write(file, picture)
    if animation.goes_on(recipe):
        seconds *= animation.ITERATIONS
    console.foreseen(film.count * seconds, film.count, film.width, film.height, file)


def _but_progress(report: Callable[[Event], None]) -> Callable[[Event], None]:
    return lambda event: None if isinstance(event, Progress) else report(event)


def _painted(
    film: Film,
    recipe: Recipe,
    pictures: Mapping[str, Picture],
    device: str,
    unfinished: Unfinished,
    report: Callable[[Event], None],
) -> Iterator[tuple[int, Frame]]:
    """The frames that are not painted yet, by their numbers from 0; each goes on from those before."""
    first = unfinished.count()
    known, begun = steady.known_from(first), time.monotonic()
    state = Steady(known)
    for number, frame in enumerate(video.frames(film)):
        if known <= number < first:
            state.note(frame, unfinished.frame(number))
        elif number >= first:
            told = part_of(report, number - first, max(film.count, number + 1) - first, begun)
            paint = functools.partial(render.render, device=device, report=told)
            yield number, steady.paint(recipe, frame, pictures, state, paint)
