"""Damaged files in an order that a seed decides, and what a reader makes of one."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.damage import damaged
from tests.fuzz.readers import READERS, Reader


def inputs(name: str, seed: int) -> Iterator[bytes]:
    """Without end: first the files that are in order, then damaged ones."""
    seeds, draw = READERS[name].seeds(), random.Random(f"{name} {seed}")
    yield from seeds
    for _ in itertools.count():
        yield damaged(draw.choice(seeds), seeds, draw)


def tried(reader: Reader, data: bytes, folder: Path) -> str | None:
    """None for what is read, nothing for what is refused, and for all else what was raised."""
    try:
        reader.read(data, folder)
    except reader.refusal as refusal:
        return "" if str(refusal) else f"{type(refusal).__name__} without a word"
    except Exception as error:
        return f"{type(error).__name__}: {error!s:.100}"
    return None
