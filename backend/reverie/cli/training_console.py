"""What the command line shows of a training."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import TracebackType

from rich.console import Console as Terminal
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from reverie.cli.console import print_output, print_warning
from reverie.events import Warning_
from reverie.training.style_training import Progress as TrainingProgress
from reverie.training.train_style import Sampled


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
            print_output(self._terminal, file, "is a sample of the style as it is by now, painted anew now and then.")

    def finish(self, file: Path) -> None:
        """Says where the style is."""
        if self._json:
            print(json.dumps({"type": "done", "style": self._name, "output": str(file)}))
            return
        self._bar.stop()
        print_output(self._terminal, file, f"Use it with --fast {self._name}.")
