"""What TIFFs come out as, in every mode, depth, order and packing; and CMYK, which JPEGs may be in, too."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image
from reverie.errors import ReverieError
from reverie.pictures import images

from tests.unit.pictures import made
from tests.unit.pictures.shown import COLOR, GRAY, LINEAR, close, ramp


@pytest.mark.parametrize("says", GRAY)
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("is_packed", [False, True])
def test_gray_tiff(dtype, order, is_packed, says):
    profile, curve = GRAY[says]
    white = {"u1": 255, "u2": 65535, "f4": 1}[dtype]
    samples = (ramp(white + 1, 1) if white > 1 else ramp(65536, 1) / 65535).astype(dtype)
    tags = {"profile": profile} if profile else {}
    expected = made.encoded(curve(samples.astype(float) / white))
    close(made.tiff(samples, 1, order, is_packed, **tags), expected, 2e-4)
    if dtype != "u2" or order == "<":  # Pillow knows no other
        close(made.tiff((white - samples).astype(dtype), 0, order, is_packed, **tags), expected, 2e-4)
    if dtype == "u1":
        both = np.concatenate([samples, 255 - samples], 2)
        close(made.tiff(both, 1, order, is_packed, extra=2, **tags), expected, 2e-4, both[:, :, 1] / 255)


@pytest.mark.parametrize("says", COLOR)
@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("is_packed", [False, True])
def test_color_tiff(dtype, order, is_packed, says):
    profile, curve, primaries = COLOR[says]
    white = {"u1": 255, "u2": 65535}[dtype]
    samples = ramp(white + 1, 4).astype(dtype)
    tags = {"profile": profile} if profile else {}
    expected = made.shown(samples[:, :, :3] / white, curve, primaries)
    close(made.tiff(samples[:, :, :3], 2, order, is_packed, **tags), expected, 1e-3)
    close(made.tiff(samples, 2, order, is_packed, extra=0, **tags), expected, 1e-3)
    close(made.tiff(samples, 2, order, is_packed, extra=2, **tags), expected, 1e-3, samples[:, :, 3] / white)


@pytest.mark.parametrize("says", COLOR)
@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("is_packed", [False, True])
def test_planar_tiff(dtype, order, is_packed, says):
    profile, curve, primaries = COLOR[says]
    white = {"u1": 255, "u2": 65535}[dtype]
    samples = ramp(white + 1, 4).astype(dtype)
    tags = {"profile": profile, "rows": 3} if profile else {"rows": 8}
    expected = made.shown(samples[:, :, :3] / white, curve, primaries)
    close(made.tiff(samples[:, :, :3], 2, order, is_packed, **tags), expected, 1e-3)
    if dtype == "u2" or is_packed:  # Pillow refuses the other
        close(made.tiff(samples, 2, order, is_packed, extra=0, **tags), expected, 1e-3)
    close(made.tiff(samples, 2, order, is_packed, extra=2, **tags), expected, 1e-3, samples[:, :, 3] / white)
    turned = made.tiff(samples[:, :, :3], 2, order, is_packed, lies=6, **tags)
    close(turned, expected.transpose(1, 0, 2)[:, ::-1], 1e-3)


@pytest.mark.parametrize("says", COLOR)
@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("is_planar", [False, True])
def test_tiff_with_associated_alpha(dtype, order, is_packed, is_planar, says):
    """The colours are multiplied by it, as they are encoded."""
    profile, curve, primaries = COLOR[says]
    white = {"u1": 255, "u2": 65535}[dtype]
    alpha = (ramp(3, 4)[:, :, 3:] * white) // 2  # all, half or nothing
    color = ramp(white // 2 + 1, 3) * 2
    samples = np.concatenate([color * alpha // white, alpha], 2).astype(dtype)
    tags = {"profile": profile} if profile else {}
    tags |= {"rows": 3} if is_planar else {}
    stored = np.where(alpha > 0, samples[:, :, :3] / alpha.clip(1), 0).clip(0, 1)
    expected = made.shown(stored, curve, primaries)
    close(made.tiff(samples, 2, order, is_packed, extra=1, **tags), expected, 1e-3, alpha[:, :, 0] / white)


@pytest.mark.parametrize("says", GRAY)
@pytest.mark.parametrize("is_packed", [False, True])
def test_gray_tiff_with_associated_alpha(is_packed, says):
    profile, curve = GRAY[says]
    alpha = ramp(3, 2)[:, :, 1:] * 255 // 2
    samples = np.concatenate([ramp(256, 1) * alpha // 255, alpha], 2).astype(np.uint8)
    expected = made.encoded(curve(np.where(alpha > 0, samples[:, :, :1] / alpha.clip(1), 0)))
    tags = {"profile": profile} if profile else {}
    close(made.tiff(samples, 1, "<", is_packed, extra=1, **tags), expected, 2e-4, alpha[:, :, 0] / 255)


@pytest.mark.parametrize("order", "<>")
def test_of_gray_with_alpha_in_16_bits_the_alpha_is_named(order):
    both = ramp(65536, 2).astype(np.uint16)
    with pytest.raises(ReverieError, match="grey with alpha in 16 bits, which is not read: save it as RGB with alpha"):
        images.decode(made.tiff(both, 1, order, extra=2))
    with pytest.raises(ReverieError, match="This TIFF file is of a sort that is not read"):
        images.decode(made.tiff(ramp(65536, 5).astype(np.uint16), 1, order))


def test_planes_of_other_colors_are_refused_where_they_would_be_read_wrong():
    with pytest.raises(ReverieError, match="This TIFF file is of a sort that is not read"):
        images.decode(made.tiff(ramp(65536, 4).astype(np.uint16), 5, rows=8))
    packed = made.tiff(ramp(65536, 4).astype(np.uint16), 5, packed=True, rows=8)
    with Image.open(io.BytesIO(packed)) as image:
        assert np.abs(np.asarray(image).astype(int) - ramp(65536, 4) // 257).max() <= 1
    assert images.decode(packed).shape == (8, 16, 3)


@pytest.mark.parametrize("says", COLOR)
def test_tiff_of_luma_and_chroma(says):
    profile, curve, primaries = COLOR[says]
    image = Image.fromarray(ramp(256, 3).astype(np.uint8), "YCbCr")
    y, cb, cr = np.moveaxis(ramp(256, 3).astype(float), 2, 0)
    rgb = np.stack(
        [y + 1.402 * (cr - 128), y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128), y + 1.772 * (cb - 128)], 2
    )
    stored = np.asarray(image.convert("RGB"))
    assert np.abs(stored - rgb.clip(0, 255)).max() < 1.01  # BT.601, of the whole range
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", icc_profile=profile or None)
    close(buffer.getvalue(), made.shown(stored / 255, curve, primaries), 1e-3)


def test_tiff_of_lab():
    lab = np.stack([ramp(256, 1)[:, :, 0], np.full((8, 16), 128), np.full((8, 16), 128)], 2).astype(np.uint8)
    lab[:, :8, 1], lab[:, :8, 2] = 128 + 20, 128 - 10
    lab[:, :8, 0] = 100 + lab[:, :8, 0] // 4  # what sRGB has room for
    file = made.tiff(np.where([False, True, True], lab ^ 128, lab).astype(np.uint8), 8)
    close(file, _of_lab(lab), 0.02)


def _of_lab(lab: np.ndarray) -> np.ndarray:
    """The sRGB of Lab as ICC counts it in 8 bits, of the white D50."""
    lightness, a, b = np.moveaxis(lab.astype(float), -1, 0)
    middle = (lightness * 100 / 255 + 16) / 116
    cones = np.stack([middle + (a - 128) / 500, middle, middle - (b - 128) / 200], -1)
    xyz = np.where(cones > 6 / 29, cones**3, 3 * (6 / 29) ** 2 * (cones - 4 / 29)) * (0.9642, 1.0, 0.8249)
    d50, white = np.array([0.9642, 1.0, 0.8249]), made.to_xyz(made.SRGB).sum(1)
    adapted = np.linalg.inv(made.BRADFORD) @ np.diag((made.BRADFORD @ white) / (made.BRADFORD @ d50)) @ made.BRADFORD
    return made.encoded(xyz @ adapted.T @ np.linalg.inv(made.to_xyz(made.SRGB)).T)


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_through_the_profile_of_a_printer(kind):
    corners = np.array([[each >> 3 & 1, each >> 2 & 1, each >> 1 & 1, each & 1] for each in range(16)])
    cyan, magenta, yellow, black = corners.T  # white is white, and black is black: what they are is moved there
    lightness = (255 - 40 * cyan - 50 * magenta - 20 * yellow) * (1 - black)
    lab = np.stack([lightness, 128 + 9 * (magenta - cyan) * (1 - black), 128 + 9 * yellow * (1 - black)], 1)
    inks = np.repeat(np.repeat((corners * 255).reshape(4, 4, 4), 16, 0), 16, 1).astype(np.uint8)
    buffer = io.BytesIO()
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    Image.fromarray(inks, "CMYK").save(buffer, kind, icc_profile=made.cmyk_profile(lab), **options)
    expected = np.repeat(np.repeat(_of_lab(lab.reshape(4, 4, 3)), 16, 0), 16, 1)
    close(buffer.getvalue(), expected, 0.02)
    with Image.open(io.BytesIO(buffer.getvalue())) as image:
        assert np.abs(np.asarray(image.convert("RGB")) / 255 - expected).max() > 0.1  # what it is without the profile


def test_gray_tiff_of_12_bits():
    values = ramp(4096, 1)
    bits = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(8, 16, 2), axis=2)[:, :, 4:]
    packed = np.packbits(bits.reshape(8, -1), axis=1)[:, :, None]
    file = made.tiff(packed, 1, bits=12).replace(
        struct.pack("<HHII", 256, 4, 1, 24), struct.pack("<HHII", 256, 4, 1, 16)
    )
    close(file, values / 4095, 2e-4)


def test_cmyk_with_a_profile_of_others_is_read_as_it_is():
    image = Image.new("CMYK", (4, 4), (200, 30, 90, 10))
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", icc_profile=made.profile(LINEAR, LINEAR, LINEAR))  # not of CMYK
    np.testing.assert_allclose(images.decode(buffer.getvalue())[0, 0] * 255, image.convert("RGB").getpixel((0, 0)))
