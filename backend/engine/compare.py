"""The same job with every network at hand, side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import psutil
import torch
from PIL import Image, ImageDraw, ImageFont

from backend.engine import render
from backend.engine.events import Event
from backend.images import Picture
from backend.networks import registry
from backend.recipe import Recipe

_CAPTION = 28  # pixels
_COLUMNS = 3


@dataclass(frozen=True)
class Row:
    """What one network made of the job; `memory` is the largest part of the device's (on the CPU: of the process), in
    bytes."""

    network: str
    picture: Picture
    seconds: float
    iterations: int
    memory: int
    parameters: int


def compare(
    recipe: Recipe,
    content: Picture,
    pictures: Mapping[str, Picture],
    *,
    device: str = "auto",
    report: Callable[[str, Event], None] = lambda network, event: None,
) -> list[Row]:
    """Carries out a recipe with each network whose weights are on this machine, with that network's own layers.

    `report` is told the network and what `render` tells. Raises as `render` does.
    """
    rows = []
    for name in registry.available():
        document = recipe.model_copy(update={"network": name, "content_layers": None, "style_layers": None})
        render.forget_network()
        with _PeakMemory() as peak:
            result = render.render(
                document,
                content,
                pictures,
                device=device,
                report=lambda event, name=name: report(name, event),  # type: ignore[misc]
            )
        parameters = sum(value.numel() for value in registry.load(name).module.parameters())
        rows.append(Row(name, result.picture, result.seconds, recipe.iterations, peak.bytes, parameters))
    return rows


class _PeakMemory:
    """Watches how much memory is used at most."""

    def __enter__(self) -> _PeakMemory:
        self.bytes = 0
        self._ended = threading.Event()
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        process = psutil.Process()
        while not self._ended.wait(0.02):
            self.bytes = max(self.bytes, process.memory_info().rss)

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()
        if torch.cuda.is_available():
            self.bytes = torch.cuda.max_memory_allocated()


def contact_sheet(rows: list[Row]) -> Picture:
    """The pictures in a grid, each with the network's name, time and memory below."""
    height, width = rows[0].picture.shape[:2]
    columns = min(_COLUMNS, len(rows))
    lines = -(-len(rows) // columns)
    sheet = Image.new("RGB", (columns * width, lines * (height + _CAPTION)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for index, row in enumerate(rows):
        left, top = index % columns * width, index // columns * (height + _CAPTION)
        pixels = (row.picture[:, :, :3] * 255).round().astype(np.uint8)
        sheet.paste(Image.fromarray(pixels), (left, top))
        text = f"{row.network}   {row.seconds:.1f} s   {row.memory / 2**20:.0f} MB"
        pen.text((left + 6, top + height + 5), text, fill="black", font=font)
    result: Picture = np.asarray(sheet).astype(np.float32) / np.float32(255)
    return result
