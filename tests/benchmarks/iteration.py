"""Speed and memory of an iteration, by network.

Machines are noisy and differ: what counts are the ratios, measured in one run. “Plain” is the textbook's way to the
same terms, mean and covariance of the features and the content: float32, channels first, the first convolution as it is
written, products of features differentiated automatically, the allocator as it comes.
"""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import time
from collections.abc import Callable
from typing import Any

import torch
from reverie import demo
from reverie import device as devices
from reverie.engine import tiling
from reverie.engine.objective import Objective
from reverie.engine.weighting import units
from reverie.losses.content import Content
from reverie.losses.loss import Features
from reverie.losses.mean_covariance import MeanCovariance
from reverie.networks import registry
from reverie.networks.convolution import OfPicture
from reverie.networks.network import Network
from reverie.optim.adam import Adam
from reverie.optim.band_limit import BandLimited
from reverie.optim.lbfgs import LBFGS
from reverie.pictures import images
from reverie.pictures.resize import resize, to_tensor
from reverie.tools.compare import PeakMemory
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from tests.random_networks import random_network

PARTS = ("forward", "loss", "backward", "optimiser")


def compare(names: list[str], size: int, repeat: int, race: int, device: str) -> None:
    """Prints, for each network, the time and memory of an iteration, ours and plain, and the time to a given loss."""
    steps = Table("network", "s/iteration", "forward", "loss", "backward", "L-BFGS", "memory")
    for heading in ("plain", "memory", "ratio"):
        steps.add_column(heading)
    races = Table("network", "loss aimed at", "L-BFGS", "Adam")
    for name in names:
        ours = apart(measure, name, size, repeat, False, device)
        plain = apart(measure, name, size, repeat, True, device)
        total, textbook = (sum(each[part] for part in PARTS) for each in (ours, plain))
        shares = [f"{ours[part] / total:.0%}" for part in PARTS]
        memory, without = (f"{each['memory'] / 2**20:.0f} MB" for each in (ours, plain))
        ratio = f"{textbook / total:.1f}×"
        steps.add_row(name, f"{total:.4f}", *shares, memory, f"{textbook:.4f} s", without, ratio)
        if race and name in registry.available():  # with random weights a loss says nothing
            raced = apart(time_to_loss, name, size // 2, race, device)
            adam = f"{raced['adam']:.1f} s" if raced["adam"] < float("inf") else f"not in {10 * race} iterations"
            races.add_row(name, f"{raced['loss']:.3f}", f"{raced['lbfgs']:.1f} s", adam)
    console = Console(width=120)
    threads = f"{torch.get_num_threads()} threads, " if device == "cpu" else ""
    console.print(f"{size}×{size * 3 // 4} pixels on {device}, {threads}fastest of {repeat}")
    console.print(steps)
    if races.row_count:
        console.print(f"Time to the loss that {race} iterations of L-BFGS reach, at half the size")
        console.print(races)


def apart(work: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    """The result of some work in a process of its own, whose memory and allocator nothing else has touched."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def network(name: str, dtype: torch.dtype, where: torch.device) -> Network:
    """The network with its weights, or with random ones where there are none on this machine: the speed is the same."""
    loaded = registry.load(name) if name in registry.available() else random_network(name)
    return loaded.to(where, dtype)


def pictures(size: int, where: torch.device) -> tuple[Tensor, Tensor]:
    """The demonstration's photo and a style of it, 1×3×¾size×size."""
    return tuple(  # type: ignore[return-value]
        resize(to_tensor(images.read(path), where), size, size * 3 // 4).clamp(0, 1)
        for path in (demo.content(), demo.styles()["ink"])
    )


def measure(name: str, size: int, repeat: int, plain: bool, device: str) -> dict[str, float]:
    """Seconds of the parts of the fastest iteration, which other programs disturbed least, and the bytes that the
    network and its iterations add to what the process has of the device's memory at most."""
    where = torch.device(device)
    with PeakMemory(where) as peak:
        if not plain:
            devices.keep_freed_memory()
        chosen = network(name, torch.float32 if plain else devices.precision("auto", where), where)
        terms, layers = _terms(chosen, size)
        if plain:
            chosen.module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
            for first in (part for part in chosen.module.modules() if isinstance(part, OfPicture)):
                first.forward = functools.partial(nn.Conv2d.forward, first)  # type: ignore[method-assign]
        x = pictures(size, where)[0].clone()
        optimizer = BandLimited(LBFGS()) if registry.spec(name).blurs and not plain else LBFGS()
        rounds: list[list[float]] = []
        for _ in range(repeat + 2):
            picture = x.detach().requires_grad_(True)
            times = [_now(where)]
            maps = _plain_features(chosen, picture, layers) if plain else chosen.features(picture, layers)
            times.append(_now(where))
            features = Features.of_whole(maps)
            loss = _plain_loss(features, terms) if plain else _loss(features, terms)
            times.append(_now(where))
            (gradient,) = torch.autograd.grad(loss, picture)
            times.append(_now(where))
            optimizer.step(x, gradient)
            times.append(_now(where))
            rounds.append([ended - begun for begun, ended in itertools.pairwise(times)])
    fastest = min(rounds[2:], key=sum)  # the first two make plans and fill the heap
    return {**dict(zip(PARTS, fastest, strict=True)), "memory": peak.bytes}


def _now(where: torch.device) -> float:
    """The time when all that was asked of the device is done."""
    if where.type == "cuda":
        torch.cuda.synchronize(where)
    return time.perf_counter()


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


def _terms(chosen: Network, size: int) -> tuple[tuple[Content, MeanCovariance], list[str]]:
    content, style = pictures(size, chosen.device)
    defaults = registry.spec(chosen.name).defaults
    statistics_of_style = tiling.statistics(chosen, style, defaults.style, None)
    terms = (
        Content(tiling.maps(chosen, content, defaults.content, None), 0.1),
        MeanCovariance([(statistics_of_style, 1.0)], 1.0),
    )
    return terms, sorted({*defaults.content, *defaults.style})


def _loss(features: Features, terms: tuple[Content, MeanCovariance]) -> Tensor:
    return torch.stack([term.weight * term.value(term.measure(features)) for term in terms]).sum()


def _plain_loss(features: Features, terms: tuple[Content, MeanCovariance]) -> Tensor:
    content, style = terms
    values = [content.weight * content.value(content.measure(features))]
    for layer in style.layers:
        flat, target = features.maps[layer].flatten(2)[0], style._targets[layer]
        mean = flat.mean(1)
        centered = flat - mean[:, None]
        covariance = centered @ centered.T / flat.shape[1]
        for found, wanted in ((mean, target.mean), (covariance, target.covariance)):
            distance = (found - wanted).square().sum() / wanted.square().sum()
            values.append(style.weight * distance / len(style.layers))
    return torch.stack(values).sum()


def time_to_loss(name: str, size: int, iterations: int, device: str) -> dict[str, float]:
    """Seconds that L-BFGS and Adam take to the loss that L-BFGS reaches in so many iterations; infinite for Adam if
    it is not there after ten times as many."""
    devices.keep_freed_memory()
    where = torch.device(device)
    chosen = network(name, devices.precision("auto", where), where)
    (content, style), _ = _terms(chosen, size)
    defaults = registry.spec(name).defaults
    content.weight = units(chosen, defaults.content, defaults.style).content_weight(0.5)
    objective = Objective(chosen, [content, style])
    start = pictures(size, where)[0]
    aim, lbfgs = _run(objective, LBFGS(), start, iterations, None)
    reached, adam = _run(objective, Adam(), start, 10 * iterations, aim)
    return {"loss": aim, "lbfgs": lbfgs, "adam": adam if reached <= aim else float("inf")}


def _run(
    objective: Objective, optimizer: LBFGS | Adam, start: Tensor, most: int, aim: float | None
) -> tuple[float, float]:
    x = start.clone()
    objective(x)
    begun, best = _now(x.device), float("inf")
    for _ in range(most):
        loss, gradient = objective(x)
        best = min(best, float(loss))
        if aim is not None and best <= aim:
            break
        optimizer.step(x, gradient)
    return best, _now(x.device) - begun
