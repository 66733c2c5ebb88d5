"""Presets: those of the project are recipes, the user's own come and go, and the command line takes both."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from reverie import demo, presets
from reverie.errors import ReverieError
from reverie.networks.weights import catalogue
from reverie.pictures import images
from reverie.plugin.shared import presets as files
from reverie.recipe import Recipe

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = sorted(path.stem for path in presets.FOLDER.glob("*.json"))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_dozen_and_more_come_with_the_project():
    assert len(BUNDLED) >= 12
    assert [preset["name"] for preset in presets.listed() if preset["filter"] == "dream"] != []


@pytest.mark.parametrize("name", BUNDLED)
def test_a_preset_of_the_project_is_a_recipe(name):
    preset = presets.find(name)
    assert preset["description"].endswith(".") and len(preset["description"]) < 80
    recipe = Recipe.parse(presets.recipe(preset))
    for reference in recipe.image_references():
        assert Path(reference) in demo.styles().values()
    assert bool(recipe.style) == (preset["filter"] == "style")


def test_channels_of_presets_are_those_that_were_chosen_by_looking():
    """Other weights have other channels: draw the atlas, choose anew, and write down which weights those are."""
    chosen = [
        dream for name in BUNDLED for dream in presets.find(name)["recipe"].get("dream", []) if "channel" in dream
    ]
    assert len(chosen) >= 5 and {dream["layer"] for dream in chosen} == {"level7"}
    assert catalogue.identity("reverie") == "ac5a87d79df8"


def test_titles_and_names_are_distinct():
    titles = [preset["title"] for preset in presets.listed()]
    assert len(set(titles)) == len(titles) == len(BUNDLED)


def save(title: str, recipe: dict, filter_name: str = "style") -> str:
    path = files.own_path(title)
    files.write(path, title, filter_name, "", recipe)
    return path


def test_an_own_preset_is_written_listed_found_and_goes_before_the_projects(home):
    recipe = {"style": [{"image": "mosaic", "scale": 0.5}], "strength": 0.25}
    path = save("Nächtliches Mosaik / 2", recipe)
    assert Path(path) == home / "presets" / "nächtliches-mosaik-2.json"
    assert sorted(each.name for each in (home / "presets").iterdir()) == ["nächtliches-mosaik-2.json"]
    assert files.read(path)["recipe"] == recipe
    assert presets.listed()[-1]["title"] == "Nächtliches Mosaik / 2"
    save("Oil painting", {"style": [{"image": "ink"}]})
    assert presets.find("oil-painting")["recipe"] == {"style": [{"image": "ink"}]}


def test_a_damaged_file_is_told_and_the_others_are_there(home):
    save("Good", {"dream": [{}]}, "dream")
    damaged = ("{", "[]", '{"title": "T", "filter": "x", "recipe": {}}', "[" * 100_000)
    for name, text in zip("abcd", damaged, strict=True):
        (home / "presets" / f"{name}.json").write_text(text)
    found, faults = files.listed(files.folder())
    assert [preset["title"] for preset in found] == ["Good"]
    assert [fault.split("”")[1] for fault in faults] == [" is no preset of Reverie; choose another file."] * 4
    with pytest.raises(ReverieError, match="is no preset of Reverie"):
        presets.find(str(home / "presets" / "a.json"))
    with pytest.raises(ReverieError, match="cannot be read: No such file"):
        presets.find(str(home / "nothing.json"))


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ('{"style": 3}', "3 is no style"),
        ('{"style": [null]}', "None is no style"),
        ('{"style": [{"image": []}]}', "is no style"),
        ('{"style": [{}], "strength": NaN}', "not JSON compliant"),
        ('{"style": [{"image": "\\ud800"}]}', "surrogates not allowed"),
    ],
)
def test_a_preset_that_was_badly_mended_by_hand_is_told(home, recipe, says):
    (home / "presets").mkdir(parents=True)
    (home / "presets" / "mine.json").write_text(f'{{"title": "My own", "filter": "style", "recipe": {recipe}}}')
    with pytest.raises(ReverieError, match=f"^The preset “My own” is damaged: .*{says}.*delete it"):
        presets.recipe(presets.find("mine"))


@pytest.mark.parametrize("style", ["ink", ["ink"], {"image": "ink"}])
def test_a_preset_may_name_its_style_in_short(style):
    (named,) = presets.recipe({"title": "T", "recipe": {"style": style}})["style"]
    assert named == {"image": str(demo.styles()["ink"])}


def test_an_unknown_name_is_told_with_those_that_there_are():
    with pytest.raises(ReverieError, match=r"no preset “oil”\. There are: a-hint-of-paint, .*vivid-dream"):
        presets.find("oil")


def test_what_cannot_be_written_is_told_and_leaves_what_was_there(home, tmp_path):
    path = save("Mine", {"dream": [{}]}, "dream")
    Path(path + ".part").mkdir()  # where the new text would go first
    with pytest.raises(files.PresetError, match=r"mine\.json” cannot be written: Is a directory"):
        save("Mine", {"dream": [{"layer": "level1"}]}, "dream")
    assert files.read(path)["recipe"] == {"dream": [{}]}


def test_on_a_full_disk_nothing_is_left_of_a_preset_that_does_not_fit(tmp_path, fill_disk):
    fill_disk(tmp_path)
    with pytest.raises(files.PresetError, match="No space left on device"):
        files.write(str(tmp_path / "shared.json"), "T" * 6000, "dream", "", {})
    assert [path.name for path in tmp_path.iterdir()] == ["filler"]


def test_a_preset_that_cannot_take_its_place_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "mine.json"
    files.write(str(path), "Mine", "dream", "", {})
    before = path.read_bytes()

    def fail(part, place):
        raise OSError(errno.EACCES, "Permission denied")  # as Windows does while another program reads the file

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(files.PresetError, match="Permission denied"):
        files.write(str(path), "Mine", "style", "", {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_shared_preset_names_no_file_of_this_machine():
    recipe = {
        "style": [{"image": "/home/ada/a.jpg", "scale": 2.0}, {"image": "ink"}, {"image": "C:\\b.png"}],
        "seed": 3,
    }
    assert files.portable(recipe) == {"style": [{"scale": 2.0}, {"image": "ink"}, {}], "seed": 3}
    assert recipe["style"][0]["image"] == "/home/ada/a.jpg"


def test_a_preset_keeps_nothing_that_belongs_to_one_image():
    recipe = {"style": [{"image": "ink", "mask": "sky"}], "content_mask": "face", "init": "before.png", "dream": [{}]}
    recipe["made_with"] = {"threads": 2}
    assert files.general(recipe) == {"style": [{"image": "ink"}], "dream": [{}]}
    assert files.general({"init": "noise"}) == {"init": "noise"}
    assert files.portable({"dream": [{"guide": "/home/ada/a.jpg", "weight": 2.0}]}) == {"dream": [{"weight": 2.0}]}


def test_what_is_usual_is_left_out_of_what_a_dialog_carries_along():
    plain = Recipe.parse({"style": "a"}).model_dump()
    assert files.further(plain, "style") == files.further(plain, "dream") == {}
    recipe = {"style_loss": "gram", "smallest": None, "seed": 3, "strength": 0.5, "octaves": 4}
    assert files.further(recipe, "style") == {"style_loss": "gram", "octaves": 4}
    assert files.further(recipe, "dream") == {"style_loss": "gram", "strength": 0.5}


def test_every_field_of_a_recipe_is_kept_by_a_dialog():
    """Each is shown by a control, or among those that are carried along; frames alone have two of their own,
    and a record says what it was made with."""
    shown = {"style", "fast", "dream", "dream_strength", "network", "detail", "size", "iterations", "seed"}
    assert set(Recipe.model_fields) == {*files.USUAL, *shown, "before", "zoom", "made_with"}
    assert {"color": "style", "strength": 0.85, "tile": None, "total_variation": 0.05}.items() <= files.USUAL.items()


def _run(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reverie", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_line_lists_them_with_the_users_own(home):
    save("Mine", {"dream": [{}]}, "dream")
    listed = json.loads(_run(home, "presets", "--json").stdout)["presets"]
    assert [preset["name"] for preset in listed] == [preset["name"] for preset in presets.listed()]
    lines = _run(home, "presets").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [preset["name"] for preset in listed]


def test_the_command_line_paints_with_a_preset_and_options_go_before_it(home, tmp_path):
    save("Large", {"style": [{"scale": 2.0}], "method": "patches", "strength": 0.5})
    words = ("style", demo.content(), "--preset", "large", "-o", tmp_path / "a.png", "--size", 48, "--json")
    done = _run(home, *words)
    assert done.returncode == 1
    assert "“large” goes with every style: name a picture with --style." in json.loads(done.stdout)["message"]
    done = _run(home, *words, "--style", demo.styles()["ink"], "--strength", 0.25)
    assert done.returncode == 0, done.stderr
    recipe = json.loads(done.stdout.splitlines()[-1])["recipe"]
    assert recipe["style"][0]["scale"] == 2.0
    assert (recipe["strength"], recipe["method"]) == (0.25, "patches")
    assert images.read(tmp_path / "a.png").shape == (36, 48, 3)


def test_a_preset_without_a_style_picture_asks_for_none(home, tmp_path):
    """One of a fast style; and one of a dream, with a command that takes both."""
    save("Mine", {"fast": [{"name": "udnie"}], "strength": 0.5})
    done = _run(home, "style", demo.content(), "--preset", "mine", "-o", tmp_path / "a.png", "--size", 48, "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout.splitlines()[-1])["recipe"]["fast"] == [{"name": "udnie", "weight": 1.0}]
    words = ("frames", demo.content(), "--zoom", 4, "--count", 2, "--preset", "rings", "-o", tmp_path / "a.gif")
    done = _run(home, *words, "--size", 64, "--iterations", 2)
    assert done.returncode == 0, done.stderr


def test_a_preset_of_the_other_command_is_refused(home, tmp_path):
    done = _run(home, "dream", demo.content(), "--preset", "mosaic", "-o", tmp_path / "a.png")
    assert done.returncode == 1
    assert "“mosaic” is for the command style, not for dream." in done.stderr
