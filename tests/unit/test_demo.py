"""The demo pictures: drawn the same every time, and the files beside the code are what the code draws."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reverie import demo
from reverie.demo import fields, render

ROOT = Path(demo.__file__).resolve().parents[2]
FILES = {demo.CONTENT: demo.content(), **demo.styles()}


@pytest.mark.parametrize("name", demo.PICTURES)
def test_the_same_seed_draws_the_same_picture(name: str) -> None:
    first = render.draw(name, width=120, height=96)
    assert first.shape == (96, 120, 3)
    assert np.array_equal(first, render.draw(name, width=120, height=96))


@pytest.mark.parametrize("name", demo.PICTURES)
def test_another_seed_draws_another_picture(name: str) -> None:
    pictures = [render.draw(name, width=120, height=96, seed=seed).astype(float) for seed in (1, 2)]
    assert np.abs(pictures[0] - pictures[1]).mean() > 2


@pytest.mark.parametrize("name", ["stained_glass", "mosaic"])
def test_the_file_is_what_the_script_draws(name: str) -> None:
    with Image.open(FILES[name]) as file:
        stored = np.asarray(file.convert("RGB"), dtype=float)
    drawn = render.draw(name).astype(float)
    assert stored.shape == drawn.shape
    assert np.abs(stored - drawn).mean() < 6  # JPEG at 92 keeps these busy pictures within about 4


def test_every_file_is_there_in_its_size_and_none_too_many() -> None:
    assert sorted(path.name for path in demo.FOLDER.glob("*.jpg")) == sorted(f"{name}.jpg" for name in demo.PICTURES)
    assert set(FILES) == set(demo.PICTURES)
    assert len(demo.styles()) >= 5
    for name, path in FILES.items():
        with Image.open(path) as file:
            assert (file.format, file.mode, file.size) == ("JPEG", "RGB", render.size(name))


def test_the_files_are_small() -> None:
    sizes = [path.stat().st_size for path in FILES.values()]
    assert max(sizes) <= 350 * 1024
    assert sum(sizes) <= 2.5 * 1024 * 1024


def test_a_bare_name_is_a_picture_of_the_project_unless_there_is_such_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo.picture("ink") == demo.styles()["ink"]
    assert demo.picture("pictures/ink") == Path("pictures/ink")
    (tmp_path / "ink").touch()
    assert demo.picture("ink") == Path("ink")


@pytest.mark.parametrize("name", demo.PICTURES)
def test_a_picture_has_light_dark_colour_and_detail(name: str) -> None:
    """A style is learned from texture everywhere: no picture may be flat, nor large parts of a swatch."""
    with Image.open(FILES[name]) as file:
        picture = np.asarray(file.convert("RGB"), dtype=float)
    grey = picture.mean(-1)
    assert np.percentile(grey, 98) - np.percentile(grey, 2) > 120
    assert (picture.max(-1) - picture.min(-1)).mean() > 20
    blocks = grey.reshape(grey.shape[0] // 64, 64, grey.shape[1] // 64, 64).std(axis=(1, 3))
    assert np.median(blocks) > 10


def test_the_command_writes_the_named_pictures(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reverie.demo.render", "--out", str(tmp_path / "new"), "stained_glass"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, timeout=120)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["stained_glass.jpg"]


def test_the_command_says_which_pictures_there_are(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["render", "nosuch"])
    with pytest.raises(SystemExit):
        render.main()
    said = capsys.readouterr().err
    assert "There is no picture 'nosuch'" in said
    assert "stained_glass" in said


def test_noise_has_no_mean_one_deviation_and_tiles() -> None:
    noise = fields.fractal(64, 96, np.random.default_rng(0), smallest=0.1)
    assert abs(noise.mean()) < 1e-9
    assert noise.std() == pytest.approx(1)
    seam = np.abs(noise[:, 0] - noise[:, -1]).mean()
    columns = np.abs(np.diff(noise, axis=1)).mean(0)
    assert seam < 1.5 * columns.max()
    assert np.abs(noise[:, 0] - noise[:, 48]).mean() > 3 * seam


def test_blur_keeps_a_flat_picture_and_lowers_a_peak() -> None:
    assert np.allclose(fields.blur(np.full((20, 30, 3), 0.4), 3.0), 0.4)
    peak = np.zeros((41, 41))
    peak[20, 20] = 1
    smooth = fields.blur(peak, 3.0)
    assert smooth.sum() == pytest.approx(1, abs=1e-3)
    assert smooth[20, 20] == pytest.approx(1 / (2 * np.pi * 9), rel=0.02)


def test_sample_is_bilinear() -> None:
    picture = np.array([[0.0, 1.0], [2.0, 3.0]])
    assert fields.sample(picture, np.array([0.5]), np.array([0.5])) == pytest.approx(1.5)
    assert fields.sample(picture, np.array([9.0]), np.array([0.0])) == pytest.approx(1.0)
    assert fields.sample(picture, np.array([2.0]), np.array([0.0]), tile=True) == pytest.approx(0.0)
