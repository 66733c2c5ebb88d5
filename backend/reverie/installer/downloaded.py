"""How much pip has fetched by now, out of what it says."""

from __future__ import annotations

import re

_FILE = re.compile(r"(?:Downloading|Using cached) (?P<name>\S+) \((?P<size>[\d.]+) (?P<unit>bytes|[kMG]B)\)")
_PART = re.compile(r"Progress (?P<here>\d+) of \d+")
_UNITS = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}


class Downloaded:
    """`here` are the bytes so far, those included that lay in pip's cache, or were here before."""

    def __init__(self, before: int = 0) -> None:
        self._before, self._file = before, 0  # the files that are complete, and the one that is coming

    @property
    def here(self) -> int:
        return self._before + self._file

    def hear(self, line: str) -> None:
        """Takes a line that pip has printed, with `--progress-bar raw`."""
        line = line.strip()
        if found := _PART.match(line):
            self._file = int(found["here"])
        elif found := _FILE.match(line):
            self._before += self._file
            size = int(float(found["size"]) * _UNITS[found["unit"]])
            # A small file comes without any progress; it is there with the line that names it.
            self._file = 0 if size > _UNITS["MB"] and line.startswith("Downloading") else size
