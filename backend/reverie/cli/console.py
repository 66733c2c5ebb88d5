"""What the command line shows: a progress bar for people, JSON lines for scripts."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
from pathlib import Path
from types import FrameType, TracebackType

from rich.box import SIMPLE
from rich.console import Console as Terminal
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from reverie.engine.result import Result
from reverie.events import Event, Fetching, Preview, Progress, Started, Warning_
from reverie.networks import registry
from reverie.recipe import Dream
from reverie.run import Adjustment
from reverie.tools.compare import Row
from reverie.training.style_training import Progress as TrainingProgress
from reverie.training.train_style import Sampled


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
        if self._json:
            recipe = result.recipe.model_dump(mode="json")
            print(json.dumps({"type": "done", "output": str(output), "seconds": result.seconds, "recipe": recipe}))
            return
        self._bar.update(self._task, completed=1.0)
        height, width = result.picture.shape[:2]
        self._bar.stop()
        for dream in result.recipe.dream:
            self._terminal.print(f"Dreamt of {_told(dream)}.", highlight=False, markup=False)
        made = f"{width}×{height}, {result.seconds:.1f} s with {result.network} on {result.device}"
        _print_output(self._terminal, output, f"  {made}")

    def finish_frames(self, output: Path, count: int) -> None:
        """Says where the frames of an animation are."""
        if self._json:
            print(json.dumps({"type": "done", "output": str(output), "frames": count}))
            return
        self._bar.stop()
        _print_output(self._terminal, output, "  1 frame" if count == 1 else f"  {count} frames")

    def finish_atlas(self, output: Path, layer: str, count: int) -> None:
        """Says where the atlas of a layer is."""
        if self._json:
            print(json.dumps({"type": "done", "output": str(output), "channels": count}))
            return
        self._bar.update(self._task, completed=1.0)
        self._bar.stop()
        _print_output(self._terminal, output, f"  {layer}, " + ("1 channel" if count == 1 else f"{count} channels"))

    def finish_comparison(self, output: Path, rows: list[Row]) -> None:
        """Says what each network took for the same job, and where the sheet is."""
        if self._json:
            told = [{name: value for name, value in vars(row).items() if name != "picture"} for row in rows]
            print(json.dumps({"type": "done", "output": str(output), "networks": told}))
            return
        self._bar.stop()
        table = Table("network", "seconds", "s/iteration", "memory", "parameters", box=SIMPLE)
        for row in rows:
            each = f"{row.per_iteration:.3f}"
            memory, parameters = f"{row.memory / 2**20:.0f} MB", f"{row.parameters / 1e6:.1f} M"
            table.add_row(row.network, f"{row.seconds:.1f}", each, memory, parameters)
        _print(table)
        _print_output(self._terminal, output)


def _print_output(terminal: Terminal, output: Path, what: str = "") -> None:
    """A file and what is said of it, on one line however long, so that the name can be copied; brackets in a name are
    no markup."""
    terminal.print(Text.assemble((str(output), "green"), what), soft_wrap=True)


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


class TrainingConsole:
    """Shows a training on stderr as a bar with the time left, or on stdout as one JSON object a line."""

    def __init__(self, name: str, *, as_json: bool = False) -> None:
        self._name, self._json = name, as_json
        self._terminal = Terminal(stderr=True)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._terminal,
            disable=as_json,
        )
        self._task = self._bar.add_task("Loading", total=None, left="")

    def __enter__(self) -> TrainingConsole:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if kind is KeyboardInterrupt and not self._json:
            self._terminal.print("What was learnt is kept: the same command goes on from there.")

    def report(self, event: TrainingProgress | Sampled | Warning_) -> None:
        """Shows how far it is, and where it can be looked at."""
        if isinstance(event, Warning_):
            print_warning(event, as_json=self._json, terminal=self._terminal)
        elif isinstance(event, Sampled):
            self._sampled(event.file)
        elif self._json:
            print(json.dumps({"type": "progress", **dataclasses.asdict(event)}), flush=True)
        else:
            self._bar.update(
                self._task,
                description=f"Learning “{self._name}”, loss {event.loss:.3f}",
                completed=event.step,
                total=event.steps,
                left=f"{event.seconds_left / 60:.1f} min left",
            )

    def _sampled(self, file: Path) -> None:
        if self._json:
            print(json.dumps({"type": "sample", "output": str(file)}), flush=True)
        else:
            _print_output(
                self._terminal, file, "  is a sample of the style as it is by now, painted anew now and then."
            )

    def finish(self, file: Path) -> None:
        """Says where the style is."""
        if self._json:
            print(json.dumps({"type": "done", "style": self._name, "output": str(file)}))
            return
        self._bar.stop()
        _print_output(self._terminal, file, f"  Use it with --fast {self._name}.")


def print_networks(*, as_json: bool) -> None:
    """The networks that can be chosen, and whether their weights are at hand."""
    rows = registry.describe()
    if as_json:
        print(json.dumps({"networks": rows}))
        return
    table = Table("network", "what it is", "weights", "licence", box=SIMPLE)
    for row in rows:
        there = "bundled" if row["bundled"] else "at hand" if row["available"] else "to fetch"
        size = f", {row['download_bytes'] / 1e6:.1f} MB" if there == "to fetch" else ""
        chosen = " (auto)" if row["default"] else ""
        table.add_row(f"{row['name']}{chosen}", str(row["title"]), there + size, str(row["licence"]))
    _print(table)


def print_warning(warning: Warning_, *, as_json: bool, terminal: Terminal | None = None) -> None:
    """What a person should know, but what does not stop the work; above the bar of the terminal that shows one."""
    if as_json:
        print(json.dumps({"type": "warning", "message": warning.message}), flush=True)
    else:
        (terminal or Terminal(stderr=True)).print(Text(warning.message, "yellow"), soft_wrap=True)


def print_estimate(seconds: float, width: int, height: int, *, as_json: bool) -> None:
    """How long a job will take, and at what size it is computed."""
    if as_json:
        print(json.dumps({"type": "estimate", "seconds": seconds, "width": width, "height": height}))
    else:
        print(f"About {seconds:.0f} s on this machine, computed at {width}×{height}.")


def _print(table: Table) -> None:
    """On a terminal as wide as that is; in a file or a pipe a line a row, which can be searched."""
    terminal = Terminal(file=sys.stdout)
    if not terminal.is_terminal:
        terminal = Terminal(file=sys.stdout, width=160)
    terminal.print(table)
