"""From the words of a command to the recipe's document, as yet unchecked."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from reverie import demo, presets
from reverie.cli import arguments
from reverie.cli.options import recipe_fields
from reverie.errors import ReverieError
from reverie.files import address, named
from reverie.job import size_for
from reverie.networks import registry
from reverie.plugin.shared import fields


def _fields_of_pictures() -> dict[str, list[str]]:
    """The fields of a recipe that name a picture, each with the words in it that name none."""
    schema = fields.schema()
    parts = [schema, *schema["$defs"].values()]
    named = {name: field for part in parts for name, field in part["properties"].items() if "x-picture" in field}
    return {"style": [], **{name: field["x-picture"] for name, field in named.items()}}  # a style alone is its picture


_PICTURES = _fields_of_pictures()


def styled(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's document from the options of a style."""
    document = _common(options)
    scale = {"scale": options.style_scale} if options.style_scale is not None else {}
    if options.style:
        usual = {name: value for name, value in _first_style(document).items() if name != "image"}
        usual |= scale
        document["style"] = [{**usual, **arguments.style(text)} for text in options.style]
    elif options.preset and document.get("style") and "image" not in _first_style(document):
        raise ReverieError(
            f"The preset “{options.preset}” goes with every style: name a picture with --style.", "style"
        )
    if options.fast:
        document["fast"] = [arguments.fast(text) for text in options.fast]
    styles = [{"image": entry} if isinstance(entry, str) else entry for entry in _listed(document.get("style", []))]
    if not options.style:
        styles = [_changed(entry, scale) for entry in styles]
    if options.mask:
        if len(options.mask) != len(styles):
            raise ReverieError(
                f"There are {len(styles)} styles and {len(options.mask)} masks: give each style one, or -.", "mask"
            )
        masks = [{"mask": None if mask == "-" else mask} for mask in options.mask]
        styles = [_changed(entry, mask) for entry, mask in zip(styles, masks, strict=True)]
    return {**document, "style": styles}


def _changed(style: Any, changes: dict[str, Any]) -> Any:
    """A style of a recipe's document with some fields changed. What is no style is left for the recipe to refuse."""
    return {**style, **changes} if isinstance(style, dict) else style


def _first_style(document: dict[str, Any]) -> dict[str, Any]:
    """What a recipe's document says of its first style beside the picture."""
    styles = _listed(document.get("style") or {})
    return styles[0] if isinstance(styles[0], dict) else {"image": styles[0]}


def dreamt(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's document from the options of a dream."""
    return {"dream": {}, **_common(options)}


def followed(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's document in a file, with the options beside it."""
    return {**_read_recipe(options.recipe), **_given(options)}


def _given(options: argparse.Namespace) -> dict[str, object]:
    """The fields that options say as they stand. A size is that of the result, to which the photo is reduced first."""
    fields_given = recipe_fields(options)
    if isinstance(size := fields_given.get("size"), int):
        fields_given["size"] = size_for(size)
    return fields_given


def _common(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's document from the options that styles and dreams share."""
    document: dict[str, Any] = _read_recipe(options.recipe) if options.recipe else _preset(options)
    if options.dream:
        layers = {layer for spec in registry.NETWORKS.values() for layer in spec.layers}
        document["dream"] = [arguments.dream(text, layers) for text in options.dream]
    if options.budget is not None:
        document["budget"] = arguments.seconds(options.budget)
    return {**document, **_given(options)}


def _preset(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's document of the preset that was asked for; empty without one."""
    if options.preset is None:
        return {}
    preset = presets.find(options.preset)
    if options.command in ("style", "dream") and options.command != preset["filter"]:
        raise ReverieError(
            f"The preset “{options.preset}” is for the command {preset['filter']}, not for {options.command}.", "preset"
        )
    return presets.recipe(preset)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _read_recipe(path: Path) -> dict[str, Any]:
    """The document in a recipe's file. Its pictures lie beside it, wherever the command is given."""
    try:
        document = json.loads(path.read_bytes())  # bytes: UTF-8 or UTF-16, with or without a byte order mark
    except OSError as error:
        raise ReverieError(f"The recipe “{path}” cannot be read: {error.strerror or error}.", "recipe") from error
    except (ValueError, RecursionError) as error:  # brackets within brackets without end
        raise ReverieError(f"The recipe “{path}” is not valid JSON: {error}.", "recipe") from error
    if not isinstance(document, dict):
        raise ReverieError(f'The recipe “{path}” is not a JSON object such as {{"style": "starry.jpg"}}.', "recipe")
    return {field: _beside(value, path.parent, field) for field, value in document.items()}


def _beside(value: Any, folder: Path, field: str) -> Any:
    """A part of a recipe's document, with the pictures that it names in a folder named from here; the project's own
    stay what they are."""
    if isinstance(value, dict):
        return {name: _beside(part, folder, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_beside(part, folder, field) for part in value]
    words = _PICTURES.get(field)
    if words is None or not isinstance(value, str) or value in ("", *words):
        return value
    if address(value) or (value in demo.styles() and not (folder / value).exists()):
        return value
    return str(named(value, folder))
