"""The command line: python -m backend …"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend import __version__, arguments
from backend.errors import ReverieError

EXIT_FAILED, EXIT_USAGE, EXIT_CANCELLED = 1, 2, 130


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 when it worked, 1 when it failed, 2 for a wrong command line, 130 when interrupted."""
    options = _parser().parse_args(words)
    try:
        status: int = options.run(options)
        return status
    except ReverieError as error:
        if getattr(options, "json", False):
            print(json.dumps({"error": {"message": error.message, "field": error.field}}, ensure_ascii=False))
        else:
            print(f"reverie: {error.message}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("reverie: stopped; no unfinished picture was written.", file=sys.stderr)
        return EXIT_CANCELLED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend", description="Neural style transfer and deep dream.")
    parser.add_argument("--version", action="version", version=f"Reverie {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    style = commands.add_parser("style", help="paint a photo in the style of a picture")
    style.add_argument("photo", type=Path)
    style.set_defaults(run=_style)

    frames = commands.add_parser("frames", help="paint an animation, or zoom into a picture for ever")
    frames.add_argument(
        "photos", type=Path, nargs="+", metavar="FRAME", help="pictures of one size, or one GIF or WebP"
    )
    frames.add_argument(
        "--zoom", type=float, metavar="PERCENT", help="from one picture: how much each frame is enlarged"
    )
    frames.add_argument("--count", type=int, default=60, help="frames of a zoom (60)")
    frames.set_defaults(run=_frames)

    for command in (style, frames):
        _add_style_options(command)

    dream = commands.add_parser("dream", help="let a photo show what a network sees in it")
    dream.add_argument("photo", type=Path)
    dream.add_argument("--dream-strength", "--strength", type=float, help="how much the dream shows (0.5)")
    dream.set_defaults(run=_dream)

    for command in (dream, frames):
        command.add_argument("--parametrisation", choices=["pixels", "decorrelated"])
    for command in (style, dream, frames):
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
        command.add_argument("--network", help="see `networks` (auto)")
        command.add_argument("--pooling", choices=["max", "average"])
        command.add_argument("--init", metavar="content|noise|PICTURE", help="a result, to go on with it (content)")
        command.add_argument("--iterations", type=int)
        command.add_argument("--octaves", type=int, help="in how many sizes shapes appear: more bring larger ones")
        command.add_argument("--budget", metavar="TIME", help="the best picture within that time: 20s, 2m")
        command.add_argument("--tile", type=int, help="side of the tiles to compute in (as memory demands)")
        command.add_argument("--seed", type=int)

    run = commands.add_parser("run", help="carry out a recipe file")
    run.add_argument("recipe", type=Path)
    run.add_argument("photo", type=Path)
    run.set_defaults(run=_run)

    for command in (style, dream, run, frames):
        where = "a folder, or a .gif, .webp or .apng" if command is frames else None
        command.add_argument("-o", "--output", type=Path, required=True, help=where)
        command.add_argument("--size", type=int, help="longest side of the result, in pixels (the photo's own)")
        command.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
        command.add_argument("--json", action="store_true", help="progress and outcome as one JSON object a line")

    compare = commands.add_parser("compare", help="the same picture with every network at hand, on one sheet")
    compare.add_argument("photo", type=Path)
    compare.add_argument("--style", action="append", default=[], metavar="PICTURE[:WEIGHT]", required=True)
    compare.add_argument("-o", "--output", type=Path, required=True)
    compare.add_argument("--size", type=int, default=320, help="longest side of each picture, in pixels (320)")
    compare.add_argument("--iterations", type=int, default=160)
    compare.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    compare.set_defaults(run=_compare)

    atlas = commands.add_parser("atlas", help="what each channel of a layer likes to see, on one sheet")
    atlas.add_argument("--network", default="auto", help="see `networks` (auto)")
    atlas.add_argument("--layer", help="(the layer for dreams)")
    atlas.add_argument("--channels", metavar="FIRST-LAST", help="(all)")
    atlas.add_argument("-o", "--output", type=Path, required=True)
    atlas.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    atlas.set_defaults(run=_atlas)

    networks = commands.add_parser("networks", help="list the networks and where their weights are")
    networks.add_argument("--json", action="store_true")
    networks.set_defaults(run=_networks)

    presets = commands.add_parser("presets", help="list the settings that have a name")
    presets.add_argument("--json", action="store_true")
    presets.set_defaults(run=_presets)

    styles = commands.add_parser("styles", help="list the fast styles, or remove one of yours")
    styles.add_argument("--remove", metavar="NAME")
    styles.add_argument("--json", action="store_true")
    styles.set_defaults(run=_styles)

    train = commands.add_parser("train-style", help="learn a fast style from a picture")
    train.add_argument("picture", type=Path)
    train.add_argument("--name", required=True, help="what to call it")
    train.add_argument("--full", action="store_true", help="a network of its own: much longer, and closer to the style")
    train.add_argument(
        "--photos", type=Path, action="append", default=[], metavar="FOLDER", help="to practise on (made pictures)"
    )
    train.add_argument("--steps", type=int, help="length of the training (400; with --full 4000)")
    train.add_argument("--batch", type=int, help="pictures in a step (4)")
    train.add_argument("--rate", type=float, help="of learning (0.005; with --full 0.001)")
    train.add_argument("--strength", type=float, default=0.85, help="how far from the photo it may go (0.85)")
    train.add_argument("--network", default="auto", help="which judges the pictures: see `networks` (auto)")
    train.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    train.add_argument("--json", action="store_true", help="progress and outcome as one JSON object a line")
    train.set_defaults(run=_train_style)

    imported = commands.add_parser(
        "import-style", help="a fast style that was trained with PyTorch's example fast_neural_style"
    )
    imported.add_argument("file", type=Path, help="its checkpoint, a .pth")
    imported.add_argument("--name", required=True, help="what to call it")
    imported.set_defaults(run=_import_style)

    schema = commands.add_parser("schema", help="print the JSON schema of a recipe")
    schema.set_defaults(run=_schema)

    serve = commands.add_parser("serve", help="serve GIMP and other programs over HTTP on this machine")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=0, help="0 takes a free one (0)")
    serve.add_argument("--ready-file", type=Path, help="where to write port and token")
    serve.add_argument("--idle-exit", type=float, default=1800, metavar="SECONDS", help="leave when unused (1800)")
    serve.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    serve.set_defaults(run=_serve)
    return parser


def _add_style_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--style", action="append", default=[], metavar="PICTURE[:WEIGHT]", help="may be repeated")
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
    command.add_argument("--strength", type=float, help="0 keeps the photo, 1 gives all to the style (0.85)")
    command.add_argument("--style-scale", type=float, help="size of the strokes; 2 makes them twice as large (1)")
    command.add_argument("--method", choices=["optimise", "patches"], help="patches need no network (optimise)")
    command.add_argument("--style-loss", choices=["covariance", "gram", "wasserstein", "nearest"])
    command.add_argument("--color", choices=["style", "luminance", "match"], help="where the colours come from (style)")
    command.add_argument("--content-mask", metavar="PICTURE", help="white where the photo's shapes are kept")
    command.add_argument("--optimizer", choices=["auto", "lbfgs", "adam"])
    command.add_argument("--dream-strength", type=float, help="how much the dream shows (0.5)")


_PLAIN = (
    *("strength", "method", "style_loss", "color", "content_mask", "optimizer", "dream_strength", "parametrisation"),
    *("network", "pooling", "init", "iterations", "octaves", "tile", "seed"),
)
"""Options that are fields of the recipe as they stand."""


def _style(options: argparse.Namespace) -> int:
    return _carry_out(_styled(options), Path.cwd(), options)


def _styled(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's document from the options of a style."""
    document = _common(options)
    if options.style:
        usual = {name: value for name, value in _first_style(document).items() if name != "image"}
        document["style"] = [{**usual, **arguments.style(text)} for text in options.style]
    elif options.preset and "image" not in _first_style(document):
        raise ReverieError(f"The preset “{options.preset}” goes with every style: name a picture with --style.")
    if options.fast:
        document["fast"] = [arguments.fast(text) for text in options.fast]
    styles = document.get("style", [])
    styles = [{"image": entry} if isinstance(entry, str) else entry for entry in _listed(styles)]
    if options.style_scale is not None:
        styles = [{**entry, "scale": options.style_scale} for entry in styles]
    if options.mask:
        if len(options.mask) != len(styles):
            raise ReverieError(
                f"There are {len(styles)} styles and {len(options.mask)} masks: give each style one, or -."
            )
        styles = [
            {**entry, "mask": None if mask == "-" else mask} for entry, mask in zip(styles, options.mask, strict=True)
        ]
    return {**document, "style": styles}


def _first_style(document: dict[str, Any]) -> dict[str, Any]:
    """What a recipe's document says of its first style beside the picture."""
    styles = _listed(document.get("style") or {})
    return styles[0] if isinstance(styles[0], dict) else {"image": styles[0]}


def _dream(options: argparse.Namespace) -> int:
    document = _common(options)
    return _carry_out({"dream": {}, **document}, Path.cwd(), options)


def _run(options: argparse.Namespace) -> int:
    # A recipe's pictures lie beside it, wherever the command is given.
    return _carry_out(_read_recipe(options.recipe), options.recipe.parent, options)


def _common(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's document from the options that styles and dreams share."""
    document: dict[str, Any] = _read_recipe(options.recipe) if options.recipe else _preset(options)
    if options.dream:
        from backend.networks import registry

        layers = {layer for spec in registry.NETWORKS.values() for layer in spec.layers}
        document["dream"] = [arguments.dream(text, layers) for text in options.dream]
    if options.budget is not None:
        document["budget"] = arguments.seconds(options.budget)
    for name in _PLAIN:
        if getattr(options, name, None) is not None:
            document[name] = getattr(options, name)
    return document


def _preset(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's document of the preset that was asked for; empty without one."""
    if options.preset is None:
        return {}
    from backend import presets

    preset = presets.find(options.preset)
    kind = {_style: "style", _dream: "dream"}.get(options.run)
    if kind not in (None, preset["filter"]):
        raise ReverieError(f"The preset “{options.preset}” is for the command {preset['filter']}, not for {kind}.")
    return presets.recipe(preset)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _read_recipe(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReverieError(f"The recipe “{path}” cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise ReverieError(f"The recipe “{path}” is not valid JSON: {error}.") from error
    if not isinstance(document, dict):
        raise ReverieError(f'The recipe “{path}” is not a JSON object such as {{"style": "starry.jpg"}}.')
    return document


def _carry_out(document: dict[str, Any], folder: Path, options: argparse.Namespace) -> int:
    """Renders a recipe's document; its image references are relative to `folder`."""
    # Imported here: `--help` and a misspelt option should not wait for torch.
    from backend import images
    from backend.console import Console
    from backend.engine import render
    from backend.engine.resize import shrink_to
    from backend.recipe import Recipe

    if options.size is not None:
        document["size"] = options.size
    recipe = Recipe.parse(document)
    content = images.read(options.photo)
    if options.size is not None:
        content = shrink_to(content, options.size)
    pictures = {name: images.read(folder / name) for name in recipe.image_references()}
    if not options.output.parent.is_dir():
        raise ReverieError(f"The folder “{options.output.parent}” for the result does not exist; make it first.")
    with Console(as_json=options.json) as console:
        result = render.render(
            recipe, content, pictures, device=options.device, report=console.report, adjust=console.adjust
        )
        images.write(options.output, result.picture)
        console.finish(options.output, result)
    return 0


def _frames(options: argparse.Namespace) -> int:
    from backend import animation, images
    from backend.console import Console
    from backend.recipe import Recipe

    document = _styled(options)
    if options.zoom is not None and not document["style"]:
        document = {"dream": {}, **document}
    if options.size is not None:
        document["size"] = options.size
    recipe = Recipe.parse(document)
    zoom = arguments.zoom(options.zoom, options.count)
    pictures = {name: images.read(name) for name in recipe.image_references()}
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
    return 0


def _compare(options: argparse.Namespace) -> int:
    from backend import images
    from backend.console import Console, print_comparison
    from backend.engine import compare
    from backend.engine.resize import shrink_to
    from backend.recipe import Recipe

    styles = [arguments.style(text) for text in options.style]
    recipe = Recipe.parse({"style": styles, "size": options.size, "iterations": options.iterations})
    content = shrink_to(images.read(options.photo), options.size)
    pictures = {name: images.read(Path(name)) for name in recipe.image_references()}
    with Console(keeps=False) as console:
        rows = compare.compare(
            recipe,
            content,
            pictures,
            device=options.device,
            report=lambda network, event: console.report(event),
        )
    images.write(options.output, compare.contact_sheet(rows))
    print_comparison(rows)
    return 0


def _atlas(options: argparse.Namespace) -> int:
    from rich.progress import Progress

    from backend import images
    from backend.engine import atlas, device
    from backend.engine.resolve import channels as count_channels
    from backend.networks import registry

    spec = registry.spec(registry.default() if options.network == "auto" else options.network)
    layer = options.layer or spec.defaults.dream[0]
    spec.check_layers([layer], "layer")
    where = device.choose(options.device)
    network = registry.load(spec.name).to(where, device.precision("auto", where))
    channels = arguments.span(options.channels, count_channels(network, layer))
    with Progress() as progress:
        task = progress.add_task(f"{spec.name}, {layer}", total=len(channels))
        tiles = atlas.atlas(network, layer, channels, progress=lambda done: progress.update(task, completed=done))
    images.write(options.output, atlas.contact_sheet(tiles))
    return 0


def _networks(options: argparse.Namespace) -> int:
    from backend.console import print_networks

    print_networks(as_json=options.json)
    return 0


def _presets(options: argparse.Namespace) -> int:
    from backend import presets

    found = presets.listed()
    if options.json:
        print(json.dumps({"presets": found}, ensure_ascii=False))
    else:
        width = max(len(preset["name"]) for preset in found)
        for preset in found:
            print(f"{preset['name']:{width}}  {preset['filter']}  {preset['description'] or preset['title']}")
    return 0


def _styles(options: argparse.Namespace) -> int:
    from backend.fast import styles

    if options.remove is not None:
        styles.remove(options.remove)
        return 0
    listed = styles.listed()
    if options.json:
        print(json.dumps({"styles": listed}, ensure_ascii=False))
    for style in [] if options.json else listed:
        print(f"{style['name']}  ({'bundled' if style['bundled'] else styles.file_of(str(style['name']))})")
    return 0


def _train_style(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from backend.console import TrainingConsole
    from backend.engine import device
    from backend.training import train_style

    usual = train_style.WHOLE if options.full else train_style.QUICK
    given = {name: getattr(options, name) for name in ("steps", "batch", "rate") if getattr(options, name) is not None}
    wrong = next((name for name, value in given.items() if not value > 0), None)
    if wrong:
        raise ReverieError(f"--{wrong} must be more than 0.", wrong)
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
    return 0


def _import_style(options: argparse.Namespace) -> int:
    from backend.fast import importing, styles

    file = styles.file_for_new(options.name)
    network, vector = importing.read(options.file)
    styles.save(file, {options.name: vector}, network)
    print(f"{file}  use it with --fast {options.name}")
    return 0


def _schema(options: argparse.Namespace) -> int:
    from backend.recipe import Recipe

    print(json.dumps(Recipe.model_json_schema(), indent=2, ensure_ascii=False))
    return 0


def _serve(options: argparse.Namespace) -> int:
    from backend.server.lifecycle import serve

    serve(
        host=options.host,
        port=options.port,
        ready_file=options.ready_file,
        idle_exit=options.idle_exit,
        device=options.device,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
