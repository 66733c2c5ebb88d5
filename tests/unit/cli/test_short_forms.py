"""The short forms in which the command line writes dreams, times and numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from reverie import demo
from reverie.cli import arguments
from reverie.cli.console import Console
from reverie.cli.main import main
from reverie.engine.result import Result
from reverie.errors import ReverieError
from reverie.networks import registry
from reverie.networks.weights import catalogue, download
from reverie.recipe import Recipe

from tests.unit.cli.whole_commands import QUICK, _run, needs_weights


def test_an_atlas_of_channels_that_there_are_not_is_refused_before_weights_are_fetched(tmp_path, monkeypatch, capsys):
    def fetch(*arguments) -> None:
        raise AssertionError("fetched")

    monkeypatch.setattr(catalogue, "find", lambda name: None)
    monkeypatch.setattr(download, "fetch", fetch)
    assert main(["atlas", "--network", "vgg19", "--channels", "99999", "-o", str(tmp_path / "a.png")]) == 1
    assert "“99999” are no channels here: there are 0 to 511" in capsys.readouterr().err
    assert main(["atlas", "--network", "vgg19", "--channels", "512", "-o", str(tmp_path / "a.png"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["type"], told["field"]) == ("failed", "channels")


@needs_weights
def test_dreams_are_written_short(tmp_path):
    done = _run("dream", demo.content(), "--dream", "auto=2", "-o", tmp_path / "a.png", "--json", *QUICK)
    assert done.returncode == 0, done.stderr
    recipe = json.loads(done.stdout.splitlines()[-1])["recipe"]
    assert recipe["dream"][0]["weight"] == 2
    assert recipe["dream"][0]["layer"]


@pytest.mark.parametrize(
    ("dream", "told"),
    [
        ({"class_name": "pug"}, "Dreamt of pug."),
        ({"layer": "level5"}, "Dreamt of level5."),
        ({"layer": "level5", "channel": 3}, "Dreamt of level5, channel 3."),
        ({"layer": "level5", "channel": 3, "at": [0.25, 0.5]}, "Dreamt of level5, channel 3, at 0.25,0.5."),
        ({"layer": "level5", "guide": "cats[1].jpg"}, "Dreamt of level5, guided by cats[1].jpg."),
    ],
)
def test_what_was_dreamt_of_is_told_in_full(capsys, dream, told):
    recipe = Recipe.parse({"dream": dream})
    with Console() as console:
        console.finish(Path("a.png"), Result(np.zeros((2, 2, 3), np.float32), recipe, "reverie", "cpu", 1.0))
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", {}),
        ("fire8", {"layer": "fire8"}),
        ("fire8:12=0.5", {"layer": "fire8", "channel": 12, "weight": 0.5}),
        ("fire8:12@0.25,.5", {"layer": "fire8", "channel": 12, "at": [0.25, 0.5]}),
        ("fire8:like:cats.jpg", {"layer": "fire8", "guide": "cats.jpg"}),
        ("like:cats.jpg", {"guide": "cats.jpg"}),
        ("pug", {"class_name": "pug"}),
        ("golden retriever", {"class_name": "golden retriever"}),
    ],
)
def test_the_short_forms_of_a_dream(text, expected):
    assert arguments.dream(text, {"fire8"}) == expected


def test_a_guide_that_exists_is_taken_whole_and_a_weight_is_split_off_another(tmp_path):
    file = tmp_path / "a=2"
    file.touch()
    for text, expected in (
        (f"like:{file}", {"guide": str(file)}),
        (f"fire8:like:{file}=0.5", {"layer": "fire8", "guide": str(file), "weight": 0.5}),
        (f"like:{tmp_path}/nowhere=b.jpg", {"guide": f"{tmp_path}/nowhere=b.jpg"}),
        (f"like:{tmp_path}/nowhere.jpg=2", {"guide": f"{tmp_path}/nowhere.jpg", "weight": 2}),
    ):
        assert arguments.dream(text, {"fire8"}) == expected


def test_a_misspelt_layer_is_told_with_the_nearest_layers_and_classes():
    layers = {layer for spec in registry.NETWORKS.values() for layer in spec.layers}
    for text, expected in (("fire22", "fire2"), ("Mixed5b", "Mixed_5b"), ("levle5", "level5")):
        with pytest.raises(ReverieError, match=f"neither a layer nor a class.*{expected}") as caught:
            arguments.dream(text, layers)
        assert caught.value.field == "dream"
    assert arguments.dream("golden retreiver", layers) == {"class_name": "golden retreiver"}  # told with the recipe


@pytest.mark.parametrize(("text", "expected"), [("20", 20), ("20s", 20), ("1.5m", 90), ("1h", 3600)])
def test_times(text, expected):
    assert arguments.seconds(text) == expected


@pytest.mark.parametrize("text", ["soon", "1.2.3s", "3 parsecs"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ReverieError, match="no time; write 20s"):
        arguments.seconds(text)


@pytest.mark.parametrize(
    ("read", "field", "said"),
    [
        (lambda: arguments.style("ink.jpg:1.2.3"), "style.weight", "The weight of “ink.jpg” must be a number"),
        (lambda: arguments.style("ink.jpg@1.2.3"), "style.scale", "The scale of “ink.jpg” must be a number"),
        (lambda: arguments.fast("udnie:much"), "fast.weight", "The weight of the fast style “udnie” must be a number"),
        (lambda: arguments.dream("pug=much", set()), "dream.weight", "The weight of “pug” must be a number"),
        (lambda: arguments.dream("like:a.jpg=1.2.3", set()), "dream.weight", "The weight of “a.jpg” must be a number"),
        (lambda: arguments.dream("fire8:1@.5.5,1", {"fire8"}), "dream.at", "The place in “fire8:1@.5.5,1” must be"),
    ],
)
def test_what_is_no_number_is_told_with_what_it_is_of(read, field, said):
    with pytest.raises(ReverieError, match=r"such as 0\.5, and is “") as caught:
        read()
    assert caught.value.field == field
    assert caught.value.message.startswith(said)
