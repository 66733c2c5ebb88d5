"""The catalogue of networks, and where their weights are on this machine: bundled → the user's cache → the folder named
in REVERIE_WEIGHTS."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from reverie.errors import ReverieError

BUNDLED = Path(__file__).resolve().parents[2] / "models"
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Entry:
    """A network and its weights in the catalogue.

    `module` is the file here that has its Spec. Where nobody chose, the network at hand whose `preference` is the least
    is taken: small and fast ones before those whose first picture takes minutes on a laptop.

    `files` are the names that count as its weights, the first being that of the download. `sha256` may be a prefix:
    PyTorch publishes the first eight digits, in the file's name. Without a `url` the file comes with Reverie.

    Where `kept` names a file, a download is not kept as it came, but cut down to this: the parameters whose names begin
    with `prefix`, in float16. Of VGG-19's 548 MiB these are the 38 that style and dream use.
    """

    module: str
    preference: int
    title: str
    files: tuple[str, ...]
    url: str
    sha256: str
    bytes: int
    licence: str
    kept: str = ""
    prefix: str = ""


def _read_catalogue() -> dict[str, Entry]:
    document = json.loads((BUNDLED / "catalogue.json").read_text(encoding="utf-8"))
    return {name: Entry(**{**entry, "files": tuple(entry["files"])}) for name, entry in document.items()}


CATALOGUE: Mapping[str, Entry] = _read_catalogue()


def cache() -> Path:
    """The folder for fetched weights, in the user's cache; it may not exist yet."""
    return platformdirs.user_cache_path("reverie", appauthor=False) / "weights"


def find(name: str) -> Path | None:
    """The file with a network's weights on this machine, or None."""
    entry = CATALOGUE[name]
    for folder in _folders():
        for file in (*([entry.kept] if entry.kept else []), *entry.files):
            if (folder / file).is_file():
                return folder / file
    return None


def identity(name: str) -> str:
    """What tells the weights of a network that are on this machine from others of the same name: the first twelve
    digits of the file's sha256. Raises ReverieError when there are none."""
    path = find(name)
    if path is None:
        raise ReverieError(f"The weights of {name} are not on this machine.", "network")
    status = path.stat()
    return _identity(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _identity(path: Path, size: int, modified: int) -> str:
    return digest(path)[:12]


def _folders() -> list[Path]:
    named = os.environ.get("REVERIE_WEIGHTS")
    return [BUNDLED, cache(), *([Path(named)] if named else [])]


def remedy(path: Path) -> str:
    """What to do about a weights file that cannot be used."""
    return "Install Reverie again" if path.parent == BUNDLED else "Delete it, and it is fetched again"


def digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
