"""What the installer shows: one moving line for each step, and the end of the log when a step fails."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from reverie.installer import Failure

SHOWN = re.compile(r"^(Collecting|Downloading|Building|Installing|Processing|Retrieving|Unpacking|Setting up)\b.*")
HINTS = (  # the more particular first: pip goes on to name others in its wake
    (r"No space left on device", "The disk is full; the environment needs about 2 GB (6 GB with CUDA)."),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError",
     "A certificate was not trusted; a company's own goes into pip's settings (pip config set global.cert FILE)."),
    (r"name resolution|NewConnectionError|Max retries|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable",
     "The network failed; look at the connection (behind a proxy: set https_proxy), and run the same command again."),
    (r"No matching distribution|Could not find a version",
     "pip found no such package for this Python and machine. A Python that is newer than the pinned packages, or an "
     "index that lacks them, does that; Python 3.10 to 3.14 works."),
)  # fmt: skip


def say(text: str = "") -> None:
    print(text, flush=True)


def run(title: str, command: Sequence[str | Path], log: Path, *, environment: Mapping[str, str] | None = None) -> None:
    """Runs a command with its output in a log file and one line with the elapsed time on the screen.

    Raises Failure, with the end of the log and what to do, when the command fails or does not exist.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    started, latest = time.monotonic(), [""]
    said = _Said(log)
    with log.open("ab", buffering=0) as file:
        said.hear(f"$ {' '.join(map(str, command))}\n", file)
        try:
            process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, env=environment, encoding="utf-8", errors="replace",
            )  # fmt: skip
        except OSError as error:
            raise Failure(f"{title}: “{command[0]}” cannot be started ({error.strerror}).") from error

        def collect() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                said.hear(line, file)
                if match := SHOWN.match(line.strip()):
                    latest[0] = match.group()

        reader = threading.Thread(target=collect, daemon=True)
        reader.start()
        try:
            _wait(title, process, started, latest)
        except BaseException:
            process.kill()
            process.wait()
            raise
        reader.join(timeout=5)
    _line(f"{'✗' if process.returncode else '✓'} {title} ({clock(started)})", last=True)
    if process.returncode:
        raise Failure(said.explain(title, process.returncode))


def refusal(error: OSError) -> str:
    """A sentence for what the system refused."""
    about = f"“{error.filename}”: " if error.filename else ""
    return (
        f"{about}{error.strerror or error}. Look at who may write there (an earlier install with sudo?), at the room "
        "on the disk, and at programs that use it; then run the same command again."
    )


class _Said:
    """What a command says: into the log, and its end into memory, since the disk may be full."""

    def __init__(self, log: Path) -> None:
        self._log, self._lines = log, deque[str](maxlen=500)

    def hear(self, line: str, file: BinaryIO) -> None:
        """Takes a line. A log that cannot be written must not end this: the command waits until somebody reads it."""
        self._lines.append(line.rstrip("\n"))
        with contextlib.suppress(OSError):
            file.write(line.encode("utf-8"))

    def explain(self, title: str, code: int) -> str:
        """The end, and what its words usually mean."""
        end = "\n".join(f"    {line}" for line in list(self._lines)[-12:])
        hints = [hint for pattern, hint in HINTS if re.search(pattern, "\n".join(self._lines))]
        advice = hints[0] if hints else "The lines above say why; when it is mended, run the same command again."
        return f"{title} failed (exit code {code}). The end of {self._log}:\n{end}\n{advice}"


def _wait(title: str, process: subprocess.Popen[str], started: float, latest: Sequence[str]) -> None:
    if not sys.stdout.isatty():
        say(f"… {title}")
    while True:
        try:
            process.wait(timeout=0.2)
            return
        except subprocess.TimeoutExpired:
            if sys.stdout.isatty():
                spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[int(time.monotonic() * 8) % 10]
                _line(f"{spinner} {title} {clock(started)}  {latest[0]}")


def _line(text: str, *, last: bool = False) -> None:
    """Writes over the current line of a terminal; elsewhere only the last word on a step is printed."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text[:110]}", end="\n" if last else "", flush=True)
    elif last:
        say(text)


def clock(started: float) -> str:
    seconds = int(time.monotonic() - started)
    return f"{seconds // 60}:{seconds % 60:02d}"
