"""Small films for tests: a camera that moves over the project's landscape, and a square that moves before it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from reverie import demo
from reverie.film.video import Frame
from reverie.pictures import images
from reverie.pictures.resize import shrink_to

WIDTH, HEIGHT, PAN = 96, 64, 2  # pixels; PAN of them a frame


def moving(count: int = 12) -> list[Frame]:
    """Frames of a pan to the right, with a red square that goes down."""
    wide = (shrink_to(images.read(demo.content()), 200) * 255).round().astype(np.uint8)
    frames = []
    for index in range(count):
        frame = wide[40 : 40 + HEIGHT, PAN * index : PAN * index + WIDTH].copy()
        frame[8 + 3 * index : 20 + 3 * index, 40:52] = (200, 30, 20)
        frames.append(frame)
    return frames


def write(
    path: Path, frames: list[Frame], *, rate: int = 10, sound: bool = False, rotation: int = 0, colors: int = 1
) -> None:
    """A film of these frames, H.264; `colors` is the number of its colour space (1: BT.709, 5: BT.601)."""
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=rate, options={"crf": "8"})
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
        own = stream.codec_context
        own.color_primaries = own.color_trc = own.colorspace = colors
        own.color_range = 1
        if rotation:
            stream.set_display_rotation(rotation)
        track = target.add_stream("aac", rate=8000, layout="mono") if sound else None
        for frame in frames:
            made = av.VideoFrame.from_ndarray(frame, format="rgb24")
            made = made.reformat(format="yuv420p", dst_colorspace=colors, dst_color_range=1)
            target.mux(stream.encode(made))
        target.mux(stream.encode(None))
        if track is not None:
            samples = np.sin(np.arange(800 * len(frames)) / 5).astype(np.float32)[None]
            tone = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            tone.sample_rate, tone.time_base, tone.pts = 8000, Fraction(1, 8000), 0
            target.mux(track.encode(tone))
            target.mux(track.encode(None))
