"""The plug-in's .npy against NumPy's."""

from __future__ import annotations

import io

import numpy as np
import pytest
from reverie.plugin.shared import npy


@pytest.mark.parametrize("depth", ["u1", "u2", "f4"])
@pytest.mark.parametrize("shape", [(1, 1, 4), (5, 3, 4), (7, 1234, 3)])
def test_numpy_reads_what_is_written_and_the_other_way_round(depth, shape):
    picture = (np.random.default_rng(1).random(shape) * 200).astype("<" + depth)
    height, width, channels = shape
    data = npy.pack(picture.tobytes(), width, height, channels, depth)
    np.testing.assert_array_equal(np.load(io.BytesIO(data), allow_pickle=False), picture)
    assert (len(data) - picture.nbytes) % 64 == 0

    saved = io.BytesIO()
    np.save(saved, picture)
    assert npy.unpack(saved.getvalue()) == (picture.tobytes(), width, height, channels, depth)


def test_samples_of_a_wrong_length_are_not_written():
    with pytest.raises(ValueError, match="a 4x2 picture has 32 bytes, not 31"):
        npy.pack(b"x" * 31, 4, 2, 4, "u1")


def saved(array):
    data = io.BytesIO()
    np.save(data, array)
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        b"\x89PNG\r\n\x1a\n and more",
        saved(np.zeros((2, 2, 3))),  # float64
        saved(np.zeros((2, 2), "u1")),
        saved(np.asfortranarray(np.zeros((2, 3, 4), "u1"))),
        saved(np.zeros((2, 2, 4), "u1"))[:-1],
    ],
)
def test_anything_else_is_refused(data):
    with pytest.raises(ValueError, match=r"\.npy picture"):
        npy.unpack(data)


@pytest.mark.parametrize(
    "said",
    [
        "{'descr': '|u1', 'shape': (2, 2, 4)}",
        "{'descr': '|u1', 'fortran_order': False}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': 16}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': ('2', 2, 4)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-2, -2, 4)}",
        "{'descr': 1, 'fortran_order': False, 'shape': (2, 2, 4)}",
        "{'descr': [], 'fortran_order': False, 'shape': (2, 2, 4)}",
        "[1, 2]",
        "open('x')",
        "{",
        "(" * 9000,
        "\xff",
    ],
)
def test_a_damaged_header_is_refused(said):
    head = said.encode("latin-1")
    data = b"\x93NUMPY\1\0" + len(head).to_bytes(2, "little") + head + bytes(16)
    with pytest.raises(ValueError, match=r"\.npy picture"):
        npy.unpack(data)
