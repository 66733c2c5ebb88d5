"""The command `reverie`: its commands by name, exit codes, and the sentence for whatever goes wrong."""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence

from reverie.cli.options import parser
from reverie.errors import ReverieError
from reverie.plugin.shared import places

COMMANDS = {
    "style": "painting.style",
    "dream": "painting.dream",
    "run": "painting.run",
    "frames": "frames.frames",
    "film": "film.film",
    "compare": "sheets.compare",
    "atlas": "sheets.atlas",
    "networks": "lists.networks",
    "presets": "lists.presets",
    "styles": "lists.styles",
    "schema": "lists.schema",
    "train-style": "training.train_style",
    "import-style": "training.import_style",
    "export": "export.export",
    "serve": "serving.serve",
    "gimp": "gimp.gimp",
}
"""The function of each command, which is given the options, by the file here that it stands in. Those are imported only
when they are needed: `--help` and a misspelt option should not wait for PyTorch."""

EXIT_FAILED, EXIT_USAGE, EXIT_CANCELLED = 1, 2, 130


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 when it worked, 1 when it failed, 2 for a wrong command line, 130 when interrupted."""
    _write_whatever_comes()
    options = parser().parse_args(words)
    as_json = getattr(options, "json", False)
    try:
        _command(options.command)(options)
        print(end="", flush=True)  # what cannot be written is to fail here, and not when Python ends
    except BrokenPipeError:  # the reader has seen enough, as `head` does
        _silence()
        return EXIT_FAILED
    except KeyboardInterrupt:
        if as_json:
            print(json.dumps({"type": "cancelled"}), flush=True)
        else:
            print("reverie: stopped; no unfinished picture was written.", file=sys.stderr)
        return EXIT_CANCELLED
    except Exception as error:
        return _failed(error if isinstance(error, ReverieError) else _unforeseen(error), as_json)
    return 0


def _write_whatever_comes() -> None:
    """File names need not be valid Unicode, and not every terminal or pipe takes all of it: escapes stand for that."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _silence() -> None:
    """Lets Python end without a complaint about what is left to write to a closed pipe."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: ReverieError, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"type": "failed", "message": error.message, "field": error.field}), flush=True)
    else:
        print(f"reverie: {error.message}", file=sys.stderr)
    return error.exit_code


def _unforeseen(error: Exception) -> ReverieError:
    """What a person is told of an error that nobody foresaw; the traceback is kept for whoever mends it."""
    if isinstance(error, MemoryError):
        return ReverieError("There is not enough memory for this. Close other programs, or choose a smaller --size.")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return ReverieError("The disk is full. Make room, and give the same command again.")
    try:
        os.makedirs(places.state_folder(), exist_ok=True)
        with open(places.log_file(), "a", encoding="utf-8", errors="backslashreplace") as log:
            traceback.print_exception(error, file=log)
        where = f"How it came about is in {places.log_file()}"
    except OSError:
        where = "How it came about could not be written down"
    said = str(error).partition("\n")[0]
    return ReverieError(
        f"An unexpected error ended the work ({type(error).__name__}: {said}). {where}; please report it."
    )


def _command(name: str) -> Callable[[argparse.Namespace], None]:
    file, _, function = COMMANDS[name].partition(".")
    command: Callable[[argparse.Namespace], None] = getattr(importlib.import_module(f"reverie.cli.{file}"), function)
    return command


def run() -> int:
    """The script `reverie`."""
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Python takes a moment to end: one more Ctrl-C makes no traceback
    return code
