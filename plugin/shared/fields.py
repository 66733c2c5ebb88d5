# -*- coding: utf-8 -*-
"""The fields of a recipe with their descriptions, ranges and defaults, from its JSON schema, which
`python -m reverie.recipe.schema` writes: beside pydantic, which the recipe is made with, GIMP's Python has none."""

import io
import json
import os

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recipe.json")


def schema():
    """The JSON schema of a recipe."""
    with io.open(FILE, encoding="utf-8") as file:
        return json.load(file)


def defaults():
    """The default of each field that has one by itself: neither styles nor dreams."""
    fields = schema()["properties"].items()
    return dict((name, field["default"]) for name, field in fields if "default" in field)


def unused(case):
    """The fields of which a recipe has no use in a case that the schema names: "instant", "only fast"…"""
    found = schema()["properties"].items()
    return [name for name, field in found if case in field.get("x-unused", [])]
