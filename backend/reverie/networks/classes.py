"""The 1000 classes of ImageNet's challenge, in the order of the networks' outputs."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from reverie.errors import ReverieError

_FILE = Path(__file__).with_name("imagenet_classes.txt")


@cache
def names() -> tuple[str, ...]:
    """The names, by index (ILSVRC 2012; the wording is torchvision's, BSD-3-Clause)."""
    return tuple(_FILE.read_text(encoding="utf-8").splitlines())


def find(wanted: str, field: str | None = None) -> str:
    """The class of that name; capitals count only where two names differ in nothing else: “Cardigan” is a dog, and
    “cardigan” is worn. Raises ReverieError with the nearest names when there is none, or none alone."""
    name = wanted.strip()
    alike = [each for each in names() if each.lower() == name.lower()]
    if name in alike:
        return name
    if len(alike) == 1:
        return alike[0]
    near = alike or nearest(name)
    if near:
        raise ReverieError("No network knows “{name}”. Did you mean {near}?", field, name=name, near=", ".join(near))
    raise ReverieError(
        "No network knows “{name}”. Choose one of the names that are offered; “{file}” lists them.",
        field,
        name=name,
        file=str(_FILE),
    )


def nearest(wanted: str) -> list[str]:
    """At most five names that contain what was wanted, or else at most three that are spelt nearly so."""
    wanted = wanted.lower()
    holding = [name for name in names() if wanted in name.lower()]
    close = difflib.get_close_matches(wanted, [name.lower() for name in names()], 3, 0.5)
    return holding[:5] or [name for each in close for name in names() if name.lower() == each][:3]
