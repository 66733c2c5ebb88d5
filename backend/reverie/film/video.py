"""Films in files: their frames, and painted frames with the sound, the times and the tags of the film they are from."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from reverie.errors import ReverieError
from reverie.files import replace_with
from reverie.pictures import animations, images
from reverie.pictures.resize import fit

Frame = NDArray[np.uint8]
"""A frame as it is seen, upright: height × width × 3, sRGB."""

_CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
_X264 = ("libx264", {"crf": "16", "preset": "medium"})  # strokes are what there is to see: much finer than usual
_VP9 = ("libvpx-vp9", {"crf": "24", "b": "0", "cpu-used": "4", "row-mt": "1"})


@dataclass(frozen=True)
class Film:
    """A film in a file: how many frames it has, its length in seconds, and the width and height, in pixels, in which
    its frames are read: even numbers, since most codecs hold colours for two by two pixels."""

    file: Path
    count: int
    seconds: float
    width: int
    height: int


def examine(file: Path, longest: int | None) -> Film:
    """The film in a file, to be read with the longest side `longest` at most. Raises ReverieError for what is none."""
    with _opened(file) as source:
        stream = _pictures(source)
        count, last = 0, 0
        for packet in source.demux(stream):
            if packet.size:
                count, last = count + 1, max(last, (packet.pts or 0) + (packet.duration or 0))
        seconds = float((last - (stream.start_time or 0)) * (stream.time_base or 0))
    with _opened(file) as source:
        height, width = _upright(_first(source, file)).shape[:2]
    if longest is not None and longest < max(width, height):
        width, height = fit(width, height, longest)
    return Film(file, count, seconds, max(2, width // 2 * 2), max(2, height // 2 * 2))


def frames(film: Film, first: int = 0, data: BinaryIO | None = None) -> Iterator[Frame]:
    """Its frames, from the one of this number on; out of its bytes, where the file is not on this machine. Raises
    ReverieError where it is damaged."""
    with _opened(film.file, data) as source:
        for number, frame in enumerate(_decoded(source, film)):
            if number >= first:
                yield _sized(_upright(frame), film, number)


def thumbnails(film: Film, width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """Its frames, grey and small: height × width. Raises ReverieError where the file is damaged."""
    with _opened(film.file) as source:
        for frame in _decoded(source, film):
            yield np.asarray(
                frame.to_ndarray(format="gray", width=width, height=height, interpolation="AREA"), np.uint8
            )


def frame_at(film: Film, share: float) -> Frame:
    """The frame from which decoding can begin, close before a part (0 to 1) of the film's length."""
    with _opened(film.file) as source:
        start = source.start_time or 0
        source.seek(start + round(share * film.seconds * av.time_base), backward=True)
        return _sized(_upright(_first(source, film.file)), film, 0)


def check_target(film: Path, output: Path) -> None:
    """Raises ReverieError for a file that `write` could not write, or that cannot hold the film's sound, before any
    work goes into it."""
    if output.suffix.lower() not in _CONTAINERS:
        raise ReverieError(
            f"“{output.name}” is no film that can be written: name a file that ends in {', '.join(_CONTAINERS)}.",
            "output",
        )
    if output.is_dir():
        raise ReverieError(f"“{output}” is a folder; name a file in it for the film.", "output")
    if not output.parent.is_dir():
        raise ReverieError(f"The folder “{output.parent}” for the film does not exist; make it first.", "output")
    images.check_folder(output.parent)
    if output.exists() and output.samefile(film):
        raise ReverieError("The painted film would take the place of the film; choose another name.", "output")
    with _opened(film) as source, av.open(os.devnull, "w", format=_container(output)) as target:
        for sound in source.streams.audio:
            if sound.codec_context.name not in target.supported_codecs:
                raise ReverieError(
                    f"The film's sound ({sound.codec_context.name}) does not go into a {output.suffix} file; name one "
                    "that ends in .mkv.",
                    "output",
                )


def write(film: Film, painted: Iterable[Frame], output: Path) -> None:
    """Puts painted frames, one for each of the film's, into a file: with the film's times, sound and colour tags. A
    file that was there stays until the new one is complete. Raises ReverieError."""

    def save(part: Path) -> None:
        try:
            with (
                _opened(film.file) as source,
                av.open(str(part), "w", format=_container(output)) as target,
            ):
                _write(source, target, film, iter(painted))
        except av.FFmpegError as error:
            raise ReverieError(f"“{output}” cannot be written: {error.strerror}.", "output") from error

    replace_with(output, save)


def _write(source: InputContainer, target: OutputContainer, film: Film, painted: Iterator[Frame]) -> None:
    seen, sounds = _pictures(source), source.streams.audio
    stream = _stream_like(seen, target, film)
    copies = {sound.index: target.add_stream_from_template(sound) for sound in sounds}
    target.metadata.update(source.metadata)
    last: int | None = None
    for packet in source.demux(seen, *sounds):
        if isinstance(packet.stream, AudioStream):
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
            continue
        for frame, picture in zip(packet.decode(), painted, strict=False):  # the latter, if it is longer, goes on
            assert isinstance(frame, av.VideoFrame)  # of such a stream
            made, at = _frame_like(frame, picture), frame.pts or 0
            made.pts = last = at if last is None else max(at, last + 1)
            target.mux(stream.encode(made))
    target.mux(stream.encode(None))


def _stream_like(seen: VideoStream, target: OutputContainer, film: Film) -> VideoStream:
    """A stream for painted frames, at the rate of the film's and with its tags."""
    codec, options = _VP9 if target.format.name == "webm" else _X264
    stream = target.add_stream(codec, rate=seen.average_rate, options=dict(options))
    assert isinstance(stream, VideoStream)  # as the codec says
    stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
    own, given = stream.codec_context, seen.codec_context
    assert seen.time_base is not None  # of a stream that is read
    own.time_base = seen.time_base
    own.color_primaries, own.color_trc = given.color_primaries, given.color_trc
    own.colorspace, own.color_range = given.colorspace, given.color_range
    return stream


def _frame_like(seen: av.VideoFrame, painted: Frame) -> av.VideoFrame:
    """A painted frame in the colour space of the one that was seen."""
    made = av.VideoFrame.from_ndarray(np.ascontiguousarray(painted), format="rgb24")
    made = made.reformat(format="yuv420p", dst_colorspace=seen.colorspace, dst_color_range=seen.color_range)
    made.time_base = seen.time_base
    return made


def _opened(file: Path, data: BinaryIO | None = None) -> InputContainer:
    """An open film, read from its bytes where they are given. Raises ReverieError for a file that is none."""
    try:
        with file.open("rb") if data is None else nullcontext(data) as given:
            given.seek(0)
            start = given.read(12)
            if start[:4] == b"RIFF" and start[8:] == b"WEBP":
                data = io.BytesIO(_unfolded(start + given.read(), file))
            elif data is not None:
                data.seek(0)
        source = av.open(str(file) if data is None else data, "r")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise ReverieError(f"“{file}” cannot be read as a film: {error.args[-1]}.", "content") from error
    if not source.streams.video:
        source.close()
        raise ReverieError(f"“{file}” has no pictures; name a film.", "content")
    _pictures(source).thread_type = "AUTO"
    return source


@functools.lru_cache(maxsize=1)  # one film is opened many times
def _unfolded(webp: bytes, file: Path) -> bytes:
    """An animated WebP, of which FFmpeg reads none, as a film without loss. Raises ReverieError where it is damaged."""
    try:
        return _as_film(webp)
    except (OSError, ValueError, EOFError, Image.DecompressionBombError) as error:  # what Pillow raises
        raise ReverieError(f"“{file}” is damaged or incomplete; save or copy it again.", "content") from error


def _as_film(webp: bytes) -> bytes:
    made = io.BytesIO()
    with Image.open(io.BytesIO(webp)) as image, av.open(made, "w", format="matroska") as target:
        image.load()  # its duration is not known before
        rate = Fraction(1000, round(image.info.get("duration", 0)) or animations.DURATION)
        stream = target.add_stream("ffv1", rate=rate)
        assert isinstance(stream, VideoStream)  # as the codec says
        stream.width, stream.height, stream.pix_fmt = image.width, image.height, "bgr0"
        stream.time_base = Fraction(1, 1000)
        at = 0
        for picture in ImageSequence.Iterator(image):
            frame = av.VideoFrame.from_ndarray(np.asarray(picture.convert("RGB")), format="rgb24")
            frame.pts, frame.time_base = at, stream.time_base
            at += round(picture.info.get("duration", 0)) or animations.DURATION
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return made.getvalue()


def _pictures(source: InputContainer) -> VideoStream:
    """The stream of the film itself: an animated AVIF has a still before it."""
    return max(source.streams.video, key=lambda stream: stream.frames)


def _first(source: InputContainer, file: Path) -> av.VideoFrame:
    try:
        frame = next(source.decode(_pictures(source)), None)
    except av.FFmpegError as error:
        raise ReverieError(f"“{file}” is damaged: {error.strerror}.", "content") from error
    if frame is None:
        raise ReverieError(f"“{file}” has no pictures; name a film.", "content")
    return frame


def _decoded(source: InputContainer, film: Film) -> Iterator[av.VideoFrame]:
    number = 0
    try:
        for frame in source.decode(_pictures(source)):
            yield frame
            number += 1
    except av.FFmpegError as error:
        raise ReverieError(f"“{film.file}” is damaged after frame {number}: {error.strerror}.", "content") from error


def _upright(frame: av.VideoFrame) -> Frame:
    """A frame as it is to be seen: phones tag how they were held. Raises ReverieError for colours that FFmpeg cannot
    convert."""
    try:
        lying = frame.to_ndarray(format="rgb24")
    except (av.FFmpegError, ValueError) as error:
        raise ReverieError(
            "The film's colours are of a rare kind that cannot be read; convert it to BT.709 first.", "content"
        ) from error
    return np.rot90(lying, round(frame.rotation / 90))


def _sized(frame: Frame, film: Film, number: int) -> Frame:
    """A frame in the film's size: reduced, or less a row or column of pixels."""
    height, width = frame.shape[:2]
    if film.width >= width - 1 and film.height >= height - 1:
        cut = np.ascontiguousarray(frame[: film.height, : film.width])
    else:
        cut = np.asarray(cv2.resize(frame, (film.width, film.height), interpolation=cv2.INTER_AREA), np.uint8)
    if cut.shape[:2] != (film.height, film.width):
        raise ReverieError(f"“{film.file}” changes its size at frame {number + 1}; cut it there.", "content")
    return cut


def _container(output: Path) -> str:
    return _CONTAINERS[output.suffix.lower()]
