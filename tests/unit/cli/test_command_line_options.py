"""Options and lists of the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reverie import api, demo
from reverie.cli import documents
from reverie.cli import main as command_line
from reverie.cli.options import parser
from reverie.engine import render
from reverie.engine.result import Result
from reverie.job import resolve, size_for
from reverie.networks import registry
from reverie.pictures import images
from reverie.recipe import Recipe
from reverie.tools import compare
from reverie.tools.compare import Row

from tests.unit.cli.without_painting import (
    GLASS,
    INK,
    PHOTO,
    rendered_fixture,  # noqa: F401
)


def _options_of(*words: str) -> dict:
    return vars(parser().parse_args(words))


def test_the_projects_own_pictures_go_by_their_names(monkeypatch, tmp_path):
    """On the command line and in a recipe's file, unless there is a file of that name."""
    pictures = []

    def seen(recipe, content, given, **_):
        pictures.append(given)
        return Result(np.full((4, 4, 3), 0.5, np.float32), recipe, "none", "cpu", 0.0)

    monkeypatch.setattr(render, "render", seen)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.json").write_text(json.dumps({"style": "ink"}))
    for words in (["style", PHOTO, "--style", "ink:2"], ["run", str(tmp_path / "r.json"), PHOTO]):
        assert command_line.main([*words, "-o", str(tmp_path / "a.png")]) == 0
        assert np.array_equal(pictures.pop()["ink"], images.read(demo.styles()["ink"]))
    (tmp_path / "ink").write_bytes(Path(GLASS).read_bytes())
    assert command_line.main(["style", PHOTO, "--style", "ink", "-o", str(tmp_path / "a.png")]) == 0
    assert np.array_equal(pictures.pop()["ink"], images.read(demo.styles()["stained_glass"]))


@pytest.mark.parametrize("name", ["~/looks/a.png", "looks\\a.png", "..\\home/looks\\a.png"])
def test_a_recipe_may_name_files_as_people_and_other_systems_do(monkeypatch, tmp_path, name):
    pictures = []

    def seen(recipe, content, given, **_):
        pictures.append(next(iter(given.values())))
        return Result(np.full((4, 4, 3), 0.5, np.float32), recipe, "none", "cpu", 0.0)

    monkeypatch.setattr(render, "render", seen)
    home = tmp_path / "home"
    (home / "looks").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    look = np.full((4, 4, 3), 0.2, np.float32)
    images.write(home / "looks" / "a.png", look)
    (home / "r.json").write_text(json.dumps({"style": name}))
    assert command_line.main(["run", str(home / "r.json"), PHOTO, "-o", str(tmp_path / "a.png")]) == 0
    assert np.array_equal(pictures.pop(), look)
    monkeypatch.chdir(home)
    assert list(api.read_pictures(Recipe.parse({"style": name}))) == [name]


def test_a_zoom_into_a_fast_style_dreams_of_nothing(rendered, tmp_path):
    words = ["frames", PHOTO, "--zoom", "4", "--count", "2", "--fast", "udnie", "-o", str(tmp_path / "out")]
    assert command_line.main(words) == 0
    assert [(recipe.dream, recipe.fast[0].name) for recipe in rendered] == [([], "udnie")] * 2
    assert command_line.main([*words[:6], "-o", str(tmp_path / "other")]) == 0
    assert len(rendered[-1].dream) == 1


def test_compare_takes_networks_a_recipe_and_dreams(monkeypatch, capsys, tmp_path):
    asked = {}

    def rows(recipe, content, pictures, *, networks, **_):
        asked.update(recipe=recipe, networks=networks, longest=max(content.shape[:2]))
        return [Row(name, np.zeros((6, 8, 3), np.float32), 2.0, 3, 0.5, 1 << 20, 1000) for name in networks]

    monkeypatch.setattr(compare, "compare", rows)
    (tmp_path / "r.json").write_text(json.dumps({"style": INK, "iterations": 7, "style_loss": "gram"}))
    words = ["compare", PHOTO, "--recipe", str(tmp_path / "r.json"), "--network", "reverie", "--network", "vgg19"]
    words += ["--dream", "auto", "-o", str(tmp_path / "sheet.png"), "--json"]
    assert command_line.main(words) == 0
    assert asked["networks"] == ["reverie", "vgg19"]
    recipe = asked["recipe"]
    assert (recipe.iterations, recipe.style_loss, len(recipe.dream)) == (7, "gram", 1)
    assert asked["longest"] == compare.SIZE and recipe.size == size_for(compare.SIZE) > compare.SIZE
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert done["type"] == "done" and images.read(done["output"]).shape[2] == 3
    assert done["networks"][1] == {
        "network": "vgg19", "seconds": 2.0, "iterations": 3, "per_iteration": 0.5, "memory": 1 << 20, "parameters": 1000
    }  # fmt: skip
    assert command_line.main(words[:-1]) == 0
    assert "vgg19" in capsys.readouterr().out


def test_the_table_of_networks_says_what_each_is_where_its_weights_are_and_their_licence(capsys):
    assert command_line.main(["networks"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    for row in registry.describe():
        line = lines[row["name"]]
        assert row["title"] in line and row["licence"] in line
        to_fetch = f"{row['download_bytes'] / 1e6:.1f} MB"
        assert ("bundled" if row["bundled"] else "at hand" if row["available"] else to_fetch) in line


def test_every_field_of_a_recipe_is_an_option_of_a_command():
    """A new one appears by itself; those that stand for pictures with settings of their own are written short. What a
    picture was made with is not asked for, but recorded."""
    everything = _options_of("frames", "a.png", "-o", "out")
    assert set(Recipe.model_fields) - set(everything) == {"before", "made_with"}
    style = _options_of("style", "a.png", "-o", "b.png")
    assert set(Recipe.model_fields) - set(style) == {"before", "made_with", "zoom", "parametrisation"}
    ignored = {"strength", "method", "style_loss", "content_layers", "style_layers", "content_mask", "optimizer"}
    ignored |= {"before", "made_with", "zoom"}
    dream = _options_of("dream", "a.png", "-o", "b.png")
    assert set(Recipe.model_fields) - set(dream) == {"style", "fast", "total_variation", *ignored}


def test_an_option_says_what_it_is_and_what_is_usual(capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(["style", "--help"])
    assert ended.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "--strength NUMBER 0 keeps the picture as it is, 1 gives all to the style (0.85)" in told
    assert "--pooling {max,average} how the network pools (as it was trained)" in told
    assert "--init content|noise|PICTURE" in told and "--style-layers NAME,…" in told and "--budget TIME" in told


@pytest.mark.parametrize("words", [["--help"], ["style", "--help"], ["style", "--nonsense"], ["--version"]])
def test_help_and_a_wrong_command_line_wait_for_no_library(words):
    """Which took most of a second."""
    heavy = "{'torch', 'numpy', 'pydantic', 'PIL', 'rich'} & set(sys.modules)"
    code = f"import sys\nfrom reverie.cli.main import main\ntry:\n    main({words})\nfinally:\n    assert not {heavy}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == (2 if "--nonsense" in words else 0), done.stderr


def test_every_command_is_carried_out_by_a_function():
    (commands,) = [action.choices for action in parser()._actions if action.dest == "command"]
    assert set(commands) == set(command_line.COMMANDS)
    assert all(callable(command_line._command(name)) for name in commands)


def test_a_size_is_the_results_and_what_is_composed_may_be_larger():
    options = parser().parse_args(["style", str(PHOTO), "--style", str(INK), "--size", "100", "-o", "a.png"])
    recipe = Recipe.parse(documents.styled(options))
    jobs = [resolve(recipe.model_copy(update={"network": name}), "cpu") for name in ("reverie", "squeezenet1_0")]
    assert options.size == 100 and [job.size(100, 75) for job in jobs] == [(141, 106), (100, 75)]
