# -*- coding: utf-8 -*-
"""Presets: recipes with a name, one JSON file each. Some come with Reverie, others are the user's own.

A file holds {"title": …, "filter": "style" or "dream", "description": …, "recipe": {…}}. A style picture in its recipe
is one of Reverie's by its bare name ("strokes"), or a file by its path; without any, the preset goes with every style.
"""

from __future__ import unicode_literals

import io
import json
import os
import re

from . import fields, places
from .client import as_text
from .words import _

FILTERS = ("style", "dream")

# Every dialog asks for these; frames alone have a zoom and a frame before, and records what they were made with.
_ALWAYS_ASKED = ("detail", "dream_strength", "iterations", "network", "seed", "size")
_OF_ONE = ("before", "zoom", "made_with")

#: The usual values of what else a recipe may say beside its styles and dreams.
USUAL = dict((name, usual) for name, usual in fields.defaults().items() if name not in _ALWAYS_ASKED + _OF_ONE)

#: Those among them that the dialog of each filter asks for.
_ASKED = {"style": ("color", "method", "strength"), "dream": ("octaves", "parametrisation")}


class PresetError(Exception):
    """A preset that cannot be read or written: a sentence, `args[0]`."""


def folder():
    """Where the user's own presets are; it may not exist yet."""
    return os.path.join(places.state_folder(), "presets")


def listed(where):
    """(The presets in a folder by title, sentences about files that are none)."""
    try:
        names = sorted(name for name in os.listdir(where) if name.endswith(".json"))
    except (IOError, OSError):
        return [], []  # there is no such folder before the first own preset
    found, faults = [], []
    for name in names:
        try:
            found.append(read(os.path.join(where, name)))
        except PresetError as error:
            faults.append(error.args[0])
    return sorted(found, key=lambda preset: (preset["filter"] != "style", preset["title"].lower())), faults


def read(path):
    """The preset in a file, with its "name" and "path". Raises PresetError."""
    try:
        with io.open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (IOError, OSError) as error:
        raise PresetError(_("The preset “%s” cannot be read: %s.") % (as_text(path), as_text(error.strerror)))
    except (ValueError, RuntimeError):  # the last, when it is nested without end
        document = None
    if (
        not isinstance(document, dict)
        or not isinstance(document.get("recipe"), dict)
        or not isinstance(document.get("title"), type(""))
        or document.get("filter") not in FILTERS
    ):
        raise PresetError(_("“%s” is no preset of Reverie; choose another file.") % as_text(path))
    name = os.path.splitext(os.path.basename(path))[0]
    return dict(document, name=name, path=path, description=document.get("description") or "")


def write(path, title, filter_name, description, recipe):
    """Writes a preset, whole or not at all. Raises PresetError."""
    document = {"title": title, "filter": filter_name, "description": description, "recipe": recipe}
    text = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    part = path + ".part"
    try:
        with io.open(part, "w", encoding="utf-8") as file:
            file.write(as_text(text))
        if hasattr(os, "replace"):
            os.replace(part, path)
        else:
            if os.path.exists(path):
                os.remove(path)  # Windows with Python 2.7 does not rename over a file
            os.rename(part, path)
    except (IOError, OSError) as error:
        _remove(part)
        raise PresetError(
            _("The preset “%s” cannot be written: %s. Choose another place, or make room on the disk.")
            % (as_text(path), as_text(error.strerror))
        )


def _remove(path):
    """Removes what there is of a file."""
    try:
        os.remove(path)
    except (IOError, OSError):
        pass  # not even begun


def own_path(title):
    """Where the user's own preset of that title is kept. Raises PresetError when the folder cannot be made."""
    try:
        os.makedirs(folder())
    except (IOError, OSError) as error:
        if not os.path.isdir(folder()):
            raise PresetError(
                _("The folder “%s” for your presets cannot be made: %s.") % (as_text(folder()), as_text(error.strerror))
            )
    name = re.sub(r"[^\w-]+", "-", title.lower(), flags=re.UNICODE).strip("-")
    return os.path.join(folder(), (name or "preset") + ".json")


def general(recipe):
    """The recipe without what belongs to one image: masks, a picture to go on from, and what it was made with."""
    recipe = dict((field, value) for field, value in recipe.items() if field not in ("content_mask", "made_with"))
    if recipe.get("init") not in ("content", "noise"):
        recipe.pop("init", None)
    if recipe.get("style"):
        recipe["style"] = [_without(entry, "mask") for entry in recipe["style"]]
    return recipe


def further(recipe, filter_name):
    """What a recipe says that is not usual, and that the dialog of its filter has no control for; styles and dreams
    left out."""
    names = [name for name in sorted(USUAL) if name not in _ASKED[filter_name]]
    return dict((name, recipe[name]) for name in names if recipe.get(name, USUAL[name]) != USUAL[name])


def portable(recipe):
    """The recipe without pictures that only this machine has."""
    recipe = dict(recipe)
    for field, reference in (("style", "image"), ("dream", "guide")):
        if recipe.get(field):
            recipe[field] = [
                _without(entry, reference) if _is_path(entry.get(reference) or "") else dict(entry)
                for entry in recipe[field]
            ]
    return recipe


def _without(entry, field):
    return dict((name, value) for name, value in entry.items() if name != field)


def _is_path(reference):
    return "/" in reference or "\\" in reference
