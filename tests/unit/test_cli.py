"""The command line, as a person or a script calls it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from backend import demo, images
from backend.networks import registry

ROOT = Path(__file__).resolve().parents[2]
QUICK = ["--iterations", "8", "--size", "96"]

needs_weights = pytest.mark.skipif(
    not registry.available(), reason="needs the weights of a network, and there are none on this machine"
)


def _run(*words: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "backend", *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@needs_weights
def test_style_paints_a_photo(tmp_path):
    done = _run("style", demo.content(), "--style", demo.styles()["ink"], "-o", tmp_path / "a.png", *QUICK)
    assert done.returncode == 0, done.stderr
    picture = images.read(tmp_path / "a.png")
    assert picture.shape == (72, 96, 3)
    assert "a.png" in done.stderr


@needs_weights
def test_styles_are_weighted_and_json_tells_the_recipe(tmp_path):
    styles = demo.styles()
    done = _run(
        "style", demo.content(), "--style", f"{styles['ink']}:3", "--style", styles["mosaic"], "-o", tmp_path / "a.jpg",
        "--json", "--seed", 7, *QUICK,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["type"] for line in (lines[0], lines[1], lines[-1])] == ["started", "progress", "done"]
    recipe = lines[-1]["recipe"]
    assert [style["weight"] for style in recipe["style"]] == [3.0, 1.0]
    assert recipe["seed"] == 7


@needs_weights
def test_run_repeats_a_recipe_to_the_last_bit(tmp_path):
    recipe = {"style": str(demo.styles()["strokes"]), "iterations": 8, "init": "noise", "seed": 3}
    (tmp_path / "r.json").write_text(json.dumps(recipe))
    for name in ("a.npy", "b.npy"):
        assert _run("run", tmp_path / "r.json", demo.content(), "-o", tmp_path / name, "--size", 96).returncode == 0
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.jpg", "--style", "x.jpg"], "nowhere.jpg"),
        ([str(demo.content()), "--style", "nowhere.jpg"], "nowhere.jpg"),
        ([str(demo.content())], "at least one style"),
        ([str(demo.content()), "--style", str(demo.content()), "--strength", "7"], "strength"),
        ([str(demo.content()), "--style", str(demo.content()), "--network", "vgg20"], "vgg19"),
        ([str(ROOT / "pyproject.toml"), "--style", str(demo.content())], "no picture"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_1(tmp_path, words, message):
    done = _run("style", *words, "-o", tmp_path / "a.png")
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_option_is_exit_code_2():
    assert _run("style", "--nonsense").returncode == 2


def test_the_schema_and_the_networks_are_json():
    assert json.loads(_run("schema").stdout)["title"] == "Recipe"
    networks = json.loads(_run("networks", "--json").stdout)["networks"]
    assert {"vgg19", "squeezenet1_0"} <= {network["name"] for network in networks}


@needs_weights
def test_ctrl_c_stops_without_a_traceback_or_a_file(tmp_path):
    command = [sys.executable, "-m", "backend", "style", demo.content(), "--style", demo.styles()["ink"]]
    command += ["-o", tmp_path / "a.png", "--iterations", "5000", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()  # it has started
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []
