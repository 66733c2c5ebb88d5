"""Animations on the command line: frames in, as files or as one animated file, and painted frames out.

How a frame goes on from the one before is in `backend/engine/frames.py`.
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from reverie.cli.console import Console
from reverie.engine import render
from reverie.errors import ReverieError, Sentence
from reverie.events import Event, Progress, Warning_
from reverie.files import replace_with
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to
from reverie.recipe import Before, Recipe

ANIMATED = (".gif", ".webp", ".apng")
_NO_FOLDERS = (".png", ".jpg", ".jpeg", ".mp4", ".mov", ".avi", ".mkv", ".webm")  # who names these wants a file
_DURATION = 100  # milliseconds, where the frames do not say
_MAX_BYTES = 4 << 30
_BEFORE = Before(content="the frame before", result="the result before")


@dataclass(frozen=True)
class Animation:
    """Frames as they lie in memory (8 bits, H×W×3 or 4) or on disk, and how long each is seen, in milliseconds."""

    frames: Sequence[Path | NDArray[np.uint8]]
    durations: Sequence[int]

    def frame(self, index: int, size: int | None) -> Picture:
        """A frame as a picture, with the longest side `size` at most. Raises ReverieError when it cannot be read."""
        frame = self.frames[index]
        picture = images.read(frame) if isinstance(frame, Path) else frame.astype(np.float32) / np.float32(255)
        return picture if size is None else shrink_to(picture, size)


def read(paths: Sequence[Path]) -> Animation:
    """The animation in files, one for each frame, or one that holds them all (GIF, WebP, APNG).

    Raises ReverieError for what is no picture.
    """
    images.read(paths[0])  # says what is wrong with a file
    if len(paths) > 1 or paths[0].suffix.lower() not in (*ANIMATED, ".png"):
        return Animation(paths, [_DURATION] * len(paths))
    frames: list[NDArray[np.uint8]] = []
    durations = []
    try:
        with Image.open(paths[0], formats=images.FORMATS) as file:
            if getattr(file, "n_frames", 1) == 1:
                return Animation(paths, [_DURATION])
            for frame in ImageSequence.Iterator(file):
                frames.append(np.asarray(frame.convert("RGBA")))
                durations.append(int(frame.info.get("duration", 0)) or _DURATION)  # WebP knows it once it is decoded
                if sum(each.nbytes for each in frames) > _MAX_BYTES:
                    raise ReverieError(
                        f"“{paths[0]}” has too many frames for the memory; give a part of them as files."
                    )
    except (ReverieError, MemoryError):
        raise
    except Exception as error:  # of a damaged file, Pillow's decoders raise whatever comes
        raise ReverieError(f"“{paths[0]}” is damaged: {error}.") from error
    if all(bool((frame[:, :, 3] == 255).all()) for frame in frames):
        frames = [np.ascontiguousarray(frame[:, :, :3]) for frame in frames]
    return Animation(frames, durations)


def write(path: Path, frames: Sequence[NDArray[np.uint8]], durations: Sequence[int]) -> None:
    """Writes an animated file that runs for ever. A file that was there stays until the new one is complete. Raises
    ReverieError when it cannot be written."""
    mode = "RGBA" if any(frame.shape[2] == 4 for frame in frames) else "RGB"  # Pillow drops alpha that comes later
    pictures = [Image.fromarray(frame).convert(mode) for frame in frames]
    kind = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG"}[path.suffix.lower()]
    options: dict[str, int] = {"WEBP": {"lossless": 1}, "GIF": {"disposal": 2}, "PNG": {}}[kind]
    if mode == "RGBA":
        # WebP: whole frames; cut to what is opaque in them, they would pass for pictures without alpha. GIF: where the
        # first frame is opaque, the optimised palette has no transparency for those after it.
        options |= {"WEBP": {"kmax": 1}, "GIF": {"optimize": 0}, "PNG": {}}[kind]

    def save(part: Path) -> None:
        pictures[0].save(
            part, kind, save_all=True, append_images=pictures[1:], duration=list(durations), loop=0, **options
        )

    replace_with(path, save)


def paint(
    recipe: Recipe,
    animation: Animation,
    pictures: Mapping[str, Picture],
    output: Path,
    console: Console,
    *,
    size: int | None,
    device: str,
    zoom: float,
    count: int,
) -> int:
    """Paints an animation into `output`, a folder or an animated file, and returns how many frames there are.

    Each goes on from the last: with `zoom` 1, frame by frame; else `count` frames from one picture, each the last one
    enlarged by `zoom`. What is painted when the person at the keyboard asks to finish, or when a frame fails, is kept;
    in a folder, each frame is there as soon as it is done.
    """
    if zoom > 1 and len(animation.frames) > 1:
        raise ReverieError("A zoom goes on from one picture; give only one.")
    total = count if zoom > 1 else len(animation.frames)
    durations = animation.durations if zoom == 1 else [_DURATION] * total
    animated = output.suffix.lower() in ANIMATED
    _check_target(output)
    done: list[NDArray[np.uint8]] = []  # for an animated file
    number = 0
    try:
        for picture in _painted(recipe, animation, pictures, console, size, device, zoom, total):
            number += 1
            if animated:
                done.append((picture * 255).round().astype(np.uint8))
            else:
                images.write(output / f"{number:04}.png", picture)
    except Exception:
        if done:
            _keep(output, done, durations)
            told = Sentence(
                "The frames before, {count} of them, are in “{file}”.", {"count": number, "file": str(output)}
            )
            console.report(Warning_(told))
        raise
    if animated:
        _keep(output, done, durations)
    return number


def _painted(
    recipe: Recipe,
    animation: Animation,
    pictures: Mapping[str, Picture],
    console: Console,
    size: int | None,
    device: str,
    zoom: float,
    total: int,
) -> Iterator[Picture]:
    """The painted frames, up to the one at which the person at the keyboard asks to finish."""
    content = last = animation.frame(0, size)
    begun = time.monotonic()
    for index in range(total):
        step, own = recipe, {**pictures}
        if index > 0 and zoom > 1:
            step, content = recipe.model_copy(update={"zoom": zoom, "seed": recipe.seed + index}), last
        elif index > 0:
            own |= {_BEFORE.content: content, _BEFORE.result: last}
            step, content = recipe.model_copy(update={"before": _BEFORE}), animation.frame(index, size)
        report = _of_all(console.report, index, total, begun)
        last = render.render(step, content, own, device=device, report=report, adjust=console.adjust).picture
        yield last
        if console.adjust() is not None:  # finish with what there is
            break


def _keep(output: Path, frames: Sequence[NDArray[np.uint8]], durations: Sequence[int]) -> None:
    """Writes an animated file; where that fails, another elsewhere, since hours may have gone into the frames. Raises
    ReverieError, which then says where that is."""
    try:
        write(output, frames, durations[: len(frames)])
    except ReverieError as error:
        try:
            spare = Path(tempfile.mkdtemp(prefix="reverie-")) / "frames.apng"  # it holds pictures of any size, exactly
            write(spare, frames, durations[: len(frames)])
        except (OSError, ReverieError):
            raise error from None
        raise ReverieError(f"{error.message} The painted frames are in “{spare}”.", error.field) from error


def _of_all(report: Callable[[Event], None], index: int, total: int, begun: float) -> Callable[[Event], None]:
    """Events of one frame, told as those of all: progress counts frames."""

    def tell(event: Event) -> None:
        if isinstance(event, Progress):
            fraction = (index + event.fraction) / total
            left = (time.monotonic() - begun) * (1 - fraction) / fraction
            event = dataclasses.replace(event, fraction=fraction, seconds_left=left)
        report(event)

    return tell


def _check_target(output: Path) -> None:
    """Makes the folder for an animation. Raises ReverieError for what is neither an animated file that can be written
    nor a folder, before any work goes into the frames."""
    animated = output.suffix.lower() in ANIMATED
    if animated and output.is_dir():
        raise ReverieError(f"“{output}” is a folder; name a file in it for the result.", "output")
    if output.suffix.lower() in _NO_FOLDERS and not animated and not output.is_dir():
        raise ReverieError(
            f"“{output.name}” is no animation that can be written: name a {', '.join(ANIMATED)} file, or a folder for "
            "a picture of each frame.",
            "output",
        )
    folder = output.parent if animated else output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReverieError(f"The folder “{folder}” cannot be made: {error.strerror or error}.", "output") from error
    images.check_folder(folder)
