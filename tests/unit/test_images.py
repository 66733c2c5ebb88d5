"""Pictures in and out."""

from __future__ import annotations

import io
import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from backend import images
from backend.errors import ReverieError


def _npy(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def _file(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("depth", "levels"), [("u1", 255), ("u2", 65535)])
@pytest.mark.parametrize("channels", [3, 4])
def test_integer_samples_survive_the_round_trip_exactly(depth, levels, channels):
    array = np.random.default_rng(0).integers(0, levels + 1, (5, 7, channels)).astype(depth)
    assert np.array_equal(np.load(io.BytesIO(images.encode_npy(images.decode(_npy(array)), depth))), array)


def test_float_samples_survive_the_round_trip_exactly():
    array = np.random.default_rng(0).random((5, 7, 4), dtype=np.float32)
    assert np.array_equal(np.load(io.BytesIO(images.encode_npy(images.decode(_npy(array)), "f4"))), array)


def test_big_endian_and_fortran_order_are_read_right():
    array = np.random.default_rng(0).integers(0, 65536, (5, 7, 3)).astype(np.uint16)
    expected = images.decode(_npy(array))
    assert np.array_equal(images.decode(_npy(array.astype(">u2"))), expected)
    assert np.array_equal(images.decode(_npy(np.asfortranarray(array))), expected)


def test_grey_becomes_rgb_and_back():
    grey = np.random.default_rng(0).integers(0, 256, (5, 7, 1)).astype(np.uint8)
    picture = images.decode(_npy(grey))
    assert picture.shape == (5, 7, 3)
    assert np.array_equal(np.load(io.BytesIO(images.encode_npy(picture, "u1", 1))), grey)


def test_alpha_of_a_png_is_kept():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 7, 4)).astype(np.uint8))
    picture = images.decode(_file(image))
    assert np.array_equal(np.rint(picture * 255).astype(np.uint8), np.asarray(image))


def test_a_photo_is_turned_as_its_exif_says():
    image = Image.new("RGB", (8, 4), "red")
    exif = image.getexif()
    exif[0x0112] = 6
    assert images.decode(_file(image, "JPEG", exif=exif)).shape == (8, 4, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\x08\x00((((((((",
        _npy(np.zeros((4, 4, 3), np.uint8))[:-5],
        _npy(np.zeros((4, 4, 3), np.int32)),
        _npy(np.zeros((4, 4, 7), np.uint8)),
        _npy(np.zeros((0, 4, 3), np.uint8)),
        _npy(np.full((4, 4, 3), np.nan, np.float32)),
        _npy(np.array([[object()]]), allow_pickle=True),
        pickle.dumps("boo"),
        _file(Image.new("RGB", (64, 64)))[:60],
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(data):
    with pytest.raises(ReverieError, match=r"\.$"):
        images.decode(data)


def _claims_to_be_huge(kind: str) -> bytes:
    """A small file whose header says 30000×30000 pixels."""
    if kind == "npy":
        buffer = io.BytesIO()
        header = {"descr": "|u1", "fortran_order": False, "shape": (30000, 30000, 3)}
        np.lib.format.write_array_header_1_0(buffer, header)
        return buffer.getvalue()
    data = bytearray(_file(Image.new("L", (64, 64))))
    data[16:24] = struct.pack(">II", 30000, 30000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


@pytest.mark.parametrize("kind", ["npy", "png"])
def test_a_huge_picture_is_refused_before_it_is_unpacked(kind):
    with pytest.raises(ReverieError, match="megapixels"):
        images.decode(_claims_to_be_huge(kind))


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(ReverieError, match="picture format"):
        images.write(tmp_path / "a.xyz", np.zeros((4, 4, 3), np.float32))
    with pytest.raises(ReverieError, match="cannot be written"):
        images.write(tmp_path / "missing" / "a.png", np.zeros((4, 4, 3), np.float32))
    assert path.read_bytes() == b"old"
    images.write(path, np.ones((4, 4, 3), np.float32))
    assert np.array_equal(images.read(path), np.ones((4, 4, 3), np.float32))
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_named():
    with pytest.raises(ReverieError, match=r"nowhere\.png"):
        images.read("nowhere.png")
