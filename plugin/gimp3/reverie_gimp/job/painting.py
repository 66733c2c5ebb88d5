"""The one loop that paints, with windows and without; each result is kept as it comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from shared import faults, jobs
from shared.client import BackendError
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Result, Source
from reverie_gimp.job import frames, records
from reverie_gimp.job.pictures import Pictures
from reverie_gimp.job.prepare import prepare

if TYPE_CHECKING:
    from gi.repository import Gimp


class Cancelled(Exception):
    """The user pressed Cancel."""


class Returned(Exception):
    """The user went back to the settings."""


class Unfinished(Exception):
    """Some pictures are painted, and kept, and the rest is not; `str()` of it are sentences that say so, and why."""

    def __init__(self, kept: str, why: Exception) -> None:
        told = [] if isinstance(why, (Cancelled, Returned)) else [str(why) if _is_sentence(why) else faults.told(why)]
        super().__init__(" ".join([kept, *told]))
        self.why = why


def _is_sentence(why: Exception) -> bool:
    return isinstance(why, (Refusal, BackendError))


class Runner(Protocol):
    """Runs jobs, and shows how they go: GIMP's progress bar, or a dialog."""

    def run(self, job: jobs.Job, source: Source, number: int, count: int) -> tuple[memoryview, dict[str, Any]]:
        """(The samples, the recipe as carried out) of a job that is `number`, from 0, of `count`."""


def paint(
    filter_name: str,
    config: Gimp.ProcedureConfig,
    sources: list[Source],
    runner: Runner,
    keep: Callable[[Result], None],
) -> None:
    """Paints the sources, by a filter's arguments, and gives each result to `keep` as it comes.

    Raises what `runner` does, and Refusal or BackendError where something is missing; Unfinished where one of these
    comes after the first result.
    """
    wanted, pictures = frames.wanted(sources, config), Pictures(sources[0].image)
    for number, source in enumerate(wanted):
        try:
            job, title = prepare(filter_name, config, source, pictures)
            origin = records.origin(filter_name, config, source, title)
            samples, recipe = runner.run(job, source, number, len(wanted))
            source.result = Result(source, samples, title, recipe, origin)
            keep(source.result)
        except Exception as why:
            if number == 0:
                raise
            raise Unfinished(_kept(source, number, len(wanted)), why) from why


def _kept(source: Source, count: int, total: int) -> str:
    if source.frame is not None:
        return _("Painted, and kept in a new image: %d of %d frames.") % (count, total)
    return _("Painted, and kept: %d of %d layers.") % (count, total)
