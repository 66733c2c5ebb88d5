"""Speed and memory of an iteration, by network: python -m tests.benchmarks [--size 512] [--random] [--network N …]

Machines are noisy and differ: what counts are the ratios, measured in one run. “Plain” is the textbook's way: float32,
channels first, the Gram product differentiated automatically, the allocator as it comes.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from backend import demo, images
from backend.engine import device as devices
from backend.engine import tiling
from backend.engine.adam import Adam
from backend.engine.calibration import units
from backend.engine.lbfgs import LBFGS
from backend.engine.objective import Objective
from backend.engine.resize import resize, to_tensor
from backend.engine.targets import CONTENT_SHARE
from backend.engine.terms import Features
from backend.engine.terms.content import Content
from backend.engine.terms.style import Style
from backend.networks import registry, vgg
from backend.networks.network import IMAGENET, Network

PARTS = ("forward", "loss", "backward", "optimiser")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="longest side of the picture, in pixels (512)")
    parser.add_argument("--repeat", type=int, default=7, help="iterations to take the fastest of (7)")
    parser.add_argument("--race", type=int, default=60, help="iterations of L-BFGS to race Adam with, or 0 (60)")
    parser.add_argument("--network", action="append", help="(all at hand)")
    parser.add_argument("--random", action="store_true", help="VGG-19 with random weights, too: the speed is the same")
    options = parser.parse_args()
    names = options.network or [*registry.available(), *(["vgg19"] if options.random else [])]
    steps = Table("network", "s/iteration", "forward", "loss", "backward", "L-BFGS", "memory")
    for heading in ("plain", "memory", "ratio"):
        steps.add_column(heading)
    races = Table("network", "loss aimed at", "L-BFGS", "Adam")
    for name in dict.fromkeys(names):
        ours = _apart(measure, name, options.size, options.repeat, False)
        plain = _apart(measure, name, options.size, options.repeat, True)
        total, textbook = (sum(each[part] for part in PARTS) for each in (ours, plain))
        shares = [f"{ours[part] / total:.0%}" for part in PARTS]
        memory, without = (f"{each['memory'] / 2**20:.0f} MB" for each in (ours, plain))
        ratio = f"{textbook / total:.1f}×"
        steps.add_row(name, f"{total:.3f}", *shares, memory, f"{textbook:.3f} s", without, ratio)
        if options.race and name in registry.available():  # with random weights a loss says nothing
            race = _apart(time_to_loss, name, options.size // 2, options.race)
            adam = f"{race['adam']:.1f} s" if race["adam"] < float("inf") else f"not in {10 * options.race} iterations"
            races.add_row(name, f"{race['loss']:.3f}", f"{race['lbfgs']:.1f} s", adam)
    console = Console(width=120)
    console.print(
        f"{options.size}×{options.size * 3 // 4} pixels, {torch.get_num_threads()} threads, fastest of {options.repeat}"
    )
    console.print(steps)
    if races.row_count:
        console.print(f"Time to the loss that {options.race} iterations of L-BFGS reach, at half the size")
        console.print(races)


def _apart(work: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    """The result of some work in a process of its own, whose memory and allocator nothing else has touched."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def network(name: str, dtype: torch.dtype) -> Network:
    """The network with its weights, or VGG-19 with random ones."""
    if name == "vgg19" and name not in registry.available():
        torch.manual_seed(0)
        return vgg.build(19, vgg.VGG(19).state_dict(), IMAGENET).to(torch.device("cpu"), dtype)
    return registry.load(name).to(torch.device("cpu"), dtype)


def pictures(size: int) -> tuple[Tensor, Tensor]:
    """The demonstration's photo and a style of it, 1×3×¾size×size."""
    return tuple(  # type: ignore[return-value]
        resize(to_tensor(images.read(path), torch.device("cpu")), size, size * 3 // 4).clamp(0, 1)
        for path in (demo.content(), demo.styles()["ink"])
    )


def measure(name: str, size: int, repeat: int, plain: bool) -> dict[str, float]:
    """Seconds of the parts of the fastest iteration, which other programs disturbed least, and the bytes that the
    network and its iterations add to the process at most."""
    peak = _Peak()
    if not plain:
        devices.keep_freed_memory()
    chosen = network(name, torch.float32 if plain else devices.precision("auto", torch.device("cpu")))
    terms, layers = _terms(chosen, size)
    if plain:
        chosen.module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    x = pictures(size)[0].clone()
    optimizer = LBFGS()
    rounds: list[list[float]] = []
    for _ in range(repeat + 2):
        picture = x.detach().requires_grad_(True)
        times = [time.perf_counter()]
        maps = _plain_features(chosen, picture, layers) if plain else chosen.features(picture, layers)
        times.append(time.perf_counter())
        features = Features.of_whole(maps)
        loss = _plain_loss(features, terms) if plain else _loss(features, terms)
        times.append(time.perf_counter())
        (gradient,) = torch.autograd.grad(loss, picture)
        times.append(time.perf_counter())
        optimizer.step(x, gradient)
        times.append(time.perf_counter())
        rounds.append([ended - begun for begun, ended in itertools.pairwise(times)])
    fastest = min(rounds[2:], key=sum)  # the first two make plans and fill the heap
    return {**dict(zip(PARTS, fastest, strict=True)), "memory": peak.close()}


def _plain_features(chosen: Network, picture: Tensor, layers: list[str]) -> dict[str, Tensor]:
    """As Network.features, but channels first, as the picture comes."""
    x, maps = chosen.preprocessing(picture), {}
    for name, stage in chosen.stages:
        if len(maps) == len(layers):
            break
        x = stage(x)
        if name in layers:
            maps[name] = chosen.heads[name](x) if name in chosen.heads else x
    return maps


def _terms(chosen: Network, size: int) -> tuple[tuple[Content, Style], list[str]]:
    content, style = pictures(size)
    defaults = registry.spec(chosen.name).defaults
    statistics_of_style = tiling.statistics(chosen, style, defaults.style, None)
    terms = Content(tiling.maps(chosen, content, defaults.content, None), 0.1), Style([(statistics_of_style, 1.0)], 1.0)
    return terms, sorted({*defaults.content, *defaults.style})


def _loss(features: Features, terms: tuple[Content, Style]) -> Tensor:
    return torch.stack([term.weight * term.loss(term.measure(features)) for term in terms]).sum()


def _plain_loss(features: Features, terms: tuple[Content, Style]) -> Tensor:
    content, style = terms
    values = [content.weight * content.loss(content.measure(features))]
    for layer in style.layers:
        flat = features.maps[layer].flatten(2)[0]
        target = style._targets[layer].gram
        values.append(
            ((flat @ flat.T / flat.shape[1]) - target).square().sum() / target.square().sum() / len(style.layers)
        )
    return torch.stack(values).sum()


def time_to_loss(name: str, size: int, iterations: int) -> dict[str, float]:
    """Seconds that L-BFGS and Adam take to the loss that L-BFGS reaches in so many iterations; infinite for Adam if
    it is not there after ten times as many."""
    devices.keep_freed_memory()
    chosen = network(name, devices.precision("auto", torch.device("cpu")))
    (content, style), _ = _terms(chosen, size)
    defaults = registry.spec(name).defaults
    content.weight = CONTENT_SHARE * units(chosen, defaults.content, defaults.style).content
    objective = Objective(chosen, [content, style])
    start = pictures(size)[0]
    aim, lbfgs = _run(objective, LBFGS(), start, iterations, None)
    reached, adam = _run(objective, Adam(), start, 10 * iterations, aim)
    return {"loss": aim, "lbfgs": lbfgs, "adam": adam if reached <= aim else float("inf")}


def _run(
    objective: Objective, optimizer: LBFGS | Adam, start: Tensor, most: int, aim: float | None
) -> tuple[float, float]:
    x = start.clone()
    objective(x)
    begun, best = time.perf_counter(), float("inf")
    for _ in range(most):
        loss, gradient = objective(x)
        best = min(best, float(loss))
        if aim is not None and best <= aim:
            break
        optimizer.step(x, gradient)
    return best, time.perf_counter() - begun


class _Peak:
    """How far the process grows, in bytes."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self._most = self._process.memory_info().rss
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.005):
            self._most = max(self._most, self._process.memory_info().rss)

    def close(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._most - self._before
