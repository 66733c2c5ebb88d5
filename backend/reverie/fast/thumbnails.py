"""Fast styles seen on a picture: the project's own landscape."""

from __future__ import annotations

import functools

import torch

from reverie import demo
from reverie.fast import styles
from reverie.fast.styles import FastStyle
from reverie.fast.stylise import stylise
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to, to_picture, to_tensor

_THUMBNAIL = 160  # pixels: longest side


def sample(style: FastStyle, longest: int) -> Picture:
    """The landscape in a style, its longest side `longest` pixels."""
    where = next(style.network.parameters()).device
    landscape = shrink_to(images.read(demo.content()), longest)
    return to_picture(stylise(style, to_tensor(landscape, where), torch.float32))


def thumbnail(name: str) -> bytes:
    """A PNG of a style by its name, painted at twice the size: the strokes are then as fine as in a larger picture.

    Raises ReverieError for a style that there is not.
    """
    file = styles.BUNDLED if name in styles.bundled() else styles.file_of(name)
    return _thumbnail(name, file.stat().st_mtime_ns if file.exists() else 0)


@functools.lru_cache(maxsize=64)  # a dialog that opens asks for all of them
def _thumbnail(name: str, changed: int) -> bytes:
    return images.encode_png(shrink_to(sample(styles.load(name), 2 * _THUMBNAIL), _THUMBNAIL))
