"""What a result's file holds beside the picture, how exact it is, and what becomes of the file that was there."""

from __future__ import annotations

import io
import os
import stat
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from reverie.cli import main as command_line
from reverie.errors import ReverieError
from reverie.pictures import images, kept
from reverie.pictures.kept import XMP, Kept

from tests.unit.cli.without_painting import (
    INK,
    rendered_fixture,  # noqa: F401
)
from tests.unit.pictures import made

TAG = ExifTags.Base
GREY = np.full((4, 6, 3), 0.5, np.float32)
WITH_PROFILE = ["png", "jpg", "tif", "webp", "avif"]


def _photo(kind: str, **options) -> bytes:
    """A photo that lies on its side, with all that a camera says, and a thumbnail."""
    exif = Image.Exif()
    exif[TAG.Orientation] = 6
    exif[TAG.Copyright], exif[TAG.Artist], exif[TAG.Model] = "Nobody, 2021", "Nobody", "Box"
    exif.get_ifd(ExifTags.IFD.Exif).update({TAG.ColorSpace: 65535, TAG.ExifImageWidth: 64, TAG.ISOSpeedRatings: 200})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N"})
    buffer = io.BytesIO()
    Image.new("RGB", (64, 32), "red").save(buffer, kind, exif=exif.tobytes(), **options)
    return buffer.getvalue()


def _written(tmp_path, name: str, photo: bytes, depth: int = 8) -> Image.Image:
    (tmp_path / "photo").write_bytes(photo)
    images.write(tmp_path / name, GREY, images.kept(tmp_path / "photo"), depth)
    image = Image.open(tmp_path / name)
    image.load()
    return image


@pytest.mark.parametrize("ending", WITH_PROFILE)
@pytest.mark.parametrize("depth", [8, 16])
def test_a_result_says_that_it_is_srgb(tmp_path, ending, depth):
    if depth == 16 and ending not in ("png", "tif"):
        pytest.skip("has no room for 16 bits")
    images.write(tmp_path / f"a.{ending}", GREY, depth=depth)
    profile = Image.open(tmp_path / f"a.{ending}").info["icc_profile"]
    assert "sRGB" in ImageCms.getProfileDescription(io.BytesIO(profile))
    images.write(tmp_path / f"b.{ending}", GREY, depth=depth)
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    with Image.open(io.BytesIO(images.encode_png(GREY))) as sent:
        assert "sRGB" in ImageCms.getProfileDescription(io.BytesIO(sent.info["icc_profile"]))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize(("ending", "depth"), [*((each, 8) for each in WITH_PROFILE), ("png", 16), ("tif", 16)])
def test_a_result_keeps_what_its_photo_says(tmp_path, kind, ending, depth):
    image = _written(tmp_path, f"a.{ending}", _photo(kind, dpi=(300, 150)), depth)
    exif = image.getexif()
    assert exif.get(TAG.Orientation, 1) == 1 and image.size == (6, 4)
    assert (exif[TAG.Copyright], exif[TAG.Artist], exif[TAG.Model]) == ("Nobody, 2021", "Nobody", "Box")
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    assert (inner[TAG.ISOSpeedRatings], inner[TAG.ColorSpace], inner[TAG.ExifImageWidth]) == (200, 1, 6)
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"
    if ending in ("png", "jpg", "tif") and kind in ("JPEG", "PNG", "TIFF"):
        assert image.info["dpi"] == pytest.approx((300, 150), abs=0.1)


def test_the_thumbnail_of_the_photo_goes():
    entry = struct.pack("<HHIHH", TAG.Orientation, 3, 1, 8, 0)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + struct.pack("<I", 26) + b"\0\0thumbnail"
    changed = Kept(exif).exif_of(GREY)
    assert struct.unpack_from("<H", changed, 6 + 18) == (1,) and struct.unpack_from("<I", changed, 6 + 22) == (0,)
    assert len(changed) == len(exif)


def _directory(*entries: tuple[int, int, int, bytes]) -> bytes:
    """EXIF of entries: tag, type, number, and the four bytes of the value or where it is."""
    return b"MM\0*\0\0\0\x08" + struct.pack(">H", len(entries)) + b"".join(
        struct.pack(">HHI4s", *entry) for entry in entries
    ) + bytes(4)  # fmt: skip


DAMAGED = {
    "no header": b"XX\0*\0\0\0\x08" + bytes(6),
    "broken off": b"II*\0\x08\0\0\0\xff\xff\x12\x01",
    "two bytes": b"II",
    "place of GPS is a name": _directory((0x112, 3, 1, b"\0\6\0\0"), (0x8825, 2, 3, b"ab\0\0")),
    "GPS nowhere": _directory((0x112, 3, 1, b"\0\6\0\0"), (0x8825, 4, 1, b"\xff\xff\xff\xf0")),
    "resolution is a name": _directory((0x128, 2, 2, b"2\0\0\0"), (0x11A, 2, 3, b"ab\0\0"), (0x11B, 2, 3, b"ab\0\0")),
    "width is a name": _directory((0x100, 2, 3, b"ab\0\0"), (0x112, 2, 3, b"ab\0\0")),
    "says how samples lie": _directory((0x106, 3, 1, b"\0\0\0\0"), (0x153, 3, 1, b"\0\3\0\0")),
    "a resolution of nothing by nothing": _directory((0x11A, 5, 1, b"\0\0\0\x20")) + bytes(16),
    "a number without room": _directory((0x131, 9, 1, b"\x80\0\0\0"), (0x112, 3, 1, b"\0\6\0\0")),
}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize(("ending", "depth"), [*((each, 8) for each in WITH_PROFILE), ("png", 16), ("tif", 16)])
def test_damaged_exif_does_not_cost_finished_work(tmp_path, damage, ending, depth):
    photo = made.png(np.zeros((4, 4, 3), int), 8, 2, made.chunk(b"eXIf", DAMAGED[damage]))
    _written(tmp_path, f"a.{ending}", photo, depth)
    np.testing.assert_allclose(images.read(tmp_path / f"a.{ending}"), GREY, atol=0.01)
    assert images.kept(tmp_path / "photo").is_damaged is (damage in ("no header", "two bytes"))


@pytest.mark.parametrize(
    "dpi", [(1e9, 1e9), (70000.0, 300.0), (float("nan"), 300.0), (300.0, float("nan")), (float("inf"),) * 2, (0.0, 0.0)]
)
def test_a_resolution_that_cannot_be_is_left_out(tmp_path, dpi):
    class Image:
        format, info = "JPEG", {"dpi": dpi}

    assert kept.of(Image(), None) == Kept()


def test_damaged_exif_is_told_before_it_is_painted(rendered, tmp_path, capsys):
    notes = made.chunk(b"eXIf", DAMAGED["no header"]), made.chunk(b"tEXt", b"Copyright\0Nobody")
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(made.png(np.zeros((40, 40, 3), int), 8, 2, *notes))
    photos, words = [str(tmp_path / "a.png"), str(tmp_path / "b.png")], ["--style", INK, "--json"]
    assert command_line.main(["style", photos[0], *words, "-o", str(tmp_path / "c.tif")]) == 0
    assert "a.png: its EXIF is damaged, and left out of the result." in capsys.readouterr().out.splitlines()[0]
    assert Image.open(tmp_path / "c.tif").getexif()[TAG.Copyright] == "Nobody"
    assert command_line.main(["style", *photos, *words, "-o", str(tmp_path / "many")]) == 0
    assert capsys.readouterr().out.count("its EXIF is damaged") == 2
    assert command_line.main(["style", photos[0], *words, "--strip", "-o", str(tmp_path / "d.tif")]) == 0
    assert "its EXIF" not in capsys.readouterr().out


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\xff\xff\xff\x00", b"Exif\0\0", b"what"])
def test_broken_exif_does_not_cost_the_result(exif):
    assert Kept(exif).exif_of(GREY).endswith(exif.removeprefix(b"Exif\0\0"))


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp"])
def test_copyright_and_resolution_are_kept_where_there_is_no_exif(tmp_path, ending):
    texts = [made.chunk(b"tEXt", b"Copyright\0Nobody"), made.chunk(b"iTXt", b"Author\0\0\0\0\0\xc3\x84nne")]
    dots = made.chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1))
    image = _written(tmp_path, f"a.{ending}", made.png(np.zeros((4, 4, 3), int), 8, 2, *texts, dots))
    assert image.getexif()[TAG.Copyright] == "Nobody" and image.getexif()[TAG.XResolution] == pytest.approx(
        300, abs=0.1
    )


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_xmp_is_kept_and_says_upright(tmp_path, ending):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6">Nobody\'s</a></x:xmpmeta>'
    image = _written(tmp_path, f"a.{ending}", _photo("JPEG", xmp=xmp))
    assert image.info["xmp"] == xmp.replace(b'"6"', b'"1"')


def test_a_photo_that_says_nothing_gives_a_result_that_says_nothing(tmp_path):
    photos = made.png(np.zeros((4, 4, 3), int)), made.tiff(np.zeros((4, 4, 3), np.uint8), 2)
    for photo in photos:
        (tmp_path / "photo").write_bytes(photo)
        assert images.kept(tmp_path / "photo") == Kept()


def test_what_a_jpeg_has_no_room_for_is_left_out(tmp_path):
    long = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + b"Nobody " * 20000 + b"</x:xmpmeta>"
    exif = b"II*\0\x08\0\0\0" + bytes(6) + bytes(80000)
    (tmp_path / "photo.png").write_bytes(
        made.png(
            np.zeros((4, 4, 3), int),
            8,
            2,
            made.chunk(b"eXIf", exif),
            made.chunk(b"iTXt", XMP.encode() + bytes(5) + long),
        )
    )
    assert images.kept(tmp_path / "photo.png") == Kept()
    images.write(tmp_path / "a.jpg", GREY, images.kept(tmp_path / "photo.png"))


@pytest.mark.parametrize("is_stripped", [False, True])
def test_strip_leaves_it_out(rendered, tmp_path, is_stripped):
    (tmp_path / "photo.jpg").write_bytes(_photo("JPEG", dpi=(300, 300)))
    words = ["style", str(tmp_path / "photo.jpg"), "--style", INK, "-o", str(tmp_path / "a.jpg")]
    assert command_line.main([*words, *(["--strip"] if is_stripped else [])]) == 0
    image = Image.open(tmp_path / "a.jpg")
    assert (TAG.Copyright in image.getexif()) is not is_stripped
    assert (image.info.get("dpi") == (300, 300)) is not is_stripped
    assert "icc_profile" in image.info


@pytest.mark.parametrize("command", ["style", "dream", "run"])
def test_depth_16_is_16_bits(rendered, tmp_path, command):
    (tmp_path / "photo.png").write_bytes(made.png(np.zeros((40, 40, 3), int)))
    (tmp_path / "r.json").write_text('{"dream": {}}')
    words = {"style": ["--style", INK], "dream": [], "run": []}[command]
    before = [str(tmp_path / "r.json")] if command == "run" else []
    words = [command, *before, str(tmp_path / "photo.png"), *words, "--depth", "16", "-o", str(tmp_path / "a.png")]
    assert command_line.main(words) == 0
    assert (tmp_path / "a.png").read_bytes()[24:26] == bytes([16, 2])


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bits_come_back_as_they_were(tmp_path, ending, channels):
    picture = np.random.default_rng(0).integers(0, 65536, (9, 7, channels)).astype(np.float32) / np.float32(65535)
    images.write(tmp_path / f"a.{ending}", picture, depth=16)
    assert np.array_equal(images.read(tmp_path / f"a.{ending}"), picture)
    if (ending, channels) == ("tif", 4):  # the colours are not multiplied by it
        assert Image.open(tmp_path / "a.tif").tag_v2[338] == (2,)


@pytest.mark.parametrize("ending", ["jpg", "avif"])
def test_colors_are_as_fine_as_light(tmp_path, ending):
    """4:4:4: red and blue columns stay what they are."""
    picture = np.zeros((16, 16, 3), np.float32)
    picture[:, ::2, 0] = picture[:, 1::2, 2] = 1
    images.write(tmp_path / f"a.{ending}", picture)
    assert np.abs(images.read(tmp_path / f"a.{ending}") - picture).max() < 0.15


@pytest.mark.parametrize(("ending", "most"), [("jpg", 0.008), ("webp", 0.006), ("avif", 0.006)])
def test_fine_grain_survives_the_packing(tmp_path, ending, most):
    picture = np.repeat(np.random.default_rng(0).normal(0.5, 0.05, (64, 64, 1)), 3, 2).astype(np.float32)
    images.write(tmp_path / f"a.{ending}", picture)
    assert np.abs(images.read(tmp_path / f"a.{ending}") - picture).mean() < most


def test_a_link_stays_one(tmp_path):
    (tmp_path / "far").mkdir()
    target = tmp_path / "far" / "b.png"
    target.write_bytes(b"old")
    (tmp_path / "a.png").symlink_to(target)
    images.check_target(tmp_path / "a.png")
    images.write(tmp_path / "a.png", GREY)
    assert (tmp_path / "a.png").is_symlink() and images.read(target).shape == GREY.shape
    target.unlink()  # and where it leads to is not there yet
    images.write(tmp_path / "a.png", GREY)
    assert (tmp_path / "a.png").is_symlink() and images.read(target).shape == GREY.shape


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o640])
def test_a_file_keeps_its_mode_and_owner(tmp_path, mode):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    path.chmod(mode)
    owner = (12, 34) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(path, *owner)
    images.write(path, GREY)
    now = path.stat()
    assert (stat.S_IMODE(now.st_mode), (now.st_uid, now.st_gid)) == (mode, owner)
    assert images.read(path).shape == GREY.shape


def test_a_write_protected_file_is_refused(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    path.chmod(0o444)
    for write in (images.check_target, lambda path: images.write(path, GREY)):
        with pytest.raises(ReverieError, match=r"is write-protected\. Choose another name"):
            write(path)
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypmif1", "HEIC"),
        (b"\0\0\0\x18ftypavci", "HEIF"),
        (b"\0\0\0\x18ftypmiaf", "HEIF"),
        (b"\0\0\0\x18ftypmif2", "HEIF"),
        (b"P7\nWIDTH 4\nHEIGHT 4\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", r"\(PAM\)"),
        (b"PF\n4 4\n-1.0\n", r"\(PFM\)"),
        (b"\0\0\0\x18ftypcrx ", "RAW"),
        (b"\0\0\0\x18ftypisom", "MP4"),
        (b"\xff\x0a", "JPEG XL"),
        (b"8BPS", "PSD"),
        (b"gimp xcf v011", "XCF"),
        (b"%PDF-1.7", "PDF"),
        (b'<?xml version="1.0"?><svg', "SVG"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"v/1\x01", "OpenEXR"),
        (b"RIFF\0\0\0\0AVI ", "AVI"),
        (b"RIFF\0\0\0\0WEBPwhat", "WebP file is of a sort"),
        (b"MM\0*what", "TIFF file is of a sort"),
    ],
)
def test_a_file_that_is_not_read_is_called_by_its_name(head, kind):
    with pytest.raises(ReverieError, match=kind):
        images.decode(head + bytes(64))


@pytest.mark.parametrize("tag", [(50706, 1, 4, b"\1\4\0\0"), (254, 4, 1, b"\1\0\0\0")])
def test_the_thumbnail_of_a_raw_file_is_not_taken_for_the_picture(tag):
    """DNG and others are TIFFs, of which Pillow sees the first picture alone."""
    file = made.tiff(np.zeros((4, 4, 3), np.uint8), 2)
    entry = file.index(struct.pack("<HHI", 339, 3, 3))  # one that is not needed
    with pytest.raises(ReverieError, match=r"\(RAW\)"):
        images.decode(file[:entry] + struct.pack("<HHI4s", *tag) + file[entry + 12 :])
