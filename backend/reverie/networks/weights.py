"""Where weights come from: bundled → the user's cache → the folder named in REVERIE_WEIGHTS → a download."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import pickle
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import platformdirs
import requests
import torch
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from reverie.errors import ReverieError
from reverie.networks import caffemodel, deep_compression, squeezenet

Progress = Callable[[int, int], None]
"""Told the bytes that are here and the bytes in all, while a file is fetched."""

BUNDLED = Path(__file__).resolve().parent.parent / "models"
_ATTEMPTS, _FIRST_PAUSE = 5, 0.2  # seconds before the second attempt; doubled before each further one
_SECONDS_TO_CONNECT, _SECONDS_OF_SILENCE = 5.0, 15.0
_BLOCK = 1 << 18
_LARGEST = 1 << 30  # bytes; VGG-19 has 548 MiB


def silent(here: int, total: int) -> None:
    """A progress that nobody watches."""


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
    return _digest(path)[:12]


def _folders() -> list[Path]:
    named = os.environ.get("REVERIE_WEIGHTS")
    return [BUNDLED, cache(), *([Path(named)] if named else [])]


def remedy(path: Path) -> str:
    """What to do about a weights file that cannot be used."""
    return "Install Reverie again" if path.parent == BUNDLED else "Delete it, and it is fetched again"


def read(path: Path, caffe_names: Mapping[str, str]) -> dict[str, Tensor]:
    """The state dict in a .safetensors, .pth/.pt (never running code of its own), .net (Deep Compression) or
    .caffemodel file, in which the network's convolutions have the `caffe_names`.

    Raises ReverieError for a file that is none of these, is damaged, or would run code.
    """
    if path.stat().st_size > _LARGEST:
        raise ReverieError(f"“{path}” has more than {_LARGEST >> 20} MiB, and so is no network that Reverie knows.")
    try:
        if path.suffix == ".safetensors":
            return {name: value.float() for name, value in load_file(path).items()}
        if path.suffix == ".net":
            return deep_compression.read(path.read_bytes(), squeezenet.PROTOTXT_SHAPES)
        if path.suffix == ".caffemodel":
            return caffemodel.state(path.read_bytes(), caffe_names)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except ReverieError as error:
        raise ReverieError(f"The weights in “{path}” cannot be used. {error.message}") from error
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise ReverieError(
            f"The weights in “{path}” cannot be read: the file is damaged, or not what its name says. {remedy(path)}."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ReverieError(f"“{path}” holds no state dict (names and tensors), so it is no weights file.")
    return dict(state)


def fetch(name: str, progress: Progress = silent, check: Callable[[], None] = lambda: None) -> Path:
    """Downloads a network's weights into the cache and returns the file.

    A broken download is taken up where it stopped, also by a later run; only a file whose sha256 is right, or what is
    kept of it, is moved into place. `check` is called several times a second, also while nothing comes: what it raises
    ends the fetch at once. Raises ReverieError when the file cannot be had.
    """
    entry = CATALOGUE[name]
    if not entry.url:
        raise ReverieError(
            f"“{BUNDLED / entry.files[0]}” belongs to Reverie itself and is missing. Get Reverie again (git clone)."
        )
    # In a thread, since looking a name up, connecting and waiting for bytes cannot be interrupted.
    fetching = _Fetching(name, entry)
    threading.Thread(target=fetching.run, daemon=True).start()
    try:
        while True:
            check()
            with contextlib.suppress(queue.Empty):
                news = fetching.news.get(timeout=0.1)
                if isinstance(news, Path):
                    return news
                if isinstance(news, BaseException):
                    raise news
                progress(*news)
    finally:
        fetching.unwanted.set()


class _Unwanted(Exception):
    """Nobody waits for the file any more."""


class _Fetching:
    """One download. `news` are the bytes here and in all, and at last the file or why it cannot be had."""

    def __init__(self, name: str, entry: Entry) -> None:
        self.news: queue.Queue[tuple[int, int] | Path | BaseException] = queue.Queue()
        self.unwanted = threading.Event()
        self._name, self._entry = name, entry

    def run(self) -> None:
        try:
            self.news.put(self._file())
        except BaseException as error:  # whoever waits for the file gets it
            self.news.put(error)

    def _file(self) -> Path:
        name, entry = self._name, self._entry
        target = cache() / (entry.kept or entry.files[0])
        lock = FileLock(target.with_suffix(".lock"))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Another process may be fetching the same, for as long as that takes.
            with lock.acquire(cancel_check=self.unwanted.is_set):
                if not target.is_file():
                    self._download(target)
        except OSError as error:
            if isinstance(error, requests.RequestException):
                raise _unreachable(name, entry, error) from error
            raise ReverieError(
                "The weights of {network} cannot be saved in “{folder}”: {reason}.",
                network=name,
                folder=str(target.parent),
                reason=str(error.strerror or error),
            ) from error
        return target

    def _tell(self, here: int, total: int) -> None:
        if self.unwanted.is_set():
            raise _Unwanted  # what has come is kept, and the next try goes on from there
        self.news.put((here, total))

    def _download(self, target: Path) -> None:
        entry, part = self._entry, target.with_name(self._entry.files[0] + ".part")
        for attempt in range(_ATTEMPTS):
            try:
                _resume(entry, part, self._tell)
                break
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
                if attempt == _ATTEMPTS - 1:
                    raise
                if self.unwanted.wait(_FIRST_PAUSE * 2**attempt):
                    raise _Unwanted from None
        if not _digest(part).startswith(entry.sha256):
            part.unlink()
            raise ReverieError(
                "What came from {url} is not the file that was expected (its checksum differs), and was deleted. Try "
                "again; if it happens again, something between here and there changes downloads.",
                url=entry.url,
            )
        if entry.kept:
            _keep(entry, part, target)
            part.unlink()
        else:
            part.replace(target)


def _keep(entry: Entry, whole: Path, target: Path) -> None:
    """Writes what is kept of a downloaded file: half as precise as it came, and still finer than bfloat16, in which a
    network computes where it can."""
    state = {name: value.half() for name, value in read(whole, {}).items() if name.startswith(entry.prefix)}
    source = {"source": entry.url, "licence": entry.licence}  # the file may be passed on by itself
    unfinished = target.with_name(target.name + ".part")
    unfinished.write_bytes(save(state, source))
    unfinished.replace(target)


def _resume(entry: Entry, part: Path, progress: Progress) -> None:
    """Appends what is missing to the partial file; starts over when the server cannot give a part."""
    here = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={here}-", "Accept-Encoding": "identity"} if here else {"Accept-Encoding": "identity"}
    timeouts = (_SECONDS_TO_CONNECT, _SECONDS_OF_SILENCE)
    with requests.get(entry.url, headers=headers, stream=True, timeout=timeouts) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # nothing is missing; the checksum decides
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        here = here if resumed else 0
        total = here + int(response.headers.get("Content-Length", 0))
        with part.open("ab" if resumed else "wb") as file:
            here = _copy(response, file, here, total or entry.bytes, progress)
    if total and here < total:
        raise requests.ConnectionError(f"the connection ended after {here} of {total} bytes")


def _copy(response: requests.Response, file: IO[bytes], here: int, total: int, progress: Progress) -> int:
    for block in response.iter_content(_BLOCK):
        file.write(block)
        here += len(block)
        progress(here, total)
    return here


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _unreachable(name: str, entry: Entry, error: Exception) -> ReverieError:
    return ReverieError(
        "The weights of {network} are not on this machine and could not be fetched from {url} ({reason}). Connect to "
        "the internet and try again, or put the file {file} into “{folder}” or into a folder that the environment "
        "variable REVERIE_WEIGHTS names.",
        network=name,
        url=entry.url,
        reason=type(error).__name__,
        file=entry.files[0],
        folder=str(cache()),
    )
