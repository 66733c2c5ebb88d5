"""Pictures in and out."""

from __future__ import annotations

import contextlib
import io
import pickle
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from reverie.errors import ReverieError
from reverie.pictures import images, npy

from tests.unit.pictures import made


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
    assert np.array_equal(np.load(io.BytesIO(npy.encode(images.decode(_npy(array)), depth))), array)


def test_float_samples_survive_the_round_trip_exactly():
    array = np.random.default_rng(0).random((5, 7, 4), dtype=np.float32)
    assert np.array_equal(np.load(io.BytesIO(npy.encode(images.decode(_npy(array)), "f4"))), array)


def test_big_endian_and_fortran_order_are_read_right():
    array = np.random.default_rng(0).integers(0, 65536, (5, 7, 3)).astype(np.uint16)
    expected = images.decode(_npy(array))
    assert np.array_equal(images.decode(_npy(array.astype(">u2"))), expected)
    assert np.array_equal(images.decode(_npy(np.asfortranarray(array))), expected)


def test_grey_becomes_rgb_and_back():
    grey = np.random.default_rng(0).integers(0, 256, (5, 7, 1)).astype(np.uint8)
    picture = images.decode(_npy(grey))
    assert picture.shape == (5, 7, 3)
    assert np.array_equal(np.load(io.BytesIO(npy.encode(picture, "u1", 1))), grey)


def test_alpha_of_a_png_is_kept():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 7, 4)).astype(np.uint8))
    picture = images.decode(_file(image))
    assert np.array_equal(np.rint(picture * 255).astype(np.uint8), np.asarray(image))


def test_a_photo_is_turned_as_its_exif_says():
    image = Image.new("RGB", (8, 4), "red")
    exif = image.getexif()
    exif[0x0112] = 6
    assert images.decode(_file(image, "JPEG", exif=exif)).shape == (8, 4, 3)


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_lies_as_any_number_of_exif_says(kind, number):
    picture = np.zeros((64, 32, 3), np.uint8)
    picture[:32, :16] = 255  # white in the upper left, when it is upright
    lying = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270, 5: Image.Transpose.TRANSPOSE}
    lying |= {7: Image.Transpose.TRANSVERSE, 3: Image.Transpose.ROTATE_180}
    lying |= {2: Image.Transpose.FLIP_LEFT_RIGHT, 4: Image.Transpose.FLIP_TOP_BOTTOM}
    image = Image.fromarray(picture)
    image = image.transpose(lying[number]) if number in lying else image
    exif = image.getexif()
    exif[0x0112] = number
    shown = images.decode(_file(image, kind, exif=exif))
    assert shown.shape == picture.shape
    assert shown[8, 8].min() > 0.9 and max(shown[8, 24].max(), shown[56, 8].max()) < 0.1


@pytest.mark.parametrize("tag", [(0x0100, 2, b"abc\0"), (0x0128, 2, b"2\0\0\0"), (0x0213, 7, b"0100")])
def test_a_photo_is_turned_whatever_else_its_exif_says(tag):
    """A width, a unit and a position as text or bytes where numbers belong: cameras and programs write such things."""
    number, kind, value = tag
    entries = sorted([(0x0112, 3, 1, struct.pack("<HH", 6, 0)), (number, kind, 4, value)])
    directory = struct.pack("<H", 2) + b"".join(struct.pack("<HHI4s", *entry) for entry in entries) + bytes(4)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + directory
    assert images.decode(_file(Image.new("RGB", (8, 4)), "JPEG", exif=exif)).shape == (8, 4, 3)


def _npy_headed(header: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(48)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\x08\x00((((((((",
        _npy_headed("-" * 9000 + "1"),
        _npy_headed("{[]: 1}"),
        _npy_headed("{b'descr': '<f4', 'fortran_order': False, 'shape': (4, 4)}"),
        _npy_headed("{'descr': (), 'fortran_order': False, 'shape': (4, 4)}"),
        _npy_headed("{'descr': '<f4', 'fortran_order': False, 'shape': (True, 4)}"),
        _npy(np.zeros((4, 4, 3), np.uint8))[:-5],
        _npy(np.zeros((4, 4, 3), np.int32)),
        _npy(np.zeros((4, 4, 7), np.uint8)),
        _npy(np.zeros((0, 4, 3), np.uint8)),
        _npy(np.full((4, 4, 3), np.nan, np.float32)),
        _npy(np.array([[object()]]), allow_pickle=True),
        pickle.dumps("boo"),
        _file(Image.new("RGB", (64, 64)))[:60],
        _file(Image.new("RGB", (64, 64)), "AVIF")[:-20],
        _file(Image.new("RGB", (64, 64)), "AVIF").replace(b"pitm", b"pitn"),  # of these, Pillow's decoder knows another
        _file(Image.new("RGB", (8, 4)), "TIFF").replace(struct.pack("<HH", 273, 4), struct.pack("<HH", 273, 2)),
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(data):
    with pytest.raises(ReverieError, match=r"\.$"):
        images.decode(data)


def test_a_harmless_fault_in_a_photo_is_not_told(tmp_path):
    """Pillow would warn of it on stderr, with a line of its own source."""
    file = _file(Image.new("RGB", (8, 4)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    (tmp_path / "a.jpg").write_bytes(file)
    code = "import sys; from reverie.pictures import images; print(images.read(sys.argv[1]).shape)"
    command = [sys.executable, "-c", code, tmp_path / "a.jpg"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert (done.stdout, done.stderr) == ("(4, 8, 3)\n", "")


def test_the_a_of_lab_is_no_alpha():
    assert images.decode(_file(Image.new("LAB", (8, 4), (128, 0, 0)), "TIFF")).shape == (4, 8, 3)


@pytest.mark.parametrize("length", [200, 255])
def test_a_name_as_long_as_the_system_takes_can_be_written(tmp_path, length):
    path = tmp_path / ("x" * (length - 4) + ".png")
    images.check_target(path)
    images.write(path, np.ones((4, 4, 3), np.float32))
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_that_is_too_long_is_refused_before_any_work(tmp_path):
    with pytest.raises(ReverieError, match=r"cannot be written: File name too long\. Choose another name\."):
        images.check_target(tmp_path / ("x" * 300 + ".png"))
    with pytest.raises(ReverieError, match="cannot be written"):
        images.write(tmp_path / ("x" * 300 + ".png"), np.ones((4, 4, 3), np.float32))


@pytest.mark.parametrize("name", ["nul\0.png", "x" * 300 + ".png"])
def test_a_name_that_no_file_has_is_refused_with_a_sentence(name):
    with pytest.raises(ReverieError, match=r"cannot be read: .*\.$"):
        images.read(name)


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
        images.write(path / "a.png", np.zeros((4, 4, 3), np.float32))
    assert path.read_bytes() == b"old"
    images.write(path, np.ones((4, 4, 3), np.float32))
    assert np.array_equal(images.read(path), np.ones((4, 4, 3), np.float32))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp", "gif", "bmp", "ppm", "avif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_every_format_that_is_written_is_read_again(tmp_path, ending, channels):
    picture = np.full((8, 8, channels), 0.4, np.float32)
    if channels == 4:
        picture[:4, :, 3], picture[4:, :, 3] = 0.0, 1.0
    images.write(tmp_path / f"a.{ending}", picture)
    back = images.read(tmp_path / f"a.{ending}")
    assert np.abs(back[4:, :, :3] - 0.4).max() < 0.05
    if channels == 4:  # transparent stays so, or is seen as on white paper
        assert (back[:4, :, 3] < 0.01).all() if back.shape[2] == 4 else (back[:4] > 0.95).all()


@pytest.mark.parametrize("ending", ["eps", "pdf", "pcx", "mpo", "ico", "tga"])
def test_formats_that_are_not_meant_are_refused(tmp_path, ending):
    with pytest.raises(ReverieError, match="picture format"):
        images.write(tmp_path / f"a.{ending}", np.ones((4, 4, 4), np.float32))
    assert list(tmp_path.iterdir()) == []


def test_a_picture_too_long_for_the_format_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(ReverieError, match=r"16400×1 pixels cannot be saved as “a\.webp” .*use \.png\."):
        images.write(tmp_path / "a.webp", np.ones((1, 16400, 3), np.float32))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "says"), [("EPS", "PostScript"), ("ICO", "ICO"), ("PCX", "PCX"), ("TGA", "TGA")])
def test_a_file_of_another_format_is_no_picture(kind, says):
    """Of EPS, Pillow would have Ghostscript make a picture."""
    with pytest.raises(ReverieError, match=says):
        images.decode(_file(Image.new("RGB", (32, 32), "red"), kind))


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.int32])
def test_grey_of_more_than_8_bits_keeps_its_values(dtype):
    grey = np.linspace(0, 1, 12).reshape(3, 4)
    file = _file(Image.fromarray((grey * (1 if dtype is np.float32 else 65535)).astype(dtype)), "TIFF")
    picture = images.decode(file)
    assert picture.shape == (3, 4, 3)
    np.testing.assert_allclose(picture, np.repeat(grey[:, :, None], 3, axis=2), atol=1 / 65535)


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (np.full((4, 4), 200.0, np.float32), "samples reach 200, and where white"),
        (np.full((4, 4), 1 << 24, np.int32), "samples reach 16777216, and where white is"),
        (np.tile(np.array([0, -(1 << 31)], np.int32), (4, 2)), "samples reach -2147483648, and"),
        (np.full((4, 4), np.nan, np.float32), "NaN"),
    ],
)
def test_grey_whose_white_is_unknown_is_refused(samples, says):
    with pytest.raises(ReverieError, match=says):
        images.decode(_file(Image.fromarray(samples), "TIFF"))


@pytest.mark.parametrize("least", [1 << 31, 0])
def test_unsigned_grey_of_32_bits_is_not_read_as_signed(least):
    samples = np.linspace(least, (1 << 32) - 1, 16).astype(np.uint32).reshape(4, 4, 1)
    with pytest.raises(ReverieError, match="samples reach 4294967295, and where white"):
        images.decode(made.tiff(samples, 1))
    dark = np.arange(0, 65536, 4369, np.uint32).reshape(4, 4, 1)
    np.testing.assert_allclose(images.decode(made.tiff(dark, 1))[:, :, :1], dark / 65535, atol=1e-6)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 2), (5, 7, 4)])
def test_what_is_in_an_array_is_known_without_converting_it(dtype, shape, monkeypatch):
    monkeypatch.setattr(images, "decode", None)
    assert images.inspect(_npy(np.zeros(shape, dtype))) == ((5, 7, shape[2] if len(shape) == 3 else 1), dtype)


@pytest.mark.parametrize("turn", [1, 3, 6, 7])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "GIF"])
def test_what_is_in_a_file_is_known_as_it_will_be_decoded(kind, turn):
    exif, tried = Image.Exif(), 0
    exif[ExifTags.Base.Orientation] = turn
    for mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16", "I", "F"):
        image = Image.new(mode, (7, 5)) if mode != "PA" else Image.new("RGBA", (7, 5), (9, 9, 9, 9)).convert("PA")
        with contextlib.suppress(OSError, ValueError):  # not every format has every mode
            file = _file(image, kind, exif=exif)
            tried += 1
            assert images.inspect(file) == (images.decode(file).shape, "u1"), mode
    assert tried >= 4


def test_transparency_beside_the_samples_is_known_too():
    palette = Image.new("P", (7, 5))
    for file in (_file(palette, transparency=0), _file(Image.new("RGB", (7, 5)), transparency=(0, 0, 0))):
        assert images.inspect(file) == ((5, 7, 4), "u1") == (images.decode(file).shape, "u1")


def test_a_missing_file_is_named():
    with pytest.raises(ReverieError, match=r"nowhere\.png"):
        images.read("nowhere.png")
