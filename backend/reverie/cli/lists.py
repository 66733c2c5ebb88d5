"""The commands that say what there is: `networks`, `presets`, `styles` and `schema`."""

from __future__ import annotations

import argparse
import json

from rich.box import SIMPLE
from rich.progress import Progress
from rich.table import Table

from reverie import presets as named
from reverie.cli.console import print_table, print_warning
from reverie.errors import ReverieError
from reverie.fast import styles as fast
from reverie.networks import registry
from reverie.pictures import images
from reverie.recipe.schema import text
from reverie.tools.style_sheet import style_sheet


def networks(options: argparse.Namespace) -> None:
    """The networks that can be chosen, and whether their weights are at hand."""
    rows = registry.describe()
    if options.json:
        print(json.dumps({"networks": rows}))
        return
    table = Table("network", "what it is", "weights", "licence", box=SIMPLE)
    for row in rows:
        there = "bundled" if row["bundled"] else "at hand" if row["available"] else "to fetch"
        size = f", {row['download_bytes'] / 1e6:.1f} MB" if there == "to fetch" else ""
        chosen = " (auto)" if row["default"] else ""
        table.add_row(f"{row['name']}{chosen}", str(row["title"]), there + size, str(row["licence"]))
    print_table(table)


def presets(options: argparse.Namespace) -> None:
    found = named.listed()
    if options.json:
        print(json.dumps({"presets": found}))
    else:
        width = max(len(preset["name"]) for preset in found)
        for preset in found:
            print(f"{preset['name']:{width}}  {preset['filter']}  {preset['description'] or preset['title']}")


def styles(options: argparse.Namespace) -> None:
    """The fast styles: as a list, or painted on photos; or one less."""
    if options.remove is not None:
        fast.remove(options.remove)
    elif options.photo:
        _paint_sheet(options)
    elif options.json:
        print(json.dumps({"styles": fast.listed()}))
    else:
        for style in fast.listed():
            print(f"{style['name']}  ({'bundled' if style['bundled'] else fast.file_of(str(style['name']))})")


def _paint_sheet(options: argparse.Namespace) -> None:
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


def schema(options: argparse.Namespace) -> None:
    print(text())
