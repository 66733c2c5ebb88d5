"""The commands that make a fast style: `train-style` and `import-style`."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace

from reverie import device
from reverie.cli.training_console import TrainingConsole
from reverie.errors import ReverieError
from reverie.fast import importing, styles
from reverie.pictures import images
from reverie.training import train_style as training


def train_style(options: argparse.Namespace) -> None:
    usual = training.WHOLE if options.full else training.QUICK
    given = {name: getattr(options, name) for name in ("steps", "batch", "rate") if getattr(options, name) is not None}
    wrong = next((name for name, value in given.items() if not 0 < value < math.inf), None)
    if wrong:
        raise ReverieError(f"--{wrong} must be a number above 0.", wrong)
    device.keep_freed_memory()
    training.file_for(options.name)  # refused at once, if it is
    order = training.Order(
        images.read(options.picture),
        str(options.picture),
        options.name,
        options.photos,
        options.full,
        replace(usual, **given),
        options.strength,
        options.network,
        options.device,
    )
    with TrainingConsole(options.name, as_json=options.json) as console:
        console.finish(training.train(order, training.practice(order), console.report))


def import_style(options: argparse.Namespace) -> None:
    file = styles.file_for_new(options.name)
    network, vector = importing.read(options.file)
    styles.save(file, {options.name: vector}, network)
    print(f"{file}  use it with --fast {options.name}")
