"""Animations on the command line: frames in, as files or as one animated file, and painted frames out.

How a frame goes on from the one before is in `backend/engine/frames.py`.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from backend import images
from backend.console import Console
from backend.engine import render
from backend.engine.events import Event, Progress
from backend.engine.resize import shrink_to
from backend.errors import ReverieError
from backend.images import Picture
from backend.recipe import Before, Recipe

ANIMATED = (".gif", ".webp", ".apng")
_DURATION = 100  # milliseconds, where the frames do not say
_MAX_FRAMES = 10_000
_BEFORE = Before(content="the frame before", result="the result before")


def read(paths: Sequence[Path]) -> tuple[list[Picture], list[int]]:
    """The frames in files, and how long each is seen, in milliseconds. One file may hold them all (GIF, WebP, APNG).

    Raises ReverieError for what is no picture.
    """
    if len(paths) > 1:
        return [images.read(path) for path in paths], [_DURATION] * len(paths)
    first = images.read(paths[0])  # says what is wrong with a file
    try:
        with Image.open(paths[0]) as file:
            if getattr(file, "n_frames", 1) == 1 or paths[0].suffix.lower() not in (*ANIMATED, ".png"):
                return [first], [_DURATION]
            frames, durations = [], []
            for frame in ImageSequence.Iterator(file):
                frames.append(np.asarray(frame.convert("RGBA")).astype(np.float32) / np.float32(255))
                durations.append(int(frame.info.get("duration", 0)) or _DURATION)  # WebP knows it once it is decoded
                if len(frames) * frame.width * frame.height > images.MAX_PIXELS * 10 or len(frames) > _MAX_FRAMES:
                    raise ReverieError(
                        f"“{paths[0]}” has too many frames for the memory; give a part of them as files."
                    )
    except (OSError, ValueError, SyntaxError) as error:
        raise ReverieError(f"“{paths[0]}” is damaged: {error}.") from error
    if all(bool((frame[:, :, 3] == 1).all()) for frame in frames):
        frames = [np.ascontiguousarray(frame[:, :, :3]) for frame in frames]
    return frames, durations


def write(path: Path, frames: Sequence[Picture], durations: Sequence[int]) -> None:
    """Writes an animated file that runs for ever. Raises ReverieError when it cannot be written."""
    pictures = [Image.fromarray((frame * 255).round().astype(np.uint8)) for frame in frames]
    kind = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG"}[path.suffix.lower()]
    options = {"lossless": True} if kind == "WEBP" else {"disposal": 2} if kind == "GIF" else {}
    try:
        pictures[0].save(
            path, kind, save_all=True, append_images=pictures[1:], duration=list(durations), loop=0, **options
        )
    except OSError as error:
        raise ReverieError(f"“{path}” cannot be written: {error.strerror or error}.") from error


def paint(
    recipe: Recipe,
    paths: Sequence[Path],
    pictures: Mapping[str, Picture],
    output: Path,
    console: Console,
    *,
    size: int | None,
    device: str,
    zoom: float,
    count: int,
) -> int:
    """Paints frames into `output`, a folder or an animated file, and returns how many there are.

    Each goes on from the last: with `zoom` 1, frame by frame of `paths`; else `count` frames from one picture, each the
    last one enlarged by `zoom`. What is painted when the person at the keyboard asks to finish is kept; in a folder,
    each frame is there as soon as it is done.
    """
    contents, durations = read(paths)
    if zoom > 1 and len(contents) > 1:
        raise ReverieError("A zoom goes on from one picture; give only one.")
    if size is not None:
        contents = [shrink_to(content, size) for content in contents]
    total = count if zoom > 1 else len(contents)
    animated = output.suffix.lower() in ANIMATED
    _make_folder(output.parent if animated else output)
    done: list[Picture] = []
    begun = time.monotonic()
    for index in range(total):
        content = done[-1] if zoom > 1 and done else contents[min(index, len(contents) - 1)]
        own = {**pictures}
        step = recipe
        if done and zoom > 1:
            step = recipe.model_copy(update={"zoom": zoom, "seed": recipe.seed + index})
        elif done:
            step = recipe.model_copy(update={"before": _BEFORE})
            own = {**pictures, _BEFORE.content: contents[index - 1], _BEFORE.result: done[-1]}
        result = render.render(
            step,
            content,
            own,
            device=device,
            report=_of_all(console.report, index, total, begun),
            adjust=console.adjust,
        )
        done.append(result.picture)
        if not animated:
            images.write(output / f"{index + 1:04}.png", result.picture)
        if console.adjust() is not None:  # finish with what there is
            break
    if animated:
        write(output, done, (durations * total)[: len(done)])
    return len(done)


def _of_all(report: Callable[[Event], None], index: int, total: int, begun: float) -> Callable[[Event], None]:
    """Events of one frame, told as those of all: progress counts frames."""

    def tell(event: Event) -> None:
        if isinstance(event, Progress):
            fraction = (index + event.fraction) / total
            left = (time.monotonic() - begun) * (1 - fraction) / fraction
            event = dataclasses.replace(event, fraction=fraction, seconds_left=left)
        report(event)

    return tell


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReverieError(f"The folder “{folder}” cannot be made: {error.strerror or error}.") from error
