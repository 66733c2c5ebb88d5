"""What the command line shows: a progress bar for people, JSON lines for scripts."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
from pathlib import Path
from types import FrameType, TracebackType

from rich.console import Console as Terminal
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from reverie.engine.result import Result
from reverie.events import Event, Fetching, Preview, Progress, Started, Warning_
from reverie.recipe import Dream
from reverie.run import Adjustment


class Console:
    """Shows the events of a job on stderr as a bar, or on stdout as one JSON object a line."""

    def __init__(self, *, as_json: bool = False, keeps: bool = True) -> None:
        """`keeps` is whether what is done at the first Ctrl-C is of use."""
        self._json = as_json
        self._terminal = Terminal(stderr=True)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=self._terminal,
            disable=as_json,
        )
        self._task = self._bar.add_task("Loading", total=1.0)
        self._keeps, self._painting, self._finish = keeps, False, False
        self._interrupt = signal.getsignal(signal.SIGINT)

    def __enter__(self) -> Console:
        self._bar.start()
        signal.signal(signal.SIGINT, self._interrupted)
        return self

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        """The first Ctrl-C ends the painting and keeps what there is; the second, or one before there is anything,
        gives up."""
        if self._finish or not self._painting or not self._keeps:
            raise KeyboardInterrupt
        self._finish = True
        self._terminal.print("Finishing with what there is. Ctrl-C once more stops without a picture.")

    @property
    def adjusted(self) -> bool:
        """Whether the person at the keyboard has ended the painting early."""
        return self._finish

    def adjust(self) -> Adjustment | None:
        """What the person at the keyboard wants changed."""
        return Adjustment(finish=True) if self._finish else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._interrupt)
        self._bar.stop()

    def report(self, event: Event) -> None:
        """Shows one event."""
        self._painting = self._painting or isinstance(event, Progress)
        if self._json:
            if not isinstance(event, Preview):
                name = type(event).__name__.rstrip("_").lower()
                told = {"message": event.message} if isinstance(event, Warning_) else dataclasses.asdict(event)
                print(json.dumps({"type": name, **told}), flush=True)
        elif isinstance(event, Fetching):
            size = f"{event.total / 1e6:.1f} MB, {event.licence}"
            self._bar.update(
                self._task, description=f"Fetching {event.network} ({size})", completed=event.here / event.total
            )
        elif isinstance(event, Started):
            self._bar.update(self._task, description=f"Painting with {event.network} on {event.device}")
        elif isinstance(event, Progress):
            self._bar.update(self._task, completed=event.fraction)
        elif isinstance(event, Warning_):
            self._terminal.print(Text(event.message, "yellow"), soft_wrap=True)

    def finish(self, output: Path, result: Result) -> None:
        """Says where the picture is and what made it."""
        if not self._json:
            self._bar.update(self._task, completed=1.0)
            self._bar.stop()
            for dream in result.recipe.dream:
                self._terminal.print(f"Dreamt of {_told(dream)}.", highlight=False, markup=False)
        height, width = result.picture.shape[:2]
        made = f"{width}×{height}, {result.seconds:.1f} s with {result.network} on {result.device}"
        self.done(output, made, seconds=result.seconds, recipe=result.recipe.model_dump(mode="json"))

    def foreseen(self, seconds: float, frames: int, width: int, height: int, preview: Path) -> None:
        """Says how long a film will take, and where a few of its frames can be looked at."""
        if self._json:
            print(json.dumps({"type": "sample", "output": str(preview)}))
            told = {"seconds": seconds, "frames": frames, "width": width, "height": height}
            print(json.dumps({"type": "estimate", **told}), flush=True)
            return
        took = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} minutes"
        print_output(self._terminal, preview, f"a few frames. All {frames} take about {took}, at {width}×{height}.")

    def painted(self, output: Path, photo: Path, seconds: float) -> None:
        """Says that one photo of many is done; to a person the bar says enough."""
        if self._json:
            told = {"photo": str(photo), "output": str(output), "seconds": seconds}
            print(json.dumps({"type": "painted", **told}), flush=True)

    def done(self, output: Path, said: str = "", **told: object) -> None:
        """Says where the outcome is, and more of it: to a person what is `said`, to a script what is `told`."""
        if self._json:
            print(json.dumps({"type": "done", "output": str(output), **told}))
            return
        self._bar.stop()
        print_output(self._terminal, output, said)


def print_output(terminal: Terminal, output: Path, said: str = "") -> None:
    """A file and what is said of it, on one line however long, so that the name can be copied; brackets in a name are
    no markup."""
    terminal.print(Text.assemble((str(output), "green"), f"  {said}" if said else ""), soft_wrap=True)


def _told(dream: Dream) -> str:
    """What a resolved dream is of, in words."""
    if dream.class_name is not None:
        return dream.class_name
    parts = [str(dream.layer)]
    if dream.channel is not None:
        parts.append(f"channel {dream.channel}")
    if dream.at is not None:
        parts.append("at {:g},{:g}".format(*dream.at))
    if dream.guide is not None:
        parts.append(f"guided by {dream.guide}")
    return ", ".join(parts)


def print_warning(warning: Warning_, *, as_json: bool, terminal: Terminal | None = None) -> None:
    """What a person should know, but what does not stop the work; above the bar of the terminal that shows one."""
    if as_json:
        print(json.dumps({"type": "warning", "message": warning.message}), flush=True)
    else:
        (terminal or Terminal(stderr=True)).print(Text(warning.message, "yellow"), soft_wrap=True)


def print_table(table: Table) -> None:
    """On a terminal as wide as that is; in a file or a pipe a line a row, which can be searched."""
    terminal = Terminal(file=sys.stdout)
    if not terminal.is_terminal:
        terminal = Terminal(file=sys.stdout, width=160)
    terminal.print(table)
