"""What the command line refuses or cannot foresee, in sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reverie.cli import main as command_line
from reverie.engine import loaded, render
from reverie.fast import codec

from tests.unit.cli.without_painting import (
    INK,
    PHOTO,
    _failure,
    rendered_fixture,  # noqa: F401
)

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


@pytest.mark.parametrize(
    ("words", "field", "says"),
    [
        (["--style", INK, "--init", PHOTO], "init", "Painting in one pass has no use for “init”; leave it out."),
        (["--style", INK, "--budget", "20s"], "budget", "Painting in one pass has no use for “budget”; leave it out."),
        (["--style", INK, "--fast", "udnie"], "fast", "Painting in one pass has no use for “fast”; leave it out."),
        (["--style", INK, "--dream", "auto"], "method", "name one, and nothing to dream of."),
        (["--fast", "udnie"], "method", "name one, and nothing to dream of."),
        ([], "style", "Name at least one style picture"),
    ],
)
def test_what_one_pass_has_no_use_for_is_a_sentence(rendered, capsys, tmp_path, words, field, says):
    failure = _failure(capsys, "style", PHOTO, "--method", "instant", *words, "-o", tmp_path / "a.png")
    assert failure["field"] == field and says in failure["message"]
    assert rendered == []


def test_iterations_are_no_contradiction_to_one_pass(rendered, tmp_path):
    """A record names them, whether they were asked for or not."""
    words = ["style", PHOTO, "--style", INK, "--method", "instant", "--iterations", "20"]
    assert command_line.main([*words, "-o", str(tmp_path / "a.png")]) == 0
    assert (rendered[0].method, rendered[0].iterations) == ("instant", 20)


def test_a_damaged_decoder_is_a_sentence(monkeypatch, capsys, tmp_path):
    loaded.forget_network()
    monkeypatch.setattr(codec, "BUNDLED", tmp_path / "decoder.safetensors")
    words = ["style", PHOTO, "--style", INK, "--method", "instant", "--size", "64", "-o", tmp_path / "a.png"]
    for contents in (None, b"no decoder"):
        if contents is not None:
            codec.BUNDLED.write_bytes(contents)
        message = _failure(capsys, *words)["message"]
        assert message.startswith(f"The decoder in “{codec.BUNDLED}” is damaged or missing.")
        assert message.endswith("Install Reverie again.")


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


def test_an_address_is_told_to_be_one(rendered, capsys, tmp_path):
    failure = _failure(capsys, "style", PHOTO, "--style", "https://a.example/b.jpg", "-o", tmp_path / "a.png")
    assert failure["field"] == "style.0.image" and "is an address, and pictures are not fetched" in failure["message"]
    (tmp_path / "recipe.json").write_text('{"style": "https://a.example/b.jpg"}')
    failure = _failure(capsys, "run", tmp_path / "recipe.json", PHOTO, "-o", tmp_path / "a.png")
    assert "“https://a.example/b.jpg”" in failure["message"] and "is an address" in failure["message"]
    failure = _failure(capsys, "style", "http://a.example/b.jpg", "--style", INK, "-o", tmp_path / "a.png")
    assert failure["field"] == "content" and "is an address" in failure["message"]


@pytest.mark.parametrize("name", [".", "folder", "folder.png"])
def test_a_folder_is_told_to_be_one(rendered, capsys, tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.png").mkdir()
    failure = _failure(capsys, "compare", PHOTO, "--style", INK, "-o", tmp_path / name)
    assert failure["field"] == "output" and "is a folder; name a file in it" in failure["message"]


@pytest.mark.parametrize("command", ["style", "dream"])
def test_what_has_no_room_for_16_bits_is_refused_before_any_work(rendered, capsys, tmp_path, command):
    words = ["--style", INK] if command == "style" else ["--dream", "auto"]
    failure = _failure(capsys, command, PHOTO, *words, "--depth", "16", "-o", tmp_path / "a.jpg")
    assert failure["field"] == "depth" and "use .png or .tif" in failure["message"] and rendered == []
