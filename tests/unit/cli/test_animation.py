"""Animations on the command line."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reverie import demo
from reverie.errors import ReverieError
from reverie.pictures import animations, images
from reverie.pictures.animations import Animation
from reverie.pictures.resize import shrink_to

ROOT = Path(__file__).resolve().parents[3]
QUICK = ["--iterations", "4", "--network", "reverie"]
STYLE = ["--style", str(demo.styles()["ink"])]


@pytest.fixture
def scene(tmp_path) -> list[Path]:
    """Three frames in which a square moves."""
    landscape = shrink_to(images.read(demo.content()), 64)
    paths = []
    for index in range(3):
        frame = landscape.copy()
        frame[10:20, 5 + 8 * index : 15 + 8 * index] = (1, 0, 0)
        paths.append(tmp_path / f"in{index}.png")
        images.write(paths[-1], frame)
    return paths


def _run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reverie", "frames", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_frames_go_into_a_folder_and_still_parts_stay(tmp_path, scene):
    done = _run(*scene, *STYLE, "-o", tmp_path / "out", "--json", *QUICK)
    assert done.returncode == 0, done.stderr
    results = [images.read(path) for path in sorted((tmp_path / "out").iterdir())]
    assert len(results) == 3
    for before, after in itertools.pairwise(results):
        assert np.array_equal(before[30:], after[30:])
        assert np.abs(before[8:22] - after[8:22]).mean() > 0.01
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    fractions = [line["fraction"] for line in lines if line["type"] == "progress"]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert min(abs(fraction - 1 / 3) for fraction in fractions) < 1e-6  # after the first frame
    assert lines[-1] == {"type": "done", "output": str(tmp_path / "out"), "frames": 3}


def test_a_gif_becomes_a_gif_with_its_timing(tmp_path, scene):
    pictures = [Image.open(path) for path in scene]
    pictures[0].save(tmp_path / "in.gif", save_all=True, append_images=pictures[1:], duration=[40, 80, 200], loop=0)
    done = _run(tmp_path / "in.gif", *STYLE, "-o", tmp_path / "out.gif", *QUICK)
    assert done.returncode == 0, done.stderr
    assert animations.read([tmp_path / "out.gif"]).durations == [40, 80, 200]


def _signed(paths: list[Path]) -> None:
    """Gives each frame an artist of its own."""
    for index, path in enumerate(paths):
        exif = Image.Exif()
        exif[315] = f"artist {index}"
        with Image.open(path) as picture:
            picture.save(path, exif=exif, dpi=(240, 240))


def test_each_frame_in_a_folder_keeps_what_its_file_says_in_16_bits_or_nothing(tmp_path, scene):
    _signed(scene)
    done = _run(*scene, *STYLE, "-o", tmp_path / "out", "--depth", "16", *QUICK)
    assert done.returncode == 0, done.stderr
    for index, path in enumerate(sorted((tmp_path / "out").iterdir())):
        assert path.read_bytes()[24] == 16  # IHDR's depth
        with Image.open(path) as picture:
            assert picture.getexif()[315] == f"artist {index}"
            assert picture.info["dpi"] == pytest.approx((240, 240), abs=0.1)
    done = _run(*scene, *STYLE, "-o", tmp_path / "bare", "--strip", *QUICK)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "bare" / "0002.png") as picture:
        assert not picture.getexif() and "dpi" not in picture.info


@pytest.mark.parametrize("name", ["a.webp", "a.apng", "a.avif", "a.tif"])
def test_an_animation_in_one_file_keeps_what_it_says(tmp_path, scene, name):
    _signed(scene)
    kept = images.kept(scene[0])
    frames = [np.full((8, 12, 3), value, np.uint8) for value in (0, 100, 255)]
    animations.write(tmp_path / name, Animation(frames, [50, 60, 70]), kept)
    assert len(animations.read([tmp_path / name]).frames) == 3
    assert b"artist 0" in images.kept(tmp_path / name).exif


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.apng", "a.avif", "a.tif", "a.tiff"])
def test_what_is_written_is_read_again(tmp_path, name):
    frames = [np.full((8, 12, 3), value, np.uint8) for value in (0, 100, 255)]
    animations.write(tmp_path / name, Animation(frames, [50, 60, 70]))
    again = animations.read([tmp_path / name])
    assert again.durations == ([100] * 3 if name.startswith("a.tif") else [50, 60, 70])
    for index, frame in enumerate(frames):
        assert np.abs(again.frame(index, None) - frame / 255).max() < 0.01
    assert again.frame(1, 6).shape == (4, 6, 3)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.apng"])
@pytest.mark.parametrize("opaque", [(), (0,), (0, 2)])
def test_what_is_transparent_is_so_in_the_file(tmp_path, name, opaque):
    """A rectangle that moves over nothing; also where some frames have no alpha channel."""
    frames = [np.zeros((72, 96, 4), np.uint8) for _ in range(3)]
    for index, frame in enumerate(frames):
        frame[10:60, 10 + 20 * index : 50 + 20 * index] = (200, 30, 40, 255)
        frame[20:40, 15 + 20 * index : 30 + 20 * index] = (10, 90, 200, 255)
    given = [frame[:, :, :3] if index in opaque else frame for index, frame in enumerate(frames)]
    animations.write(tmp_path / name, Animation([np.ascontiguousarray(frame) for frame in given], [50, 60, 70]))
    again = animations.read([tmp_path / name])
    for index, frame in enumerate(frames):
        expected = np.ones((72, 96)) if index in opaque else frame[:, :, 3] / 255
        assert np.array_equal(again.frame(index, None)[:, :, 3], expected)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.apng"])
def test_an_animation_that_cannot_be_saved_leaves_the_one_that_was_there(tmp_path, name, monkeypatch):
    (tmp_path / name).write_bytes(b"old")

    def save(self, file, *words, **options):
        Path(file).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(ReverieError, match="cannot be written: No space left"):
        animations.write(tmp_path / name, Animation([np.zeros((8, 12, 3), np.uint8)], [50]))
    assert (tmp_path / name).read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_zoom_makes_frames_from_one_picture(tmp_path, scene):
    done = _run(scene[0], "--zoom", "6", "--count", "3", "-o", tmp_path / "out.webp", *QUICK)
    assert done.returncode == 0, done.stderr
    made = animations.read([tmp_path / "out.webp"])
    assert len(made.frames) == 3
    assert np.abs(made.frame(2, None) - made.frame(1, None)).mean() > 0.01


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "at least one style"),
        (["--zoom", "0"], "0 to 100 per cent"),
        (["--zoom", "3", "--count", "0"], "one frame at least"),
        (["--style", "nowhere.jpg"], "nowhere.jpg"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, scene, words, says):
    done = _run(scene[0], *words, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert says in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_one_file_has_no_room_for_16_bits(tmp_path, scene):
    done = _run(*scene, *STYLE, "-o", tmp_path / "a.webp", "--depth", "16", *QUICK)
    assert done.returncode == 1 and "name a folder" in done.stderr and not (tmp_path / "a.webp").exists()


def test_frames_of_two_sizes_and_a_zoom_of_many_are_refused(tmp_path, scene):
    images.write(tmp_path / "other.png", np.zeros((20, 20, 3), np.float32))
    done = _run(scene[0], tmp_path / "other.png", *STYLE, "-o", tmp_path / "out", *QUICK)
    assert done.returncode == 1 and "of one size" in done.stderr
    done = _run(*scene, "--zoom", "3", "-o", tmp_path / "zoom", *QUICK)
    assert done.returncode == 1 and "only one" in done.stderr


def test_a_damaged_animation_is_a_sentence(tmp_path, scene):
    pictures = [Image.open(path) for path in scene]
    pictures[0].save(tmp_path / "in.gif", save_all=True, append_images=pictures[1:])
    data = (tmp_path / "in.gif").read_bytes()
    (tmp_path / "in.gif").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(ReverieError, match="damaged"):
        animations.read([tmp_path / "in.gif"])


@pytest.mark.parametrize("code", [0x21, 0x2C])
def test_no_fault_of_an_animation_is_unforeseen(tmp_path, code):
    frames = [Image.new("P", (8, 6), value) for value in range(3)]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:], duration=40)
    whole = (tmp_path / "in.gif").read_bytes()
    for at in range(len(whole)):
        (tmp_path / "in.gif").write_bytes(whole[:at] + bytes([code]) + whole[at + 1 :])
        with contextlib.suppress(ReverieError):
            animations.read([tmp_path / "in.gif"])


def test_a_frame_that_cannot_be_read_leaves_those_before_it(tmp_path, scene):
    data = scene[2].read_bytes()
    scene[2].write_bytes(data[: len(data) * 2 // 3])
    done = _run(*scene, *STYLE, "-o", tmp_path / "out.gif", "--json", *QUICK)
    assert done.returncode == 1
    warning, failed = (json.loads(line) for line in done.stdout.splitlines()[-2:])
    assert warning["type"] == "warning" and str(tmp_path / "out.gif") in warning["message"]
    assert failed["type"] == "failed" and str(scene[2]) in failed["message"]
    assert len(animations.read([tmp_path / "out.gif"]).frames) == 2


def test_frames_for_which_the_disk_has_no_room_are_kept_elsewhere(tmp_path, scene, fill_disk):
    (tmp_path / "full").mkdir()
    fill_disk(tmp_path / "full")
    done = _run(scene[0], "--zoom", "6", "--count", "2", "-o", tmp_path / "full" / "out.gif", *QUICK)
    assert done.returncode == 1 and "No space left" in done.stderr
    spare = Path(done.stderr.rpartition("are in “")[2].partition("”")[0])
    try:
        assert len(animations.read([spare]).frames) == 2
    finally:
        shutil.rmtree(spare.parent)


def test_ctrl_c_keeps_the_frames_that_are_done(tmp_path, scene):
    command = [sys.executable, "-m", "reverie", "frames", str(scene[0]), "--zoom", "2", "--count", "9999"]
    command += ["-o", str(tmp_path / "out"), "--json", *QUICK]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while not (tmp_path / "out" / "0002.png").exists():
        assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    done = json.loads(out.splitlines()[-1])
    assert done["frames"] == len(list((tmp_path / "out").iterdir())) >= 2
