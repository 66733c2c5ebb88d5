"""Whole commands, as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reverie import demo
from reverie.fast import styles as fast_styles
from reverie.pictures import images
from reverie.pictures.resize import shrink_to

from tests.unit.cli.whole_commands import QUICK, ROOT, _run, needs_weights


def _into(stdout: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in a shell that sends its output somewhere."""
    command = f"'{sys.executable}' -m reverie {' '.join(words)} {stdout}"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _interrupted(tmp_path: Path, times: int) -> tuple[int, str]:
    """Exit code and stderr of a painting that gets Ctrl-C in its midst, and a second one as soon as it has answered."""
    command = [sys.executable, "-m", "reverie", "style", demo.content(), "--style", demo.styles()["ink"]]
    command += ["-o", tmp_path / "a.png", "--iterations", "5000", "--size", "512", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stderr
    while '"progress"' not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    errors = ""
    while "Finishing" not in errors:
        errors += process.stderr.readline()
    if times == 2:
        process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert "Traceback" not in errors + rest
    return process.returncode, errors + rest


@needs_weights
def test_style_paints_a_photo(tmp_path):
    done = _run("style", demo.content(), "--style", demo.styles()["ink"], "-o", tmp_path / "a.png", *QUICK)
    assert done.returncode == 0, done.stderr
    picture = images.read(tmp_path / "a.png")
    assert picture.shape == (72, 96, 3)
    assert "a.png" in done.stderr


def test_any_picture_is_a_style_in_one_pass(tmp_path):
    """At the picture's size, composed smaller, and of two styles with a mask; it is said with what."""
    images.write(tmp_path / "sky.png", np.pad(np.ones((36, 96, 3), np.float32), ((0, 36), (0, 0), (0, 0))))
    photo = shrink_to(images.read(demo.content()), 96)
    images.write(tmp_path / "photo.png", photo)
    styles = demo.styles()
    (tmp_path / "r.json").write_text(json.dumps({"style": str(styles["mosaic"]), "method": "instant", "size": 48}))
    two = ["--style", styles["ink"], "--mask", tmp_path / "sky.png", "--style", styles["mosaic"], "--mask", "-"]
    for words in (["style", tmp_path / "photo.png", *two, "--method", "instant"], ["run", tmp_path / "r.json"]):
        photos = [tmp_path / "photo.png"] if words[0] == "run" else []
        done = _run(*words, *photos, "-o", tmp_path / "a.png", "--json")
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert (lines[0]["type"], lines[0]["network"]) == ("started", "instant")
        fractions = [line["fraction"] for line in lines if line["type"] == "progress"]
        assert fractions == sorted(fractions) and fractions[-1] == 1.0
        assert lines[-1]["recipe"]["method"] == "instant"
        painted = images.read(tmp_path / "a.png")
        assert painted.shape == photo.shape and np.abs(painted - photo).mean() > 0.03


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


@pytest.mark.parametrize("command", ["style", "run"])
def test_the_pictures_of_a_recipe_lie_beside_it(tmp_path, command):
    """Whichever command reads it; those that the command line names lie where the command is given."""
    (tmp_path / "looks").mkdir()
    images.write(tmp_path / "looks" / "ink.png", images.read(demo.styles()["ink"])[::8, ::8])
    images.write(tmp_path / "sky.png", np.ones((8, 8, 3), np.float32))
    recipe = {"style": [{"image": "looks/ink.png", "mask": "sky.png"}], "method": "patches"}
    (tmp_path / "r.json").write_text(json.dumps(recipe))
    photo = demo.content().relative_to(ROOT)
    words = (
        ["run", tmp_path / "r.json", photo] if command == "run" else ["style", photo, "--recipe", tmp_path / "r.json"]
    )
    done = _run(*words, "--size", 48, "-o", tmp_path / "a.png")
    assert done.returncode == 0, done.stderr
    assert images.read(tmp_path / "a.png").shape == (36, 48, 3)
    (tmp_path / "looks" / "ink.png").unlink()
    assert str(tmp_path / "looks" / "ink.png") in _run(*words, "-o", tmp_path / "a.png").stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.jpg", "--style", "x.jpg"], "nowhere.jpg"),
        ([str(demo.content()), "--style", str(demo.content()), "--network", "vgg20"], "vgg19"),
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


@pytest.mark.skipif(sys.platform == "win32", reason="has another shell")
def test_a_reader_that_has_seen_enough_gets_no_traceback():
    done = _into("| head -c 1", "schema")
    assert (done.stdout, done.stderr) == ("{", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_for_the_output_is_a_sentence():
    done = _into("> /dev/full", "schema")
    assert done.returncode == 1
    assert done.stderr.startswith("reverie: The disk is full.") and len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="has another shell")
def test_a_terminal_that_knows_no_unicode_takes_every_list():
    """One process says them all: most of the time of each is its start."""
    lists = (["schema"], ["presets"], ["presets", "--json"], ["networks"], ["networks", "--json"])
    script = f"from reverie.cli.main import main\nfor words in {lists}: print(chr(7), main(words))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == ""
    told = done.stdout.split("\a 0\n")
    assert len(told) == len(lists) + 1
    for words, text in zip(lists, told, strict=False):
        assert json.loads(text) if "--json" in words else text


def test_ctrl_c_stops_a_fast_style_at_once(tmp_path):
    """Half of its tiles are no picture."""
    command = [sys.executable, "-m", "reverie", "style", demo.content(), "--fast", str(fast_styles.listed()[0]["name"])]
    command += ["-o", tmp_path / "a.png", "--tile", "64", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    while '"progress"' not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert json.loads(told.splitlines()[-1]) == {"type": "cancelled"}
    assert list(tmp_path.iterdir()) == []


@needs_weights
def test_a_recipe_saved_anew_changes_the_painting_under_way(tmp_path):
    """Strength and weights; what is no recipe, and what cannot change, is told and the painting goes on."""
    styles = [{"image": str(demo.styles()[name]), "weight": 1.0} for name in ("ink", "mosaic")]
    document = {"style": styles, "iterations": 9999, "size": 64, "strength": 0.9}
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(document))
    command = [sys.executable, "-m", "reverie", "run", file, demo.content(), "-o", tmp_path / "a.png", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout

    def told_until(word: str) -> str:
        for line in process.stdout:
            if word in line:
                return line
        raise AssertionError(f"it ended before “{word}”: {process.communicate()[1]}")

    told_until('"progress"')
    file.write_text(json.dumps(document)[:40])
    assert "Painting goes on as it was" in told_until('"warning"')
    styles[1]["weight"] = 3.0
    file.write_text(json.dumps({**document, "strength": 0.3, "size": 32}))
    assert "only strengths and weights" in told_until('"warning"')
    for _ in range(20):
        told_until('"progress"')
    process.send_signal(signal.SIGINT)
    recipe = json.loads(process.communicate(timeout=60)[0].splitlines()[-1])["recipe"]
    assert (recipe["strength"], recipe["size"]) == (0.3, 64)
    assert [style["weight"] for style in recipe["style"]] == [1.0, 3.0]


@needs_weights
def test_ctrl_c_keeps_what_there_is(tmp_path):
    code, errors = _interrupted(tmp_path, 1)
    assert code == 0
    assert "Finishing" in errors
    assert images.read(tmp_path / "a.png").shape == (384, 512, 3)


@needs_weights
def test_a_second_ctrl_c_leaves_no_file(tmp_path):
    code, _ = _interrupted(tmp_path, 2)
    assert code == 130
    assert list(tmp_path.iterdir()) == []
