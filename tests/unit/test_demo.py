"""The demo pictures: drawn the same every time, and the files beside the code are what the code draws."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin
from reverie import demo
from reverie.demo import country, fields, hatching, paper, render

ROOT = Path(demo.__file__).resolve().parents[2]
FILES = {demo.CONTENT: demo.content(), **demo.styles()}


@pytest.mark.parametrize("name", demo.PICTURES)
def test_the_same_seed_draws_the_same_picture_and_another_another(name: str) -> None:
    """On a narrow strip: as few strokes as its part of a picture has."""
    first, again, other = (render.draw(name, width=24, height=96, seed=seed) for seed in (1, 1, 2))
    assert first.shape == (96, 24, 3)
    assert np.array_equal(first, again)
    assert np.abs(first.astype(float) - other).mean() > 2


def test_every_file_is_there_in_its_size_and_none_too_many() -> None:
    assert sorted(path.name for path in demo.FOLDER.glob("*.jpg")) == sorted(f"{name}.jpg" for name in demo.PICTURES)
    assert set(FILES) == set(demo.PICTURES)
    assert len(demo.styles()) == 12
    for name, path in FILES.items():
        with Image.open(path) as file:
            assert (file.format, file.mode, file.size) == ("JPEG", "RGB", render.size(name))


def test_the_files_are_small() -> None:
    sizes = [path.stat().st_size for path in FILES.values()]
    assert max(sizes) <= render.LARGEST == 1_000_000
    assert sum(sizes) <= 12_000_000


def test_a_busy_picture_is_stored_as_well_as_fits_and_a_quiet_one_best(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    whole = len(render.encoded(noise))
    monkeypatch.setattr(render, "LARGEST", whole - 1)
    smaller = len(render.encoded(noise))
    assert 0.4 * whole < smaller < whole
    quiet = Image.open(io.BytesIO(render.encoded(np.full((64, 64, 3), 99, np.uint8))))
    assert JpegImagePlugin.get_sampling(quiet) == 0  # 4:4:4
    monkeypatch.setattr(render, "LARGEST", smaller - 1)
    assert len(render.encoded(noise)) < smaller


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
        picture = np.asarray(file.convert("RGB").resize((640, 512), Image.Resampling.BOX), dtype=float)
    grey = picture.mean(-1)
    assert np.percentile(grey, 98) - np.percentile(grey, 2) > 120
    assert (picture.max(-1) - picture.min(-1)).mean() > 20
    blocks = grey.reshape(grey.shape[0] // 64, 64, grey.shape[1] // 64, 64).std(axis=(1, 3))
    assert np.median(blocks) > 10


def test_the_command_writes_the_named_pictures_and_the_files_are_what_it_draws(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reverie.demo.render", "--out", str(tmp_path / "new"), "woodcut"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, timeout=120)
    (drawn,) = (tmp_path / "new").iterdir()
    assert drawn.name == "woodcut.jpg"
    pictures = [np.asarray(Image.open(path), dtype=float) for path in (drawn, FILES["woodcut"])]
    assert np.abs(pictures[0] - pictures[1]).mean() < 2  # to rounding, which differs between processors


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


def test_light_on_a_surface_is_the_same_in_more_pixels() -> None:
    small, large = (fields.relief(np.sin(fields.grid(size, size)[0] * 9), 60.0) for size in (128, 256))
    assert np.abs(large.reshape(128, 2, 128, 2).mean((1, 3)) - small).max() < 0.05
    assert np.abs(small).max() > 0.3


def test_the_part_around_a_place_is_of_the_picture() -> None:
    assert fields.around(50, 80, 2.0, 48.0, 5.0) == (slice(43, 50), slice(0, 9))
    assert np.zeros((50, 80))[fields.around(50, 80, -20.0, 99.0, 5.0)].size == 0


def test_hatching_is_as_dense_as_it_is_heavy_and_runs_along_its_turn() -> None:
    rng, level = np.random.default_rng(0), np.zeros((256, 256))
    for weight in (-0.2, 0.0, 0.3, 0.7):
        drawn = hatching.hatch(level, level, level + weight, 16, rng, uneven=0.0)
        assert drawn.mean() == pytest.approx(max(weight, 0.0), abs=0.02)
    assert np.ptp(drawn, axis=1).max() < 1e-9 < 0.9 < np.ptp(drawn, axis=0).min()
    upright = hatching.hatch(level + np.pi / 2, level, level + 0.5, 16, rng, uneven=0.0)
    assert np.ptp(upright, axis=0).max() < 1e-6 < 0.9 < np.ptp(upright, axis=1).min()


def test_a_papers_tooth_has_every_height_as_often() -> None:
    tooth = paper.tooth(128, 160, np.random.default_rng(0))
    assert np.quantile(tooth, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.05)


def test_a_landscape_has_sky_above_hills_with_trees_and_outlines_between_them() -> None:
    seen = country.country(128, 160, np.random.default_rng(0))
    assert (seen.kind[:20] == country.SKY).mean() > 0.9
    assert (seen.kind[-20:] != country.SKY).all()
    assert 0.02 < (seen.kind == country.CROWN).mean() < 0.7
    assert seen.tone.min() >= 0
    assert seen.tone.max() <= 1
    assert np.array_equal(country.outlines(np.array([[1, 1, 2], [1, 1, 2]])), [[0, 1, 0], [0, 1, 0]])
