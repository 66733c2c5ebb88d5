"""The call that says how long a job will take, before it is asked for."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from reverie.events import Cancelled
from reverie.job import resolve
from reverie.networks import weights
from reverie.recipe import Recipe
from reverie.server import bodies
from reverie.server.jobs import Worker
from reverie.tools import estimate

_PATIENCE = 20.0  # seconds to wait for jobs that come first; the plug-in takes longer silence for an end


class Wanted(BaseModel):
    """A job: its recipe, whose pictures need not be here, and the size of its content in pixels."""

    model_config = ConfigDict(extra="forbid")

    recipe: dict[str, Any]
    width: int = Field(ge=1, le=1 << 20)
    height: int = Field(ge=1, le=1 << 20)


def add_estimate_call(app: FastAPI, worker: Worker, device: str) -> None:
    """Adds the call to an application."""

    @app.post("/v1/estimate")
    async def estimated(request: Request) -> dict[str, Any]:
        worker.touch()
        wanted = await bodies.document(request, Wanted)
        return await _answer(worker, Recipe.parse(wanted.recipe), wanted.width, wanted.height, device)


async def _answer(worker: Worker, recipe: Recipe, width: int, height: int, device: str) -> dict[str, Any]:
    """The seconds that a job will take. A kind of job that was never measured is measured now, after the jobs that
    wait; where that cannot be, the seconds are null, and `reason` is “download” or “busy”."""
    size = await run_in_threadpool(estimate.computed_size, recipe, width, height, device)
    answer: dict[str, Any] = {"seconds": None, "reason": None, "width": size[0], "height": size[1]}
    seconds = await run_in_threadpool(estimate.known, recipe, width, height, device)
    if seconds is None and not await run_in_threadpool(estimate.can_be_measured, recipe, device):
        entry = weights.CATALOGUE[resolve(recipe, device).network]
        return {**answer, "reason": "download", "download_bytes": entry.bytes}
    if seconds is None:
        try:
            await asyncio.wait_for(_measure(worker, recipe, device), _PATIENCE)
        except asyncio.TimeoutError:
            return {**answer, "reason": "busy"}
        seconds = await run_in_threadpool(estimate.known, recipe, width, height, device)
    return {**answer, "seconds": seconds}


async def _measure(worker: Worker, recipe: Recipe, device: str) -> None:
    """Measures a kind of job when no job waits. One that comes in between goes first."""
    gone = False

    def make() -> bool:
        """Whether it is measured; False when it had to make way."""
        try:
            estimate.measure(recipe, device, lambda: gone or worker.waiting > 0)
        except Cancelled:
            return False
        return True

    try:
        while not await asyncio.wrap_future(worker.errand(make)):
            pass
    finally:
        gone = True
