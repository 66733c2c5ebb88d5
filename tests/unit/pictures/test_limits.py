"""How much is accepted of a file, how far above white, and what happens when there is no memory."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image
from reverie.errors import ReverieError
from reverie.pictures import animations, images, npy, png
from reverie.pictures.decoded import Opened

from tests.unit.pictures import made

GRAY = np.zeros((2, 2, 1), int)


@pytest.mark.parametrize(("megabytes", "is_read"), [(31, True), (33, False)])
def test_a_text_that_unpacks_to_more_than_32_megabytes_is_left_out(megabytes, is_read):
    text = made.chunk(b"zTXt", b"Copyright\0\0" + zlib.compress(b"n" * (megabytes << 20), 1))
    notes = png.read(made.png(GRAY, 8, 0, text))[1]
    assert ("Copyright" in notes.texts) is is_read


@pytest.mark.parametrize(
    ("share", "level", "is_read"),
    [(0.3, 3, False), (0.3, -3, False), (0.3, 1.9, True), (0.2, 3, True), (0.2, 1e6, True)],
)
def test_a_quarter_of_the_samples_may_be_twice_as_white_as_white(share, level, is_read):
    samples = np.full((10, 10, 1), 0.5, np.float32)
    samples.reshape(-1)[: round(100 * share)] = level
    for file in (made.tiff(samples, 1), npy.encode(np.repeat(samples, 3, 2), "f4")):
        if is_read:
            assert images.decode(file).shape == (10, 10, 3)
        else:
            with pytest.raises(ReverieError, match="where white is among them"):
                images.decode(file)


def _gif(frames: int, side: int) -> bytes:
    """Frames of one pixel, on a screen of side × side."""
    pixels = [Image.new("P", (1, 1), number) for number in range(frames)]
    for number, pixel in enumerate(pixels):
        pixel.putpalette(bytes((number, 0, 0)) * 256)
    buffer = io.BytesIO()
    pixels[0].save(buffer, "GIF", save_all=True, append_images=pixels[1:])
    file = buffer.getvalue()
    return file[:6] + struct.pack("<HH", side, side) + file[10:]


def test_more_than_four_gigabytes_of_frames_are_refused_before_the_first_is_unpacked(tmp_path, monkeypatch):
    (tmp_path / "a.gif").write_bytes(_gif(20, 9000))  # 4.9 GB as RGB
    (tmp_path / "b.gif").write_bytes(_gif(20, 1000))
    unpacked = []
    monkeypatch.setattr(Opened, "picture", lambda file: unpacked.append(file) or np.zeros((1, 1, 3), np.float32))
    with pytest.raises(ReverieError, match="too many frames for the memory"):
        animations.read([tmp_path / "a.gif"])
    assert not unpacked
    assert len(animations.read([tmp_path / "b.gif"]).frames) == 20


def test_frames_of_16_bits_take_twice_the_room(tmp_path, monkeypatch):
    frame = made.png(np.zeros((10, 10, 3), int), 16, 2)
    (tmp_path / "a.png").write_bytes(made.apng([frame] * 2, [(0, 0, 0, 0, 5)] * 2))
    unpacked = []
    monkeypatch.setattr(Opened, "_composed", lambda file, frames: iter(unpacked.append(file) or ()))
    monkeypatch.setattr(animations, "_MAX_BYTES", 2 * 2 * 300 - 1)
    with pytest.raises(ReverieError, match="too many frames for the memory"):
        animations.read([tmp_path / "a.png"])
    assert not unpacked


def test_frames_that_become_too_many_are_refused(tmp_path, monkeypatch):
    """Pages of a TIFF are as large as each says."""
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "TIFF", save_all=True, append_images=[Image.new("RGB", (20, 20))] * 3)
    (tmp_path / "a.tif").write_bytes(buffer.getvalue())
    assert len(animations.read([tmp_path / "a.tif"]).frames) == 4
    monkeypatch.setattr(animations, "_MAX_BYTES", 2000)
    with pytest.raises(ReverieError, match="too many frames for the memory"):
        animations.read([tmp_path / "a.tif"])


@pytest.mark.parametrize("step", ["picture", "kept"])
def test_too_little_memory_is_not_taken_for_a_damaged_file(tmp_path, monkeypatch, step):
    def fail(file: Opened) -> None:
        raise MemoryError

    (tmp_path / "a.png").write_bytes(made.png(GRAY, 8, 0))
    monkeypatch.setattr(Opened, step, fail)
    with pytest.raises(MemoryError):
        {"picture": images.read, "kept": images.kept}[step](tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_size_of_what_lies_on_its_side_is_that_of_the_picture(tmp_path, kind):
    for lies in range(1, 9):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = lies
        Image.new("RGB", (24, 16)).save(tmp_path / "photo", kind, exif=exif.tobytes())
        height, width = images.read(tmp_path / "photo").shape[:2]
        assert (width, height) == images.size(tmp_path / "photo") == ((24, 16) if lies < 5 else (16, 24))
        assert images.inspect((tmp_path / "photo").read_bytes())[0][:2] == (height, width)
