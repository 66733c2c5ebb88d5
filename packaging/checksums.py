"""Writes checksums.txt: what may be installed beside torch, file by file. Run it after changing a pin, with the
packages of the pins installed: `python packaging/checksums.py`.

They are those of the files that the index has of each pinned version, for the systems and Pythons that PyTorch has
builds for. The installer lets pip install no other file of these packages. PyTorch itself is not among them: each of
its builds has a file of its own, which its index tells the checksum of.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from pip._internal.models.index import PyPI

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "checksums.txt"
_PYTHONS = {f"cp3{minor}" for minor in range(10, 15)}
_SYSTEM = re.compile(r"any|manylinux.*_(x86_64|aarch64)|macosx_.*_(arm64|universal2)|win_(amd64|arm64)")
_JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


def main() -> None:
    wanted = sorted(needed() - {"torch"})
    pins = [(name, version) for name, version in pinned() if name in wanted]
    with ThreadPoolExecutor(8) as askers:
        found = [line for lines in askers.map(lambda pin: list(files(*pin)), pins) for line in lines]
    TARGET.write_text("".join(f"{line}\n" for line in sorted(found, key=lambda line: line.split()[1].lower())))


def pinned() -> Iterator[tuple[str, str]]:
    """The names and versions in the lists, for whichever Python."""
    for name in ("requirements.txt", "constraints.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if text := line.partition("#")[0].strip():
                pin = Requirement(text)
                yield canonicalize_name(pin.name), next(iter(pin.specifier)).version


def needed() -> set[str]:
    """The names of what is in requirements.txt, and of what these need in turn, on whichever system."""
    texts = [line.partition("#")[0] for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()]
    todo, found = [text for text in texts if text.strip()], set[str]()
    while todo:
        requirement = Requirement(todo.pop())
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and "extra" in str(requirement.marker)):
            continue
        found.add(name)
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # for another system or Python
            todo += importlib.metadata.requires(name) or []
    return found


def files(name: str, version: str) -> Iterator[str]:
    """The lines for the files of one version."""
    answer = requests.get(f"{PyPI.simple_url}/{name}/", headers=_JSON, timeout=60)
    answer.raise_for_status()
    for file in answer.json()["files"]:
        if _suits(file["filename"], version):
            yield f"{file['hashes']['sha256']}  {file['filename']}"


def _suits(filename: str, version: str) -> bool:
    """Is it of that version, and for a system and Python that PyTorch has builds for?"""
    try:
        if filename.endswith(".tar.gz"):
            return str(parse_sdist_filename(filename)[1]) == version
        _, found, _, tags = parse_wheel_filename(filename)
    except ValueError:  # of a time before names had rules
        return False
    return str(found) == version and any(map(_usable, tags))


def _usable(tag: Tag) -> bool:
    python = tag.interpreter in _PYTHONS | {"py3"} or tag.abi == "abi3"
    return python and not tag.abi.endswith("t") and bool(_SYSTEM.fullmatch(tag.platform))


if __name__ == "__main__":
    main()
