"""PNG files: their chunks, and what Pillow does not read or write of them.

Pillow refuses a whole picture for one chunk that has nothing to do with it, such as a long text; so it is given those
that make the picture, and the rest is read here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LONGEST = 32 << 20  # bytes of an unpacked profile or text
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_READ = ("Copyright", "Author", "XML:com.adobe.xmp")  # of the texts
_GRAY, _RGB, _PALETTE, _GRAY_ALPHA = 0, 2, 3, 4


@dataclass
class Notes:
    """What a PNG says beside its samples."""

    depth: int = 8
    """Bits of a sample."""
    color: int = _RGB
    """The number of its colour type."""
    transparent: tuple[int, ...] = ()
    """The one grey or RGB value, of `depth` bits, that stands for nothing at all."""
    profile: bytes = b""
    is_srgb: bool = False
    gamma: float | None = None
    chromaticities: tuple[float, ...] = ()
    """x and y of white, red, green and blue."""
    cicp: bytes = b""
    """Primaries, transfer, matrix and range, by the numbers of ITU-T H.273."""
    exif: bytes = b""
    dpi: tuple[float, float] | None = None
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def is_deep_gray_alpha(self) -> bool:
        return self.depth == 16 and self.color == _GRAY_ALPHA

    @property
    def says_nothing_of_colors(self) -> bool:
        return not (self.cicp or self.profile or self.is_srgb or self.gamma or self.chromaticities)


def read(data: bytes) -> tuple[bytes, Notes]:
    """The file without what does not make its still picture, and the notes in it. What is damaged among these is left
    out."""
    notes, kept = Notes(), [SIGNATURE]
    for name, body, whole, is_intact in chunks(data):
        if name == b"IHDR" and len(body) == 13:
            notes.depth, notes.color = body[8], body[9]
        if name[:1].isupper() or (name == b"tRNS" and notes.color == _PALETTE):
            kept.append(whole)
        elif is_intact:
            try:
                _note(notes, name, body)
            except (struct.error, zlib.error, ValueError, IndexError):
                continue
    return b"".join(kept), notes


def chunk(name: bytes, body: bytes) -> bytes:
    """All bytes of a chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes, bool]]:
    """Name, body and all bytes of each chunk, and whether it is intact; up to the end or where the file breaks off."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        whole = data[at : at + 12 + length]
        is_intact = len(whole) == 12 + length and zlib.crc32(whole[4:-4]) == struct.unpack(">I", whole[-4:])[0]
        yield whole[4:8], whole[8 : 8 + length], whole, is_intact
        at += 12 + length


def with_header(data: bytes, depth: int, color: int) -> bytes:
    """The same samples by another name: what is 16 bits of grey and alpha are 8 bits of four colours to the decoder."""
    header = data[12:24] + bytes([depth, color]) + data[26:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def encode(samples: NDArray[np.uint16], notes: list[tuple[bytes, bytes]]) -> bytes:
    """A file of 16 bits, which Pillow does not write: H×W×3 or 4, with further chunks (name and body) before the
    samples."""
    height, width, channels = samples.shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    pixel = 2 * channels
    filtered = np.concatenate([rows[:, :pixel], rows[:, pixel:] - rows[:, :-pixel]], 1)  # each from the pixel before
    packed = zlib.compress(np.insert(filtered, 0, 1, axis=1).tobytes(), 6)
    header = struct.pack(">IIBBBBB", width, height, 16, 6 if channels == 4 else 2, 0, 0, 0)
    parts = [(b"IHDR", header), *notes, (b"IDAT", packed), (b"IEND", b"")]
    return SIGNATURE + b"".join(chunk(*each) for each in parts)


def profile_chunk(profile: bytes) -> tuple[bytes, bytes]:
    """Name and body of the chunk that holds an ICC profile."""
    return b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)


def resolution_chunk(dpi: tuple[float, float]) -> tuple[bytes, bytes]:
    """Name and body of the chunk that holds dots per inch, which it counts by the metre."""
    return b"pHYs", struct.pack(">IIB", *(round(each / 0.0254) for each in dpi), 1)


def _note(notes: Notes, name: bytes, body: bytes) -> None:
    if name == b"tRNS":
        notes.transparent = struct.unpack(">3H" if notes.color == _RGB else ">H", body)
    elif name == b"iCCP":
        packed = body[body.index(b"\0") + 1 :]
        notes.profile = _unpacked(packed[1:]) if packed[0] == 0 else b""
    elif name == b"sRGB":
        notes.is_srgb = True
    elif name == b"gAMA":
        notes.gamma = struct.unpack(">I", body)[0] / 100000
    elif name == b"cHRM":
        notes.chromaticities = tuple(each / 100000 for each in struct.unpack(">8I", body))
    elif name == b"cICP" and len(body) == 4:
        notes.cicp = body
    elif name == b"eXIf":
        notes.exif = b"Exif\0\0" + body
    elif name == b"pHYs":
        across, down, unit = struct.unpack(">IIB", body)
        notes.dpi = (across * 0.0254, down * 0.0254) if unit == 1 else None
    elif name in _TEXTS:
        keyword, rest = body.split(b"\0", 1)
        if (key := keyword.decode("latin-1")) in _READ:
            notes.texts[key] = _text(name, rest)


def _text(name: bytes, body: bytes) -> str:
    if name == b"iTXt":
        text = body[2:].split(b"\0", 2)[2]
        return (_unpacked(text) if body[0] == 1 else text).decode("utf-8")
    return (_unpacked(body[1:]) if name == b"zTXt" else body).decode("latin-1")


def _unpacked(packed: bytes) -> bytes:
    """Raises ValueError for what would take too much memory."""
    unpacking = zlib.decompressobj()
    result = unpacking.decompress(packed, _LONGEST)
    if unpacking.unconsumed_tail:
        raise ValueError("This is too long.")
    return result
