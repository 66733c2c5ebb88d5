"""pip installs nothing but files whose SHA-256 is known beforehand.

Those of the packages that are pinned come with Reverie, in checksums.txt (written by packaging/checksums.py). torch,
and what its builds for graphics processors need, have too many files for that: what the index tells of them holds, so
that at least nothing is changed on the way.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reverie.installer import Failure

FILE = "checksums.txt"


def read(file: Path) -> dict[str, str]:
    """The SHA-256 of each file of the list, by its name."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {name: checksum for checksum, name in (line.split(maxsplit=1) for line in lines)}


@dataclass(frozen=True)
class Wanted:
    """What pip is to install: the package and its version, the address of a file of it, and the SHA-256 of the files
    that will do, of which there are none where neither the list nor the index has one. `here`: the file has been
    fetched, and is one of these."""

    package: str
    version: str
    address: str
    checksums: tuple[str, ...]
    here: bool = False

    @property
    def name(self) -> str:
        """Of the file."""
        return urllib.parse.unquote(urllib.parse.urlsplit(self.address).path).rpartition("/")[2]

    @property
    def line(self) -> str:
        """For pip's list of what to install."""
        which = f" @ {self.address}" if self.here else f"=={self.version}"
        return " ".join([f"{self.package}{which}", *(f"--hash=sha256:{checksum}" for checksum in self.checksums)])


def compared(found: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> list[Wanted]:
    """What pip's report says that it would install, with the checksums that are to hold: of a listed package those of
    all its listed files, among which pip looks for one that it can install. Raises Failure for a version of one that is
    not in the list."""
    listed: dict[str, dict[str, list[str]]] = {}
    for name, checksum in known.items():
        package, version = _package_and_version(name)
        listed.setdefault(package, {}).setdefault(version, []).append(checksum)
    files = []
    for each in found:
        package, version, where = each["metadata"]["name"], each["metadata"]["version"], each["download_info"]
        versions = listed.get(_normalised(package))
        if versions is not None and version not in versions:
            raise Failure(
                f"pip would install {package} {version}, which this version of Reverie was not made with, so that "
                "nobody can say what is in it. Use a Python from 3.10 to 3.14, and pip's usual sources."
            )
        announced = where.get("archive_info", {}).get("hashes", {}).get("sha256")
        checksums = versions[version] if versions is not None else [announced] if announced else []
        files.append(Wanted(package, version, where["url"], tuple(checksums)))
    return files


def _package_and_version(name: str) -> tuple[str, str]:
    """Of a file, by its name."""
    parts = name.split("-") if name.endswith(".whl") else name.removesuffix(".tar.gz").rsplit("-", 1)
    return _normalised(parts[0]), parts[1]


def _normalised(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()
