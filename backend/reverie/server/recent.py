"""Results of quick jobs, for whoever asks for the same again: a dialog that is opened anew asks for the same looks of
the same layer, and who puts a slider back has seen the preview before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from reverie.engine.result import Result
from reverie.fast import styles
from reverie.job import resolve
from reverie.server.job import Job


class Recent:
    """Results by what decides how they look; the ones longest unused go when all take more than `limit` bytes."""

    def __init__(self, device: str, limit: int = 64 << 20) -> None:
        self._device, self._limit = device, limit
        self._results: OrderedDict[Hashable, Result] = OrderedDict()
        self._lock = threading.Lock()

    def key(self, job: Job) -> Hashable:
        """What decides how a job's picture looks; None where it takes whatever time is left, as no two do. Raises
        ReverieError for a recipe that cannot be carried out."""
        recipe = resolve(job.recipe, self._device).recipe
        if recipe.budget is not None:
            return None
        files = [styles.file_of(use.name) for use in recipe.fast]
        learnt = tuple(file.stat().st_mtime_ns for file in files if file.exists())  # anew, perhaps, under one name
        return repr(recipe), learnt, job.content.id, tuple((name, each.id) for name, each in job.pictures.items())

    def get(self, key: Hashable) -> Result | None:
        """The result of that key, if it is (still) here."""
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def add(self, key: Hashable, result: Result) -> None:
        with self._lock:
            self._results[key] = result
            while sum(each.picture.nbytes for each in self._results.values()) > self._limit:
                self._results.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._results.clear()
