"""The commands of `reverie`."""

from __future__ import annotations

import argparse
import errno
import io
import json
import math
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reverie.cli import arguments
from reverie.cli.options import parser, recipe_fields
from reverie.errors import ReverieError
from reverie.plugin.shared import places

if TYPE_CHECKING:
    from reverie.events import Event
    from reverie.pictures.picture import Picture
    from reverie.recipe import Recipe

_PICTURES = ("style", "image", "mask", "guide", "content_mask", "init", "content", "result")
"""The fields of a recipe that name a picture."""

EXIT_FAILED, EXIT_USAGE, EXIT_CANCELLED = 1, 2, 130


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 when it worked, 1 when it failed, 2 for a wrong command line, 130 when interrupted."""
    _write_whatever_comes()
    options = parser().parse_args(words)
    as_json = getattr(options, "json", False)
    try:
        _COMMANDS[options.command](options)
        print(end="", flush=True)  # what cannot be written is to fail here, and not when Python ends
    except BrokenPipeError:  # the reader has seen enough, as `head` does
        _silence()
        return EXIT_FAILED
    except KeyboardInterrupt:
        if as_json:
            print(json.dumps({"type": "cancelled"}), flush=True)
        else:
            print("reverie: stopped; no unfinished picture was written.", file=sys.stderr)
        return EXIT_CANCELLED
    except Exception as error:
        return _failed(error if isinstance(error, ReverieError) else _unforeseen(error), as_json)
    return 0


def _write_whatever_comes() -> None:
    """File names need not be valid Unicode, and not every terminal or pipe takes all of it: escapes stand for that."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _silence() -> None:
    """Lets Python end without a complaint about what is left to write to a closed pipe."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: ReverieError, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"type": "failed", "message": error.message, "field": error.field}), flush=True)
    else:
        print(f"reverie: {error.message}", file=sys.stderr)
    return error.exit_code


def _unforeseen(error: Exception) -> ReverieError:
    """What a person is told of an error that nobody foresaw; the traceback is kept for whoever mends it."""
    if isinstance(error, MemoryError):
        return ReverieError("There is not enough memory for this. Close other programs, or choose a smaller --size.")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return ReverieError("The disk is full. Make room, and give the same command again.")
    try:
        os.makedirs(places.state_folder(), exist_ok=True)
        with open(places.log_file(), "a", encoding="utf-8", errors="backslashreplace") as log:
            traceback.print_exception(error, file=log)
        where = f"How it came about is in {places.log_file()}"
    except OSError:
        where = "How it came about could not be written down"
    said = str(error).partition("\n")[0]
    return ReverieError(
        f"An unexpected error ended the work ({type(error).__name__}: {said}). {where}; please report it."
    )


def _style(options: argparse.Namespace) -> None:
    _carry_out(lambda: _styled(options), options)


def _styled(options: argparse.Namespace) -> dict[str, Any]:
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


def _dream(options: argparse.Namespace) -> None:
    _carry_out(lambda: {"dream": {}, **_common(options)}, options)


def _run(options: argparse.Namespace) -> None:
    _carry_out(lambda: {**_read_recipe(options.recipe), **recipe_fields(options)}, options)


def _common(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's document from the options that styles and dreams share."""
    document: dict[str, Any] = _read_recipe(options.recipe) if options.recipe else _preset(options)
    if options.dream:
        from reverie.networks import registry

        layers = {layer for spec in registry.NETWORKS.values() for layer in spec.layers}
        document["dream"] = [arguments.dream(text, layers) for text in options.dream]
    if options.budget is not None:
        document["budget"] = arguments.seconds(options.budget)
    return {**document, **recipe_fields(options)}


def _preset(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's document of the preset that was asked for; empty without one."""
    if options.preset is None:
        return {}
    from reverie import presets

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
    from reverie import demo

    if isinstance(value, dict):
        return {name: _beside(part, folder, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_beside(part, folder, field) for part in value]
    names_none = not value or (field == "init" and value in ("content", "noise"))
    if not isinstance(value, str) or field not in _PICTURES or names_none:
        return value
    if value in demo.styles() and not (folder / value).exists():
        return value
    return str(folder / value)


def _carry_out(document: Callable[[], dict[str, Any]], options: argparse.Namespace) -> None:
    """Renders a recipe's document, which is asked for again when the recipe's file was saved meanwhile."""
    # Imported here: `--help` and a misspelt option should not wait for torch.
    from reverie.cli.console import Console
    from reverie.cli.followed import Followed
    from reverie.engine import render
    from reverie.pictures import images
    from reverie.recipe import Recipe
    from reverie.tools import estimate

    images.check_target(options.output)
    recipe = Recipe.parse(document())
    content = _photo(options.photo, options.size)
    pictures = _pictures(recipe)
    if options.estimate:
        _estimate(recipe, content, options)
        return
    keeps = bool(recipe.style or recipe.dream)  # some tiles of a fast style are no picture yet
    with Console(as_json=options.json, keeps=keeps) as console:
        adjust = console.adjust
        if options.recipe:
            file = Followed(options.recipe, lambda: Recipe.parse(document()), recipe, console.report)
            adjust = lambda: console.adjust() or file.adjust()  # noqa: E731
        result = render.render(recipe, content, pictures, device=options.device, report=console.report, adjust=adjust)
        images.write(options.output, result.picture)
        console.finish(options.output, result)
    if not console.adjusted:
        estimate.learn(result, content, options.device)


def _estimate(recipe: Recipe, content: Picture, options: argparse.Namespace) -> None:
    """Says how long a job will take, and leaves it at that."""
    from reverie.cli.console import print_estimate
    from reverie.tools import estimate

    if not estimate.can_be_measured(recipe, options.device):
        raise ReverieError(
            "How long it takes is not known before the network's weights are on this machine: paint with it once.",
            "network",
        )
    size = content.shape[1], content.shape[0]
    if estimate.known(recipe, *size, options.device) is None:
        estimate.measure(recipe, options.device)
    seconds = estimate.known(recipe, *size, options.device)
    assert seconds is not None  # it has just been measured
    print_estimate(seconds, *estimate.computed_size(recipe, *size, options.device), as_json=options.json)


def _photo(path: Path, size: int | None) -> Picture:
    """The picture to work on, its longest side at most `size`. Raises ReverieError that names the field."""
    from reverie.pictures import images
    from reverie.pictures.resize import shrink_to

    try:
        picture = images.read(path)
    except ReverieError as error:
        raise ReverieError(error.message, "content") from error
    return picture if size is None else shrink_to(picture, size)


def _pictures(recipe: Recipe) -> Mapping[str, Picture]:
    """The pictures of a recipe by their references, read once each. Raises ReverieError that names the field."""
    from reverie import demo
    from reverie.pictures import images

    pictures: dict[str, Picture] = {}
    for field, reference in recipe.references():
        try:
            pictures[reference] = pictures[reference] if reference in pictures else images.read(demo.picture(reference))
        except ReverieError as error:
            raise ReverieError(error.message, field) from error
    return pictures


def _frames(options: argparse.Namespace) -> None:
    from reverie.cli import animation
    from reverie.cli.console import Console
    from reverie.recipe import Recipe

    document = _styled(options)
    if options.zoom is not None and not document["style"] and not document.get("fast"):
        document = {"dream": {}, **document}
    recipe = Recipe.parse(document)
    zoom = arguments.zoom(options.zoom, options.count)
    pictures = _pictures(recipe)
    with Console(as_json=options.json) as console:
        count = animation.paint(
            recipe,
            animation.read(options.photos),
            pictures,
            options.output,
            console,
            size=options.size,
            device=options.device,
            zoom=zoom,
            count=options.count,
        )
        console.finish_frames(options.output, count)


def _compare(options: argparse.Namespace) -> None:
    from reverie.cli.console import Console
    from reverie.pictures import images
    from reverie.recipe import Recipe
    from reverie.tools import compare

    images.check_target(options.output)
    recipe = Recipe.parse({"size": compare.SIZE, **_styled(options)})
    content = _photo(options.photo, recipe.size)
    pictures = _pictures(recipe)
    with Console(as_json=options.json, keeps=False) as console:
        rows = compare.compare(
            recipe,
            content,
            pictures,
            networks=options.networks,
            device=options.device,
            report=lambda network, event: console.report(event),
        )
        images.write(options.output, compare.contact_sheet(rows))
        console.finish_comparison(options.output, rows)


def _atlas(options: argparse.Namespace) -> None:
    from reverie import device
    from reverie.cli.console import Console
    from reverie.engine import loaded
    from reverie.events import Started
    from reverie.networks import registry
    from reverie.pictures import images
    from reverie.tools import atlas

    spec = registry.spec(registry.default() if options.network == "auto" else options.network)
    layer = options.layer or spec.defaults.dream[0]
    registry.check_layers(spec.name, [layer], "layer")
    channels = arguments.span(options.channels, spec.channels(layer))
    images.check_target(options.output)
    where = device.choose(options.device)
    with Console(as_json=options.json, keeps=False) as console:
        loaded.fetch_weights(spec.name, console.report)
        network = loaded.network_for(spec.name, options.device)
        console.report(Started(where.type, spec.name, len(channels)))
        tiles = atlas.atlas(network, layer, channels, progress=_of_tiles(console.report, len(channels)))
        images.write(options.output, atlas.contact_sheet(tiles))
        console.finish_atlas(options.output, f"{spec.name}, {layer}", len(channels))


def _of_tiles(report: Callable[[Event], None], total: int) -> Callable[[int], None]:
    """The tiles of an atlas that are there, told as iterations."""
    from reverie.events import Progress
    from reverie.tools.atlas import SIDE

    begun, kept = time.monotonic(), -1

    def tell(there: int) -> None:
        nonlocal kept
        kept = there if kept < 0 else kept  # what was made before took no time, and so says none
        if there > kept or there == total:
            each = (time.monotonic() - begun) / max(1, there - kept)
            report(Progress(there, total, SIDE, SIDE, 0.0, there / total, each * (total - there)))

    return tell


def _networks(options: argparse.Namespace) -> None:
    from reverie.cli.console import print_networks

    print_networks(as_json=options.json)


def _presets(options: argparse.Namespace) -> None:
    from reverie import presets

    found = presets.listed()
    if options.json:
        print(json.dumps({"presets": found}))
    else:
        width = max(len(preset["name"]) for preset in found)
        for preset in found:
            print(f"{preset['name']:{width}}  {preset['filter']}  {preset['description'] or preset['title']}")


def _styles(options: argparse.Namespace) -> None:
    from reverie.fast import styles

    if options.remove is not None:
        styles.remove(options.remove)
        return
    if options.photo:
        _style_sheet(options)
        return
    listed = styles.listed()
    if options.json:
        print(json.dumps({"styles": listed}))
        return
    for style in listed:
        print(f"{style['name']}  ({'bundled' if style['bundled'] else styles.file_of(str(style['name']))})")


def _style_sheet(options: argparse.Namespace) -> None:
    from rich.progress import Progress

    from reverie.cli.console import print_warning
    from reverie.pictures import images
    from reverie.tools.style_sheet import style_sheet

    if options.output is None:
        raise ReverieError("Name the file for the sheet with -o.", "output")
    images.check_target(options.output)
    if not 16 <= options.size <= 4096:
        raise ReverieError(f"A picture on the sheet is 16 to 4096 pixels wide, and not {options.size}.", "size")
    photos = [images.read(photo) for photo in options.photo]
    with Progress(disable=options.json) as progress:
        task = progress.add_task("Painting", total=None)
        sheet = style_sheet(
            photos,
            options.size,
            report=lambda done, total: progress.update(task, completed=done, total=total),
            warn=lambda warning: print_warning(warning, as_json=options.json),
        )
    images.write(options.output, sheet)


def _train_style(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from reverie import device
    from reverie.cli.console import TrainingConsole
    from reverie.training import train_style

    usual = train_style.WHOLE if options.full else train_style.QUICK
    given = {name: getattr(options, name) for name in ("steps", "batch", "rate") if getattr(options, name) is not None}
    wrong = next((name for name, value in given.items() if not 0 < value < math.inf), None)
    if wrong:
        raise ReverieError(f"--{wrong} must be a number above 0.", wrong)
    device.keep_freed_memory()
    order = train_style.Order(
        options.picture,
        options.name,
        options.photos,
        options.full,
        replace(usual, **given),
        options.strength,
        options.network,
        options.device,
    )
    with TrainingConsole(options.name, as_json=options.json) as console:
        console.finish(train_style.train(order, console.report))


def _import_style(options: argparse.Namespace) -> None:
    from reverie.fast import importing, styles

    file = styles.file_for_new(options.name)
    network, vector = importing.read(options.file)
    styles.save(file, {options.name: vector}, network)
    print(f"{file}  use it with --fast {options.name}")


def _schema(options: argparse.Namespace) -> None:
    from reverie.recipe import Recipe

    print(json.dumps(Recipe.model_json_schema(), indent=2, ensure_ascii=False))


def _serve(options: argparse.Namespace) -> None:
    from reverie.server.lifecycle import serve

    serve(
        host=options.host,
        port=options.port,
        ready_file=options.ready_file,
        idle_exit=options.idle_exit,
        device=options.device,
    )


def _gimp(options: argparse.Namespace) -> None:
    from reverie.cli import gimp

    if code := gimp.run(options):
        raise SystemExit(code)


_COMMANDS = {
    "style": _style,
    "frames": _frames,
    "dream": _dream,
    "run": _run,
    "compare": _compare,
    "atlas": _atlas,
    "networks": _networks,
    "presets": _presets,
    "styles": _styles,
    "train-style": _train_style,
    "import-style": _import_style,
    "schema": _schema,
    "serve": _serve,
    "gimp": _gimp,
}


def run() -> int:
    """The script `reverie`."""
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Python takes a moment to end: one more Ctrl-C makes no traceback
    return code
