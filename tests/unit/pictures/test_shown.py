"""What files come out as: every mode, depth and format that can be read × what a file may say of its colours and holes,
made by formula, against the sRGB that follows from the formats' definitions."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from reverie.errors import ReverieError
from reverie.pictures import color_space, icc, images, png
from reverie.pictures.color_space import ColorSpace, of_primaries

from tests.unit.pictures import made
from tests.unit.pictures.shown import COLOR, GRAY, LINEAR, close, ramp


@pytest.mark.parametrize("says", GRAY)
@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_gray_png(depth, says):
    profile, curve = GRAY[says]
    levels = 1 << depth
    samples = ramp(levels, 1)
    chunks = [made.iccp(profile)] if profile else []
    expected = made.encoded(curve(samples / (levels - 1)))
    close(made.png(samples, depth, 0, *chunks), expected, 2e-4)
    hole = int(samples[3, 3, 0])
    chunks.append(made.chunk(b"tRNS", struct.pack(">H", hole)))
    close(made.png(samples, depth, 0, *chunks), expected, 2e-4, samples[:, :, 0] != hole)


@pytest.mark.parametrize("says", COLOR)
@pytest.mark.parametrize("depth", [8, 16])
def test_color_png(depth, says):
    profile, curve, primaries = COLOR[says]
    levels = 1 << depth
    samples = ramp(levels, 4)
    color = samples[:, :, :3]
    chunks = [made.iccp(profile)] if profile else []
    expected = made.shown(color / (levels - 1), curve, primaries)
    close(made.png(color, depth, 2, *chunks), expected, 1e-3)
    close(made.png(samples, depth, 6, *chunks), expected, 1e-3, samples[:, :, 3] / (levels - 1))
    hole = made.chunk(b"tRNS", struct.pack(">3H", *color[2, 2]))
    close(made.png(color, depth, 2, *chunks, hole), expected, 1e-3, (color != color[2, 2]).any(2))


@pytest.mark.parametrize("says", GRAY)
@pytest.mark.parametrize("depth", [8, 16])
def test_gray_png_with_alpha(depth, says):
    profile, curve = GRAY[says]
    levels = 1 << depth
    samples = ramp(levels, 2)
    chunks = [made.iccp(profile)] if profile else []
    expected = made.encoded(curve(samples[:, :, :1] / (levels - 1)))
    close(made.png(samples, depth, 4, *chunks), expected, 2e-4, samples[:, :, 1] / (levels - 1))


@pytest.mark.parametrize("says", COLOR)
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_png_with_a_palette(depth, says):
    profile, curve, primaries = COLOR[says]
    palette = ramp(256, 3).reshape(-1, 3)[: min(1 << depth, 100)]
    samples = ramp(len(palette), 1)
    chunks = [made.iccp(profile)] if profile else []
    chunks.append(made.chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
    expected = made.shown(palette[samples[:, :, 0]] / 255, curve, primaries)
    close(made.png(samples, depth, 3, *chunks), expected, 1e-3)
    alpha = np.array([0, 128])
    chunks.append(made.chunk(b"tRNS", alpha.astype(np.uint8).tobytes()))
    opacity = np.append(alpha, [255] * len(palette))[samples[:, :, 0]] / 255
    close(made.png(samples, depth, 3, *chunks), expected, 1e-3, opacity)


@pytest.mark.parametrize("white", [100, 255, 1023, 4095, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_ppm(channels, white):
    samples = ramp(white + 1, channels)
    head = b"P%d\n# made\n16 8\n%d\n" % ({1: 5, 3: 6}[channels], white)
    file = head + samples.astype(">u2" if white > 255 else "u1").tobytes()
    close(file, samples / white, 1e-5 if white >= 255 else 2e-3)
    if white > 255:
        with pytest.raises(ReverieError, match="damaged or incomplete"):
            images.decode(file[:-1])


@pytest.mark.parametrize("says", [*COLOR, "nothing in the header"])
def test_the_profile_in_the_header_of_a_bmp(says):
    """Version 5 of Windows' header says at which place, counted from its own beginning."""
    profile, curve, primaries = COLOR.get(says, COLOR["linear P3"])
    samples = ramp(256, 3).astype(np.uint8)
    pixels = samples[::-1, :, ::-1].tobytes()  # the lowest row first, and blue
    kind = b"DEBM" if profile and says != "nothing in the header" else b"BGRs"
    header = struct.pack("<IiiHHII16x16x4s48x", 124, 16, 8, 1, 24, 0, len(pixels), kind)
    header += struct.pack("<4I", 4, 124 + len(pixels), len(profile), 0)
    file = struct.pack("<2sI4xI", b"BM", 138 + len(pixels) + len(profile), 138) + header + pixels + profile
    expected = samples / 255 if says == "nothing in the header" else made.shown(samples / 255, curve, primaries)
    close(file, expected, 1e-3)


@pytest.mark.parametrize(
    ("kind", "step"), [("JPEG", 0.02), ("WEBP", 1e-3), ("AVIF", 0.02), ("TIFF", 1e-3), ("PNG", 1e-3)]
)
@pytest.mark.parametrize("says", COLOR)
def test_a_profile_is_heeded_in_every_format_that_has_one(kind, step, says):
    profile, curve, primaries = COLOR[says]
    samples = np.repeat(np.repeat(ramp(256, 3)[:2, :2], 16, 0), 16, 1).astype(np.uint8)
    buffer = io.BytesIO()
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    options |= {"AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(kind, {})
    Image.fromarray(samples).save(buffer, kind, icc_profile=profile or None, **options)
    with Image.open(io.BytesIO(buffer.getvalue())) as image:
        stored = np.asarray(image.convert("RGB"))
    assert np.abs(stored.astype(int) - samples).max() < 12
    close(buffer.getvalue(), made.shown(stored / 255, curve, primaries), 1e-3)


@pytest.mark.parametrize("color", [0, 2, 3])
@pytest.mark.parametrize("gamma", [1.0, 0.55, 0.45455])
@pytest.mark.parametrize("primaries", [None, made.SRGB, made.P3])
def test_gamma_and_primaries_of_a_png(color, gamma, primaries):
    chunks = [made.chunk(b"gAMA", struct.pack(">I", round(gamma * 100000)))]
    if primaries is not None:
        numbers = [number for place in (made.D65, *primaries) for number in place]
        chunks.append(made.chunk(b"cHRM", struct.pack(">8I", *(round(each * 100000) for each in numbers))))
    is_plain = gamma == 0.45455 and (color == 0 or primaries is not made.P3)
    curve = made.decoded if is_plain else lambda values: values ** (1 / gamma)
    if color == 0 and gamma == 0.45455 and primaries is made.P3:
        curve = lambda values: values ** (1 / gamma)  # noqa: E731
    samples = ramp(256, 1 if color != 2 else 3)
    values = samples / 255
    if color == 3:
        palette = ramp(256, 3).reshape(-1, 3)
        samples = samples % 128
        chunks.append(made.chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
        values = palette[samples[:, :, 0]] / 255
    expected = made.encoded(curve(values)) if color == 0 else made.shown(values, curve, primaries or made.SRGB)
    close(made.png(samples, 8, color, *chunks), expected, 1e-3)
    before = [made.chunk(b"sRGB", b"\0"), *chunks]  # which says it better
    close(made.png(samples, 8, color, *before), values, 1e-6)


def _camera(number: int, rule: str | None) -> bytes:
    """EXIF with a number for the colours, and by what rule of cameras the file is made."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif).update({0xA001: number} | ({0xA005: {1: rule}} if rule else {}))
    return exif.tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "WEBP", "PNG"])
@pytest.mark.parametrize(
    ("number", "rule", "is_adobe"),
    [(0xFFFF, "R03", True), (2, None, True), (0xFFFF, "R98", False), (0xFFFF, None, False), (1, "R03", False)],
)
def test_what_only_exif_says_is_adobe_rgb(kind, number, rule, is_adobe):
    if kind == "TIFF" and rule:
        pytest.skip("Pillow writes no rule into a TIFF")
    options = {"JPEG": {"quality": 100}, "WEBP": {"lossless": True}}.get(kind, {}) | {"exif": _camera(number, rule)}
    files = {}
    for mode, said in (("RGB", b""), ("RGB", COLOR["linear P3"][0]), ("L", b"")):
        buffer = io.BytesIO()
        color = (100, 200, 101) if mode == "RGB" else 20
        Image.new(mode, (16, 16), color).save(buffer, kind, icc_profile=said or None, **options)
        files[mode, bool(said)] = buffer.getvalue()
    with Image.open(io.BytesIO(files["RGB", False])) as image:
        stored = np.asarray(image)[:1, :1] / 255
    adobe = made.shown(stored, lambda values: values ** (563 / 256), ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)))
    whole = np.ones((16, 16, 1))
    close(files["RGB", False], whole * (adobe if is_adobe else stored), 1e-3)
    _, curve, primaries = COLOR["linear P3"]
    close(files["RGB", True], whole * made.shown(stored, curve, primaries), 1e-3)  # says it better
    if kind != "WEBP":  # which has no grey
        close(files["L", False], whole * 20 / 255, 1e-3)


@pytest.mark.parametrize("says", [made.chunk(b"sRGB", b"\0"), made.chunk(b"gAMA", struct.pack(">I", 45455))])
def test_what_a_png_says_itself_counts_for_more_than_exif(says):
    exif = made.chunk(b"eXIf", _camera(2, None).removeprefix(b"Exif\0\0"))
    assert np.abs(images.decode(made.png(ramp(256, 3), 8, 2, exif)) - ramp(256, 3) / 255).max() > 0.1
    close(made.png(ramp(256, 3), 8, 2, exif, says), ramp(256, 3) / 255, 1e-6)


_SMPTE_240 = lambda values: np.where(values < 0.0912, values / 4, ((values + 0.1115) / 1.1115) ** (1 / 0.45))  # noqa: E731
_C = (0.310, 0.316)  # the white of older films and screens


@pytest.mark.parametrize(
    ("numbers", "curve", "primaries", "white"),
    [
        ((1, 13), made.decoded, made.SRGB, made.D65),
        ((12, 13), made.decoded, made.P3, made.D65),
        ((1, 8), lambda values: values, made.SRGB, made.D65),
        ((12, 8), lambda values: values, made.P3, made.D65),
        ((9, 4), lambda values: values**2.2, ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), made.D65),
        ((5, 5), lambda values: values**2.8, ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), made.D65),
        ((7, 7), _SMPTE_240, ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), made.D65),
        ((4, 4), lambda values: values**2.2, ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), _C),
        ((8, 8), lambda values: values, ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049)), _C),
        ((11, 8), lambda values: values, ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), (0.314, 0.351)),
        ((22, 13), made.decoded, ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), made.D65),
    ],
)
def test_colors_by_number_of_a_png(numbers, curve, primaries, white):
    samples = ramp(65536, 3)
    cicp = made.chunk(b"cICP", bytes([*numbers, 0, 1]))
    other = [made.iccp(COLOR["linear P3"][0]), made.chunk(b"gAMA", struct.pack(">I", 30000))]  # count for less
    close(made.png(samples, 16, 2, cicp, *other), made.shown(samples / 65535, curve, primaries, white), 2e-3)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("color", [0, 2, 3, 4, 6])
@pytest.mark.parametrize(
    ("numbers", "curve", "primaries"), [((1, 13), made.decoded, made.SRGB), ((12, 8), lambda x: x, made.P3)]
)
def test_of_a_narrow_range_16_is_black_and_235_white(depth, color, numbers, curve, primaries):
    """ITU-T H.273: of more bits, so much is shifted."""
    levels, channels = 1 << depth, {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    chunks = [made.chunk(b"cICP", bytes([*numbers, 0, 0]))]
    samples = ramp(levels, channels)
    values, alpha = samples[:, :, : {4: 1, 6: 3}.get(color, 3)], None
    if color in (4, 6):  # opacity is of the whole range
        alpha = samples[:, :, -1] / (levels - 1)
    if color == 3:
        if depth == 16:
            pytest.skip("a palette has no 16 bits")
        palette = ramp(256, 3).reshape(-1, 3)
        samples = samples % 128
        values = palette[samples[:, :, 0]]
        chunks.append(made.chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
    light = ((values - (16 << depth - 8)) / (219 << depth - 8)).clip(0, 1)
    expected = made.encoded(curve(light)) if values.shape[2] == 1 else made.shown(light, curve, primaries)
    close(made.png(samples, depth, color, *chunks), expected, 2e-3, alpha)


def test_white_is_white_whatever_white_a_png_is_for():
    numbers = [number for place in ((0.3457, 0.3585), *made.SRGB) for number in place]
    chrm = made.chunk(b"cHRM", struct.pack(">8I", *(round(each * 100000) for each in numbers)))
    gray = np.repeat(ramp(256, 1), 3, 2)
    expected = made.encoded((gray / 255) ** (1 / 0.5))
    close(made.png(gray, 8, 2, made.chunk(b"gAMA", struct.pack(">I", 50000)), chrm), expected, 1e-3)


def test_hdr_is_refused_with_a_sentence():
    with pytest.raises(ReverieError, match=r"HDR \(PQ or HLG\)"):
        images.decode(made.png(ramp(256, 3), 8, 2, made.chunk(b"cICP", bytes([9, 16, 0, 1]))))


def test_colors_by_number_of_an_avif():
    buffer = io.BytesIO()
    Image.fromarray(np.full((32, 32, 3), (200, 60, 90), np.uint8)).save(
        buffer, "AVIF", quality=100, subsampling="4:4:4"
    )
    usual = buffer.getvalue()
    at = usual.index(b"colrnclx") + 8
    wide = usual[:at] + struct.pack(">H", 12) + usual[at + 2 :]
    stored = images.decode(usual)
    np.testing.assert_allclose(images.decode(wide), made.shown(stored, made.decoded, made.P3), atol=1e-3)


@pytest.mark.parametrize(
    "curve",
    [
        made.gamma(2.2),
        made.sampled(made.decoded, 17),
        b"curv" + bytes(8),
        made.parametric(0, 1.8),
        made.parametric(1, 2.0, 1.1, -0.1),
        made.parametric(2, 2.0, 1.1, -0.1, 0.0),
        made.parametric(1, 2.0, 1.2, 0.0),  # whose light goes beyond white
        made.parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
        made.parametric(4, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0.0, 0.0),
    ],
)
def test_curves_and_matrices_mean_what_littlecms_makes_of_them(curve):
    profile = made.profile(curve, LINEAR, curve, primaries=made.P3)
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8))
    there = icc.through_tables(image, profile)
    space = icc.color_space(profile)
    assert there is not None and space is not None
    here = space.to_srgb(np.asarray(image), 255)
    assert np.abs(here * 255 - np.asarray(there)).max() < 2


@pytest.mark.parametrize(
    ("curve", "means"),
    [
        (made.parametric(1, 2.0, 0.75, -0.25), lambda x: np.where(x >= 1 / 3, (0.75 * x - 0.25) ** 2, 0)),
        (
            made.parametric(2, 2.0, 0.75, -0.25, 0.125),
            lambda x: np.where(x >= 1 / 3, (0.75 * x - 0.25) ** 2, 0) + 0.125,
        ),
        (
            made.parametric(3, 2.0, 0.75, 0.25, 0.5, 0.125),
            lambda x: np.where(x >= 0.125, (0.75 * x + 0.25) ** 2, x / 2),
        ),
        (
            made.parametric(4, 2.0, 0.75, 0.125, 0.5, 0.125, 0.0625, 0.03125),
            lambda x: np.where(x >= 0.125, (0.75 * x + 0.125) ** 2 + 0.0625, x / 2 + 0.03125),
        ),
    ],
)
def test_parametric_curves_are_those_of_the_standard(curve, means):
    profile = made.iccp(made.profile(curve, space=b"GRAY"))
    close(made.png(ramp(256, 1), 8, 0, profile), made.encoded(means(ramp(256, 1) / 255)), 1e-4)


def test_a_gray_profile_may_meet_others_in_lab():
    profile = made.profile(LINEAR, space=b"GRAY", meets=b"Lab ")
    lightness = ramp(256, 1) / 255 * 100
    light = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.2963)
    close(made.png(ramp(256, 1), 8, 0, made.iccp(profile)), made.encoded(light), 1e-3)


def test_a_profile_of_tables_is_left_to_littlecms(monkeypatch):
    asked = []
    monkeypatch.setattr(icc, "through_tables", lambda image, profile: asked.append((image.mode, profile)))
    profile = made.profile(LINEAR, LINEAR, LINEAR).replace(b"wtpt", b"A2B0")
    close(made.png(ramp(256, 3), 8, 2, made.iccp(profile)), ramp(256, 3) / 255, 1e-6)
    assert set(asked) == {("RGB", profile)}


def test_tables_are_for_what_is_between_black_and_white(monkeypatch):
    monkeypatch.setattr(icc, "through_tables", lambda image, profile: image)
    profile = made.profile(LINEAR, LINEAR, LINEAR).replace(b"wtpt", b"A2B0")
    values = np.array([[[-0.25], [0.2], [1.25]]] * 4, np.float32)
    close(made.tiff(values, 1, profile=profile), values.clip(0, 1), 1e-6)


@pytest.mark.parametrize("profile", [b"", b"none", COLOR["linear"][0][:200], GRAY["linear"][0]])
def test_a_profile_that_is_broken_or_for_others_does_not_cost_the_picture(profile):
    close(made.png(ramp(256, 3), 8, 2, made.iccp(profile)), ramp(256, 3) / 255, 1e-6)


def test_gray_with_a_profile_of_colors_is_seen_as_these_colors():
    profile, curve, _ = COLOR["linear"]
    close(made.png(ramp(256, 1), 8, 0, made.iccp(profile)), made.encoded(curve(ramp(256, 1) / 255)), 1e-3)


def test_srgb_is_srgb_to_the_last_bit():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    samples = ramp(65536, 3)
    picture = images.decode(made.png(samples, 16, 2, made.iccp(profile)))
    assert np.array_equal(picture, samples.astype(np.float32) / np.float32(65535))


@pytest.mark.parametrize(
    "extra",
    [
        made.chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3 << 20))),
        made.chunk(b"zTXt", b"Comment\0\1" + b"what"),
        made.chunk(b"iCCP", b"made\0\1" + b"what"),
        made.chunk(b"iCCP", b"made\0\1" + zlib.compress(COLOR["linear"][0])),
        made.iccp(COLOR["linear"][0])[:-1] + b"!",
        made.chunk(b"gAMA", b"1"),
        made.chunk(b"tRNS", b"1"),
        made.chunk(b"cHRM", bytes(32)),
        made.chunk(b"eXIf", b"what"),
        made.chunk(b"pHYs", b"1"),
        made.chunk(b"iTXt", b"Copyright\0\1\0\0\0what"),
        made.chunk(b"teXt", b"what")[:-1] + b"!",
    ],
)
def test_a_chunk_beside_the_picture_does_not_cost_it(extra):
    close(made.png(ramp(256, 3), 8, 2, extra), ramp(256, 3) / 255, 1e-6)


def test_what_lies_outside_of_srgb_is_the_nearest_in_each_channel():
    space = ColorSpace((lambda values: values * 2 - 0.5,))
    shown = space.to_srgb(np.array([[[0], [51], [255]]], np.uint8), 255)[0, :, 0]
    np.testing.assert_allclose(shown, [0, 0, 1], atol=1e-6)
    green = np.array([[[0, 255, 0]]], np.uint8)  # of P3, whose light in sRGB is below 0 and above 1
    shown = of_primaries(made.decoded, made.D65, made.P3).to_srgb(green, 255)
    np.testing.assert_allclose(shown[0, 0], [0, 1, 0], atol=1e-6)


def test_what_lies_outside_of_srgb_stays_there_as_a_float():
    green = np.array([[[0, 1, 0]]], np.float32)
    light = np.linalg.inv(made.to_xyz(made.SRGB)) @ made.to_xyz(made.P3)[:, 1]
    assert light.min() < -0.2 and light.max() > 1.04
    shown = of_primaries(made.decoded, made.D65, made.P3).to_srgb(green, 1)
    np.testing.assert_allclose(shown[0, 0], _beyond(light), atol=1e-5)


def _beyond(light: np.ndarray) -> np.ndarray:
    """As sRGB is encoded, by the same formula where there is no such light."""
    return np.array([12.92 * each if each <= 0.0031308 else 1.055 * each ** (1 / 2.4) - 0.055 for each in light.flat])


@pytest.mark.parametrize(
    ("profile", "means"),
    [
        (b"", None),
        (made.profile(made.gamma(1.0), space=b"GRAY"), lambda value: value),
        (made.profile(made.parametric(0, 1.0), space=b"GRAY"), lambda value: value),
        (made.profile(made.parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045), space=b"GRAY"), None),
        (COLOR["linear P3"][0], lambda value: value),
        (GRAY["gamma 1.8"][0], lambda value: max(value, 0) ** (461 / 256)),
        (made.profile(made.parametric(0, 1.8), space=b"GRAY"), lambda value: max(value, 0) ** 1.8),
        (made.profile(made.parametric(1, 2.0, 1.0, 0.0), space=b"GRAY"), lambda value: max(value, 0) ** 2),
        (made.profile(made.sampled(lambda x: x**2), space=b"GRAY"), lambda value: min(max(value, 0), 1) ** 2),
    ],
)
@pytest.mark.parametrize("meaning", [0, 1])
def test_beyond_black_and_white_a_float_stays_what_it_is(profile, means, meaning):
    """But where a profile's curve ends there."""
    values = np.array([[[-0.25], [0.0], [0.5], [1.0], [1.25]]] * 4, np.float32)
    expected = values if means is None else _beyond(np.array([means(float(each)) for each in values.flat]))
    stored = values if meaning == 1 else 1 - values
    tags = {"profile": profile} if profile else {}
    with np.errstate(all="raise"):
        close(made.tiff(stored.astype(np.float32), meaning, **tags), expected.reshape(values.shape), 1e-3)


def test_a_float_however_large_does_not_become_infinite():
    values = np.full((4, 4, 1), 0.5, np.float32)
    values[0, 0], values[1, 1] = 3e38, -3e38
    picture = images.decode(made.tiff(values, 1, profile=GRAY["gamma 1.8"][0]))
    assert np.isfinite(picture).all() and picture[0, 0, 0] > 100 and picture[1, 1, 0] == 0


def test_a_float_stays_what_it_is_in_an_array_and_is_cut_where_a_file_has_no_room(tmp_path):
    values = np.array([[[-0.25], [0.5], [1.25]]] * 4, np.float32)
    picture = images.decode(made.tiff(values, 1))
    images.write(tmp_path / "a.npy", picture)
    images.write(tmp_path / "a.png", picture)
    images.write(tmp_path / "a.tif", picture, depth=16)
    assert np.array_equal(images.read(tmp_path / "a.npy"), np.repeat(values, 3, 2))
    for name in ("a.png", "a.tif"):
        np.testing.assert_allclose(images.read(tmp_path / name)[0, :, 0], [0, 0.5, 1], atol=0.51 / 255)


def test_a_large_picture_is_the_same_in_parts(monkeypatch):
    file = made.png(ramp(256, 3), 8, 2, made.iccp(COLOR["linear P3"][0]))
    whole = images.decode(file)
    monkeypatch.setattr(color_space, "_PIXELS_AT_ONCE", 40)  # two rows and a half
    assert np.array_equal(images.decode(file), whole)


def test_what_unpacks_to_too_much_is_left_out(monkeypatch):
    file = made.png(ramp(256, 1), 8, 0, made.iccp(GRAY["linear"][0]))
    assert not np.array_equal(images.decode(file)[:, :, :1], ramp(256, 1) / np.float32(255))
    monkeypatch.setattr(png, "_LONGEST", 20)
    close(file, ramp(256, 1) / 255, 1e-6)


@pytest.mark.parametrize(("order", "sign"), [("<", -1), (">", 1)])
@pytest.mark.parametrize("scale", [1, 0.5])
def test_floats_of_a_pfm_are_linear_light_as_in_gimp(order, sign, scale):
    """The values are what GIMP 3.0 and 3.2 show of such a file; ImageMagick takes its floats as they are."""
    light = np.array([[0, 0.05, 0.214, 0.5], [0.735, 1.0, 0.25, 0.735]]) / scale
    file = b"Pf\n4 2\n%.1f\n" % (sign * scale) + light[::-1].astype(order + "f4").tobytes()
    assert np.rint(images.decode(file)[:, :, 0] * 255).tolist() == [[0, 63, 127, 188], [223, 255, 137, 223]]
    with pytest.raises(ReverieError, match="not numbers"):
        images.decode(file.replace(b"%.1f" % (sign * scale), b"%d1e60" % sign))
