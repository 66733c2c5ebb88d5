"""Pictures as NumPy's .npy, the format in which they travel between GIMP and the backend."""

from __future__ import annotations

import io
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reverie.errors import ReverieError, Sentence
from reverie.pictures.picture import Picture, check_finite, check_size, check_white, with_channels

Depth = Literal["u1", "u2", "f4"]
MAGIC = b"\x93NUMPY"
"""What such bytes begin with."""

_FULL_SCALE: dict[str, float] = {"u1": 255.0, "u2": 65535.0, "f4": 1.0}
_DAMAGED = Sentence("The .npy data is damaged or incomplete; send the picture again.")


def encode(picture: Picture, depth: Depth, channels: int | None = None) -> bytes:
    """The picture as a .npy array, H×W×C, of unsigned 8 bits ("u1"), 16 bits ("u2") or float32 ("f4").

    `channels` 1 or 2 (with alpha) gives the luminance, 3 drops alpha, 4 adds an opaque one.
    """
    if channels is not None:
        picture = with_channels(picture, channels)
    array: NDArray[Any] = np.ascontiguousarray(picture, dtype="<f4")
    if depth != "f4":
        array = np.rint(np.clip(picture, 0, 1) * _FULL_SCALE[depth]).astype("<" + depth)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def decode(data: bytes) -> Picture:
    """The picture in the bytes of an array (uint8, uint16 or float32) of H×W or H×W×(1 to 4). Grey ones become RGB.
    Raises ReverieError."""
    return _from_array(_read(data))


def inspect(data: bytes) -> tuple[tuple[int, int, int], Depth]:
    """Height, width and channels (1 to 4) of the array in the bytes, and its sample type. Raises ReverieError for what
    `decode` would refuse."""
    array = _read(data)
    depth: Depth = "u1" if array.dtype.itemsize == 1 else "u2" if array.dtype.itemsize == 2 else "f4"
    return (array.shape[0], array.shape[1], 1 if array.ndim == 2 else array.shape[2]), depth


def _read(data: bytes) -> NDArray[Any]:
    stream = io.BytesIO(data)
    shape, dtype = _header(stream)
    if dtype.kind + str(dtype.itemsize) not in _FULL_SCALE:
        raise ReverieError(f"The array holds {dtype}; a picture is uint8, uint16 or float32.")
    _check_shape(shape)
    stream.seek(0)
    try:
        array = np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    except (ValueError, TypeError, EOFError, OSError) as error:
        raise ReverieError(_DAMAGED.template) from error
    check_finite(array)
    check_white(array, _FULL_SCALE[dtype.kind + str(dtype.itemsize)])
    return array


def _header(stream: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and sample type that the bytes of an array begin with. Raises ReverieError for whatever is wrong: NumPy has
    Python's own parser read them, which fails in many ways."""
    try:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
    except Exception as error:
        raise ReverieError(_DAMAGED.template) from error
    return shape, dtype


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 2, 3, 4)):
        raise ReverieError(f"An array of shape {shape} is no picture; height × width × (1 to 4) channels is.")
    check_size(shape[1], shape[0])


def _from_array(array: NDArray[Any]) -> Picture:
    scale = _FULL_SCALE[array.dtype.kind + str(array.dtype.itemsize)]
    picture = np.asarray(array, dtype=np.float32) / np.float32(scale)
    if picture.ndim == 2:
        picture = picture[:, :, None]
    return with_channels(picture, 4 if picture.shape[2] in (2, 4) else 3)
