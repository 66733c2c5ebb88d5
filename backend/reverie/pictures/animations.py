"""Animations in and out: frames as files, or one animated file (GIF, WebP, APNG) with the time that each is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from reverie.errors import ReverieError
from reverie.files import replace_with
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to

ANIMATED = (".gif", ".webp", ".apng")
DURATION = 100  # milliseconds, where the frames do not say
_NO_FOLDERS = (".png", ".jpg", ".jpeg", ".mp4", ".mov", ".avi", ".mkv", ".webm")  # who names these wants a file
_MAX_BYTES = 4 << 30


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
        return Animation(paths, [DURATION] * len(paths))
    frames: list[NDArray[np.uint8]] = []
    durations = []
    try:
        with Image.open(paths[0], formats=images.FORMATS) as file:
            if getattr(file, "n_frames", 1) == 1:
                return Animation(paths, [DURATION])
            for frame in ImageSequence.Iterator(file):
                frames.append(np.asarray(frame.convert("RGBA")))
                durations.append(int(frame.info.get("duration", 0)) or DURATION)  # WebP knows it once it is decoded
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


def check_target(output: Path) -> None:
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
