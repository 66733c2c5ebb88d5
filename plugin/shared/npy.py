# -*- coding: utf-8 -*-
"""NumPy's .npy format, as far as pictures need it: raw samples behind a header of some hundred bytes."""

import ast
import struct

_MAGIC = b"\x93NUMPY\x01\x00"

#: Bytes of a sample by its type: unsigned of 8 and 16 bits, and float of 32.
SAMPLE_SIZE = {"u1": 1, "u2": 2, "f4": 4}


def pack(samples, width, height, channels, depth):
    """The .npy file of a picture whose raw samples (bytes, row by row, little-endian) are given."""
    expected = width * height * channels * SAMPLE_SIZE[depth]
    if len(samples) != expected:
        raise ValueError("a %dx%d picture has %d bytes, not %d" % (width, height, expected, len(samples)))
    return header(width, height, channels, depth) + samples


def header(width, height, channels, depth):
    """What stands before the samples of such a file."""
    descr = "|u1" if depth == "u1" else "<" + depth
    text = "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d, %d), }" % (descr, height, width, channels)
    # The samples begin at a multiple of 64 bytes; the header ends in a newline.
    padding = -(len(_MAGIC) + 2 + len(text) + 1) % 64
    text = text + " " * padding + "\n"
    return _MAGIC + struct.pack("<H", len(text)) + text.encode("ascii")


def unpack(data):
    """(samples, width, height, channels, depth) of a .npy file such as `pack` makes; ValueError for any other.

    The samples are a memoryview of `data`: of a large picture, a copy would be another hundred megabytes and more.
    """
    if not data.startswith(_MAGIC) or len(data) < 10:
        raise ValueError("not a .npy picture")
    (length,) = struct.unpack("<H", data[8:10])
    try:
        said = ast.literal_eval(data[10 : 10 + length].decode("ascii").strip())
        depth, is_turned, shape = said["descr"].lstrip("|<"), said["fortran_order"], tuple(said["shape"])
        is_picture = len(shape) == 3 and all(isinstance(side, int) and side > 0 for side in shape)
    except (SyntaxError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, MemoryError):
        raise ValueError("the .npy picture is damaged")  # the last two: it is nested without end
    if depth not in SAMPLE_SIZE or is_turned or not is_picture:
        raise ValueError("not a .npy picture: %r" % (said,))
    height, width, channels = shape
    samples = memoryview(data)[10 + length :]
    if len(samples) != width * height * channels * SAMPLE_SIZE[depth]:
        raise ValueError("the .npy picture is incomplete")
    return samples, width, height, channels, depth
