"""Damage to files, drawn: bytes changed, cut out, put in, repeated, or taken from another file."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Sequence

_ODD = [b"\0", b"\xff", bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\1", b"\x80\0\0\0", b"\1\0\0\0"]
_WORDS = [b"[", b"{", b"}", b"null", b"1e999", b'"', b"-1", b"NaN", b"true", b"\xff\xfe", b"[[[[", b'""', b":", b"0"]
_PNG = b"\x89PNG\r\n\x1a\n"


def damaged(data: bytes, others: Sequence[bytes], draw: random.Random) -> bytes:
    """The bytes with one to eight faults. A PNG's checksums are mostly mended, or nothing behind them would be read."""
    result = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4, 8))):
        at = draw.randrange(len(result) + 1)
        if draw.random() < 0.3:
            at = min(at, draw.randrange(200))  # where headers are
        kind = draw.randrange(7)
        if kind == 0 and at < len(result):
            result[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            odd = draw.choice(_ODD)
            result[at : at + len(odd)] = odd
        elif kind == 2:
            result[at:at] = draw.choice(_WORDS)
        elif kind == 3:
            del result[at : at + draw.randrange(1, 9)]
        elif kind == 4:
            result[at:at] = draw.randbytes(draw.randrange(1, 5))
        elif kind == 5:
            other = draw.choice(others)
            start = draw.randrange(len(other) + 1)
            result[at : at + 16] = other[start : start + 16]
        elif kind == 6:
            result[at:at] = result[at : at + draw.randrange(1, 64)] * draw.randrange(1, 4)
    if draw.random() < 0.02:
        del result[draw.randrange(len(result) + 1) :]
    return _mended(bytes(result)) if result.startswith(_PNG) and draw.random() < 0.8 else bytes(result)


def _mended(data: bytes) -> bytes:
    result, at = data[:8], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        body = data[at + 4 : at + 8 + length]
        result += data[at : at + 8 + length] + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return result + data[at:]
