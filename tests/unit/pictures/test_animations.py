"""Frames and pages in files: all of them, as long and as often as the file says, in the right colours; and what is
refused before anything is painted."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from reverie.cli import main as command_line
from reverie.engine import render
from reverie.errors import ReverieError
from reverie.pictures import animations, images
from reverie.pictures.animations import Animation

from tests.unit.cli.without_painting import (
    INK,
    _failure,
    rendered_fixture,  # noqa: F401
)
from tests.unit.pictures import made

LEVELS = (40, 120, 220)
WIDE = made.profile(*[made.sampled(made.decoded, 4096)] * 3, primaries=made.P3)
KINDS = {"GIF": "gif", "WEBP": "webp", "PNG": "png", "TIFF": "tif", "AVIF": "avif"}


def _scene() -> list[Image.Image]:
    return [Image.new("RGB", (40, 24), (level, 0, 255 - level)) for level in LEVELS]


def _saved(path, kind: str, **options) -> None:
    first, *rest = _scene()
    options |= {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(kind, {})
    first.save(path, kind, save_all=True, append_images=rest, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_all_frames_are_read_in_their_colors_with_their_durations(tmp_path, kind):
    path = tmp_path / f"a.{KINDS[kind]}"
    wide = kind != "GIF"  # which has no profile
    _saved(path, kind, duration=[40, 70, 500], **({"icc_profile": WIDE} if wide else {}))
    animation = animations.read([path])
    assert animation.durations == ([animations.DURATION] * 3 if kind == "TIFF" else [40, 70, 500])
    for index, level in enumerate(LEVELS):
        color = np.array([level, 0, 255 - level]) / 255
        expected = made.shown(color, made.decoded, made.P3) if wide else color
        assert np.abs(animation.frame(index, None)[5, 5] - expected).max() < 0.02


@pytest.mark.parametrize("depth", ["u1", "u2"])
def test_pages_of_16_bits_are_read_through_their_profile(tmp_path, depth):
    white = {"u1": 255, "u2": 65535}[depth]
    linear = made.profile(*[made.gamma(1)] * 3)
    pages = [made.tiff(np.full((4, 6, 3), level, depth), 2, profile=linear) for level in (white // 50, white)]
    (tmp_path / "a.tif").write_bytes(made.pages(*pages))
    animation = animations.read([tmp_path / "a.tif"])
    dark = made.encoded(np.array((white // 50) / white))
    assert np.abs(animation.frame(0, None) - dark).max() < 0.5 / 255 and (animation.frame(1, None) == 1).all()


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("kind", ["TIFF", "PNG"])
def test_frames_of_16_bits_keep_them(tmp_path, kind, channels):
    frames = [np.random.default_rng(number).integers(0, 65536, (4, 6, channels)).astype(np.uint16) for number in (0, 1)]
    frames[1][:, :, 3:] = 65535  # opaque: the channel has to stay for the other's sake
    if kind == "TIFF":
        tags = {"extra": 2} if channels == 4 else {}
        file = made.pages(*(made.tiff(frame, 1 if channels == 1 else 2, **tags) for frame in frames))
    else:
        pngs = [made.png(frame, 16, {1: 0, 3: 2, 4: 6}[channels]) for frame in frames]
        file = made.apng(pngs, [(0, 0, 0, 0, 5)] * 2)
    (tmp_path / "a").write_bytes(file)
    animation = animations.read([tmp_path / "a"])
    for index, frame in enumerate(frames):
        held, shown = animation.frames[index], animation.frame(index, None)
        assert held.dtype == np.uint16 and np.array_equal(held, np.broadcast_to(frame, held.shape))
        assert np.array_equal(shown, held.astype(np.float32) / np.float32(65535)) and held.shape[2] == max(3, channels)


def test_floats_beyond_black_and_white_are_these_in_a_frame(tmp_path):
    page = made.tiff(np.array([[[-0.25], [0.5], [1.25]]] * 4, np.float32), 1)
    (tmp_path / "a.tif").write_bytes(made.pages(page, page))
    assert animations.read([tmp_path / "a.tif"]).frames[1][0, :, 0].tolist() == [0, 32768, 65535]


@pytest.mark.parametrize("depth", [8, 16])
def test_frames_that_are_opaque_throughout_have_no_alpha(tmp_path, depth):
    frame = np.full((4, 6, 4), (1 << depth) - 1)
    (tmp_path / "a").write_bytes(made.apng([made.png(frame, depth, 6)] * 2, [(0, 0, 0, 0, 5)] * 2))
    first = animations.read([tmp_path / "a"]).frames[0]
    assert first.shape == (4, 6, 3) and (first == (1 << depth) - 1).all()


@pytest.mark.parametrize(
    ("source", "loop", "plays"),
    [("GIF", None, 1), ("GIF", 0, 0), ("GIF", 2, 3), ("WEBP", 0, 0), ("WEBP", 1, 1), ("PNG", 0, 0), ("PNG", 4, 4)],
)
@pytest.mark.parametrize("target", ["gif", "webp", "apng"])
def test_an_animation_is_played_as_often(tmp_path, source, loop, plays, target):
    """A GIF says how often more than once; the others, how often."""
    path = tmp_path / f"a.{KINDS[source]}"
    _saved(path, source, **({} if loop is None else {"loop": loop}))
    animation = animations.read([path])
    assert animation.plays == plays
    animations.write(tmp_path / f"b.{target}", animation)
    assert animations.read([tmp_path / f"b.{target}"]).plays == plays


@pytest.mark.parametrize("name", ["a.webp", "a.apng", "a.avif", "a.tif"])
def test_an_animation_says_that_it_is_srgb(tmp_path, name):
    animations.write(tmp_path / name, Animation([np.asarray(frame) for frame in _scene()], [50] * 3))
    profile = Image.open(tmp_path / name).info["icc_profile"]
    images.write(tmp_path / "still.png", np.zeros((4, 4, 3), np.float32))
    assert profile == Image.open(tmp_path / "still.png").info["icc_profile"]


def test_the_still_picture_of_an_apng_is_no_frame(tmp_path):
    _saved(tmp_path / "a.png", "PNG", default_image=True, duration=[40, 70])
    animation = animations.read([tmp_path / "a.png"])
    assert len(animation.frames) == 2 and abs(animation.frame(0, None)[5, 5, 0] * 255 - LEVELS[1]) < 1


def test_a_thumbnail_of_a_page_is_no_frame(tmp_path):
    _saved(tmp_path / "a.tif", "TIFF")
    first, *rest = _scene()
    rest[0].encoderinfo = {"tiffinfo": {254: 1}}
    buffer = io.BytesIO()
    first.save(buffer, "TIFF", save_all=True, append_images=rest)
    (tmp_path / "b.tif").write_bytes(buffer.getvalue())
    assert len(animations.read([tmp_path / "a.tif"]).frames) == 3
    levels = [round(float(frame[5, 5, 0])) for frame in animations.read([tmp_path / "b.tif"]).frames]
    assert levels == [LEVELS[0], LEVELS[2]]


def test_the_other_pictures_in_a_jpeg_are_no_frames(tmp_path):
    _saved(tmp_path / "a.jpg", "MPO")
    assert animations.read([tmp_path / "a.jpg"]).frames == [tmp_path / "a.jpg"]


def test_frames_of_differing_sizes_are_told_before_the_first_is_painted(rendered, capsys, tmp_path):
    for number, size in enumerate([(40, 24), (40, 24), (41, 24)]):
        Image.new("RGB", size).save(tmp_path / f"{number}.png")
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    failure = _failure(capsys, "frames", *paths, "--style", INK, "-o", tmp_path / "out")
    assert failure["field"] == "content" and rendered == [] and not (tmp_path / "out").exists()
    assert "40×24 pixels, and “" in failure["message"] and "2.png” has 41×24" in failure["message"]
    Image.new("RGB", (80, 48)).save(paths[2])  # which --size makes equal
    words = ["frames", *map(str, paths), "--style", INK, "--size", "20", "-o", str(tmp_path / "out")]
    assert command_line.main(words) == 0
    Image.new("RGB", (24, 40)).save(tmp_path / "2.jpg", exif=_lying())  # and EXIF
    words = ["frames", *map(str, paths[:2]), str(tmp_path / "2.jpg"), "--style", INK, "-o", str(tmp_path / "more")]
    assert command_line.main(words) == 0


def _lying() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def test_pages_of_differing_sizes_are_told_before_the_first_is_painted(rendered, capsys, tmp_path):
    first, *rest = _scene()
    first.save(tmp_path / "a.tif", save_all=True, append_images=[rest[0].resize((20, 12))])
    failure = _failure(capsys, "frames", tmp_path / "a.tif", "--style", INK, "-o", tmp_path / "out")
    assert "and 2 has 20×12" in failure["message"] and rendered == []


def test_what_of_a_frame_is_beyond_white_is_white_in_a_file(monkeypatch, tmp_path):
    """What is not painted stays as it is, which may be brighter."""
    _scene()[0].save(tmp_path / "0.png")
    bright = np.repeat(np.array([[[-0.25], [0.5], [1.25]]] * 4, np.float32), 3, 2)
    monkeypatch.setattr(render, "render", lambda recipe, *_, **__: render.Result(bright, recipe, "none", "cpu", 0.0))
    words = ["frames", tmp_path / "0.png", "--style", INK, "-o", tmp_path / "out.tif"]
    assert command_line.main([*map(str, words)]) == 0
    assert np.rint(images.read(tmp_path / "out.tif")[0, :, 0] * 255).tolist() == [0, 128, 255]


def test_a_count_of_frames_without_a_zoom_is_refused(rendered, capsys, tmp_path):
    _scene()[0].save(tmp_path / "0.png")
    words = ["frames", tmp_path / "0.png", "--count", "5", "--style", INK, "-o", tmp_path / "out"]
    assert _failure(capsys, *words)["field"] == "count" and rendered == []


def test_a_missing_frame_is_told_before_the_first_is_painted(rendered, capsys, tmp_path):
    _scene()[0].save(tmp_path / "0.png")
    words = ["frames", tmp_path / "0.png", tmp_path / "nowhere.png", "--style", INK, "-o", tmp_path / "out"]
    assert "nowhere.png” cannot be read" in _failure(capsys, *words)["message"] and rendered == []


@pytest.mark.parametrize("output", ["D", "D/"])
def test_frames_are_not_written_among_those_of_another_animation(rendered, capsys, tmp_path, output):
    (tmp_path / "D").mkdir()
    paths = [tmp_path / "D" / f"{number:04}.png" for number in (1, 2)]
    for path, frame in zip(paths, _scene(), strict=False):
        frame.save(path)
    before = [path.read_bytes() for path in paths]
    failure = _failure(capsys, "frames", *paths, "--style", INK, "-o", f"{tmp_path}/{output}")
    assert failure["field"] == "output" and "has frames already, such as “0001.png”" in failure["message"]
    assert rendered == [] and [path.read_bytes() for path in paths] == before
    (tmp_path / "D" / "notes.txt").touch()
    for path in paths:
        path.rename(tmp_path / path.name)
    animations.check_target(tmp_path / "D")


def test_an_animation_is_not_written_over_what_it_comes_from(rendered, capsys, tmp_path):
    _saved(tmp_path / "a.gif", "GIF")
    (tmp_path / "b.gif").symlink_to(tmp_path / "a.gif")
    before = (tmp_path / "a.gif").read_bytes()
    for source, target in (("a.gif", "a.gif"), ("b.gif", "a.gif"), ("a.gif", "b.gif")):
        failure = _failure(capsys, "frames", tmp_path / source, "--style", INK, "-o", tmp_path / target)
        assert failure["field"] == "output" and "is what is to be painted" in failure["message"]
    assert rendered == [] and (tmp_path / "a.gif").read_bytes() == before


def test_a_write_protected_animation_is_refused_before_any_work(tmp_path):
    (tmp_path / "a.gif").touch()
    (tmp_path / "a.gif").chmod(0o444)
    with pytest.raises(ReverieError, match="is write-protected"):
        animations.check_target(tmp_path / "a.gif")
