"""Animations in and out: frames as files, or one file with all of them and the time that each is seen."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reverie.errors import ReverieError
from reverie.files import check_writable, replace_with
from reverie.pictures import images
from reverie.pictures.encoded import Depth, beside
from reverie.pictures.kept import Kept
from reverie.pictures.picture import Picture
from reverie.pictures.resize import fit, shrink_to

_KINDS = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG", ".avif": "AVIF", ".tif": "TIFF", ".tiff": "TIFF"}
_OPTIONS: dict[str, dict[str, Any]] = {
    "WEBP": {"lossless": 1},
    "GIF": {"disposal": 2},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}
ANIMATED = tuple(_KINDS)
"""The endings of the files that hold all frames of an animation."""
DURATION = 100  # milliseconds, where the frames do not say
_NO_FOLDERS = (".png", ".jpg", ".jpeg", ".bmp", ".npy", ".mp4", ".mov", ".avi", ".mkv", ".webm")  # files are meant
_FRAME = re.compile(r"\d{4,}\.png")
_MAX_BYTES = 4 << 30

Frame = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class Animation:
    """Frames as they lie in memory (8 or 16 bits, H×W×3 or 4) or on disk, how long each is seen, in milliseconds, and
    how often they are played; 0: for ever."""

    frames: Sequence[Path | Frame]
    durations: Sequence[int]
    plays: int = 0

    def frame(self, index: int, size: int | None) -> Picture:
        """A frame as a picture, with the longest side `size` at most. Raises ReverieError when it cannot be read."""
        frame = self.frames[index]
        picture = images.read(frame) if isinstance(frame, Path) else _picture(frame)
        return picture if size is None else shrink_to(picture, size)

    def check_sizes(self, size: int | None) -> None:
        """Raises ReverieError for frames that are not all of one size, when their longest side is `size` at most."""
        first = self._size(0, size)
        for index in range(1, len(self.frames)):
            if (other := self._size(index, size)) != first:
                frame = self.frames[index]
                raise ReverieError(
                    "The frames of an animation are of one size: the first has {width}×{height} pixels, and {frame} "
                    "has {other_width}×{other_height}. Scale or crop them first.",
                    "content",
                    width=first[0],
                    height=first[1],
                    frame=f"“{frame}”" if isinstance(frame, Path) else index + 1,
                    other_width=other[0],
                    other_height=other[1],
                )

    def _size(self, index: int, size: int | None) -> tuple[int, int]:
        frame = self.frames[index]
        width, height = images.size(frame) if isinstance(frame, Path) else (frame.shape[1], frame.shape[0])
        return (width, height) if size is None or max(width, height) <= size else fit(width, height, size)


def read(paths: Sequence[Path]) -> Animation:
    """The animation in files, one for each frame, or one that holds them all (GIF, WebP, APNG, AVIF, pages of a TIFF).

    Raises ReverieError for what is no picture.
    """
    if len(paths) > 1:
        return Animation(paths, [DURATION] * len(paths))
    with images.opened_file(paths[0]) as file:
        if file is None or file.count == 1:
            images.read(paths[0])  # says what is wrong with it
            return Animation(paths, [DURATION])
        frames: list[Frame] = []
        durations = []
        # told by the header, before anything is unpacked
        _check_fits(file.count * math.prod(file.shape) * (2 if file.is_deep else 1))
        for picture, duration in file.pictures():
            frames.append(_rounded(picture, file.is_deep))
            durations.append(round(duration) or DURATION)
            _check_fits(sum(each.nbytes for each in frames))
        plays = file.plays
    if all(frame.shape[2] == 4 and bool((frame[:, :, 3] == _white(frame)).all()) for frame in frames):
        frames = [np.ascontiguousarray(frame[:, :, :3]) for frame in frames]
    return Animation(frames, durations, plays)


def _white(frame: Frame) -> int:
    return 255 if frame.dtype == np.uint8 else 65535


def _picture(frame: Frame) -> Picture:
    scaled: Picture = frame.astype(np.float32) / np.float32(_white(frame))
    return scaled


def _rounded(picture: Picture, is_deep: bool) -> Frame:
    picture = picture.clip(0, 1)
    return np.rint(picture * 65535).astype(np.uint16) if is_deep else np.rint(picture * 255).astype(np.uint8)


def _check_fits(size: int) -> None:
    if size > _MAX_BYTES:
        raise ReverieError("It has too many frames for the memory; give a part of them as files.")


def write(path: Path, animation: Animation, kept: Kept | None = None) -> None:
    """Writes an animation whose frames are in memory, of 8 bits, as one file, sRGB, with what is kept. A file that was
    there stays until the new one is complete. Raises ReverieError when it cannot be written."""
    frames = [frame for frame in animation.frames if not isinstance(frame, Path)]
    mode = "RGBA" if any(frame.shape[2] == 4 for frame in frames) else "RGB"  # Pillow drops alpha that comes later
    pictures = [Image.fromarray(frame).convert(mode) for frame in frames]
    kind = _KINDS[path.suffix.lower()]
    options = beside(frames[0], kept or Kept(), kind) | {"duration": list(animation.durations)}
    options |= _OPTIONS.get(kind, {})
    if mode == "RGBA":
        # WebP: whole frames; cut to what is opaque in them, they would pass for pictures without alpha. GIF: where the
        # first frame is opaque, the optimised palette has no transparency for those after it.
        options |= {"WEBP": {"kmax": 1}, "GIF": {"optimize": 0}}.get(kind, {})
    if kind == "GIF":
        options |= {} if animation.plays == 1 else {"loop": max(0, animation.plays - 1)}
    else:
        options["loop"] = animation.plays

    def save(part: Path) -> None:
        pictures[0].save(part, kind, save_all=True, append_images=pictures[1:], **options)

    replace_with(path, save)


def check_target(output: Path, sources: Sequence[Path] = (), depth: Depth = 8) -> None:
    """Makes the folder for an animation. Raises ReverieError for what is neither an animated file that can be written
    nor a folder, for a file where 16 bits are asked for, for one of the sources, and for a folder that has frames
    already, before any work goes into these."""
    animated = output.suffix.lower() in ANIMATED
    if animated and depth == 16:
        raise ReverieError(
            f"An animation in one file, such as “{output.name}”, has 8 bits; for 16, name a folder for a .png of each "
            "frame.",
            "depth",
        )
    if animated and output.is_dir():
        raise ReverieError(f"“{output}” is a folder; name a file in it for the result.", "output")
    if output.suffix.lower() in _NO_FOLDERS and not animated and not output.is_dir():
        raise ReverieError(
            f"“{output.name}” is no animation that can be written: name a {', '.join(ANIMATED)} file, or a folder for "
            "a picture of each frame.",
            "output",
        )
    if animated:
        check_writable(output)
        if any(output.exists() and source.exists() and output.samefile(source) for source in sources):
            raise ReverieError(f"“{output}” is what is to be painted; choose another name for the result.", "output")
    elif output.is_dir():
        _check_has_no_frames(output)
    folder = output.resolve().parent if animated else output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReverieError(f"The folder “{folder}” cannot be made: {error.strerror or error}.", "output") from error
    images.check_folder(folder)


def _check_has_no_frames(folder: Path) -> None:
    old = sorted(path.name for path in folder.iterdir() if _FRAME.fullmatch(path.name))
    if old:
        raise ReverieError(
            f"“{folder}” has frames already, such as “{old[0]}”, and those of two animations would mix. Name another "
            "folder, or delete them first.",
            "output",
        )
