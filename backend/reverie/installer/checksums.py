"""pip installs nothing but files whose SHA-256 is known beforehand.

Those of the packages that are pinned come with Reverie, in checksums.txt (written by packaging/checksums.py). torch,
and what its builds for graphics processors need, have too many files for that: what the index tells of them holds, so
that at least nothing is changed on the way.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reverie.errors import Sentence
from reverie.installer import Failure

FILE = "checksums.txt"


_ANOTHER_FILE = Sentence(
    "One of the files is not the one that this version of Reverie was made with, and nothing of it was installed. Look "
    "at where pip takes packages from (pip config list), or try another connection."
)


def read(file: Path) -> dict[str, str]:
    """The SHA-256 of each file of the list, by its name."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {name: checksum for checksum, name in (line.split(maxsplit=1) for line in lines)}


@dataclass(frozen=True)
class Wanted:
    """A file that pip is to install: the package and its version, where the file lies, and its SHA-256, which is empty
    where neither the list nor the index has one."""

    package: str
    version: str
    address: str
    checksum: str

    @property
    def name(self) -> str:
        """Of the file."""
        return urllib.parse.unquote(urllib.parse.urlsplit(self.address).path).rpartition("/")[2]

    @property
    def line(self) -> str:
        """For pip's list of what to install: from its sources, or a file that is here."""
        which = f" @ {self.address}" if self.address.startswith("file:") and self.checksum else f"=={self.version}"
        return f"{self.package}{which}{f' --hash=sha256:{self.checksum}' if self.checksum else ''}"


def compared(found: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> list[Wanted]:
    """What pip's report says that it would install, with the checksums that are to hold. Raises Failure for a file that
    is not the listed one of its package."""
    packages, files = {_package(name) for name in known}, []
    for each in found:
        where = each["download_info"]
        checksum = where.get("archive_info", {}).get("hashes", {}).get("sha256", "")
        file = Wanted(each["metadata"]["name"], each["metadata"]["version"], where["url"], checksum)
        if _package(file.name) in packages:
            _compare(file, known)
            file = replace(file, checksum=known[file.name])
        files.append(file)
    return files


def _compare(file: Wanted, known: Mapping[str, str]) -> None:
    """Raises Failure where a file that pip would install is not the listed one."""
    name = file.name
    if name not in known:
        failure = Failure(
            f"pip would install {name}, which is none of the files that this version of Reverie was made with, so that "
            "nobody can say what is in it. Use a Python from 3.10 to 3.14 of 64 bits, and pip's usual sources."
        )
    elif file.checksum not in ("", known[name]):
        failure = Failure(
            f"{name}, as pip's source has it, is not the file of that name that this version of Reverie was made with: "
            "its checksum is another, so that somebody has changed it. Nothing of it was installed. Look at where pip "
            "takes packages from (pip config list), or try another connection."
        )
    else:
        return
    failure.hint = _ANOTHER_FILE
    raise failure


def _package(name: str) -> str:
    """The normalised name of the package of a file."""
    found = name.split("-")[0] if name.endswith(".whl") else name.rpartition("-")[0]
    return re.sub(r"[-_.]+", "-", found).lower()
