"""What decides a picture beside its recipe, to the last bit: recorded with the result, and taken up again by whoever
carries that recipe out anew."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from reverie import __version__
from reverie import device as devices
from reverie.engine import memory
from reverie.engine.memory import Placement
from reverie.errors import Sentence
from reverie.events import Event, Warning_
from reverie.recipe import MadeWith, Recipe


def described(placement: Placement, room: int | None = None) -> MadeWith:
    """How a job is computed at a placement by this process; `room` as `memory.room` has it, where tiles hang on it."""
    return MadeWith(
        device=placement.device.type,
        processor=_processor(placement.device),
        threads=torch.get_num_threads(),
        precision="bfloat16" if placement.dtype == torch.bfloat16 else "float32",
        tile=placement.tile,
        room=room,
        reverie=__version__,
        torch=torch.__version__,
    )


def _processor(device: torch.device) -> str:
    """Kernels are chosen, and sums are added up, by what the processor can do."""
    if device.type == "cpu":
        return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    return devices.title(device)


def taken_up(recipe: Recipe, where: torch.device, report: Callable[[Event], None]) -> MadeWith | None:
    """How a recorded picture was computed, where that can be done here; else None. Reports what is not the same."""
    made = recipe.made_with
    if made is None:
        return None
    now = described(Placement(where, torch.float32, None))
    then, here = (f"{each.processor}, PyTorch {each.torch}, Reverie {each.reverie}" for each in (made, now))
    has_room = (made.room or 0) <= memory.free(where)
    possible = made.device == now.device and made.threads <= (os.cpu_count() or 1) and has_room
    if then != here or not possible:
        report(
            Warning_(
                Sentence(
                    "The recipe was carried out with {then} ({threads} threads), and is now with {here}: the picture "
                    "may come out a little different.",
                    {"then": then, "threads": made.threads, "here": here},
                )
            )
        )
    return made if possible else None


def placement(recipe: Recipe, where: torch.device, made: MadeWith | None) -> Placement:
    """Where, in which precision and tiles to begin: as the recipe says, as it was `made`, or as suits the device."""
    if made is None:
        return Placement(where, devices.precision(recipe.precision, where), recipe.tile)
    name = made.precision if recipe.precision == "auto" else recipe.precision
    return Placement(where, devices.precision(name, where), made.tile if recipe.tile is None else recipe.tile)


@contextmanager
def threads(made: MadeWith | None) -> Iterator[None]:
    """Computes in as many threads as then: each adds up a part of a sum."""
    usual = torch.get_num_threads()
    if made is None or made.threads == usual:
        yield
        return
    torch.set_num_threads(made.threads)
    try:
        yield
    finally:
        torch.set_num_threads(usual)
