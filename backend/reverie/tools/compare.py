"""The same job with every network at hand, side by side."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psutil
import torch
from PIL import Image, ImageDraw, ImageFont

from reverie import device as devices
from reverie.engine import loaded, render
from reverie.errors import ReverieError, Sentence
from reverie.events import Event, Progress, Started, Warning_
from reverie.networks import registry
from reverie.pictures.picture import Picture, on_white
from reverie.recipe import Recipe

SIZE = 320  # pixels: longest side of each picture on a sheet, when nobody says
_CAPTION, _NARROWEST = 44, 270  # pixels: height of a caption, and the width that it needs
_COLUMNS = 3


@dataclass(frozen=True)
class Row:
    """What one network made of the job: in how many seconds, of which an iteration took `per_iteration` on average, and
    with how many bytes of the device's memory beyond what was in use before."""

    network: str
    picture: Picture
    seconds: float
    iterations: int
    per_iteration: float
    memory: int
    parameters: int


def compare(
    recipe: Recipe,
    content: Picture,
    pictures: Mapping[str, Picture],
    *,
    networks: Sequence[str] | None = None,
    device: str = "auto",
    report: Callable[[str, Event], None] = lambda network, event: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[Row]:
    """Carries out a recipe with each of the networks, by default those whose weights are on this machine, with that
    network's own layers, and with average pooling only where it stands that.

    `report` is told the network and what `render` tells. A network that cannot do the job (for which the picture is too
    small, or which knows no classes) is left out with a Warning_. Raises ReverieError when none can, or when there is
    no network of a name, and Cancelled when `stop` said so.
    """
    rows: list[Row] = []
    names = registry.available() if networks is None else networks
    for name in names:
        registry.spec(name)
    for name in names:
        try:
            rows.append(_row(name, recipe, content, pictures, device, report, stop))
        except ReverieError as error:
            if not rows and name == names[-1]:
                raise  # and says it once
            report(name, Warning_(Sentence(f"{name} is left out. {error.message}")))
    return rows


def _row(
    name: str,
    recipe: Recipe,
    content: Picture,
    pictures: Mapping[str, Picture],
    device: str,
    report: Callable[[str, Event], None],
    stop: Callable[[], bool],
) -> Row:
    pooling = recipe.pooling if registry.spec(name).averages else None
    update = {"network": name, "pooling": pooling, "content_layers": None, "style_layers": None}
    times: list[float] = []

    def listen(event: Event) -> None:
        begins_anew = isinstance(event, Progress) and event.iteration < len(times)  # the finish counts its own steps
        if isinstance(event, Started | Progress) and not begins_anew:
            times.append(time.perf_counter())
        report(name, event)

    loaded.forget_network()
    with PeakMemory(devices.choose(device)) as peak:
        document = recipe.model_copy(update=update)
        result = render.render(document, content, pictures, device=device, report=listen, stop=stop)
    parameters = sum(value.numel() for value in registry.load(name).module.parameters())
    iterations = max(0, len(times) - 1)  # a strength of 0 leaves nothing to do
    per_iteration = (times[-1] - times[0]) / iterations if iterations > 0 else 0.0
    return Row(name, result.picture, result.seconds, iterations, per_iteration, peak.bytes, parameters)


class PeakMemory:
    """Watches, while it is entered, how many bytes of a device's memory the process takes at most beyond what it had
    before; on the CPU by looking now and then, on a graphics processor what PyTorch allocates."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.bytes = 0

    def __enter__(self) -> PeakMemory:
        _return_freed_memory()  # what the network before has left behind would hide what this one takes
        self._process = psutil.Process()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        if own := devices.OWN_MEMORY.get(self._device.type):
            own.reset_peak_memory_stats(self._device)
            self._before = own.memory_allocated(self._device)
        else:
            self._before = self._process.memory_info().rss
            self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._ended.wait(0.005):
            self.bytes = max(self.bytes, self._process.memory_info().rss - self._before)

    def __exit__(self, *error: object) -> None:
        if own := devices.OWN_MEMORY.get(self._device.type):
            self.bytes = own.max_memory_allocated(self._device) - self._before
        else:
            self._ended.set()
            self._thread.join()


def _return_freed_memory() -> None:
    """Hands freed memory back to the system; with other C libraries than glibc it stays, and is counted too low."""
    gc.collect()
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def contact_sheet(rows: list[Row]) -> Picture:
    """The pictures of at least one row in a grid, each with its network, times and memory below."""
    height, width = rows[0].picture.shape[:2]
    columns = min(_COLUMNS, len(rows))
    lines = -(-len(rows) // columns)
    cell = max(width, _NARROWEST)
    sheet = Image.new("RGB", (columns * cell, lines * (height + _CAPTION)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for index, row in enumerate(rows):
        left, top = index % columns * cell, index // columns * (height + _CAPTION)
        pixels = (on_white(row.picture) * 255).round().astype(np.uint8)
        sheet.paste(Image.fromarray(pixels), (left, top))
        text = (
            f"{row.network}, {row.parameters / 1e6:.1f} million parameters\n"
            f"{row.seconds:.1f} s ({1000 * row.per_iteration:.0f} ms an iteration), {row.memory / 2**20:.0f} MiB"
        )
        pen.multiline_text((left + 6, top + height + 4), text, fill="black", font=font)
    result: Picture = np.asarray(sheet).astype(np.float32) / np.float32(255)
    return result
