"""Films in files: what is read of them, and what is kept of them in a painted one."""

from __future__ import annotations

import errno
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from reverie import film as films
from reverie.errors import ReverieError
from reverie.film import video

from tests.unit.film import clips


def _read(path: Path, longest: int | None = None) -> list[video.Frame]:
    return list(video.frames(video.examine(path, longest)))


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(film.streams.audio[0])]


def test_what_is_written_is_read_again_at_the_size_wanted(tmp_path):
    clips.write(tmp_path / "a.mp4", clips.moving())
    film = video.examine(tmp_path / "a.mp4", None)
    assert (film.count, film.width, film.height) == (12, 96, 64) and film.seconds == pytest.approx(1.2)
    for seen, made in zip(_read(tmp_path / "a.mp4"), clips.moving(), strict=True):
        assert np.abs(seen.astype(float) - made).mean() < 4
    small = _read(tmp_path / "a.mp4", 50)
    assert small[0].shape == (32, 50, 3)
    assert np.abs(small[0].mean((0, 1)) - clips.moving()[0].mean((0, 1))).max() < 3


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_sound_rate_and_colour_tags_are_kept(tmp_path, ending):
    source, output = tmp_path / "a.mp4", tmp_path / f"b{ending}"
    clips.write(source, clips.moving(), rate=25, sound=True)
    video.check_target(source, output)
    video.write(video.examine(source, None), clips.moving(), output)
    assert _packets(output)[:8] == _packets(source)[:8]
    with av.open(str(output)) as film:
        stream = film.streams.video[0]
        assert stream.average_rate == 25
        context = stream.codec_context
        tags = context.colorspace, context.color_primaries, context.color_trc, context.color_range
        assert tags == (1, 1, 1, 1)
    assert video.examine(output, None).count == 12


@pytest.mark.parametrize("colors", [1, 5])
def test_a_colour_comes_back_in_either_colour_space(tmp_path, colors):
    green = [np.full((32, 32, 3), (20, 200, 60), np.uint8)] * 3
    clips.write(tmp_path / "a.mp4", green, colors=colors)
    assert np.abs(_read(tmp_path / "a.mp4")[1].astype(int) - green[0]).max() <= 4
    video.write(video.examine(tmp_path / "a.mp4", None), green, tmp_path / "b.mp4")
    assert np.abs(_read(tmp_path / "b.mp4")[1].astype(int) - green[0]).max() <= 4


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_a_film_that_was_held_otherwise_is_upright(tmp_path, rotation):
    upright = clips.moving(3)
    lying = [np.ascontiguousarray(np.rot90(frame, -rotation // 90)) for frame in upright]
    clips.write(tmp_path / "a.mp4", lying, rotation=rotation)
    film = video.examine(tmp_path / "a.mp4", None)
    assert np.abs(next(video.frames(film)).astype(float) - upright[0]).mean() < 4
    video.write(film, upright, tmp_path / "b.mp4")
    assert np.abs(_read(tmp_path / "b.mp4")[0].astype(float) - upright[0]).mean() < 4


def test_frames_keep_their_times_where_these_are_not_even(tmp_path):
    pictures = [Image.fromarray(frame) for frame in clips.moving(3)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=[40, 200, 100], loop=0)
    film = video.examine(tmp_path / "a.gif", None)
    video.write(film, list(video.frames(film)), tmp_path / "b.mkv")
    with av.open(str(tmp_path / "b.mkv")) as made:
        times = [float(frame.time) for frame in made.decode(video=0)]
    assert times == pytest.approx([0, 0.04, 0.24], abs=0.002)


def test_a_frame_from_further_on(tmp_path):
    frames = [np.full((32, 32, 3), 20 * index, np.uint8) for index in range(12)]
    clips.write(tmp_path / "a.mp4", frames)
    assert video.frame_at(video.examine(tmp_path / "a.mp4", None), 0.9).shape == (32, 32, 3)


def test_an_odd_size_loses_a_row_and_a_column(tmp_path):
    Image.new("RGB", (33, 21), "red").save(
        tmp_path / "a.gif", save_all=True, append_images=[Image.new("RGB", (33, 21))], duration=40
    )
    film = video.examine(tmp_path / "a.gif", None)
    assert (film.width, film.height) == (32, 20)
    video.write(film, list(video.frames(film)), tmp_path / "b.mp4")
    assert _read(tmp_path / "b.mp4")[0].shape == (20, 32, 3)


@pytest.mark.parametrize(
    ("name", "says"),
    [("a.gif", "ends in .mp4"), ("folder.mp4", "is a folder"), ("no/a.mp4", "does not exist"), ("a.webm", ".mkv")],
)
def test_what_could_not_be_written_is_refused(tmp_path, name, says):
    (tmp_path / "folder.mp4").mkdir()
    clips.write(tmp_path / "in.mp4", clips.moving(2), sound=True)
    with pytest.raises(ReverieError, match=says):
        video.check_target(tmp_path / "in.mp4", tmp_path / name)


def test_the_film_itself_is_not_painted_over(tmp_path):
    clips.write(tmp_path / "in.mp4", clips.moving(2))
    with pytest.raises(ReverieError, match="take the place"):
        video.check_target(tmp_path / "in.mp4", tmp_path / "." / "in.mp4")


@pytest.mark.parametrize("content", [b"no film", None])
def test_what_is_no_film_is_a_sentence(tmp_path, content):
    if content:
        (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(ReverieError, match="cannot be read as a film") as caught:
        video.examine(tmp_path / "a.mp4", None)
    assert caught.value.field == "content"


def test_colours_of_a_rare_kind_are_a_sentence(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as target:
        stream = target.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        stream.codec_context.colorspace = 8  # YCgCo
        target.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        target.mux(stream.encode(None))
    with pytest.raises(ReverieError, match=r"convert it to BT\.709"):
        video.examine(tmp_path / "a.mkv", None)


def test_sound_alone_is_no_film(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(1600))
    with pytest.raises(ReverieError, match="no pictures"):
        video.examine(tmp_path / "a.wav", None)


def test_a_film_that_cannot_be_written_leaves_what_was_there(tmp_path):
    clips.write(tmp_path / "in.mp4", clips.moving(2))
    (tmp_path / "out.mp4").write_bytes(b"old")

    def painted():
        yield clips.moving(1)[0]
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ReverieError, match="No space left"):
        video.write(video.examine(tmp_path / "in.mp4", None), painted(), tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "out.mp4"}


def test_where_a_package_is_missing_a_sentence_says_what_to_install(monkeypatch):
    films.check_packages()
    monkeypatch.setitem(films._PACKAGES, "a_module_that_there_is_not", "its-name")
    with pytest.raises(ReverieError, match="-m pip install its-name”"):
        films.check_packages()
