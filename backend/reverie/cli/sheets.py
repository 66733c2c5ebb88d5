"""The commands that make a sheet of many pictures: `compare`, and `atlas`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from rich.box import SIMPLE
from rich.table import Table

from reverie import device
from reverie.api import read_pictures
from reverie.cli import arguments, documents, photos
from reverie.cli.console import Console, print_table
from reverie.engine import loaded
from reverie.events import Event, Progress, Started
from reverie.job import size_for
from reverie.networks import registry
from reverie.pictures import images
from reverie.recipe import Recipe
from reverie.tools import atlas as tiles_of
from reverie.tools import compare as networks
from reverie.tools.compare import Row


def compare(options: argparse.Namespace) -> None:
    images.check_target(options.output)
    document = documents.styled(options)
    recipe = Recipe.parse({"size": size_for(networks.SIZE), **document})
    content = photos.read(options.photo, options.size or document.get("size", networks.SIZE))
    pictures = read_pictures(recipe)
    with Console(as_json=options.json, keeps=False) as console:
        rows = networks.compare(
            recipe,
            content,
            pictures,
            networks=options.networks,
            device=options.device,
            report=lambda network, event: console.report(event),
        )
        images.write(options.output, networks.contact_sheet(rows))
    if not options.json:
        _print_rows(rows)
    told = [{name: value for name, value in vars(row).items() if name != "picture"} for row in rows]
    console.done(options.output, networks=told)


def _print_rows(rows: list[Row]) -> None:
    """What each network took for the same job."""
    table = Table("network", "seconds", "s/iteration", "memory", "parameters", box=SIMPLE)
    for row in rows:
        each = f"{row.per_iteration:.3f}"
        memory, parameters = f"{row.memory / 2**20:.0f} MB", f"{row.parameters / 1e6:.1f} M"
        table.add_row(row.network, f"{row.seconds:.1f}", each, memory, parameters)
    print_table(table)


def atlas(options: argparse.Namespace) -> None:
    spec = registry.spec(registry.default() if options.network == "auto" else options.network)
    layer = options.layer or spec.defaults.dream[0]
    registry.check_layers(spec.name, [layer], "layer")
    channels = arguments.span(options.channels, spec.channels(layer))
    count = len(channels)
    images.check_target(options.output)
    where = device.choose(options.device)
    with Console(as_json=options.json, keeps=False) as console:
        loaded.fetch_weights(spec.name, console.report)
        network = loaded.network_for(spec.name, options.device)
        console.report(Started(where.type, spec.name, count))
        tiles = tiles_of.atlas(network, layer, channels, progress=_of_tiles(console.report, count))
        images.write(options.output, tiles_of.contact_sheet(tiles))
        said = f"{spec.name}, {layer}, " + ("1 channel" if count == 1 else f"{count} channels")
        console.done(options.output, said, channels=count)


def _of_tiles(report: Callable[[Event], None], total: int) -> Callable[[int], None]:
    """The tiles of an atlas that are there, told as iterations."""
    begun, kept, side = time.monotonic(), -1, tiles_of.SIDE

    def tell(there: int) -> None:
        nonlocal kept
        kept = there if kept < 0 else kept  # what was made before took no time, and so says none
        if there > kept or there == total:
            each = (time.monotonic() - begun) / max(1, there - kept)
            report(Progress(there, total, side, side, 0.0, there / total, each * (total - there)))

    return tell
