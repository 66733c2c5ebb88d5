"""What the installer shows: one moving line for each step, and the end of the log when a step fails; or, for the dialog
in GIMP, what happens as JSON lines."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from reverie.errors import Sentence
from reverie.installer import Failure
from reverie.installer.downloaded import Downloaded

SECONDS_BETWEEN_LINES = 1.0  # where there is no terminal, on which one line moves
_PATIENCE = 1.0  # seconds without a word before a step which is mostly quick is spoken of
_SHOWN = re.compile(
    r"(Building|Collecting|Downloading|Get:\d+|Installing|Preparing|Processing|Retrieving|Setting up|Unpacking|Using "
    r"cached)\b"
)
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)$")  # pip's --progress-bar raw, in bytes
HINTS = (  # the more particular first: pip goes on to name others in its wake
    (r"No space left on device", Sentence("The disk is full; the environment needs about 2 GB (6 GB with CUDA).")),
    (r"DO NOT MATCH THE HASHES", Sentence(
     "What came is none of the files that Reverie was made with: it was damaged or changed. Look at where pip takes "
     "packages from (pip config list), and try again, or over another connection.")),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError", Sentence(
     "A certificate was not trusted; a company's own goes into pip's settings (pip config set global.cert FILE).")),
    (r"name resolution|NewConnectionError|Max retries|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable",
     Sentence(
     "The network failed; look at the connection (behind a proxy: set https_proxy), and try again.")),
    (r"No matching distribution|Could not find a version", Sentence(
     "pip found no such package for this Python and machine. A Python that is newer than the pinned packages, or an "
     "index that lacks them, does that; Python 3.10 to 3.14 works.")),
)  # fmt: skip


_as_json = False
_spoken = time.monotonic()  # when the last word was printed


def say_as_json() -> None:
    """From now on, everything is one line of JSON with a "type": a sentence that is "said", and a "step" that is being
    done, several times a second."""
    global _as_json
    _as_json = True


def event(kind: str, /, **values: object) -> None:
    """Prints an event for the dialog in GIMP; nothing where a person reads."""
    if _as_json:
        print(json.dumps({"type": kind, **values}), flush=True)


def say(text: str = "") -> None:
    if _as_json:
        event("said", message=text)
    else:
        _print(text)


def _print(text: str, end: str = "\n") -> None:
    global _spoken
    print(text, end=end, flush=True)
    _spoken = time.monotonic()


def run(
    title: str,
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    fetched: int = 0,
) -> int:
    """Runs a command with its output in a log file; the screen shows the elapsed time and what it is doing. Returns the
    bytes that it says it has fetched, from wherever, with those that had been before.

    Raises Failure, with the end of the log and what to do, when the command fails or does not exist.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    said = _Said(log)
    with log.open("ab", buffering=0) as file, _Shown(title, patience=0, fetched=fetched) as shown:
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
                if not shown.hear(line.strip()):
                    said.hear(line, file)

        reader = threading.Thread(target=collect, daemon=True)
        reader.start()
        try:
            process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        reader.join(timeout=5)
        if process.returncode:
            raise said.failure(title, process.returncode)
        return shown.fetched


@contextlib.contextmanager
def waiting(title: str) -> Iterator[None]:
    """Shows the elapsed time of what is done meanwhile, once nothing was said for a second: several quick steps, one
    after the other, are not silent for longer than one."""
    with _Shown(title, patience=_PATIENCE):
        yield


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

    def failure(self, title: str, code: int) -> Failure:
        """With the end, and what its words usually mean."""
        end = "\n".join(f"    {line}" for line in list(self._lines)[-12:])
        hints = [hint for pattern, hint in HINTS if re.search(pattern, "\n".join(self._lines))]
        advice = hints[0] if hints else "The lines above say why; when it is mended, run the same command again."
        failure = Failure(f"{title} failed (exit code {code}). The end of {self._log}:\n{end}\n{advice}")
        failure.hint = hints[0] if hints else None
        return failure


class _Shown:
    """A step on the screen, from the moment when nothing was said for `patience` seconds: on a terminal a line that
    moves, elsewhere one a second, so that nobody takes it for dead."""

    def __init__(self, title: str, patience: float, fetched: int = 0) -> None:
        self._title, self._patience = title, patience
        self._file, self._doing = "", ""
        self._downloaded = Downloaded(fetched)
        self._started, self._ended = time.monotonic(), threading.Event()
        self._speaks = False
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def hear(self, line: str) -> bool:
        """Takes a line of what the step's command says; whether it was about how far a download is, of which there are
        many."""
        self._downloaded.hear(line)
        if progress := _PROGRESS.match(line):
            here, total = (int(number) / 1e6 for number in progress.groups())
            self._doing = f"{self._file}: {here:.0f} of {total:.0f} MB"
            return True
        if _SHOWN.match(line):
            self._doing = _boiled(line)
            self._file = self._doing.partition(" (")[0]
        return False

    @property
    def fetched(self) -> int:
        return self._downloaded.here

    def __enter__(self) -> _Shown:
        self._ticker.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        self._ticker.join()
        if self._speaks or self._patience == 0:
            _line(f"{'✗' if kind else '✓'} {self._title} ({_clock(self._started)})", last=True)

    def _tick(self) -> None:
        if _as_json:
            self._tick_as_json()
            return
        if self._patience and self._ended.wait(max(0.0, _spoken + self._patience - time.monotonic())):
            return
        self._speaks, terminal = True, sys.stdout.isatty()
        if not terminal:
            say(f"… {self._title}")
        while not self._ended.wait(0.2 if terminal else SECONDS_BETWEEN_LINES):
            if terminal:
                spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[int(time.monotonic() * 8) % 10]
                _line(f"{spinner} {self._title} {_clock(self._started)}  {self._doing}")
            else:
                say(f"  {_clock(self._started)} {self._doing or self._title}"[:110])

    def _tick_as_json(self) -> None:
        while not self._ended.wait(0.2):
            seconds = time.monotonic() - self._started
            event("step", title=self._title, seconds=seconds, doing=self._doing, fetched=self.fetched)


def _boiled(line: str) -> str:
    """A line of pip's or apt's without addresses, folders, and which package wanted it."""
    if line.startswith("Installing collected packages:"):
        return f"Installing {line.count(',') + 1} packages"
    return re.sub(r"(?<=\s)\S*[/\\](?=\S)", "", line.partition(" (from")[0])


def _line(text: str, *, last: bool = False) -> None:
    """Writes over the current line of a terminal; elsewhere only the last word on a step is printed."""
    if sys.stdout.isatty():
        _print(f"\r\x1b[K{text[:110]}", end="\n" if last else "")
    elif last:
        say(text)


def _clock(started: float) -> str:
    seconds = int(time.monotonic() - started)
    return f"{seconds // 60}:{seconds % 60:02d}"
