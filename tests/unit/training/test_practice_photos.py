"""Photos to practise on are what is seen of them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import ExifTags, Image
from reverie.errors import ReverieError
from reverie.training import pictures

from tests.unit.pictures import made


def _load(folder, data: bytes) -> np.ndarray:
    (folder / "a.png").write_bytes(data)
    return pictures.load([folder / "a.png"])[0]


def test_they_are_upright(tmp_path):
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = 6
    samples = np.zeros((4, 8, 3), np.uint8)
    samples[:, :4] = 255
    Image.fromarray(samples).save(buffer, "PNG", exif=exif.tobytes())
    photo = _load(tmp_path, buffer.getvalue())
    assert photo.shape == (8, 4, 3) and (photo[:4] == 255).all() and (photo[4:] == 0).all()


def test_their_profiles_count(tmp_path):
    linear = made.profile(*[made.gamma(1.0)] * 3)
    photo = _load(tmp_path, made.png(np.full((4, 4, 3), 55), 8, 2, made.iccp(linear)))
    assert np.abs(photo - made.encoded(np.array(55 / 255)) * 255).max() < 1


def test_nothing_is_taken_from_what_is_transparent(tmp_path):
    samples = np.full((9, 9, 4), 255)
    samples[:, :, 3] = 0
    samples[2:8, 3:7] = (40, 80, 120, 255)
    samples[4, 4] = (255, 0, 255, 0)
    photo = _load(tmp_path, made.png(samples, 8, 6))
    assert photo.shape == (6, 4, 3) and (photo == (40, 80, 120)).all()
    with pytest.raises(ReverieError, match=r"a.png” is transparent all over\. It cannot be learnt from"):
        _load(tmp_path, made.png(samples * 0, 8, 6))


def test_they_are_reduced(tmp_path):
    (tmp_path / "a.png").write_bytes(made.png(np.full((40, 80, 3), 100), 8, 2))
    (photo,) = pictures.load([tmp_path / "a.png"], 20)
    assert photo.shape == (10, 20, 3) and (photo == 100).all()


def test_floats_beyond_black_and_white_are_these(tmp_path):
    photo = _load(tmp_path, made.tiff(np.array([[[-0.25], [0.5], [1.25]]] * 4, np.float32), 1))
    assert photo[0, :, 0].tolist() == [0, 128, 255]
