"""Pictures as the bytes of files: the samples, sRGB's profile, and what is kept of the photo."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, TiffImagePlugin

from reverie.errors import ReverieError
from reverie.pictures import icc
from reverie.pictures import png as png_format
from reverie.pictures.decoded import FORMATS
from reverie.pictures.kept import OF_TIFF, XMP, Kept, written_anew
from reverie.pictures.picture import Picture, on_white

Depth = Literal[8, 16]
"""Bits of a sample."""

_DEEP = ("PNG", "TIFF")
_WITHOUT_ALPHA = ("JPEG", "BMP", "PPM")
_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"quality": 95},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}


def format_of(path: Path) -> str | None:
    """Pillow's name of the format that the path's ending names; None for one that is not written."""
    name = Image.registered_extensions().get(path.suffix.lower())
    return name if name in FORMATS and name in Image.SAVE else None


def check_format(path: Path, depth: Depth = 8) -> str:
    """Pillow's name of the format that the path's ending names. Raises ReverieError for one that is not written, or not
    in that depth."""
    format_name = format_of(path)
    if format_name is None:
        raise ReverieError(
            f"“{path.name}” does not end in the name of a picture format; use .png or .jpg, for example.", "output"
        )
    if depth == 16 and format_name not in _DEEP:
        raise ReverieError(f"“{path.name}” has no room for 16 bits; use .png or .tif.", "depth")
    return format_name


def encode(path: Path, picture: Picture, kept: Kept, depth: Depth) -> bytes:
    """The picture in the format that the path's ending names. Raises ReverieError as `check_format` does, and for a
    picture that the format has no room for."""
    format_name = check_format(path, depth)
    picture = on_white(picture) if format_name in _WITHOUT_ALPHA else picture
    height, width = picture.shape[:2]
    try:
        if depth == 16:
            return (_deep_png if format_name == "PNG" else _deep_tiff)(picture, kept)
        return _saved(picture, format_name, kept)
    except (OSError, ValueError) as error:  # too large a side for the format, for example
        raise ReverieError(
            f"A picture of {width}×{height} pixels cannot be saved as “{path.name}” ({error}); use .png."
        ) from error


def png(picture: Picture) -> bytes:
    """The picture as a PNG of 8 bits, packed quickly."""
    buffer = io.BytesIO()
    _to_pillow(picture).save(buffer, "PNG", compress_level=1, icc_profile=icc.srgb())
    return buffer.getvalue()


def _saved(picture: Picture, format_name: str, kept: Kept) -> bytes:
    buffer = io.BytesIO()
    options = _OPTIONS.get(format_name, {}) | beside(picture, kept, format_name)
    _to_pillow(picture).save(buffer, format_name, **options)
    return buffer.getvalue()


def beside(picture: NDArray[Any], kept: Kept, format_name: str) -> dict[str, Any]:
    """What Pillow is told to write beside the samples: sRGB's profile, and what is kept, where the format has room."""
    options: dict[str, Any] = {"icc_profile": icc.srgb()}
    exif = _exif(picture, kept, format_name)
    if format_name != "GIF":
        options |= {"exif": exif} if exif else {}
        options |= {"dpi": kept.dpi} if kept.dpi else {}
    if kept.xmp and format_name in ("JPEG", "WEBP", "AVIF"):
        options["xmp"] = kept.xmp
    if kept.xmp and format_name == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt(XMP, kept.xmp.decode("utf-8", "replace"))
    return options


def _exif(picture: NDArray[Any], kept: Kept, format_name: str) -> bytes:
    """What of EXIF the format's writer takes: Pillow's of TIFF and AVIF takes it apart."""
    exif = kept.exif_of(picture)
    if exif and format_name in ("TIFF", "AVIF"):
        return written_anew(exif, OF_TIFF if format_name == "TIFF" else None)
    return exif


def _deep_png(picture: Picture, kept: Kept) -> bytes:
    notes = [png_format.profile_chunk(icc.srgb())]
    if kept.dpi:
        notes.append(png_format.resolution_chunk(kept.dpi))
    if exif := kept.exif_of(picture):
        notes.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    if kept.xmp:
        notes.append((b"iTXt", XMP.encode() + bytes(5) + kept.xmp))
    return png_format.encode(_samples(picture, 65535).astype(np.uint16), notes)


def _deep_tiff(picture: Picture, kept: Kept) -> bytes:
    """A TIFF of 16 bits, not packed: Pillow writes its directory, and the samples come after it."""
    height, width, channels = picture.shape
    samples = _samples(picture, 65535).astype("<u2").tobytes()
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    exif = Image.Exif()
    exif.load(_exif(picture, kept, "TIFF"))
    for tag in exif:
        tags[tag] = exif.get_ifd(tag) if tag in _DIRECTORIES else exif[tag]
    if kept.dpi:
        tags[_RESOLUTIONS[0]], tags[_RESOLUTIONS[1]], tags[_INCHES[0]] = *kept.dpi, _INCHES[1]
    if kept.xmp:
        tags[_XMP_TAG] = kept.xmp
    tags[256], tags[257], tags[258], tags[259] = width, height, (16,) * channels, 1
    tags[262], tags[277], tags[278], tags[284] = 2, channels, height, 1
    tags[273], tags[279] = 0, len(samples)  # the offset counts from the end of the directory
    tags[34675] = icc.srgb()
    if channels == 4:
        tags[338] = 2  # alpha that the colours are not multiplied by
    buffer = io.BytesIO()
    tags.save(buffer)
    return buffer.getvalue() + samples


_DIRECTORIES = (34665, 34853)  # EXIF's and GPS's own
_RESOLUTIONS, _INCHES, _XMP_TAG = (282, 283), (296, 2), 700


def _samples(picture: Picture, white: int) -> NDArray[np.float32]:
    rounded: NDArray[np.float32] = np.rint(np.clip(picture, 0, 1) * np.float32(white))
    return rounded


def _to_pillow(picture: Picture) -> Image.Image:
    return Image.fromarray(_samples(picture, 255).astype(np.uint8))
