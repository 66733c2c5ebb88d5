"""The call that says how long a job will take, before it is asked for."""

from __future__ import annotations

import asyncio
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from reverie.engine import sizes
from reverie.events import Cancelled
from reverie.job import resolve
from reverie.networks.weights import catalogue
from reverie.recipe import Recipe
from reverie.server import bodies
from reverie.server.errors import Told, refusals
from reverie.server.worker import Worker
from reverie.tools import estimate

_PATIENCE = 20.0  # seconds to wait for jobs that come first; the plug-in takes longer silence for an end


class PictureSize(BaseModel):
    """How large a picture is."""

    model_config = ConfigDict(extra="forbid")

    width: int = Field(ge=1, le=1 << 20, description="Pixels.")
    height: int = Field(ge=1, le=1 << 20, description="Pixels.")


class Estimated(BaseModel):
    """A job whose time is asked for: its recipe, whose pictures need not be here, and the size of its content."""

    model_config = ConfigDict(extra="forbid")

    recipe: Recipe = Field(examples=[{"style": "any"}])
    width: int = Field(ge=1, le=1 << 20, description="Pixels.", examples=[800])
    height: int = Field(ge=1, le=1 << 20, description="Pixels.", examples=[600])
    pictures: dict[str, PictureSize] = Field(
        default={}, description="How large those that the recipe names are, as far as “warnings” are to tell of them."
    )
    wait: bool = Field(
        default=True, description="Whether to wait for the time of a kind of job that has yet to be measured."
    )


class Estimate(BaseModel):
    """How long a job will take, with nothing else to do and without the time that fetching weights takes."""

    seconds: float | None = Field(description="Null where that is not known; then “reason” says why.")
    reason: Literal["download", "busy"] | None = Field(
        description="The weights are not on this machine; or it has yet to be measured, and nobody waits so long."
    )
    width: int = Field(description="At which the job is computed.")
    height: int
    download_bytes: int | None = Field(description="Of the weights, where they are not on this machine.")
    warnings: list[Told] = Field(
        description="What is to be said of it before: style pictures too small for the strokes."
    )


def router(worker: Worker, device: str) -> APIRouter:
    """The calls of this file."""
    calls = APIRouter(tags=["jobs"])

    @calls.post(
        "/estimate",
        summary="How long a job will take",
        responses=refusals(400, 408, 413, 422),
        openapi_extra=bodies.described(Estimated),
    )
    async def estimate_job(request: Request) -> Estimate:
        worker.touch()
        wanted = await bodies.document(request, Estimated)
        return await _answer(worker, wanted, device)

    return calls


async def _answer(worker: Worker, wanted: Estimated, device: str) -> Estimate:
    """A kind of job that was never measured is measured now, after the jobs that wait."""
    recipe, width, height = wanted.recipe, wanted.width, wanted.height
    size = await run_in_threadpool(estimate.computed_size, recipe, width, height, device)
    answer = Estimate(
        seconds=None,
        reason=None,
        width=size[0],
        height=size[1],
        download_bytes=None,
        warnings=_warnings(wanted, max(size)),
    )
    answer.seconds = await run_in_threadpool(estimate.known, recipe, width, height, device)
    if answer.seconds is None and not await run_in_threadpool(estimate.can_be_measured, recipe, device):
        answer.reason = "download"
        answer.download_bytes = catalogue.CATALOGUE[resolve(recipe, device).network].bytes
    elif answer.seconds is None and not wanted.wait:
        answer.reason = "busy"
    elif answer.seconds is None:
        try:
            await asyncio.wait_for(_measure(worker, recipe, device), _PATIENCE)
            answer.seconds = await run_in_threadpool(estimate.known, recipe, width, height, device)
        except asyncio.TimeoutError:
            answer.reason = "busy"
    return answer


def _warnings(wanted: Estimated, longest: int) -> list[Told]:
    """What there is to say of the style pictures beside a picture that is composed at that longest side."""
    told: dict[str, Told] = {}
    for style in wanted.recipe.style:
        there = wanted.pictures.get(style.image)
        if there is not None:
            given = style.image, (there.width, there.height), style.scale, longest
            sentence = sizes.useless_style(*given) or sizes.soft_style(*given)
            if sentence is not None:
                told[style.image] = Told.of(sentence)
    return list(told.values())


async def _measure(worker: Worker, recipe: Recipe, device: str) -> None:
    """Measures a kind of job. One that comes in between goes first."""
    gone = False

    def make() -> bool:
        """Whether it is measured; False when it had to make way."""
        try:
            estimate.measure(recipe, device, lambda: gone or worker.is_held_up)
        except Cancelled:
            return False
        return True

    try:
        while not await asyncio.wrap_future(worker.errand(make)):
            pass
    finally:
        gone = True
