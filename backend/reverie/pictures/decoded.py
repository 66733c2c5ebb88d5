"""The picture in the bytes of a file, as a program that manages colours shows it: Pillow's samples, at their full
depth, with what is transparent, through the profile, and turned upright."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin

from reverie.pictures import apng, deep, icc, kept, kinds, png, srgb_of
from reverie.pictures.kept import Kept
from reverie.pictures.picture import Picture, check_finite, check_size, check_white, with_channels

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "AVIF")
"""What is read. Pillow knows many more, which nobody needs here; for some it starts other programs."""

ANIMATED = ("GIF", "WEBP", "PNG", "TIFF", "AVIF")
"""Those of them in which several pictures are frames or pages. Several in a JPEG are previews, or parts of one."""

_TURNED = {  # what makes a picture upright, by EXIF's number for how it lies
    2: lambda picture: picture[:, ::-1],
    3: lambda picture: picture[::-1, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: picture.transpose(1, 0, 2),
    6: lambda picture: picture.transpose(1, 0, 2)[:, ::-1],
    7: lambda picture: picture[::-1, ::-1].transpose(1, 0, 2),
    8: lambda picture: picture.transpose(1, 0, 2)[::-1],
}
_SIDEWAYS = (5, 6, 7, 8)
_PLAIN = {"1": "L", "RGBa": "RGBA", "PA": "RGBA", "YCbCr": "RGB", "LAB": "RGB", "HSV": "RGB", "RGBX": "RGB"}
_NATIVE = {"F;32F": "F;32NF", "F;32BF": "F;32NF", "I;32S": "I;32NS", "I;32BS": "I;32NS", "I;16BS": "I;16NS"}
_NCLX, _HEAD = b"colrnclx", 1 << 16  # in an AVIF's first bytes: colours by their numbers
_BITS, _MEANING, _SAMPLES, _PROFILE = 258, 262, 339, 34675  # tags of TIFF
_MIN_IS_WHITE, _UNSIGNED = 0, 1
_REDUCED, _MASK = 1, 4
_BMP_FIRST, _BMP_HEADER = 14, 124  # where the header of a BMP is, and how long its version 5 is
_BMP_KIND, _BMP_PLACE, _BMP_EMBEDDED = _BMP_FIRST + 56, _BMP_FIRST + 112, b"DEBM"
_UNCALIBRATED, _ADOBE_RGB, _ADOBE_RGB_RULE = 0xFFFF, 2, "R03"  # in EXIF
_OF_DAMAGED_EXIF = (SyntaxError, ValueError, TypeError, KeyError, struct.error)  # which was only a note
_SUBFILE, _DNG_VERSION = 254, 50706


@dataclass(frozen=True)
class _Samples:
    """Colours as they are in the file, H×W×1 or 3, of which `white` is white, and opacity, H×W×1 in 0 to 1."""

    color: NDArray[Any]
    white: float
    alpha: NDArray[np.float32] | None = None


class Opened:
    """A picture's file, opened, not yet unpacked. Its frames, where it has several, come in their order."""

    def __init__(self, data: bytes) -> None:
        """Raises ReverieError for too many pixels, and whatever Pillow raises for what it cannot read."""
        self._data = self._whole = data
        self.notes: png.Notes | None = None
        if data.startswith(png.SIGNATURE):
            self._data, self.notes = png.read(data)
        self.image = Image.open(io.BytesIO(self._data), formats=FORMATS)
        check_size(*self.image.size)
        if isinstance(self.image, TiffImagePlugin.TiffImageFile) and _is_raw(self.image.tag_v2):
            raise kinds.of_kind("RAW")

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *failure: object) -> None:
        self.image.close()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, upright."""
        width, height = self.image.size
        # Pillow tells that of a TIFF as it will be turned.
        return (height, width) if self._lies() in _SIDEWAYS and self.image.format != "TIFF" else (width, height)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the picture, told by the header."""
        image, notes, (width, height) = self.image, self.notes, self.size
        if image.mode == "F" or image.mode.startswith("I") or image.mode == "CMYK":
            has_alpha = notes is not None and bool(notes.transparent)
        else:
            has_alpha = image.has_transparency_data or (notes is not None and bool(notes.transparent))
        return height, width, 4 if has_alpha or (notes is not None and notes.is_deep_gray_alpha) else 3

    @property
    def count(self) -> int:
        """How many frames or pages there are. Raises as `__init__` does."""
        return max(1, len(self._frames[0]) if self.notes is not None else len(self._pages))

    @property
    def is_deep(self) -> bool:
        """Has it more than 8 bits for a sample, or the page that Pillow is at?"""
        if isinstance(self.image, TiffImagePlugin.TiffImageFile):
            return bool(max(self.image.tag_v2.get(_BITS, (1,))) > 8)
        return self.notes is not None and self.notes.depth > 8

    @property
    def plays(self) -> int:
        """How often the file says that its frames are played; 0: for ever."""
        if self.notes is not None:
            return self._frames[1]
        loop = self.image.info.get("loop")
        if self.image.format == "GIF":  # it says how often again, and nothing for once
            return 1 if loop is None else 0 if loop == 0 else int(loop) + 1
        return int(loop or 0)

    def picture(self) -> Picture:
        """What is to be seen: the still picture, or the frame that Pillow is at. Raises as `__init__` does."""
        self.image.tile = [_as_unpacked(tile) for tile in self.image.tile]
        return self._shown(self._samples())

    def pictures(self) -> Iterator[tuple[Picture, float]]:
        """What is to be seen in each frame or page, in their order, and for how many milliseconds; 0: nobody knows.
        Raises as `__init__` does."""
        if self.notes is not None and self._frames[0]:
            yield from self._composed(self._frames[0])
            return
        for number in self._pages:
            self.image.seek(number)
            picture = self.picture()
            yield picture, self.image.info.get("duration", 0)  # WebP knows it once it is decoded

    @functools.cached_property
    def _frames(self) -> tuple[list[apng.Frame], int]:
        return apng.frames(self._whole)

    def _composed(self, frames: list[apng.Frame]) -> Iterator[tuple[Picture, float]]:
        canvas = None
        for frame in frames:
            with Opened(frame.file) as own:
                samples = own._samples()
            if canvas is None:
                width, height = self.image.size
                canvas = apng.Canvas(height, width, samples.color.shape[2], samples.color.dtype)
            canvas.add(frame, samples.color, samples.alpha)
            yield self._shown(_Samples(canvas.color, samples.white, canvas.alpha)), frame.duration

    def _shown(self, samples: _Samples) -> Picture:
        color = self._in_srgb(samples)
        parts = [with_channels(color, 3)] if samples.alpha is None else [with_channels(color, 3), samples.alpha]
        picture = np.concatenate(parts, 2)
        turn = _TURNED.get(self._lies()) if self.image.format != "TIFF" else None  # which Pillow turns
        return np.ascontiguousarray(picture if turn is None else turn(picture), dtype=np.float32)

    @property
    def _pages(self) -> list[int]:
        """The numbers of the frames or pages, as Pillow counts them, but for those that only go with another:
        thumbnails, masks."""
        if self.image.format not in ANIMATED:
            return [0]
        count = range(int(getattr(self.image, "n_frames", 1)))
        if isinstance(self.image, TiffImagePlugin.TiffImageFile):
            return [number for number in count if self._is_page(self.image, number)]
        return list(count)

    @staticmethod
    def _is_page(image: TiffImagePlugin.TiffImageFile, number: int) -> bool:
        image.seek(number)
        return not int(image.tag_v2.get(_SUBFILE, 0)) & (_REDUCED | _MASK)

    def kept(self) -> Kept:
        """What a result keeps of the file."""
        return kept.of(self.image, self.notes)

    def _lies(self) -> int:
        try:
            return int(self._exif().get(ExifTags.Base.Orientation, 1))
        except _OF_DAMAGED_EXIF:
            return 1

    def _is_adobe_rgb(self) -> bool:
        """Does EXIF say so, as cameras have it?"""
        try:
            exif = self._exif()
            number = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace)
            rule = exif.get_ifd(ExifTags.IFD.Interop).get(ExifTags.Interop.InteropIndex)
        except _OF_DAMAGED_EXIF:
            return False
        return number == _ADOBE_RGB or (number == _UNCALIBRATED and rule == _ADOBE_RGB_RULE)

    def _exif(self) -> Image.Exif:
        """Raises one of _OF_DAMAGED_EXIF."""
        if self.notes is None:
            return self.image.getexif()
        exif = Image.Exif()
        exif.load(self.notes.exif)
        return exif

    def _samples(self) -> _Samples:
        if (whole := self._deep()) is not None:
            return self._with_hole(whole)
        self.image.load()
        image: Image.Image = self.image
        if image.mode == "F" or image.mode.startswith("I"):
            return self._with_hole(_deep_gray(image))
        if image.mode == "CMYK":
            profile = self._profile()
            managed = icc.through_tables(image, profile) if icc.family(profile) == "CMYK" else None
            return _Samples(np.asarray(managed or image.convert("RGB")), 255)
        if image.mode in ("P", "PA") or "transparency" in image.info:
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        array = np.asarray(image.convert(_PLAIN.get(image.mode, image.mode)))
        array = array[:, :, None] if array.ndim == 2 else array
        if array.shape[2] in (2, 4):
            return _Samples(array[:, :, :-1], 255, array[:, :, -1:] / np.float32(255))
        return self._with_hole(_Samples(array, 255))

    def _deep(self) -> _Samples | None:
        """Samples of which Pillow's picture keeps only a part; None for others."""
        whole = None
        if self.notes is not None:
            whole = deep.of_png(self._data, self.notes, self.image)
        elif isinstance(self.image, TiffImagePlugin.TiffImageFile):
            whole = deep.of_tiff(self._data, self.image)
        elif self.image.format == "PPM":
            whole = deep.of_ppm(self._data)
        if whole is None:
            return None
        if whole.shape[2] in (2, 4):
            return _Samples(whole[:, :, :-1], 65535, whole[:, :, -1:] / np.float32(65535))
        return _Samples(whole, 65535)

    def _with_hole(self, samples: _Samples) -> _Samples:
        """With the transparency of a PNG that has one colour for it."""
        if self.notes is None or not self.notes.transparent:
            return samples
        largest = (1 << self.notes.depth) - 1
        hole = np.array(self.notes.transparent) * (int(samples.white) // largest)
        is_shown = (samples.color != hole).any(2, keepdims=True)
        return _Samples(samples.color, samples.white, is_shown.astype(np.float32))

    def _in_srgb(self, samples: _Samples) -> NDArray[np.float32]:
        if self.image.mode in ("CMYK", "LAB"):
            return srgb_of.as_it_is(samples.color, samples.white)
        if _is_pfm(self.image):
            return srgb_of.linear(samples.color, samples.white)
        notes = self.notes
        if notes is not None and notes.says_nothing_of_colors and self._is_adobe_rgb():
            return srgb_of.adobe_rgb(samples.color, samples.white)
        if notes is not None:
            return srgb_of.png(samples.color, samples.white, notes)
        profile = self._profile()
        if not profile and (at := self._data.find(_NCLX, 0, _HEAD)) >= 0 and self.image.format == "AVIF":
            primaries, transfer = struct.unpack_from(">HH", self._data, at + len(_NCLX))
            return srgb_of.numbered(samples.color, samples.white, primaries, transfer)
        if not profile and self._is_adobe_rgb():
            return srgb_of.adobe_rgb(samples.color, samples.white)
        return srgb_of.profiled(samples.color, samples.white, profile)

    def _profile(self) -> bytes:
        if isinstance(self.image, TiffImagePlugin.TiffImageFile):  # of which Pillow's notes keep that of a page before
            return self.image.tag_v2.get(_PROFILE) or b""
        if self.image.format == "BMP":
            return _profile_of_bmp(self._data)
        return self.image.info.get("icc_profile") or b""


def _is_raw(tags: Mapping[int, Any]) -> bool:
    """Is this the first picture of a camera's raw file, which is a thumbnail?"""
    return _DNG_VERSION in tags or bool(int(tags.get(_SUBFILE, 0)) & _REDUCED)


def _profile_of_bmp(data: bytes) -> bytes:
    """The profile that version 5 of the header leads to, which Pillow does not read; empty where there is none."""
    if len(data) < _BMP_FIRST + _BMP_HEADER or data[_BMP_KIND : _BMP_KIND + 4] != _BMP_EMBEDDED:
        return b""
    at, size = struct.unpack_from("<II", data, _BMP_PLACE)
    return data[_BMP_FIRST + at : _BMP_FIRST + at + size]


def _deep_gray(image: Image.Image) -> _Samples:
    """Samples of 12 or 16 bits, also where the file has room for more, or floats, of which 1 is white."""
    samples = np.asarray(image)
    if _is_pfm(image):
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite then, is refused
            samples = samples * np.float32(image.info["scale"])
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    white = 1.0 if image.mode == "F" else 4095.0 if tags.get(_BITS) == (12,) else 65535.0
    if image.mode == "I" and tags.get(_SAMPLES, _UNSIGNED) in (_UNSIGNED, (_UNSIGNED,)):
        samples = samples.view(np.uint32)  # which Pillow has no mode for
    check_finite(samples)
    check_white(samples, white)
    if tags.get(_MEANING) == _MIN_IS_WHITE:
        samples = white - samples
    if image.mode.startswith("I"):
        samples = samples.clip(0, white).astype(np.uint16)
    return _Samples(samples[:, :, None], white)


def _is_pfm(image: Image.Image) -> bool:
    """Floats that are linear light times the scale in the header: so GIMP has it; the format itself says nothing."""
    return image.format == "PPM" and image.mode == "F"


def _as_unpacked(tile: ImageFile._Tile) -> ImageFile._Tile:
    """A packed TIFF's samples are in this machine's order once libtiff has unpacked them, whatever theirs was; Pillow
    forgets it for those of 32 bits."""
    order = _NATIVE.get(deep.order_of(tile.args))
    return tile._replace(args=deep.with_order(tile.args, order)) if tile.codec_name == "libtiff" and order else tile
