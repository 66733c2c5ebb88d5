"""Samples of which the pictures of Pillow, whose colours have 8 bits, keep a part: those of 16 bits, and those that are
multiplied by their opacity."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

from reverie.pictures import kinds, png

_OTHER_HALF = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}
_STRAIGHT = {"RGBa": "RGBA", "La": "La"}  # by what names they are left undivided
_LAYOUTS = ("RGB", "RGBA", "RGBX", *_STRAIGHT)

_BITS, _PACKING, _MEANING, _PLANAR, _EXTRA = 258, 259, 262, 284, 338  # tags of TIFF
_NOT_PACKED, _SEPARATE, _MULTIPLIED, _OPACITY = 1, 2, 1, (1, 2)
_COLORS = {1: 1, 2: 3}  # how many there are, by what they mean: grey, or RGB
_STRIPS, _STRIP_LENGTHS, _TILES, _TILE_LENGTHS = 273, 279, 324, 325
_OF_EACH_PLANE = (256, 257, 259, 266, 274, 278, 317, 322, 323)  # size, packing, how it lies, and in what parts


def of_png(data: bytes, notes: png.Notes, image: ImageFile.ImageFile) -> NDArray[np.uint16] | None:
    """H×W×2, 3 or 4 of 16 bits, with straight alpha; None for a PNG of which Pillow's picture is the whole."""
    if notes.is_deep_gray_alpha:
        with Image.open(io.BytesIO(png.with_header(data, 8, 6)), formats=("PNG",)) as both:
            halves = np.asarray(both).astype(np.uint16)
        return _whole(halves[:, :, ::2], halves[:, :, 1::2])
    return _both_halves(data, image)


def of_tiff(data: bytes, image: TiffImagePlugin.TiffImageFile) -> NDArray[np.uint16] | None:
    """H×W×1 to 4 of 16 bits, with straight alpha, turned upright; None for a page of which Pillow's picture is the
    whole. Raises ReverieError for one that Pillow would read wrong."""
    tags = image.tag_v2
    bits, extra, colors = tags.get(_BITS, (1,)), tags.get(_EXTRA, ()), _COLORS.get(tags.get(_MEANING, -1))
    is_planar = tags.get(_PLANAR) == _SEPARATE and len(bits) > 1
    if is_planar and colors is None and 16 in bits and tags.get(_PACKING, _NOT_PACKED) == _NOT_PACKED:
        raise kinds.of_a_sort("TIFF")  # Pillow takes the samples for bytes
    if is_planar and colors is not None:
        has_opacity = extra[0] in _OPACITY if extra else len(bits) == 4
        planes = [_plane(data, image, number, len(bits)) for number in range(colors + has_opacity)]
        whole = np.stack(planes, 2)
    else:
        halves = _both_halves(data, image)
        if halves is None:
            return None
        whole = halves
    return _divided(whole) if extra and extra[0] == _MULTIPLIED else whole


def of_ppm(data: bytes) -> NDArray[np.uint16] | None:
    """H×W×3 of 16 bits; None for a file of 8. Raises ValueError where it breaks off."""
    with Image.open(io.BytesIO(data), formats=("PPM",)) as image:
        (tile,) = image.tile
        white = tile.args[-1] if tile.codec_name == "ppm" and image.mode == "RGB" else 0
        if white < 256:
            return None
        samples = np.frombuffer(data, ">u2", image.width * image.height * 3, tile.offset).astype(np.float32)
        whole: NDArray[np.uint16] = np.rint(samples.clip(0, white) * np.float32(65535 / white)).astype(np.uint16)
        return whole.reshape(image.height, image.width, 3)


def _both_halves(data: bytes, image: ImageFile.ImageFile) -> NDArray[np.uint16] | None:
    """Pillow's decoders take the upper or the lower half of each sample by the name of its order: both make it whole.
    By another name they leave undivided what is multiplied by opacity."""
    with _opened(data, image) as again:
        orders = {order_of(tile.args) for tile in again.tile}
    layout, _, half = (orders.pop() if len(orders) == 1 else "").partition(";")
    straight = _STRAIGHT.get(layout, layout)
    if half in _OTHER_HALF and layout in _LAYOUTS:
        lower = _decoded(data, image, f"{straight};{_OTHER_HALF[half]}")
        is_upper = straight == layout
        upper = np.asarray(image).astype(np.uint16) if is_upper else _decoded(data, image, f"{straight};{half}")
        return _whole(upper, lower)
    return _of_16_bits(_decoded(data, image, straight)) if layout in _STRAIGHT and not half else None


def _whole(upper: NDArray[np.uint16], lower: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return np.left_shift(upper, 8, dtype=np.uint16) | lower


def _decoded(data: bytes, image: ImageFile.ImageFile, order: str) -> NDArray[np.uint16]:
    """The samples of the frame that the image is at, as if they came in this order."""
    with _opened(data, image) as again:
        again.tile = [tile._replace(args=with_order(tile.args, order)) for tile in again.tile]
        return np.asarray(again).astype(np.uint16)


def _opened(data: bytes, image: ImageFile.ImageFile) -> ImageFile.ImageFile:
    """The file once more, at the frame that the image is at, and not yet unpacked."""
    again = Image.open(io.BytesIO(data), formats=(str(image.format),))
    again.seek(image.tell())
    return again


def _plane(data: bytes, image: TiffImagePlugin.TiffImageFile, number: int, count: int) -> NDArray[np.uint16]:
    """One of the planes of a page: that is a grey picture to Pillow, under a directory of its own."""
    own = image.tag_v2
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=own.prefix)
    for tag in _OF_EACH_PLANE:
        if tag in own:
            tags[tag] = own[tag]
    tags[_BITS], tags[_MEANING] = own[_BITS][number], 1
    places, lengths = (_TILES, _TILE_LENGTHS) if _TILES in own else (_STRIPS, _STRIP_LENGTHS)
    each = len(own[places]) // count
    part = slice(number * each, (number + 1) * each)
    tags[places], tags[lengths] = own[places][part], own[lengths][part]
    directory = io.BytesIO()
    tags.save(directory)
    if places == _TILES:  # those of strips Pillow counts from the end of the directory
        tags[_TILES] = tuple(place + directory.tell() for place in own[_TILES][part])
        directory = io.BytesIO()
        tags.save(directory)
    with Image.open(io.BytesIO(directory.getvalue() + data), formats=("TIFF",)) as plane:
        samples = np.asarray(plane)
    return _of_16_bits(samples) if own[_BITS][number] == 8 else samples.astype(np.uint16)


def _of_16_bits(samples: NDArray[Any]) -> NDArray[np.uint16]:
    result: NDArray[np.uint16] = samples.astype(np.uint16) * np.uint16(257)
    return result


def _divided(samples: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The colours as they were before they were multiplied by their opacity, which is the last channel."""
    scale = np.float32(65535) / samples[:, :, -1].clip(1).astype(np.float32)
    for channel in range(samples.shape[2] - 1):  # one by one: it takes less memory
        samples[:, :, channel] = np.rint(samples[:, :, channel] * scale).clip(0, 65535)
    return samples


def order_of(arguments: Any) -> str:
    """In what order the samples of a tile come, which is the first or only argument of its decoder."""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def with_order(arguments: Any, order: str) -> Any:
    """The arguments of a tile's decoder, for another order."""
    return (order, *arguments[1:]) if isinstance(arguments, tuple) else order
