"""Speed and memory of fast styles: a large picture painted in one pass, and a step of learning a new style."""

from __future__ import annotations

import itertools
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from reverie import demo
from reverie import device as devices
from reverie.fast import styles
from reverie.fast.stylise import stylise
from reverie.pictures import images
from reverie.pictures.resize import resize, to_tensor
from reverie.tools.compare import PeakMemory
from reverie.training.train_style import QUICK, Order, practice, train
from rich.console import Console

from tests.benchmarks.iteration import apart

_HEIGHT, _WIDTH = 3000, 4000  # pixels: 12 megapixels
_STEPS = 8


def report(device: str) -> None:
    """Prints both. Each is measured in a process of its own."""
    console = Console(width=120)
    painted = apart(_paint, device)
    console.print(
        f"{_WIDTH}×{_HEIGHT} pixels on {device}: {painted['seconds']:.1f} s, {painted['memory'] / 2**20:.0f} MB"
    )
    step = apart(_learn, device)["seconds"]
    console.print(
        f"A step of train-style: {step:.2f} s, so that its {QUICK.steps} take {step * QUICK.steps / 60:.1f} minutes"
    )


def _paint(device: str) -> dict[str, float]:
    where = torch.device(device)
    devices.keep_freed_memory()
    with PeakMemory(where) as peak:
        picture = resize(to_tensor(images.read(demo.content()), where), _HEIGHT, _WIDTH).clamp(0, 1)
        begun = time.perf_counter()
        stylise(styles.load("starry_night"), picture, devices.precision("auto", where)).cpu()
        seconds = time.perf_counter() - begun
    return {"seconds": seconds, "memory": peak.bytes}


def _learn(device: str) -> dict[str, float]:
    """The fastest of some steps of a training from the defaults."""
    devices.keep_freed_memory()
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        styles.folder = lambda: Path(folder)  # not among the styles of whoever measures
        ink = demo.styles()["ink"]
        order = Order(images.read(ink), str(ink), "benchmark", plan=replace(QUICK, steps=_STEPS), device=device)
        train(order, practice(order), lambda progress: times.append(time.perf_counter()))
    return {"seconds": min(later - earlier for earlier, later in itertools.pairwise(times))}
