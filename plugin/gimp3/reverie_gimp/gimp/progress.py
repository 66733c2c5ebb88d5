"""Jobs without windows: GIMP's own progress bar shows how they go."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from gi.repository import Gimp
from shared import jobs, launcher

from reverie_gimp.data import Source


class ProgressBar:
    """Runs jobs while it is entered. The bar's Cancel kills this process; the backend then notices, and stops."""

    def __init__(self, title: str) -> None:
        self._title = title
        self.warnings: list[str] = []  # of the backend, each sentence once

    def __enter__(self) -> ProgressBar:
        Gimp.progress_init(self._title)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        Gimp.progress_end()

    def run(self, job: jobs.Job, source: Source, number: int, count: int) -> tuple[memoryview, dict[str, Any]]:
        """(The samples, the recipe as carried out) of a job that is `number`, from 0, of `count`."""

        def waiting(seconds: int) -> None:
            Gimp.progress_set_text(jobs.status({"type": "starting", "seconds": seconds}))
            Gimp.progress_pulse()

        def tell(event: dict[str, Any]) -> None:
            if jobs.status(event):
                Gimp.progress_set_text(jobs.status(event))
            if event["type"] == "progress":
                Gimp.progress_update((number + event["fraction"]) / count)
            elif event["type"] == "fetching":
                Gimp.progress_update(float(event["here"]) / event["total"])
            elif event["type"] == "warning" and event["message"] not in self.warnings:
                self.warnings.append(event["message"])
            elif event["type"] == "alive":
                Gimp.progress_pulse()  # where GIMP has gone, this ends the plug-in, and with it the job

        return jobs.run(launcher.connect(waiting), job, tell)
