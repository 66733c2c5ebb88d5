"""Writes a style as an ONNX model, once it is known that a runtime paints with it as Reverie does."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console as Terminal
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from reverie import demo, presets
from reverie.cli.console import print_output
from reverie.errors import ReverieError
from reverie.export import model
from reverie.export.model import Export
from reverie.fast import styles
from reverie.files import named
from reverie.pictures import images


def carry_out(options: argparse.Namespace) -> None:
    """Exports what the options of a command name. Raises ReverieError for what is no style that could be exported."""
    model.check_target(options.output)
    terminal = Terminal(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=terminal, transient=True, disable=options.json) as progress:
        task = progress.add_task(f"Writing “{options.style}” down as a network")
        export = _of(options.style, options.size)
        progress.update(task, description="Painting with onnxruntime and with Reverie, to compare")
        difference = export.check()
        model.write(export, options.output)
    if options.json:
        told = {"type": "done", "output": str(options.output), "style": options.style, "difference": difference}
        print(json.dumps(told))
    else:
        megabytes = options.output.stat().st_size / 1e6
        said = f"{megabytes:.1f} MB; onnxruntime paints as Reverie does (at most {difference * 255:.2g} of 255 off)."
        print_output(terminal, options.output, said)


def _of(style: str, size: int | None) -> Export:
    """The model of a fast style, or of a picture."""
    if style in styles.names():
        if size is not None:
            raise ReverieError("A fast style paints a photo at its own size: leave out --size.", "size")
        return model.of_fast_style(style)
    _check_is_no_recipe(style)
    file = named(str(demo.picture(style)))
    if not file.exists():
        known = ", ".join([*styles.names(), *demo.STYLES])
        raise ReverieError(f"“{style}” is neither a fast style nor a picture: there are {known}, and files.", "style")
    return model.of_picture(style, images.read(file), size or model.SIZE)


def _check_is_no_recipe(style: str) -> None:
    """Raises ReverieError for what paints by optimising, and for a style that is not imported yet."""
    named_so = style in {preset["name"] for preset in presets.listed()}.difference(demo.STYLES)
    named_so = named_so and not Path(style).exists()
    if named_so or style.lower().endswith(".json"):
        raise ReverieError(
            f"“{style}” is {'a preset' if named_so else 'a recipe'}, which is carried out by optimising: no network "
            "does it. Export a fast style or a style picture, or learn a fast style of it first: train-style.",
            "style",
        )
    if style.lower().endswith((".pth", ".safetensors")):
        raise ReverieError(
            f"“{style}” is the file of a network. Import it (import-style), and export it by its name.", "style"
        )
