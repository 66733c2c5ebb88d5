"""What a result keeps of the file of its photo: when, where and by whom it was taken, whose it is, and at what
resolution it is meant to be printed."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

from reverie.pictures.png import Notes

XMP = "XML:com.adobe.xmp"
"""Under what keyword a PNG has it."""

T = TypeVar("T")
_Tag = ExifTags.Base
OF_TIFF = (
    _Tag.ImageDescription,
    _Tag.Make,
    _Tag.Model,
    _Tag.XResolution,
    _Tag.YResolution,
    _Tag.ResolutionUnit,
    _Tag.DateTime,
    _Tag.Artist,
    _Tag.Copyright,
)
"""Of a TIFF's own tags, those that do not say how its samples lie."""

_PREFIX = b"Exif\0\0"
_LONGEST = 65000  # bytes: a JPEG has no room for more
_SHORT, _LONG = 3, 4  # types of EXIF's values
_EXIF = 0x8769  # the tag of the directory within
_DIRECTORIES = (_EXIF, int(ExifTags.IFD.GPSInfo))
_INTEROP = int(ExifTags.IFD.Interop)  # where a third one was in the photo's file
_MOST_DPI = 0xFFFF  # a JPEG has no room for more
_AUTHOR, _RIGHTS = (2, 80), (2, 116)  # of IPTC
_LIES = re.compile(rb"(tiff:Orientation(?:=[\"']|>))\d")


@dataclass(frozen=True)
class Kept:
    """EXIF as it was in the file, dots per inch across and down, and XMP, which says that the picture is upright; and
    whether the file's EXIF is damaged, and so left out."""

    exif: bytes = b""
    dpi: tuple[float, float] | None = None
    xmp: bytes = b""
    is_damaged: bool = False

    def exif_of(self, picture: NDArray[Any]) -> bytes:
        """EXIF for a picture: it is upright, of this size, in sRGB, and has no thumbnail of the photo."""
        if not self.exif:
            return b""
        height, width = picture.shape[:2]
        values = {_Tag.Orientation: 1, _Tag.ColorSpace: 1, _Tag.ExifImageWidth: width, _Tag.ExifImageHeight: height}
        return _PREFIX + _changed(self.exif.removeprefix(_PREFIX), {int(tag): value for tag, value in values.items()})


def of(image: ImageFile.ImageFile, notes: Notes | None) -> Kept:
    """What is to be kept of a file that Pillow has opened; `notes` are those of a PNG."""
    xmp = notes.texts.get(XMP, "").encode() if notes is not None else image.info.get("xmp") or b""
    xmp = _LIES.sub(rb"\g<1>1", xmp if isinstance(xmp, bytes) else xmp.encode())
    if len(xmp) > _LONGEST:
        xmp = b""
    dpi = _dpi(image, notes)
    rights = _rights(image, notes)
    if image.format == "TIFF":
        exif, is_damaged = _rewritten(image.getexif(), OF_TIFF), False
    else:
        exif = notes.exif if notes is not None else image.info.get("exif") or b""
        is_damaged = bool(exif) and _loaded(exif) is None
    if not exif or is_damaged:
        exif = _made(rights, dpi) if rights or dpi else b""
    return Kept(exif if len(exif) <= _LONGEST else b"", dpi, xmp, is_damaged)


def written_anew(exif: bytes, tags: Collection[int] | None = None) -> bytes:
    """EXIF for a format whose writer takes it apart: of these tags, or of all, those that can be written. Many a photo
    has one of a wrong type, or a directory that breaks off."""
    own = _loaded(exif)
    return b"" if own is None else _rewritten(own, tags)


def _rewritten(own: Image.Exif, tags: Collection[int] | None) -> bytes:
    result, is_empty = Image.Exif(), True
    for tag in own:
        if tag in _DIRECTORIES:
            found = _attempted(partial(own.get_ifd, tag)) or {}
            within = {inner: value for inner, value in found.items() if inner != _INTEROP and _fits(inner, value)}
            if within:
                result.get_ifd(tag).update(within)
                is_empty = False
        elif tags is None or tag in tags:
            value = _attempted(partial(own.get, tag))
            if value is not None and _fits(tag, value):
                result[tag] = value
                is_empty = False
    return b"" if is_empty else _attempted(result.tobytes) or b""


def _loaded(exif: bytes) -> Image.Exif | None:
    """EXIF taken apart; None for what is none."""

    def load() -> Image.Exif:
        result = Image.Exif()
        result.load(exif)
        return result

    return _attempted(load)


def _fits(tag: int, value: Any) -> bool:
    """Can this be written under that tag?"""
    alone = Image.Exif()
    alone[tag] = value
    return _attempted(alone.tobytes) is not None


def _attempted(read: Callable[[], T]) -> T | None:
    """What comes of reading or writing EXIF; None where it is damaged. Of that, Pillow raises whatever comes."""
    try:
        return read()
    except Exception:
        return None


def _dpi(image: ImageFile.ImageFile, notes: Notes | None) -> tuple[float, float] | None:
    """Where the file says none, Pillow says 1; where it is damaged, anything."""
    found = notes.dpi if notes is not None else image.info.get("dpi")
    try:
        across, down = (float(each) for each in found or ())
    except (ValueError, TypeError, ArithmeticError):
        return None
    return (across, down) if all(1 < each <= _MOST_DPI for each in (across, down)) else None


def _rights(image: ImageFile.ImageFile, notes: Notes | None) -> dict[int, str]:
    """Author and copyright where they are said outside of EXIF: in a PNG's texts, and in IPTC."""
    if notes is not None:
        said = {_Tag.Artist: notes.texts.get("Author"), _Tag.Copyright: notes.texts.get("Copyright")}
    else:
        try:
            iptc = IptcImagePlugin.getiptcinfo(image) or {}
        except (SyntaxError, OSError, ValueError, KeyError, struct.error):  # it is damaged, and was no more than a note
            iptc = {}
        said = {_Tag.Artist: _decoded(iptc.get(_AUTHOR)), _Tag.Copyright: _decoded(iptc.get(_RIGHTS))}
    return {int(tag): text for tag, text in said.items() if text}


def _decoded(text: object) -> str | None:
    first = text[0] if isinstance(text, list) and text else text
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else None


def _made(rights: dict[int, str], dpi: tuple[float, float] | None) -> bytes:
    exif = Image.Exif()
    exif.update(rights)
    if dpi:
        exif.update({int(_Tag.XResolution): dpi[0], int(_Tag.YResolution): dpi[1], int(_Tag.ResolutionUnit): 2})
    return exif.tobytes()


def _changed(exif: bytes, values: dict[int, int]) -> bytes:
    """EXIF with other numbers for some tags, where it has them, and without the thumbnail, which is cut off from the
    rest. All else stays byte by byte: to write it anew fails for many a photo that has a tag of a wrong type."""
    result = bytearray(exif)
    order = "<" if exif[:2] == b"II" else ">"
    try:
        (first,) = struct.unpack_from(order + "I", exif, 4)
        within, end = _change(result, order, first, values)
        struct.pack_into(order + "I", result, end, 0)
        if within is not None:
            _change(result, order, within, values)
    except struct.error:  # it breaks off
        return bytes(exif)
    return bytes(result)


def _change(exif: bytearray, order: str, at: int, values: dict[int, int]) -> tuple[int | None, int]:
    """Changes the numbers in one directory, and says where one within it is, and where it ends. Raises struct.error."""
    (count,) = struct.unpack_from(order + "H", exif, at)
    within = None
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", exif, entry)
        if tag == _EXIF:
            (within,) = struct.unpack_from(order + "I", exif, entry + 8)
        elif tag in values and number == 1 and kind in (_SHORT, _LONG):
            code = "H" if kind == _SHORT else "I"
            if values[tag] < 1 << (16 if kind == _SHORT else 32):
                struct.pack_into(order + code, exif, entry + 8, values[tag])
    return within, at + 2 + 12 * count
