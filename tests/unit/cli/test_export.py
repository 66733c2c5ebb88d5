"""The command `export`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from reverie import export as onnx
from reverie.cli import main as command_line
from reverie.export import model
from reverie.pictures import images


def _export(*words: object) -> int:
    return command_line.main(["export", *map(str, words)])


def test_a_fast_style_becomes_a_file(tmp_path, capsys):
    assert _export("udnie", "-o", tmp_path / "u.onnx", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("difference") < 1 / 255
    assert told == {"type": "done", "output": str(tmp_path / "u.onnx"), "style": "udnie"}
    photo = np.zeros((1, 3, 40, 50), np.float32)
    assert model.run(model.loaded((tmp_path / "u.onnx").read_bytes()), photo).shape == photo.shape


def test_a_picture_becomes_a_file(tmp_path, capsys):
    """One of the project's own, by its bare name, which a preset has, too."""
    assert _export("watercolour", "-o", tmp_path / "w.onnx", "--size", "64") == 0
    assert "onnxruntime paints as Reverie does" in capsys.readouterr().err.replace("\n", " ")
    photo = np.full((1, 3, 40, 50), 0.5, np.float32)
    assert model.run(model.loaded((tmp_path / "w.onnx").read_bytes()), photo).shape == (1, 3, 51, 64)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["oil-painting", "-o", "a.onnx"], "is a preset, which is carried out by optimising"),
        (["my.json", "-o", "a.onnx"], "is a recipe, which is carried out by optimising"),
        (["mine.pth", "-o", "a.onnx"], "import-style"),
        (["nowhere.jpg", "-o", "a.onnx"], "neither a fast style nor a picture"),
        (["udnie", "-o", "a.onnx", "--size", "300"], "leave out --size"),
        (["ink", "-o", "a.onnx", "--size", "9000"], "and not 9000"),
        (["udnie", "-o", "a.pt"], "ends in .onnx"),
        (["udnie", "-o", "gone/a.onnx"], "does not exist"),
        (["clear.png", "-o", "a.onnx"], "flatten it first"),
        (["plain.png", "-o", "a.onnx"], "one colour only"),
        (["dot.png", "-o", "a.onnx"], "nothing would be left of its strokes"),
    ],
)
def test_what_cannot_be_exported_is_told_in_a_sentence(tmp_path, capsys, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    clear = np.random.default_rng(0).random((64, 64, 4), np.float32)
    for name, picture in (("clear", clear), ("plain", clear[..., :3] * 0), ("dot", clear[:12, :12, :3])):
        images.write(tmp_path / f"{name}.png", picture)
    assert _export(*words, "--json") == 1
    assert says in json.loads(capsys.readouterr().out)["message"]
    assert not list(tmp_path.glob("*.onnx"))


def test_what_paints_otherwise_is_not_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(model, "run", lambda session, photo: photo)
    (tmp_path / "u.onnx").write_bytes(b"before")
    assert _export("udnie", "-o", tmp_path / "u.onnx", "--json") == 1
    assert "nothing was written" in json.loads(capsys.readouterr().out)["message"]
    assert (tmp_path / "u.onnx").read_bytes() == b"before"


def test_without_the_packages_it_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(onnx._PACKAGES, "a_module_that_there_is_not", "onnxruntime")
    assert _export("udnie", "-o", tmp_path / "u.onnx", "--json") == 1
    assert "pip install onnxruntime" in json.loads(capsys.readouterr().out)["message"]
