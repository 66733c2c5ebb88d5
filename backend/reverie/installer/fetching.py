"""Fetches large files in such a way that a try that broke off is gone on with; pip begins such a file anew.

What does not work is left to pip, which may know of a proxy or a certificate that nothing here does.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from reverie.installer import sizes
from reverie.installer.checksums import Wanted
from reverie.installer.console import waiting

LARGE = 8_000_000  # bytes: what has less is fetched again in seconds

PROGRAM = """
import os, sys, time, urllib.error, urllib.request

def size(target):
    return os.path.getsize(target) if os.path.exists(target) else 0

def go_on(address, target):
    have = size(target)
    request = urllib.request.Request(address, headers={"Range": "bytes=%d-" % have} if have else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        if answer.status != 206:  # all of it comes again
            have = 0
        total = have + int(answer.headers["Content-Length"])
        print("Downloading %s (%.1f MB)" % (os.path.basename(target), total / 1e6), flush=True)
        with open(target, "ab" if have else "wb") as file:
            while part := answer.read(1 << 18):
                have += file.write(part)
                print("Progress", have, "of", total, flush=True)
    return have == total

def fetch(address, target):
    pauses = [8, 4, 2, 1]
    while True:
        before = size(target)
        try:
            if go_on(address, target):
                return
        except (OSError, ValueError, TypeError) as error:
            print("Fetching", os.path.basename(target), "broke off:", error, flush=True)
            if isinstance(error, urllib.error.HTTPError):  # an answer, which will be the same again
                return
        if size(target) > before:  # it gets on
            pauses = [8, 4, 2, 1]
        elif before and pauses:  # a connection that was lost may come back
            time.sleep(pauses.pop())
        else:  # with nothing here, pip loses nothing by beginning anew
            return

for address, target in zip(sys.argv[1::2], sys.argv[2::2]):
    fetch(address, target)
"""
"""Is given addresses, and the files to put what lies there into, by turns. Speaks as pip does of how far it is."""


def beforehand(files: Sequence[Wanted], folder: Path, fetch: Callable[[list[str | Path], int], object]) -> list[Wanted]:
    """The files, the large ones of which are in the folder now, and found there. `fetch` runs a command, and is told
    how many bytes are here besides."""
    with waiting("Asking how large that is"), ThreadPoolExecutor(8) as askers:
        known = list(askers.map(_size, files))
    large = {each: folder / each.name for each, size in zip(files, known, strict=True) if (size or 0) >= LARGE}
    if missing := [each for each, target in large.items() if not _is_here(each, target)]:
        folder.mkdir(parents=True, exist_ok=True)
        words = (word for each in missing for word in (each.address, large[each]))
        complete = sum(at.stat().st_size for each, at in large.items() if each not in missing)
        fetch([sys.executable, "-c", PROGRAM, *words], complete)
    came = {
        each: replace(each, address=at.resolve().as_uri(), here=True)
        for each, at in large.items()
        if _is_here(each, at)
    }
    for each, size in zip(files, known, strict=True):
        if each in large and each not in came and large[each].exists() and large[each].stat().st_size >= (size or 0):
            large[each].unlink()  # another file, which there is nothing of to go on with
    return [came.get(each, each) for each in files]


def fetched(files: Sequence[Wanted], folder: Path) -> int:
    """The bytes of those that have been fetched into the folder."""
    return sum((folder / each.name).stat().st_size for each in files if each.here)


def _size(file: Wanted) -> int | None:
    return sizes.of(file.address) if file.checksums and file.address.startswith("http") else None


def _is_here(file: Wanted, target: Path) -> bool:
    if not target.is_file():
        return False
    checksum = hashlib.sha256()
    with waiting("Looking whether all is there"), target.open("rb") as data:
        while part := data.read(1 << 20):
            checksum.update(part)
    return checksum.hexdigest() in file.checksums
