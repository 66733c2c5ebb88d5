"""Speed and memory of whole pictures by the size of the layer: painted in one pass and finished, and optimised.

Each is a job as it comes from the defaults, so that it is composed at the size that suits the device, and then brought
to the layer's own; in one pass also composed as large as it can be, as “best” has it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import torch
from reverie import demo
from reverie import device as devices
from reverie import job as jobs
from reverie.engine.render import render
from reverie.events import Event, Progress
from reverie.pictures import images
from reverie.pictures.resize import resized
from reverie.recipe import Recipe
from reverie.tools.compare import PeakMemory
from rich.console import Console
from rich.table import Table

from tests.benchmarks.iteration import apart

MEGAPIXELS = (1.0, 4.0, 12.0)
_JOBS = {
    "in one pass": {"method": "instant"},
    "in one pass, best": {"method": "instant", "detail": "best"},
    "optimised": {"method": "optimise"},
}


def report(megapixels: Sequence[float], device: str, network: str) -> None:
    """Prints both, a row for each size and way. Each is measured in a process of its own."""
    console = Console(width=120)
    table = Table("megapixels", "layer", "painted", "composed at", "seconds", "of them the finish", "memory")
    for size in megapixels:
        width, height = layer(size)
        for name, fields in _JOBS.items():
            recipe = {"style": "ink", "network": network, **fields}
            across, down = jobs.resolve(Recipe.parse(recipe), device).size(width, height)
            found = apart(measure, recipe, width, height, device)
            seconds, finish, memory = (found[part] for part in ("seconds", "finish", "memory"))
            painted = (f"{across}×{down}", f"{seconds:.1f} s", f"{finish:.1f} s", f"{memory / 2**20:.0f} MB")
            table.add_row(f"{size:g}", f"{width}×{height}", name, *painted)
            console.print(f"{size:g} megapixels {name}: {seconds:.1f} s", style="dim")  # a run takes minutes
    threads = f", {torch.get_num_threads()} threads" if device == "cpu" else ""
    console.print(f"On {device}{threads}, {network}")
    console.print(table)


def layer(megapixels: float) -> tuple[int, int]:
    """Width and height of a layer of that many megapixels, 4:3."""
    height = round(math.sqrt(megapixels * 1e6 * 3 / 4))
    return round(height * 4 / 3), height


def measure(recipe: dict[str, object], width: int, height: int, device: str) -> dict[str, float]:
    """Seconds of a job, what it takes from the last event of its composing on, and the bytes of the device's memory
    that it adds at most."""
    where = torch.device(device)
    devices.keep_freed_memory()
    content, look = (resized(images.read(file), width, height) for file in (demo.content(), demo.styles()["ink"]))
    wanted = Recipe.parse(recipe)
    composed = jobs.resolve(wanted, device).size(width, height)[0]
    latest = time.perf_counter()

    def told(event: Event) -> None:
        nonlocal latest
        if isinstance(event, Progress) and event.width <= composed:
            latest = time.perf_counter()

    with PeakMemory(where) as peak:
        seconds = render(wanted, content, {"ink": look}, device=device, report=told).seconds
    return {"seconds": seconds, "finish": time.perf_counter() - latest, "memory": peak.bytes}
