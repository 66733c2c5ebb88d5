"""The command line's words: what becomes of them, and what is refused before any work. In this process, without
painting; whole commands are in test_cli.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reverie import demo
from reverie.cli import arguments
from reverie.cli import main as command_line
from reverie.cli.options import parser
from reverie.engine import render
from reverie.engine.result import Result
from reverie.networks import registry
from reverie.pictures import images
from reverie.recipe import Recipe
from reverie.tools import compare
from reverie.tools.compare import Row

PHOTO, INK, GLASS = str(demo.content()), str(demo.styles()["ink"]), str(demo.styles()["stained_glass"])


@pytest.fixture
def rendered(monkeypatch) -> list:
    """The recipes that are painted, which here gives nothing but a grey picture."""
    recipes = []

    def grey(recipe, content, pictures, **_):
        recipes.append(recipe)
        return Result(np.full((4, 4, 3), 0.5, np.float32), recipe, "none", "cpu", 0.0)

    monkeypatch.setattr(render, "render", grey)
    return recipes


def _failure(capsys, *words: object) -> dict:
    """The JSON line of a command that fails."""
    assert command_line.main([*map(str, words), "--json"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)


def test_options_reach_the_recipe(rendered, tmp_path):
    words = ["style", PHOTO, "--style", f"{INK}:0.5@2", "--style", GLASS, "--style-scale", "0.5", "--smallest", "64"]
    words += ["--precision", "float32", "--total-variation", "0.4", "--style-layers", "fire2, fire3"]
    words += ["--content-layers", "fire4", "-o", str(tmp_path / "a.png")]
    assert command_line.main(words) == 0
    (recipe,) = rendered
    assert [(style.weight, style.scale) for style in recipe.style] == [(0.5, 2), (1, 0.5)]
    assert (recipe.smallest, recipe.precision, recipe.total_variation) == (64, "float32", 0.4)
    assert (recipe.style_layers, recipe.content_layers) == (["fire2", "fire3"], ["fire4"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jpg", {"image": "a.jpg"}),
        ("a.jpg:0.5", {"image": "a.jpg", "weight": 0.5}),
        ("a.jpg@2", {"image": "a.jpg", "scale": 2}),
        ("a.jpg:0.5@2", {"image": "a.jpg", "weight": 0.5, "scale": 2}),
        (r"C:\paintings\a.jpg", {"image": r"C:\paintings\a.jpg"}),
        ("me@home.jpg", {"image": "me@home.jpg"}),
    ],
)
def test_the_short_forms_of_a_style(text, expected):
    assert arguments.style(text) == expected


def test_a_name_that_exists_is_taken_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a:0.5@2").touch()
    assert arguments.style("a:0.5@2") == {"image": "a:0.5@2"}


@pytest.mark.parametrize("command", [["style", PHOTO, "--style", INK], ["compare", PHOTO, "--style", INK]])
@pytest.mark.parametrize("name", ["noext", "out.xyz", "folder.png", "nowhere/out.png"])
def test_a_result_that_could_not_be_written_is_refused_before_any_work(rendered, capsys, tmp_path, command, name):
    (tmp_path / "folder.png").mkdir()
    failure = _failure(capsys, *command, "-o", tmp_path / name)
    assert (failure["type"], failure["field"]) == ("failed", "output")
    assert Path(name).name in failure["message"] or "nowhere" in failure["message"]
    assert rendered == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="/proc takes files from nobody, not even from root")
def test_a_folder_that_takes_no_files_is_told_before_any_work(rendered, capsys):
    failure = _failure(capsys, "style", PHOTO, "--style", INK, "-o", "/proc/a.png")
    assert failure["field"] == "output" and "“/proc”" in failure["message"]
    assert rendered == []


@pytest.mark.parametrize("name", ["film.mp4", "frames.png", "taken.gif", "file"])
def test_an_animation_that_could_not_be_written_is_refused_before_any_work(rendered, capsys, tmp_path, name):
    (tmp_path / "taken.gif").mkdir()
    (tmp_path / "file").touch()
    failure = _failure(capsys, "frames", PHOTO, "--style", INK, "-o", tmp_path / name)
    assert failure["field"] == "output" and name in failure["message"]
    assert rendered == []


@pytest.mark.parametrize("ending", [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".npy"])
def test_every_ending_that_is_accepted_can_be_written_and_read(tmp_path, ending):
    for channels in (3, 4):
        path = tmp_path / f"a{ending}"
        images.check_target(path)
        images.write(path, np.full((3, 5, channels), 0.5, np.float32))
        assert images.read(path)[:, :, :3].mean() == pytest.approx(0.5, abs=0.01) or channels == 4


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["nowhere.jpg", "--style", INK], "content"),
        ([PHOTO, "--style", INK, "--style", "nowhere.jpg"], "style.1.image"),
        ([PHOTO, "--style", INK, "--mask", "nowhere.png"], "style.0.mask"),
        ([PHOTO, "--style", INK, "--init", "nowhere.png"], "init"),
        ([PHOTO, "--style", INK, "--dream", "like:nowhere.png"], "dream.0.guide"),
        ([PHOTO, "--style", INK, "--dream", "fire22"], "dream"),
        ([PHOTO, "--style", INK, "--strength", "7"], "strength"),
        ([PHOTO], "style"),
        ([str(Path(__file__)), "--style", INK], "content"),
        ([PHOTO, "--recipe", "nowhere.json"], "recipe"),
    ],
)
def test_a_failure_is_a_line_of_json_that_names_the_field(rendered, capsys, tmp_path, words, field):
    failure = _failure(capsys, "style", *words, "-o", tmp_path / "a.png")
    assert (failure["type"], failure["field"]) == ("failed", field)
    assert failure["message"].endswith((".", "?"))
    assert rendered == [] and list(tmp_path.iterdir()) == []


RECIPES = {
    "brackets": (b'{"style": ' + b"[" * 100000, "not valid JSON"),
    "objects": (b'{"style": ' + b'{"image": ' * 5000, "not valid JSON"),
    "nothing": (b"", "not valid JSON"),
    "null": (b'{"style": null}', "“style.0” must be an object"),
    "number": (b'{"style": [3]}', "“style.0” must be an object"),
    "empty": (b'{"style": ""}', "“style.0.image” must not be empty"),
    "zero byte": (b'{"style": "a\\u0000b.png"}', "cannot be read"),
    "half a character": (b'{"style": "\\ud800.png"}', "characters that no text has"),
    "no number": (b'{"style": "a.png", "strength": NaN}', "at most 1, and is NaN"),
    "endless": (b'{"style": "a.png", "budget": 1e999}', "at most 86400, and is Infinity"),
    "digits": (b'{"style": "a.png", "seed": ' + b"9" * 5000 + b"}", "not valid JSON"),
}


@pytest.mark.parametrize("command", ["run", "style"])
@pytest.mark.parametrize("name", RECIPES)
def test_a_broken_recipe_is_a_sentence(rendered, capsys, tmp_path, command, name):
    text, says = RECIPES[name]
    (tmp_path / "r.json").write_bytes(text)
    words = (
        ["run", tmp_path / "r.json", PHOTO] if command == "run" else ["style", PHOTO, "--recipe", tmp_path / "r.json"]
    )
    message = _failure(capsys, *words, "-o", tmp_path / "a.png")["message"]
    assert says in message and "unexpected" not in message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_recipe_is_read_as_an_editor_on_windows_writes_it(rendered, tmp_path, encoding):
    (tmp_path / "r.json").write_text(json.dumps({"style": INK, "seed": 5}), encoding=encoding)
    assert command_line.main(["run", str(tmp_path / "r.json"), PHOTO, "-o", str(tmp_path / "a.png")]) == 0
    assert rendered[0].seed == 5


def test_a_preset_file_of_endless_brackets_is_a_sentence(capsys, tmp_path):
    (tmp_path / "p.json").write_bytes(b"[" * 100000)
    failure = _failure(capsys, "style", PHOTO, "--preset", tmp_path / "p.json", "-o", tmp_path / "a.png")
    assert "is no preset of Reverie" in failure["message"]


@pytest.mark.parametrize("size", [0, -1, 10**9])
def test_a_sheet_of_styles_has_a_size_that_can_be(capsys, tmp_path, size):
    failure = _failure(capsys, "styles", PHOTO, "-o", tmp_path / "a.png", "--size", size)
    assert (failure["field"], "16 to 4096" in failure["message"]) == ("size", True)


@pytest.mark.parametrize("name", ["[bold]a[", "[/]a", "x" * 120, "ü\udcff"])
def test_whatever_a_file_is_called_its_name_is_told_in_full(rendered, capsys, tmp_path, name):
    output = tmp_path / f"{name}.png"
    output.parent.mkdir(exist_ok=True)
    assert command_line.main(["style", PHOTO, "--style", INK, "-o", str(output)]) == 0
    assert output.exists()
    told = capsys.readouterr().err
    assert name.replace("\udcff", "") in told.replace("\\udcff", "").replace("\udcff", "")


def test_what_nobody_foresaw_is_a_sentence_and_its_traceback_is_kept(monkeypatch, capsys, tmp_path):
    def broken(*_, **__):
        raise RuntimeError("the cat\nsat on the keyboard")

    monkeypatch.setattr(render, "render", broken)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "state"))
    message = _failure(capsys, "style", PHOTO, "--style", INK, "-o", tmp_path / "a.png")["message"]
    log = tmp_path / "state" / "backend.log"
    assert "(RuntimeError: the cat)" in message and str(log) in message and "report it" in message
    assert "sat on the keyboard" in log.read_text() and "in broken" in log.read_text()


def test_too_little_memory_is_a_sentence(monkeypatch, capsys, tmp_path):
    def large(*_, **__):
        raise MemoryError

    monkeypatch.setattr(render, "render", large)
    message = _failure(capsys, "style", PHOTO, "--style", INK, "-o", tmp_path / "a.png")["message"]
    assert "not enough memory" in message and "--size" in message


def test_ctrl_c_is_a_line_of_json(monkeypatch, capsys, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(render, "render", interrupted)
    assert command_line.main(["style", PHOTO, "--style", INK, "-o", str(tmp_path / "a.png"), "--json"]) == 130
    assert json.loads(capsys.readouterr().out) == {"type": "cancelled"}


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


def test_a_zoom_into_a_fast_style_dreams_of_nothing(rendered, tmp_path):
    words = ["frames", PHOTO, "--zoom", "4", "--count", "2", "--fast", "udnie", "-o", str(tmp_path / "out")]
    assert command_line.main(words) == 0
    assert [(recipe.dream, recipe.fast[0].name) for recipe in rendered] == [([], "udnie")] * 2
    assert command_line.main([*words[:6], "-o", str(tmp_path / "out")]) == 0
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
    assert recipe.size == asked["longest"] == compare.SIZE
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


def _options_of(*words: str) -> dict:
    return vars(parser().parse_args(words))


def test_every_field_of_a_recipe_is_an_option_of_a_command():
    """A new one appears by itself; those that stand for pictures with settings of their own are written short."""
    everything = _options_of("frames", "a.png", "-o", "out")
    assert set(Recipe.model_fields) - set(everything) == {"before"}
    style = _options_of("style", "a.png", "-o", "b.png")
    assert set(Recipe.model_fields) - set(style) == {"before", "zoom", "parametrisation"}
    ignored = {"strength", "method", "style_loss", "content_layers", "style_layers", "content_mask", "optimizer"}
    dream = _options_of("dream", "a.png", "-o", "b.png")
    assert set(Recipe.model_fields) - set(dream) == {"style", "fast", "before", "zoom", "total_variation", *ignored}


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
