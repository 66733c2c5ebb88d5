"""pip as an environment has it: how it is called, and what it would fetch."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reverie.errors import Sentence
from reverie.installer import Failure, fetching, sizes, torch_build
from reverie.installer.checksums import compared
from reverie.installer.console import run, say, waiting

_TELLS_PROGRESS, _TELLS_BEFOREHAND = (24, 1), (22, 2)  # the first versions with --progress-bar raw, and with --report
_OF_CUDA = re.compile(r"(nvidia|cuda)-")  # how the packages are called that torch needs for NVIDIA's processors
_OF_PROCESSORS = re.compile(r"(nvidia|cuda|intel|triton|pytorch-triton|rocm)\b")
_ONLY_CUDA = Sentence(
    "PyTorch's own address cannot be reached, and elsewhere there is only the build for NVIDIA's processors, of "
    "several gigabytes, which is of no use here. Look at the connection, then try again."
)


@dataclass(frozen=True)
class Fetched:
    """What pip would fetch for torch: its version with the build (`2.13.0+cpu`), packages in all, bytes as far as they
    are known, of how many packages they are not, and whether it is the build for NVIDIA's processors."""

    version: str
    packages: int
    size: int
    unknown: int
    cuda: bool

    def __str__(self) -> str:
        with_what = f" and {self.packages - 1} packages that it needs" if self.packages > 1 else ""
        if not self.size:
            return f"torch {self.version}{with_what} (how large, the index does not say)"
        unknown = f", without {self.unknown} whose size the index does not say" if self.unknown else ""
        return f"torch {self.version}{with_what} ({megabytes(self.size)}{unknown})"


class Pip:
    """The pip of an environment, which logs to a file; or one that lies unpacked in a folder with the name of its
    wheel, for an environment without."""

    def __init__(self, python: Path, log: Path, environment: Mapping[str, str], folder: Path | None = None) -> None:
        self._python, self._log, self._environment, self._folder = python, log, environment, folder
        self._version = self._find_version()

    def install(self, title: str, words: Sequence[str | Path], fetched: int = 0) -> None:
        """Installs what the words of the command line name, after so many bytes were fetched. Raises Failure.

        pip would compile all modules, which takes longer than all else; Python compiles those that are used as it goes,
        and keeps them."""
        progress = "raw" if self._version >= _TELLS_PROGRESS else "off"
        self._run(title, ["--no-compile", "--progress-bar", progress, *words], fetched)

    def foresee(self, version: str, words: Sequence[str]) -> Fetched | None:
        """What would be fetched for this version of torch from the indexes in `words`, without fetching it; None when
        this pip is too old to tell. Raises Failure when there is none to be had.

        What a build for a graphics processor needs in turn is looked up, too: it can be larger than torch itself. What
        pip has in its cache counts as if it were fetched.
        """
        if self._version < _TELLS_BEFOREHAND:
            return None
        torch = f"torch=={version}"
        found, _ = self._report([torch, "--no-deps", *words], "--ignore-installed")
        wanted = [name for each in found for name in each["metadata"].get("requires_dist", [])]
        if any(_OF_PROCESSORS.match(name) for name in wanted):
            found, _ = self._report([torch, *words], "--ignore-installed")
        with waiting("Asking how large that is"), ThreadPoolExecutor(8) as askers:
            known = list(askers.map(sizes.of, (each["download_info"]["url"] for each in found)))
        names = {each["metadata"]["name"].lower().replace("_", "-"): each["metadata"]["version"] for each in found}
        return Fetched(
            version=names.get("torch", version),
            packages=len(found),
            size=sum(size or 0 for size in known),
            unknown=known.count(None),
            cuda=any(_OF_CUDA.match(name) for name in names),
        )

    def install_listed(
        self,
        title: str,
        sources: Sequence[str],
        lists: Sequence[str],
        checksums: Mapping[str, str],
        downloads: Path | None = None,
    ) -> None:
        """Installs what the words in `lists` name and need, from pip's usual sources and those in `sources`: nothing
        but files whose checksums are known beforehand, see checksums.py. Large ones are fetched into the folder
        `downloads`, where there is one, so that a second try goes on with them. Raises Failure."""
        if self._version < _TELLS_BEFOREHAND:
            say("This pip is too old to compare checksums beforehand.")
            self.install(title, [*sources, *lists])
            return
        found, looking = self._report([*sources, *lists])
        files, fetched = compared(found, checksums), 0
        if downloads and looking < fetching.LARGE:  # else the index tells nothing without the files, and pip has them
            files = fetching.beforehand(files, downloads, lambda *words: self._start(title, *words))
            fetched = fetching.fetched(files, downloads)
        if unsure := [file.line for file in files if not file.checksums]:
            say(f"No checksum is known of {', '.join(unsure)}: pip's source tells none.")
        for hashed in (True, False):
            if lines := [f"{file.line}\n" for file in files if bool(file.checksums) == hashed]:
                to_be_installed = self._log.with_name("to-be-installed.txt")
                to_be_installed.write_text("".join(lines), encoding="utf-8")
                check = ["--require-hashes"] if hashed else []
                self.install(title, ["--no-deps", *check, *sources, "-r", to_be_installed], fetched)
                to_be_installed.unlink()

    def _report(self, words: Sequence[str], *beside: str) -> tuple[list[dict[str, Any]], int]:
        """What would be installed, and how many bytes had to be fetched, or were in pip's cache, to say so."""
        file = self._log.with_name("to-be-fetched.json")
        fetched = self._run("Looking up what is to be fetched", ["--dry-run", *beside, "--report", file, *words])
        try:
            found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["install"]
        finally:
            file.unlink(missing_ok=True)
        return found, fetched

    def _run(self, title: str, words: Sequence[str | Path], fetched: int = 0) -> int:
        pip = [self._folder / "pip"] if self._folder else ["-m", "pip"]
        command = [self._python, *pip, "install", "--no-user", "--no-input", "--disable-pip-version-check", *words]
        return self._start(title, command, fetched)

    def _start(self, title: str, command: Sequence[str | Path], fetched: int = 0) -> int:
        return run(title, command, self._log, environment=self._environment, fetched=fetched)

    def _find_version(self) -> tuple[int, ...]:
        """Major and minor; (0,) where the environment says nothing of it."""
        folder = self._python.parent.parent
        libraries = (*folder.glob("lib/python*/site-packages"), folder / "Lib" / "site-packages")  # the latter: Windows
        notes = [note.name for library in libraries for note in library.glob("pip-*.dist-info")]
        if self._folder:
            notes = [self._folder.name]
        found = re.match(r"pip-(\d+)\.(\d+)", notes[0]) if notes else None
        return tuple(map(int, found.groups())) if found else (0,)


def offer(index: str | None) -> list[str]:
    """How pip is told of an index: on the command line, since that adds to those of the user's pip configuration; the
    variable PIP_EXTRA_INDEX_URL would replace them."""
    return ["--extra-index-url", index] if index else []


def agree_to_cuda(fetched: Fetched) -> None:
    """Asks whether the build for a graphics processor that is not there is to be fetched. Raises Failure when it is
    not, or nobody is there to answer."""
    say(
        "That is the build for NVIDIA's graphics processors, which is of no use here. The one for the CPU, about 200 "
        f"MB, is in {torch_build.WHEELS}/cpu, which cannot be reached, and not at pip's usual sources."
    )
    try:
        wanted = sys.stdin.isatty() and input(f"Fetch {megabytes(fetched.size)} all the same? [y/N] ")
    except EOFError:
        wanted = ""
    if str(wanted).strip().lower() not in ("y", "yes"):
        failure = Failure(
            "Nothing of torch was fetched. Run the same command again when that address can be reached; a copy of it "
            "within your network goes into pip's settings (pip config set global.extra-index-url ADDRESS)."
        )
        failure.hint = _ONLY_CUDA
        raise failure


def megabytes(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"
