"""Where a job is carried out: on what device, in what precision and tiles, with as much memory as there is."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

from reverie import device as devices
from reverie.engine import memory, sizes
from reverie.engine.inputs import Inputs
from reverie.engine.memory import Placement
from reverie.engine.scene import Scene
from reverie.errors import ReverieError
from reverie.events import Event, Warning_
from reverie.job import Job
from reverie.networks.network import Network
from reverie.pictures.canvas import Canvas

T = TypeVar("T")


class Workspace:
    """The job, its pictures and its network, which all move on to where there is room."""

    def __init__(
        self,
        job: Job,
        inputs: Inputs,
        placement: Placement,
        load: Callable[[Placement], Network],
        report: Callable[[Event], None],
        room: int | None = None,
    ) -> None:
        """`load` gives the job's network at a placement; `report` hears of each move. `room` is how many bytes an
        iteration may take, as `memory.room` finds it where it is not said."""
        self.job, self.inputs, self.placement = job, inputs, placement
        self.room = memory.room(placement.device) if room is None else room
        self.network = load(placement)
        self._load, self._report = load, report

    def scene(self, width: int, height: int, margin: int) -> Scene:
        """The job at a scale of width×height pixels, with a margin of so many around them."""
        canvas = Canvas.of(self.inputs.source, width, height, margin)
        tile = self.placement.tile or memory.tile_for(self.network, self.job.layers, *canvas.size, self.room)
        return Scene(self.job, self.inputs, self.network, canvas, tile)

    def can_be_seen(self, width: int, height: int) -> bool:
        """Whether the network can look at all pictures of the job when it is computed at that size."""
        return sizes.too_small(self.job, self.inputs, width, height) is None

    def change(self, job: Job) -> None:
        """Goes on with other strengths and weights."""
        self.job, self.inputs = job, self.inputs.weighted(job.recipe.style)

    def with_room(self, longest: int, action: Callable[[], T]) -> T:
        """What an action gives, at a picture of that longest side, with what memory there is: when it runs out, once
        more with less. Raises ReverieError when there is not enough in any way."""
        while True:
            try:
                return action()
            except (RuntimeError, MemoryError) as error:
                if not memory.is_exhausted(error):
                    raise
            step = memory.retreat(self.placement, longest)
            if step is None:
                raise ReverieError(
                    "There is not enough memory for this picture, even in small tiles and half precision. Choose a "
                    "smaller size, or close other programs.",
                    "size",
                )
            placement, sentence = step
            self._report(Warning_(sentence))
            self._move(placement)

    def _move(self, placement: Placement) -> None:
        gc.collect()  # the tensors of the failed try
        devices.empty_caches()
        if (placement.device, placement.dtype) != (self.placement.device, self.placement.dtype):
            self.network = self._load(placement)
        if placement.device != self.placement.device:
            self.inputs = self.inputs.to(placement.device)
            self.room = memory.room(placement.device)
        self.placement = placement
