"""Weights from the network, whole and right or not at all."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

import requests
from filelock import FileLock
from safetensors.torch import save

from reverie.errors import ReverieError
from reverie.networks.weights import catalogue
from reverie.networks.weights.catalogue import Entry, digest
from reverie.networks.weights.formats import read

Progress = Callable[[int, int], None]
"""Told the bytes that are here and the bytes in all, while a file is fetched."""

_ATTEMPTS, _FIRST_PAUSE = 5, 0.2  # seconds before the second attempt; doubled before each further one
_SECONDS_TO_CONNECT, _SECONDS_OF_SILENCE = 5.0, 15.0
_BLOCK = 1 << 18


def silent(here: int, total: int) -> None:
    """A progress that nobody watches."""


def fetch(name: str, progress: Progress = silent, check: Callable[[], None] = lambda: None) -> Path:
    """Downloads a network's weights into the cache and returns the file.

    A broken download is taken up where it stopped, also by a later run; only a file whose sha256 is right, or what is
    kept of it, is moved into place. `check` is called several times a second, also while nothing comes: what it raises
    ends the fetch at once. Raises ReverieError when the file cannot be had.
    """
    entry = catalogue.CATALOGUE[name]
    if not entry.url:
        raise ReverieError(
            f"“{catalogue.BUNDLED / entry.files[0]}” belongs to Reverie itself and is missing. Install Reverie again."
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
        target = catalogue.cache() / (entry.kept or entry.files[0])
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
        if not digest(part).startswith(entry.sha256):
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


def _unreachable(name: str, entry: Entry, error: Exception) -> ReverieError:
    return ReverieError(
        "The weights of {network} are not on this machine and could not be fetched from {url} ({reason}). Connect to "
        "the internet and try again, or put the file {file} into “{folder}” or into a folder that the environment "
        "variable REVERIE_WEIGHTS names.",
        network=name,
        url=entry.url,
        reason=type(error).__name__,
        file=entry.files[0],
        folder=str(catalogue.cache()),
    )
