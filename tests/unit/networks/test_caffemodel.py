"""Caffe's weights: both layer formats, and files that are damaged or mean harm."""

from __future__ import annotations

import contextlib
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.errors import ReverieError
from backend.networks import caffemodel


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _varint(value >> 7)


def _field(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(body)) + body


NUMBERS = struct.pack("<6f", *range(6))
NEW = _field(100, _field(1, b"conv1") + _field(7, _field(7, _field(1, b"\x02\x03")) + _field(5, NUMBERS)))
OLD_SHAPE = b"".join(_varint(n << 3) + _varint(size) for n, size in ((1, 1), (2, 1), (3, 2), (4, 3)))
UNPACKED = b"".join(_varint(5 << 3 | 5) + NUMBERS[i : i + 4] for i in range(0, 24, 4))
OLD = _field(2, _field(4, b"conv2") + _field(6, OLD_SHAPE + UNPACKED))


def test_both_formats_of_layers_are_read():
    blobs = caffemodel.read(NEW + OLD)
    torch.testing.assert_close(blobs["conv1"], [torch.arange(6.0).reshape(2, 3)])
    torch.testing.assert_close(blobs["conv2"], [torch.arange(6.0).reshape(1, 1, 2, 3)])


@pytest.mark.parametrize("length", range(len(NEW)))
def test_a_truncated_file_is_refused(length):
    with pytest.raises(ReverieError):
        caffemodel.read(NEW[:length])


def test_a_claimed_size_allocates_nothing():
    huge = _field(7, _field(1, _varint(1 << 40) + _varint(1 << 20)))
    with pytest.raises(ReverieError, match="does not fit"):
        caffemodel.read(_field(100, _field(1, b"x") + _field(7, huge + _field(5, NUMBERS))))
    with pytest.raises(ReverieError, match="ends early"):
        caffemodel.read(_varint(100 << 3 | 2) + _varint(1 << 60))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.integers(0, len(NEW)))
def test_noise_gives_weights_or_a_sentence(noise, place):
    for data in (noise, NEW[:place] + noise + NEW[place:]):
        with contextlib.suppress(ReverieError):  # anything else, a MemoryError say, fails the test
            assert caffemodel.read(data)
