"""How many pictures a minute one worker and two paint on this machine, what a worker that is killed costs, what a task
costs beside the painting, and how many workers one machine that reads, hands out and writes could keep busy."""

from __future__ import annotations

import contextlib
import functools
import heapq
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from reverie.api import read_pictures
from reverie.cli import photos
from reverie.cli.manifest import Manifest
from reverie.cli.many import Painted, Task, Way, paint_one
from reverie.cli.photos import Photo
from reverie.cli.pools import Local, Pool
from reverie.cluster.luggage import Luggage
from reverie.cluster.pool import Cluster
from reverie.events import Event
from reverie.pictures import images
from reverie.pictures.kept import Kept
from reverie.recipe import Recipe

_RECIPE = {"style": "strokes", "method": "instant"}
_TASKS = 30  # of those that paint nothing
_LISTED = 1000  # photos in the list, which is written anew with each
_LINK = 117e6  # bytes a second: a gigabit's Ethernet
_FRACTION = 0.1  # how much the seconds of paintings differ


@dataclass(frozen=True)
class Costs:
    """Of one photo: seconds of its painting, seconds in which the machine that hands out can do nothing else, before
    and after, and bytes that go to the worker and come back."""

    painting: float
    before: float
    after: float
    there: int
    back: int


@dataclass(frozen=True)
class Speed:
    """Seconds a photo, how many were done twice, and one result."""

    seconds: float
    twice: int
    result: Painted


@dataclass(frozen=True)
class Ordered:
    """A photo, and whether its worker is to be killed when it is painted and not yet told."""

    task: Task
    dies: bool


def report(photo: Path, count: int) -> None:
    """Prints what is measured with `count` copies of a photo, and what follows. Raises ReverieError."""
    data = photos.load(photo)
    cores = os.cpu_count() or 1
    local = _speed(_local, photo, count, cores)
    alone, result = local.seconds, local.result
    print(f"{photo.name}: {len(data) / 1e6:.1f} MB, painted {len(result.data) / 1e6:.1f} MB")
    print(f"this process, {cores} threads: {60 / alone:.1f} pictures a minute", flush=True)
    for workers in (1, 2):
        threads = max(1, cores // workers)
        opened = functools.partial(_cluster, workers=workers)
        whole, killed = (_speed(opened, photo, count, threads, kill=kill) for kill in (False, True))
        lost = (killed.seconds - whole.seconds) * count
        print(f"{workers} workers of {threads} threads: {60 / whole.seconds:.1f} pictures a minute")
        print(
            f"  one of them killed over one of {count}: {60 / killed.seconds:.1f} pictures a minute, {lost:.1f} s more "
            f"in all, {killed.twice} done twice",
            flush=True,
        )
    for there, back in ((0, 0), (len(data), len(result.data))):
        waiting, handing = _beside(there, back)
        print(
            f"a task of {there} bytes, {back} back, costs {waiting * 1000:.1f} ms beside the painting, and this "
            f"process {handing * 1000:.1f} ms of processor time"
        )
    before, after = _own(data, result)
    print(f"reading takes {before * 1000:.1f} ms of that, writing and listing {after * 1000:.1f} ms", flush=True)
    for painting in (alone, 1.0):
        costs = Costs(painting + waiting, before + handing / 2, after + handing / 2, len(data), len(result.data))
        row = "  ".join(f"{n}: {simulate(costs, n) * 60:.0f}" for n in (1, 2, 10, 30, 100, 300))
        print(f"pictures a minute, {painting:.1f} s each, by workers:  {row}")


def simulate(costs: Costs, workers: int, link: float = _LINK, photos: int = 2000) -> float:
    """Photos a second that so many workers paint, for whom one machine reads and writes, one thing at a time, over a
    link of so many bytes a second, which carries one at a time, too. Whoever is done is given the next."""
    random = np.random.default_rng(0)
    free_driver = free_link = last = 0.0
    events = [(0.0, n, False) for n in range(workers)]  # when a worker asks, or (True) when it has painted
    asked = painted = 0
    while painted < photos:
        now, worker, has_painted = heapq.heappop(events)
        if has_painted:
            free_link = max(now, free_link) + costs.back / link
            free_driver = max(free_link, free_driver) + costs.after
            painted, last = painted + 1, free_driver
            heapq.heappush(events, (free_driver, worker, False))
        elif asked < photos:
            asked += 1
            free_driver = max(now, free_driver) + costs.before
            free_link = max(free_driver, free_link) + costs.there / link
            seconds = costs.painting * (1 + _FRACTION * random.uniform(-1, 1))
            heapq.heappush(events, (free_link + seconds, worker, True))
    return photos / last


def _local(way: Way) -> contextlib.AbstractContextManager[Pool]:
    return contextlib.nullcontext(Local(way))


def _cluster(way: Way, workers: int) -> contextlib.AbstractContextManager[Pool]:
    return Cluster("local", way, Luggage({}, {}), "cpu", workers, lambda event: None)


def _speed(
    opened: Callable[[Way], contextlib.AbstractContextManager[Pool]],
    photo: Path,
    count: int,
    threads: int,
    *,
    kill: bool = False,
) -> Speed:
    """How fast photos are painted, the first of each worker not counted; where `kill`, with a worker that is killed
    over the one in the middle."""
    recipe = Recipe.parse(_RECIPE)
    way = Way(recipe, read_pictures(recipe), 8, "cpu", learns=False)
    content = functools.partial(photos.unpacked, photo, photos.load(photo), None)
    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with opened(way) as pool:
            handed: list[int] = []

            def hand(number: int) -> Ordered:
                handed.append(number)
                dies = kill and number == count // 2 and handed.count(number) == 1
                return Ordered(Task(Path("a.jpg"), content, Kept()), dies)

            def paint(numbers: range) -> list[Painted]:
                return [painted for _, painted in pool.map(_paint, numbers, hand, lambda *_: None)]

            (result, *_) = paint(range(-pool.count, 0))
            handed.clear()
            begun = time.monotonic()
            paint(range(count))
            return Speed((time.monotonic() - begun) / count, len(handed) - count, result)
    finally:
        torch.set_num_threads(usual)


def _paint(way: Way, ordered: Ordered, report: Callable[[Event], None]) -> Iterator[Painted]:
    for painted in paint_one(way, ordered.task, report):
        if ordered.dies:
            _die()
        yield painted


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _beside(there: int, back: int) -> tuple[float, float]:
    """Seconds of a task that paints nothing, with so many bytes to the worker and from it, and how many this process
    computes in them."""
    with Cluster("local", back, Luggage({}, {}), "cpu", 1, lambda event: None) as pool:
        data = os.urandom(there)
        list(pool.map(_answer, range(3), lambda _: data, lambda *_: None))
        begun, computed = time.monotonic(), time.process_time()
        list(pool.map(_answer, range(_TASKS), lambda _: data, lambda *_: None))
        return (time.monotonic() - begun) / _TASKS, (time.process_time() - computed) / _TASKS


def _answer(size: int, task: bytes, report: Callable[[Event], None]) -> Iterator[bytes]:
    yield bytes(size)


def _own(data: bytes, result: Painted) -> tuple[float, float]:
    """Seconds of processor time for reading a photo, and for writing its result and the list, which is long."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "photo.jpg").write_bytes(data)
        manifest = Manifest(folder / "out", Recipe.parse(_RECIPE), {}, None)
        for number in range(_LISTED):
            manifest._photos[f"{number}.jpg"] = {"photo": "photo.jpg", "seconds": 1.0, **_made(result)}
        begun = time.process_time()
        for _ in range(_TASKS):
            photos.load(folder / "photo.jpg")
            photos.kept(folder / "photo.jpg", lambda event: None)
        read = time.process_time()
        for number in range(_TASKS):
            images.save(folder / "out" / f"{number}.jpg", result.data)
            manifest.note_done(Photo(folder / "photo.jpg", Path(f"{number}.jpg")), 1.0, result.made_with)
        return (read - begun) / _TASKS, (time.process_time() - read) / _TASKS


def _made(result: Painted) -> dict[str, object]:
    assert result.made_with is not None
    return {"made_of": "0" * 64, "made_with": result.made_with.model_dump(mode="json")}
