"""pip installs nothing but files whose SHA-256 is known beforehand.

Those of the packages that are pinned come with Reverie, in checksums.txt (written by packaging/checksums.py). torch,
and what its builds for graphics processors need, have too many files for that: what the index tells of them holds, so
that at least nothing is changed on the way.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping, Sequence
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


def pinned(found: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What pip's report says that it would install, as lines for `--require-hashes`; and, as plain lines, that of which
    neither the list nor the index has a checksum.

    Raises Failure for a file that is not the listed one of its package.
    """
    packages = {_package(name) for name in known}
    sure, unsure = [], []
    for each in found:
        line = f"{each['metadata']['name']}=={each['metadata']['version']}"
        address = each["download_info"]["url"]
        name = urllib.parse.unquote(urllib.parse.urlsplit(address).path).rpartition("/")[2]
        checksum = each["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        if _package(name) in packages:
            _compare(name, checksum, known)
            checksum = known[name]
        if checksum:
            sure.append(f"{line} --hash=sha256:{checksum}")
        else:
            unsure.append(line)
    return sure, unsure


def _compare(name: str, checksum: str | None, known: Mapping[str, str]) -> None:
    """Raises Failure where a file that pip would install is not the listed one."""
    if name not in known:
        failure = Failure(
            f"pip would install {name}, which is none of the files that this version of Reverie was made with, so that "
            "nobody can say what is in it. Use a Python from 3.10 to 3.14 of 64 bits, and pip's usual sources."
        )
    elif checksum not in (None, known[name]):
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
