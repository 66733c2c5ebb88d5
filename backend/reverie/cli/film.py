"""The command `film`: the words of it. What needs the packages for films is in `filming.py`."""

from __future__ import annotations

import argparse
import importlib

from reverie import film as films
from reverie.api import read_pictures
from reverie.cli import documents
from reverie.recipe import Recipe


def film(options: argparse.Namespace) -> None:
    films.check_packages()
    document = documents.styled(options)
    plain = not (options.recipe or options.preset or options.dream or document.get("fast"))
    if document["style"] and plain:
        document = {"method": "instant", **document}  # a film has many frames
    recipe = Recipe.parse(document)
    importlib.import_module("reverie.cli.filming").carry_out(recipe, read_pictures(recipe), options)
