"""The sheet with all fast styles, and the command that lists, shows and removes them."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image
from reverie import demo
from reverie.cli.main import main
from reverie.engine import render
from reverie.fast import styles
from reverie.pictures import images
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe


def test_the_styles_are_listed(capsys):
    assert main(["styles", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["styles"]] == styles.names()
    assert main(["styles"]) == 0
    assert all(name in capsys.readouterr().out for name in ["udnie"])


def test_what_is_transparent_in_a_photo_is_paper_on_the_sheet(tmp_path, monkeypatch):
    monkeypatch.setattr(styles, "names", lambda: ["udnie"])
    photo = np.ones((48, 64, 4), np.float32)
    photo[:, :32] = (0.2, 0.4, 0.1, 0)
    images.write(tmp_path / "photo.png", photo)
    assert main(["styles", str(tmp_path / "photo.png"), "--size", "64", "-o", str(tmp_path / "a.png"), "--json"]) == 0
    assert images.read(tmp_path / "a.png")[-48:, :28].min() > 0.98


def test_each_style_has_a_column_and_each_photo_a_row(tmp_path, monkeypatch):
    monkeypatch.setattr(styles, "names", lambda: ["udnie", "the_scream"])
    photo = shrink_to(images.read(demo.content()), 96)
    images.write(tmp_path / "photo.png", photo)
    height, width = photo.shape[:2]
    sheet = tmp_path / "sheet.png"
    words = ["styles", str(tmp_path / "photo.png"), str(tmp_path / "photo.png"), "--size", str(width)]
    assert main(words) == 1  # -o is missing
    assert main([*words, "-o", str(sheet), "--json"]) == 0
    with Image.open(sheet) as image:
        pixels = np.asarray(image.convert("RGB")).astype(float) / 255
    top = pixels.shape[0] - 2 * height
    assert pixels.shape[1] == 2 * width and 0 < top < 40
    painted = render.render(Recipe.parse({"fast": "the_scream"}), images.read(tmp_path / "photo.png"), {}, device="cpu")
    for row in range(2):
        cell = pixels[top + row * height : top + (row + 1) * height, width:]
        assert float(np.abs(cell - painted.picture).mean()) < 2 / 255


def test_a_style_whose_file_is_damaged_is_left_out_and_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(styles, "folder", lambda: tmp_path / "styles")
    monkeypatch.setattr(styles, "names", lambda: ["broken", "udnie"])
    styles.save(styles.file_of("broken"), {"broken": styles.load("udnie").vector})
    styles.file_of("broken").write_bytes(styles.file_of("broken").read_bytes()[:1000])
    images.write(tmp_path / "photo.png", shrink_to(images.read(demo.content()), 64))
    words = ["styles", str(tmp_path / "photo.png"), "--size", "64", "-o", str(tmp_path / "sheet.png")]
    assert main(words) == 0
    assert "broken.safetensors” is damaged" in capsys.readouterr().err.replace("\n", " ")
    assert images.read(tmp_path / "sheet.png").shape[1] == 64
    assert main([*words, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["type"] == "warning" and "is damaged" in json.loads(line)["message"]
    monkeypatch.setattr(styles, "names", lambda: ["broken"])
    assert main(words) == 1
    assert "is damaged" in capsys.readouterr().err
