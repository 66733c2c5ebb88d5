"""Animated PNGs: where frames come, what becomes of their places, and what shows through them, pixel by pixel after the
format's definition."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from reverie.errors import ReverieError
from reverie.pictures import animations, images
from reverie.pictures.decoded import Opened

from tests.unit.pictures import made

KEPT, TO_NOTHING, TO_BEFORE = 0, 1, 2
INSTEAD, OVER = 0, 1


def _pictures(file: bytes) -> list[np.ndarray]:
    with Opened(file) as opened:
        return [picture for picture, _ in opened.pictures()]


def _expected(size: tuple[int, int], frames: list[np.ndarray], ways) -> list[np.ndarray]:
    """RGBA in 0 to 1, one pixel after another."""
    height, width = size
    seen, shown = np.zeros((height, width, 4)), []
    for frame, (left, top, disposal, blending, _) in zip(frames, ways, strict=True):
        before = seen.copy()
        for y in range(frame.shape[0]):
            for x in range(frame.shape[1]):
                *color, alpha = frame[y, x]
                below, opacity = seen[top + y, left + x, :3], seen[top + y, left + x, 3]
                if blending == OVER and alpha + opacity > 0:
                    total = alpha + opacity * (1 - alpha)
                    color = (np.array(color) * alpha + below * opacity * (1 - alpha)) / total
                    alpha = total
                elif blending == OVER:
                    continue
                seen[top + y, left + x] = [*color, alpha]
        shown.append(seen.copy())
        place = np.s_[top : top + frame.shape[0], left : left + frame.shape[1]]
        if disposal != KEPT:
            seen[place] = 0 if disposal == TO_NOTHING else before[place]
    return shown


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("first", [KEPT, TO_NOTHING, TO_BEFORE])
@pytest.mark.parametrize("disposal", [KEPT, TO_NOTHING, TO_BEFORE])
@pytest.mark.parametrize("blending", [INSTEAD, OVER])
def test_frames_are_laid_where_they_belong(depth, first, disposal, blending):
    white, random = (1 << depth) - 1, np.random.default_rng(0)
    sizes = [(8, 9), (5, 4), (6, 3), (2, 7)]
    frames = [random.integers(0, white + 1, (*size, 4)) for size in sizes]
    for frame in frames:
        frame[:, :, 3] = random.choice([0, white // 3, white], frame.shape[:2])
    ways = [(0, 0, first, INSTEAD, 5), (3, 2, disposal, blending, 5), (6, 1, disposal, blending, 5)]
    ways.append((1, 6, KEPT, OVER, 5))
    file = made.apng([made.png(frame, depth, 6) for frame in frames], ways)
    for picture, expected in zip(
        _pictures(file), _expected((8, 9), [each / white for each in frames], ways), strict=True
    ):
        is_seen = expected[:, :, 3] > 0
        np.testing.assert_allclose(picture[:, :, 3], expected[:, :, 3], atol=1e-5)
        np.testing.assert_allclose(picture[is_seen], expected[is_seen], atol=0.8 / white)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("color", [0, 2])
@pytest.mark.parametrize("blending", [INSTEAD, OVER])
def test_through_the_color_that_stands_for_nothing_the_frame_below_is_seen(depth, color, blending):
    hole, white = 300 % (1 << depth), (1 << depth) - 1
    below, above = (np.full((4, 4, color + 1), level) for level in (white // 3, 7))
    above[1, 2] = hole
    note = made.chunk(b"tRNS", struct.pack(f">{color + 1}H", *[hole] * (color + 1)))
    file = made.apng(
        [made.png(below, depth, color, note), made.png(above, depth, color)],
        [(0, 0, KEPT, INSTEAD, 5), (0, 0, KEPT, blending, 5)],
    )
    first, second = _pictures(file)
    np.testing.assert_allclose(first, np.broadcast_to([*[white // 3 / white] * 3, 1], (4, 4, 4)), atol=1e-6)
    if blending == OVER:
        np.testing.assert_allclose(second[1, 2], first[1, 2])
        np.testing.assert_allclose(second[0, 0], [*[7 / white] * 3, 1], atol=1e-6)
    else:
        assert second[1, 2, 3] == 0 and second[:, :, 3].sum() == 15


@pytest.mark.parametrize("blending", [INSTEAD, OVER])
def test_where_a_palette_is_transparent_the_frame_below_is_seen(blending):
    palette = [made.chunk(b"PLTE", bytes([10, 20, 30, 200, 100, 50])), made.chunk(b"tRNS", b"\0\xff")]
    below, above = np.ones((4, 4, 1), int), np.ones((4, 4, 1), int)
    above[1, 2] = 0
    file = made.apng(
        [made.png(below, 8, 3, *palette), made.png(above, 8, 3)],
        [(0, 0, KEPT, INSTEAD, 5), (0, 0, KEPT, blending, 5)],
    )
    _, second = _pictures(file)
    expected = [200, 100, 50, 255] if blending == OVER else [10, 20, 30, 0]
    np.testing.assert_allclose(second[1, 2] * 255, expected, atol=1e-4)


def test_a_still_picture_that_is_no_frame_is_what_is_read_of_the_file(tmp_path):
    pictures = [made.png(np.full((4, 6, 1), level), 16, 0) for level in (5000, 20000, 60000)]
    ways = [(0, 0, KEPT, INSTEAD, 4), (0, 0, KEPT, INSTEAD, 300)]
    (tmp_path / "a.png").write_bytes(made.apng(pictures[1:], ways, still=pictures[0], plays=3))
    np.testing.assert_allclose(images.read(tmp_path / "a.png"), 5000 / 65535, atol=1e-6)
    animation = animations.read([tmp_path / "a.png"])
    assert animation.durations == [40, 3000] and animation.plays == 3
    for index, level in enumerate((20000, 60000)):
        np.testing.assert_allclose(animation.frame(index, None), level / 65535, atol=0.5 / 255)


def _animation() -> bytes:
    frame = made.png(np.full((4, 6, 3), 90), 8, 2)
    return made.apng([frame, frame], [(0, 0, KEPT, INSTEAD, 0)] * 2)


def test_a_frame_that_says_no_time_is_seen_for_a_tenth_of_a_second(tmp_path):
    (tmp_path / "a.png").write_bytes(_animation())
    assert animations.read([tmp_path / "a.png"]).durations == [100, 100]
    (tmp_path / "a.png").write_bytes(_changed(b"fcTL", 20, struct.pack(">HH", 7, 0)))  # parts of nothing: hundredths
    assert animations.read([tmp_path / "a.png"]).durations == [100, 70]


def _with_a_pixel_at(left: int, top: int) -> bytes:
    frames = [made.png(np.full((height, width, 3), 90), 8, 2) for height, width in ((4, 6), (1, 1))]
    return made.apng(frames, [(0, 0, KEPT, INSTEAD, 5), (left, top, KEPT, INSTEAD, 5)])


def _without(name: bytes) -> bytes:
    file = _animation()
    at = file.rindex(name)
    return file[: at - 4] + made.chunk(b"IEND", b"")


def _changed(name: bytes, place: int, value: bytes) -> bytes:
    """With other bytes in the last chunk of that name."""
    file = _animation()
    at = file.rindex(name) + 4
    (length,) = struct.unpack_from(">I", file, at - 8)
    body = file[at : at + place] + value + file[at + place + len(value) : at + length]
    return file[: at - 8] + made.chunk(name, body) + file[at + length + 4 :]


@pytest.mark.parametrize(
    "file",
    [
        _without(b"fcTL"),
        _without(b"fdAT"),
        _changed(b"fcTL", 4, struct.pack(">I", 0)),
        _with_a_pixel_at(6, 0),  # to the right of the picture
        _with_a_pixel_at(0, 4),  # and below it
        _changed(b"acTL", 0, struct.pack(">I", 3)),
        _animation().replace(b"fdAT", b"fdAt"),
        _animation()[: _animation().rindex(b"fdAT") + 9],
        (lambda file: file[:-18] + bytes([file[-18] ^ 1]) + file[-17:])(_animation()),  # the last sample's checksum
    ],
)
def test_frames_that_are_damaged_are_refused_and_the_still_picture_is_read(tmp_path, file):
    (tmp_path / "a.png").write_bytes(file)
    np.testing.assert_allclose(images.read(tmp_path / "a.png"), 90 / 255, atol=1e-6)
    with pytest.raises(ReverieError, match=r"damaged|no pixels"):
        animations.read([tmp_path / "a.png"])
