"""The recipe: what it accepts, and how it says what is wrong."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from reverie import recipe as recipe_module
from reverie.errors import ReverieError
from reverie.job import resolve
from reverie.plugin.shared import fields
from reverie.recipe import Before, Dream, Fast, Recipe, Style, schema
from reverie.run import Adjustment

from plugin import catalogues


def test_a_style_alone_is_a_recipe():
    recipe = Recipe.parse('{"style": "starry.jpg"}')
    assert [(style.image, style.weight, style.scale) for style in recipe.style] == [("starry.jpg", 1.0, 1.0)]
    assert recipe.strength == 0.85


@pytest.mark.parametrize(
    "style", ["a.png", ["a.png"], {"image": "a.png"}, [{"image": "a.png"}], [{"image": "a.png", "weight": 1}]]
)
def test_short_forms_of_a_style_mean_the_same(style):
    assert Recipe.parse({"style": style}) == Recipe.parse({"style": [{"image": "a.png"}]})


@pytest.mark.parametrize(
    ("document", "field", "words"),
    [
        ({"style": "a", "strenght": 1}, "strenght", ["no field"]),
        ({"style": "a", "strength": 2}, "strength", ["must be at most 1, and is 2."]),
        ({"style": "a", "strength": "much"}, "strength", ["must be a number", '"much"']),
        ({"style": [{"image": "a", "scale": 0}]}, "style.0.scale", ["must be at least 0.1, and is 0."]),
        ({"style": "a", "color": "pink"}, "color", ["must be one of style, luminance, match, and is"]),
        ({"style": "a", "size": 1e9}, "size", ["at most 16384"]),
        ({"style": "a", "size": 99.5}, "size", ["must be a whole number, and is 99.5"]),
        ({"style": "a", "content_layers": []}, "content_layers", ["must be a list of 1 or more, and is []"]),
        ({"style": "a", "before": {"content": "b"}}, "before.result", ["is missing"]),
        ({"style": []}, "style", ["at least one style"]),
        ({}, "style", ["at least one style"]),
    ],
)
def test_what_is_wrong_is_named_with_its_range(document, field, words):
    with pytest.raises(ReverieError) as caught:
        Recipe.parse(document)
    assert caught.value.field == field
    for word in [field, *words]:
        assert word in caught.value.message


WRONG = (
    *(None, True, "x", "", [], {}, [[]], [None], [1, 2], [0.5], [0.5, 0.5, 0.5], {"a": 1}, (1, 2), "9" * 400),
    *(-1, 0, 0.5, 10**30, 1e308, -1e308, math.nan, math.inf, -math.inf, "\ud800", b"\xff", object()),
)


def _with_each_field_wrong():
    parts = (("style", Style), ("fast", Fast), ("dream", Dream), ("before", Before))
    for value in WRONG:
        yield value
        yield from ({"style": "a", field: value} for field in Recipe.model_fields)
        yield from ({"style": "a", part: {field: value}} for part, kind in parts for field in kind.model_fields)


def _complaint(document):
    try:
        Recipe.parse(document)
    except ReverieError as error:
        return error
    return None


def test_whatever_is_wrong_is_said_in_a_sentence_that_has_translations():
    """Pydantic's own words have none, and a sentence without a cause helps nobody."""
    said = [error for error in map(_complaint, _with_each_field_wrong()) if error]
    templates = {error.sentence.template for error in said}
    assert templates <= set(catalogues.marked())
    assert len(templates) > 15
    assert "“{field}” cannot be {value}." not in templates  # the words for an unknown kind of error
    assert max(len(error.message) for error in said) < 200


@pytest.mark.parametrize("document", ["", "{", "[]", "3", '"a"', b"\xff"])
def test_what_is_no_json_object_is_said_so(document):
    with pytest.raises(ReverieError, match="JSON"):
        Recipe.parse(document)


def test_a_recipe_survives_the_way_through_json():
    recipe = Recipe.parse({"style": [{"image": "a", "weight": 2}, "b"], "seed": 2**63 - 1})
    assert Recipe.parse(recipe.model_dump_json()) == recipe


def test_image_references_are_each_named_once():
    assert Recipe.parse({"style": ["b", "a", {"image": "b", "scale": 2}]}).image_references() == ["b", "a"]


def test_the_schema_describes_every_field():
    schema = json.loads(json.dumps(Recipe.model_json_schema()))
    assert set(schema["properties"]) == set(Recipe.model_fields)
    assert schema["properties"]["strength"]["maximum"] == 1


def test_the_schema_that_the_plug_in_and_the_command_line_read_is_that_of_the_recipe():
    kept = Path(fields.FILE).read_text(encoding="utf-8")
    assert kept == schema.text() + "\n", "it is out of date: run `python -m reverie.recipe.schema`"


def test_a_field_says_in_a_sentence_what_it_is():
    """The help of its option is that sentence, and what null stands for."""
    for name, field in Recipe.model_fields.items():
        assert field.description.endswith("."), name
        assert (field.default is None) == ("Null: " in field.description) or name == "before", name


def test_every_case_in_which_a_field_is_ignored_is_one_that_is_looked_for():
    """A misspelt case would refuse nothing."""
    named = {case for field in fields.schema()["properties"].values() for case in field.get("x-unused", [])}
    assert named == set(recipe_module._CASES)


def test_every_mention_of_a_picture_is_found():
    document = {
        "style": [{"image": "a", "mask": "b"}, {"image": "c"}],
        "dream": [{}, {"guide": "d"}],
        "content_mask": "e",
        "init": "f",
        "before": {"content": "g", "result": "a"},
    }
    assert Recipe.parse(document).references() == [
        ("style.0.image", "a"), ("style.0.mask", "b"), ("style.1.image", "c"), ("dream.1.guide", "d"),
        ("content_mask", "e"), ("init", "f"), ("before.content", "g"), ("before.result", "a"),
    ]  # fmt: skip
    assert Recipe.parse({"style": "a", "init": "noise"}).references() == [("style.0.image", "a")]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"dream": {}, "octaves": 3, "smallest": 64}, "smallest"),
        ({"style": "a", "budget": 20, "iterations": 90}, "iterations"),
        ({"dream": {}, "optimizer": "adam"}, "optimizer"),
        ({"dream": {}, "content_mask": "m.png"}, "content_mask"),
        ({"dream": {}, "style_loss": "gram"}, "style_loss"),
        ({"dream": {}, "strength": 0.3}, "strength"),
        ({"dream": {}, "total_variation": 3}, "total_variation"),
        ({"style": "a", "dream_strength": 0.9}, "dream_strength"),
        ({"fast": "udnie", "dream_strength": 0.9}, "dream_strength"),
        ({"dream": {}, "style_layers": ["conv1"]}, "style_layers"),
        ({"dream": {}, "color": "match"}, "color"),
        ({"dream": {}, "style": "a", "parametrisation": "decorrelated"}, "parametrisation"),
        ({"fast": "udnie", "content_layers": ["conv1"]}, "content_layers"),
        ({"fast": "udnie", "octaves": 3}, "octaves"),
        ({"fast": "udnie", "smallest": 64}, "smallest"),
        ({"fast": "udnie", "total_variation": 3}, "total_variation"),
        ({"fast": "udnie", "parametrisation": "decorrelated"}, "parametrisation"),
        ({"style": "a", "style_layers": ["conv1", "logits"]}, "style_layers"),
        ({"style": "a", "content_layers": ["logits"]}, "content_layers"),
        ({"dream": {"layer": "logits", "channel": 3, "at": [0.5, 0.5]}}, "dream.0"),
        ({"dream": {"layer": "logits", "guide": "g.png"}}, "dream.0"),
    ],
)
def test_what_would_be_ignored_is_refused(document, field):
    with pytest.raises(ReverieError) as caught:
        Recipe.parse(document)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "document",
    [
        {"style": "a"},
        {"style": "a", "budget": 20},
        {"style": "a", "method": "patches"},
        {"style": "a", "method": "instant"},
        {"style": "a", "dream": [{}, {"class_name": "pug"}], "network": "squeezenet1_0"},
        {"style": "a", "init": "b"},
        {"dream": {}, "octaves": 3},
        {"fast": "udnie"},
        {"fast": "udnie", "style": "a"},
    ],
)
def test_a_recipe_with_every_field_written_out_means_the_same(document):
    """As it is recorded beside a result: with what was left open filled in, too."""
    recipe = Recipe.parse(document)
    assert Recipe.parse(recipe.model_dump(mode="json")) == recipe
    resolved = resolve(recipe, "cpu").recipe
    again = Recipe.parse(resolved.model_dump(mode="json"))
    assert again == resolved
    assert resolve(again, "cpu").recipe == resolved


_OPTIMISATIONS = [
    ({"fast": "udnie"}, "fast"),
    ({"budget": 20}, "budget"),
    ({"pooling": "max"}, "pooling"),
    ({"content_layers": ["conv1"]}, "content_layers"),
    ({"content_mask": "m.png"}, "content_mask"),
    ({"init": "noise"}, "init"),
    ({"init": "result.png"}, "init"),
    ({"optimizer": "adam"}, "optimizer"),
    ({"total_variation": 3}, "total_variation"),
    ({"octaves": 3}, "octaves"),
    ({"smallest": 64}, "smallest"),
    ({"style_loss": "gram"}, "style_loss"),
    ({"style_layers": ["conv1"]}, "style_layers"),
    ({"dream": {}}, "method"),
    ({"style": [], "fast": "udnie"}, "method"),
    ({"style": [], "dream": {}}, "method"),
    ({"style": []}, "style"),
]
"""What only an optimisation has a use for, and the field that is refused."""


@pytest.mark.parametrize(
    ("method", "setting", "field"),
    [
        *(
            ("patches", *case)
            for case in [*_OPTIMISATIONS, ({"tile": 512}, "tile"), ({"precision": "float32"}, "precision")]
        ),
        *(("instant", *case) for case in _OPTIMISATIONS),
    ],
)
def test_what_patches_and_one_pass_cannot_do_is_refused_and_not_ignored(method, setting, field):
    with pytest.raises(ReverieError) as caught:
        Recipe.parse({"style": "a.jpg", "method": method, **setting})
    assert caught.value.field == field
    assert caught.value.message.endswith(".")


def test_one_pass_takes_what_it_has_use_for():
    """Network and iterations, too, which a record names whether they were asked for or not."""
    document = {"style": [{"image": "a", "mask": "m", "scale": 0.5, "weight": 2}, "b"], "method": "instant"}
    wishes = {"strength": 0.4, "size": 800, "detail": "fine", "color": "luminance", "tile": 512, "seed": 3}
    recipe = Recipe.parse({**document, **wishes, "precision": "float32", "iterations": 20, "network": "reverie"})
    assert resolve(recipe, "cpu").longest == 800
    for large in ({"size": 4000}, {"detail": "best"}):  # the finish does the rest
        assert resolve(Recipe.parse({"style": "a", "method": "instant", **large}), "cpu").longest == 1536
    usual = resolve(Recipe.parse({"style": "a", "method": "instant"}), "cpu")
    assert usual.longest == 768 and usual.layers == []


def test_a_recipe_is_recorded_with_no_wish_that_it_has_no_use_for():
    wish = Adjustment(strength=0.2, dream_strength=0.3)
    for document, strengths in (
        ({"style": "a"}, (0.2, 0.5)),
        ({"dream": {}}, (0.85, 0.3)),
        ({"style": "a", "dream": {}}, (0.2, 0.3)),
    ):
        adjusted = wish.applied(Recipe.parse(document))
        assert (adjusted.strength, adjusted.dream_strength) == strengths
        assert Recipe.parse(adjusted.model_dump(mode="json")) == adjusted


@pytest.mark.parametrize("name", ["style", "dream", "fast", "style_layers", "content_layers"])
def test_a_list_has_a_length(name):
    """3000 styles, though all name one picture, would be 3000 to prepare."""
    entry = {} if name == "dream" else "a"
    with pytest.raises(ReverieError, match=f"“{name}” must be a list of 32 at most"):
        Recipe.parse({"style": "a", name: [entry] * 33})
    Recipe.parse({"style": "a", name: [entry] * 32})
