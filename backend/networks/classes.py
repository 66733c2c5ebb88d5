"""The 1000 classes of ImageNet's challenge, in the order of the networks' outputs."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from backend.errors import ReverieError


@cache
def names() -> tuple[str, ...]:
    """The names, by index (ILSVRC 2012; the wording is torchvision's, BSD-3-Clause)."""
    return tuple(Path(__file__).with_name("imagenet_classes.txt").read_text(encoding="utf-8").splitlines())


def index(name: str, field: str | None = None) -> int:
    """The index, 0 to 999, of a class by name, capitals ignored. Raises ReverieError that suggests the nearest."""
    wanted = name.strip().lower()
    known = [each.lower() for each in names()]
    if wanted in known:
        return known.index(wanted)
    near = difflib.get_close_matches(wanted, known, 3, 0.4) or ["golden retriever", "pier"]
    raise ReverieError(f"ImageNet has no class “{name}”. Did you mean {' or '.join(near)}?", field)
