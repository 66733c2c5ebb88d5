"""The words of the command line: one function a command. What a recipe has fields for is made from its schema."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reverie import __version__
from reverie.cli.options_elsewhere import DEVICES, add_export, add_gimp, add_serve
from reverie.plugin.shared import fields

_WRITTEN_OTHERWISE = ("budget", "size", "zoom")  # a time; of the photo, too; in per cent
_TYPES: dict[str, Callable[[str], object]] = {"number": float, "integer": int, "string": str}
_METAVARS = {"number": "NUMBER", "integer": "N", "string": "NAME"}

_RESULTS = "a file; of several photos, a folder; - is stdout"

_SETTINGS: dict[str, dict[str, Any]] = {
    name: field for name, field in fields.schema()["properties"].items() if name not in _WRITTEN_OTHERWISE
}
"""The fields of a recipe that have options made from its schema."""


def parser() -> argparse.ArgumentParser:
    """The parser; `command` is then the name of what is to be done."""
    top = argparse.ArgumentParser(prog="reverie", description="Neural style transfer and deep dream.")
    top.add_argument("--version", action="version", version=f"Reverie {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_style(commands)
    _add_frames(commands)
    _add_film(commands)
    _add_dream(commands)
    _add_run(commands)
    _add_compare(commands)
    _add_atlas(commands)
    _add_lists(commands)
    _add_train_style(commands)
    _add_import_style(commands)
    add_export(commands)
    add_serve(commands)
    add_gimp(commands)
    return top


def recipe_fields(options: argparse.Namespace) -> dict[str, object]:
    """The options that are fields of the recipe as they stand, as far as they were given."""
    names = [name for name, field in _SETTINGS.items() if _plain(field) is not None]
    given = {name: getattr(options, name, None) for name in [*names, "size"]}
    return {name: value for name, value in given.items() if value is not None}


def _add_style(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("style", help="paint a photo, or many, in the style of a picture")
    _photos(command)
    _styles(command)
    _job(command)
    _settings(command, case="style")
    _outcome(command, _RESULTS)
    _file(command)
    _estimate(command)
    _cluster(command)


def _add_frames(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("frames", help="paint an animation, or zoom into a picture for ever")
    command.add_argument(
        "photos", type=Path, nargs="+", metavar="FRAME", help="pictures of one size, or one file of several"
    )
    command.add_argument(
        "--zoom", type=float, metavar="PERCENT", help="from one picture: how much each frame is enlarged"
    )
    command.add_argument("--count", type=int, help="frames of a zoom (60)")
    _styles(command)
    _job(command)
    _settings(command)
    _outcome(command, "a folder, or a .gif, .webp, .apng, .avif or .tif")
    _file(command)


def _add_film(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("film", help="paint a film, so that it hardly flickers")
    command.add_argument("film", type=Path, help="any that FFmpeg reads")
    _styles(command)
    _job(command)
    _settings(command)
    _outcome(command, "a .mp4, .mov, .mkv or .webm")
    command.add_argument("--estimate", action="store_true", help="only paint a few frames, and say how long all take")
    _cluster(command)


def _add_dream(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("dream", help="let a photo show what a network sees in it")
    _photos(command)
    _job(command)
    _settings(command, case="only dreams", aliases={"dream_strength": "--strength"})
    _outcome(command, _RESULTS)
    _file(command)
    _estimate(command)
    _cluster(command)


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("run", help="carry out a recipe file")
    command.add_argument("recipe", type=Path)
    _photos(command)
    _outcome(command, _RESULTS)
    _file(command)
    _estimate(command)
    _cluster(command)


def _add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("compare", help="the same picture with every network at hand, on one sheet")
    command.add_argument("photo", type=Path)
    command.add_argument(
        "--network", action="append", dest="networks", metavar="NAME", help="may be repeated (all at hand)"
    )
    _styles(command)
    _job(command)
    _settings(command, case="style", without=("network",))
    _outcome(command, "the sheet")


def _add_atlas(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("atlas", help="what each channel of a layer likes to see, on one sheet")
    command.add_argument("--network", default="auto", help="see `networks` (auto)")
    command.add_argument("--layer", help="(the layer for dreams)")
    command.add_argument("--channels", metavar="FIRST-LAST", help="(all)")
    command.add_argument("-o", "--output", type=Path, required=True)
    _where(command)


def _add_lists(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    networks = commands.add_parser("networks", help="list the networks, where their weights are, and their licences")
    presets = commands.add_parser("presets", help="list the settings that have a name")
    styles = commands.add_parser("styles", help="list the fast styles, look at them on photos, or remove one of yours")
    styles.add_argument("photo", type=Path, nargs="*", help="paint these in every style, on one sheet")
    styles.add_argument("-o", "--output", type=Path, metavar="SHEET")
    styles.add_argument("--size", type=int, default=320, help="width of each picture on the sheet (320)")
    styles.add_argument("--remove", metavar="NAME")
    for command in (networks, presets, styles):
        command.add_argument("--json", action="store_true")
    commands.add_parser("schema", help="print the JSON schema of a recipe")


def _add_train_style(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("train-style", help="learn a fast style from a picture")
    command.add_argument("picture", type=Path)
    command.add_argument("--name", required=True, help="what to call it")
    command.add_argument(
        "--full", action="store_true", help="a network of its own: much longer, and closer to the style"
    )
    command.add_argument(
        "--photos", type=Path, action="append", default=[], metavar="FOLDER", help="to practise on (made pictures)"
    )
    command.add_argument("--steps", type=int, help="length of the training (400; with --full 4000)")
    command.add_argument("--batch", type=int, help="pictures in a step (4)")
    command.add_argument("--rate", type=float, help="of learning (0.005; with --full 0.001)")
    command.add_argument("--strength", type=float, default=0.85, help="how far from the photo it may go (0.85)")
    command.add_argument("--network", default="auto", help="which judges the pictures: see `networks` (auto)")
    _where(command)


def _add_import_style(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "import-style", help="a fast style that was trained with PyTorch's example fast_neural_style"
    )
    command.add_argument("file", type=Path, help="its checkpoint, a .pth")
    command.add_argument("--name", required=True, help="what to call it")


def _photos(command: argparse.ArgumentParser) -> None:
    """What is to be painted."""
    command.add_argument(
        "photos", type=Path, nargs="+", metavar="PHOTO", help="files, folders, patterns such as “*.jpg”; - is stdin"
    )


def _styles(command: argparse.ArgumentParser) -> None:
    """Options of a style."""
    command.add_argument(
        "--style",
        action="append",
        default=[],
        metavar="PICTURE[:WEIGHT][@SCALE]",
        help="may be repeated; a scale of 2 makes its strokes twice as large",
    )
    command.add_argument(
        "--fast", action="append", default=[], metavar="NAME[:WEIGHT]", help="a fast style: see `styles`; several blend"
    )
    command.add_argument(
        "--mask",
        action="append",
        default=[],
        metavar="PICTURE",
        help="where the style goes: one for each --style, or -",
    )
    command.add_argument("--style-scale", type=float, help="the scale of each style that has none of its own (1)")


def _job(command: argparse.ArgumentParser) -> None:
    """Options of whatever is optimised."""
    start = command.add_mutually_exclusive_group()
    start.add_argument("--recipe", type=Path, help="a recipe file to start from")
    start.add_argument("--preset", metavar="NAME", help="settings to start from: see `presets`, or a preset's file")
    command.add_argument(
        "--dream",
        action="append",
        default=[],
        metavar="WHAT",
        help="auto, a class such as “golden retriever”, LAYER, LAYER:CHANNEL, LAYER:CHANNEL@X,Y or like:GUIDE.jpg; "
        "=WEIGHT may follow; may be repeated",
    )
    command.add_argument("--budget", metavar="TIME", help="the best picture within that time: 20s, 2m")


def _settings(
    command: argparse.ArgumentParser,
    *,
    case: str | None = None,
    without: tuple[str, ...] = (),
    aliases: Mapping[str, str] | None = None,
) -> None:
    """Options for the fields of a recipe, but for those that would be ignored in a case of it."""
    group = command.add_argument_group("settings, as in a recipe")
    for name, field in _SETTINGS.items():
        plain = _plain(field)
        if plain is None or name in without or case in field.get("x-unused", []):
            continue
        names = [f"--{name.replace('_', '-')}", *([aliases[name]] if aliases and name in aliases else [])]
        if "enum" in plain:
            group.add_argument(*names, choices=plain["enum"], help=_help(field))
        elif plain["type"] == "array":
            group.add_argument(*names, type=_names, metavar="NAME,…", help=_help(field))
        else:
            metavar = "|".join([*field["x-picture"], "PICTURE"]) if "x-picture" in field else _METAVARS[plain["type"]]
            group.add_argument(*names, type=_TYPES[plain["type"]], metavar=metavar, help=_help(field))


def _plain(field: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a field may hold but null; None for styles and dreams, which have no default, and for objects: these have
    short forms of their own."""
    found: dict[str, Any] = next((each for each in field.get("anyOf", []) if each.get("type") != "null"), dict(field))
    return found if "default" in field and "$ref" not in found else None


def _help(field: Mapping[str, Any]) -> str:
    """The first sentence of a field's description, and its default."""
    first, _, rest = field["description"].rstrip(".").partition(". ")
    usual = field["default"]
    if usual is None:
        usual = rest.partition("Null: ")[2].partition(". ")[0]
    return f"{first[0].lower()}{first[1:]} ({usual})".replace("%", "%%")


def _outcome(command: argparse.ArgumentParser, what: str | None = None) -> None:
    """Where the result goes, and how large it is."""
    command.add_argument("-o", "--output", type=Path, required=True, help=what)
    command.add_argument("--size", type=int, help="longest side of the result, in pixels (the photo's own)")
    _where(command)


def _file(command: argparse.ArgumentParser) -> None:
    """What is in the result's file beside its pixels, and how exact these are."""
    command.add_argument("--depth", type=int, choices=(8, 16), default=8, help="bits of a .png or .tif (8)")
    command.add_argument(
        "--strip", action="store_true", help="leave out what the photo's file says: EXIF, copyright, resolution"
    )


def _estimate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--estimate", action="store_true", help="only say how long it will take on this machine")


def _cluster(command: argparse.ArgumentParser) -> None:
    command.add_argument("--cluster", metavar="ADDRESS", help="paint on a cluster of Ray's: HOST:PORT, auto or local")


def _where(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", default="auto", choices=DEVICES)
    command.add_argument("--json", action="store_true", help="progress and outcome as one JSON object a line")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]
