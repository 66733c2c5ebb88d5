"""What a file is that is no picture which can be read: by its first bytes, so that the sentence can say it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from PIL import TiffImagePlugin

from reverie.errors import ReverieError

_BRANDS = {  # of the files that begin with a box `ftyp`, as those of HEIF and of films do
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avci", b"avcs", b"miaf", b"mif2"), "HEIF"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"crx ",), "RAW"),
    **dict.fromkeys((b"jp2 ", b"jpx ", b"jpm "), "JPEG 2000"),
}
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "PSD"),
    (b"gimp xcf", "XCF"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"icns", "ICNS"),
    (b"DDS ", "DDS"),
    (b"qoif", "QOI"),
    (b"SIMPLE  =", "FITS"),
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"IIRO", "RAW"),
    (b"IIU\x00", "RAW"),
    (b"\x0a\x05\x01", "PCX"),
    (b"BPG\xfb", "BPG"),
    (b"P7\n", "PAM"),
    (b"PF\n", "PFM"),  # in colour: a grey one is read
    (b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (b"\x00\x00\x01\xba", "MPEG"),
    (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"{\\rtf", "RTF"),
)
_INSIDE: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI ", "AVI"),
    (lambda head: b"<svg" in head, "SVG"),
    (lambda head: b"<html" in head.lower() or b"<!doctype html" in head.lower(), "HTML"),
    (lambda head: _is_tga(head), "TGA"),
)
_OURS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"RIFF", "WebP"),
)
_HEAD = 1024  # bytes
_BITS, _MEANING, _GRAY = 258, 262, (0, 1)  # tags of TIFF
_ENDINGS = {  # of pictures that people keep among their photos
    ending: kind
    for kind, endings in (
        ("HEIC", "heic heif hif"),
        ("RAW", "3fr arw cr2 cr3 crw dng erf iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f"),
        ("JPEG XL", "jxl"),
        ("JPEG 2000", "jp2 j2k jpf jpx"),
        ("PSD", "psd psb"),
        ("XCF", "xcf"),
        ("OpenEXR", "exr"),
    )
    for ending in endings.split()
}


def refusal(data: bytes) -> ReverieError:
    """The sentence for bytes that Pillow makes no picture of, although they may be one."""
    head = data[:_HEAD]
    kind = _kind(head)
    if kind is not None:
        return of_kind(kind)
    ours = next((name for begins, name in _OURS if head.startswith(begins)), None)
    if ours == "TIFF" and _is_deep_gray_alpha(data):
        return ReverieError(
            "This TIFF file is grey with alpha in 16 bits, which is not read: save it as RGB with alpha, or without "
            "alpha, or with 8 bits."
        )
    if ours is not None:
        return of_a_sort(ours)
    return ReverieError("This is no picture that can be read; PNG, JPEG, TIFF and WebP files are.")


def by_ending(file: Path) -> str | None:
    """The kind of picture that a file's ending names, of those that are not read; None for any other ending."""
    return _ENDINGS.get(file.suffix.lower().removeprefix("."))


def of_a_sort(kind: str) -> ReverieError:
    """The sentence for a file of a kind that is read, and which is not."""
    return ReverieError(
        "This {kind} file is of a sort that is not read, or damaged: save it as RGB or grey, with 8 or 16 bits.",
        kind=kind,
    )


def of_kind(kind: str) -> ReverieError:
    """The sentence for a file of a kind that is known by name, and not read."""
    return ReverieError("Files of this kind ({kind}) are not read: save it as PNG, JPEG or TIFF first.", kind=kind)


def _is_tga(head: bytes) -> bool:
    """It has no sign of its own: does the header make sense as one, with a kind and a depth that there are?"""
    if len(head) < 18:
        return False
    has_map, kind, depth = head[1], head[2], head[16]
    return has_map in (0, 1) and kind in (1, 2, 3, 9, 10, 11) and depth in (8, 15, 16, 24, 32) and head[17] < 64


def _is_deep_gray_alpha(tiff: bytes) -> bool:
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(tiff[: 16 if b"+" in tiff[:4] else 8])
        file = io.BytesIO(tiff)
        file.seek(tags.next)
        tags.load(file)
        return tags.get(_BITS) == (16, 16) and tags.get(_MEANING) in _GRAY
    except Exception:  # of a damaged file, Pillow raises whatever comes
        return False


def _kind(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "MP4 or QuickTime")
    return next(
        (name for begins, name in _BEGINNINGS if head.startswith(begins)),
        next((name for fits, name in _INSIDE if fits(head)), None),
    )
