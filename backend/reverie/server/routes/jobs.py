"""Jobs: submitting, watching, adjusting and cancelling them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from reverie.errors import ReverieError, Sentence
from reverie.job import resolve
from reverie.recipe import Recipe
from reverie.run import Adjustment
from reverie.server import bodies, events
from reverie.server.errors import refusal, refusals
from reverie.server.job import FINISHED, Job, State
from reverie.server.store import Store
from reverie.server.worker import Worker

MAX_WAITING = 100  # jobs
_TRY_AGAIN = 10  # seconds
_POLL = 0.05  # seconds

_log = logging.getLogger("reverie")


class NewJob(BaseModel):
    """What is to be carried out, and on which picture."""

    model_config = ConfigDict(extra="forbid")

    recipe: Recipe = Field(description="Its pictures by their ids.")
    content: str = Field(description="The id of the picture that the recipe is carried out on.")


class JobId(BaseModel):
    """A job by its id."""

    id: str


class JobState(JobId):
    """How a job stands."""

    state: State
    created: datetime
    recipe: dict[str, Any] = Field(description="As submitted, without the fields that say what their default says.")
    progress: float = Field(ge=0, le=1, description="How much of the work is done.")
    message: str | None = Field(description="Why it failed, where it did.")


class Jobs(BaseModel):
    """The jobs that the backend remembers."""

    jobs: list[JobState]


Weight = Annotated[float, Field(gt=0, le=100)]


class Wish(BaseModel):
    """What is to change in a job that waits or runs; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    strength: float | None = Field(None, gt=0, le=1)
    dream_strength: float | None = Field(None, ge=0, le=1)
    style_weights: list[Weight] | None = Field(None, description="One for each style of the recipe.")
    dream_weights: list[Weight] | None = Field(None, description="One for each dream of the recipe.")
    finish: bool = Field(False, description="Ends the job with the picture as it is.")

    def adjustment(self) -> Adjustment:
        weights = {name: None if value is None else tuple(value) for name, value in self if name.endswith("_weights")}
        return Adjustment(self.strength, self.dream_strength, finish=self.finish, **weights)


_LOCATION = {"Location": {"schema": {"type": "string"}, "required": True, "description": "Where the job's state is."}}


def router(worker: Worker, store: Store, device: str) -> APIRouter:
    """The calls of this file."""
    calls = APIRouter(prefix="/jobs", tags=["jobs"])

    @calls.get("", summary="The jobs, the newest first")
    async def list_jobs() -> Jobs:
        return Jobs(jobs=[_state(job) for job in worker.jobs()])

    @calls.post(
        "",
        status_code=202,
        summary="Submits a job",
        response_model=JobId,
        responses={**refusals(400, 408, 413, 422, 503), 202: {"headers": _LOCATION}},
        openapi_extra=bodies.described(NewJob),
    )
    async def submit_job(request: Request, response: Response) -> JobId | Response:
        wanted = await bodies.document(request, NewJob)
        job = await run_in_threadpool(_make_job, wanted, store, device)
        if worker.waiting >= MAX_WAITING:
            crowd = Sentence("{count} jobs are waiting already; try again when some are done.", {"count": MAX_WAITING})
            return refusal(503, crowd, headers={"Retry-After": str(_TRY_AGAIN)})
        worker.submit(job)
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        return JobId(id=job.id)

    @calls.get("/{identifier}", summary="How a job stands", responses=refusals(404))
    async def job_state(identifier: str) -> JobState:
        return _state(find(worker, identifier))

    @calls.delete("/{identifier}", status_code=202, summary="Cancels a job", responses=refusals(404))
    async def cancel_job(identifier: str) -> JobId:
        job = find(worker, identifier)
        job.cancel()
        return JobId(id=job.id)

    @calls.patch(
        "/{identifier}",
        status_code=202,
        summary="Adjusts a job while it waits or runs",
        response_model=JobId,
        responses=refusals(400, 404, 408, 409, 413, 422),
        openapi_extra=bodies.described(Wish),
    )
    async def adjust_job(identifier: str, request: Request) -> JobId | Response:
        job = find(worker, identifier)
        wish = await bodies.document(request, Wish)
        if job.state in FINISHED:
            return refusal(409, f"The job is {job.state}: there is nothing left to adjust.")
        adjustment = wish.adjustment()
        adjustment.check(job.recipe)
        job.adjust(adjustment)
        return JobId(id=job.id)

    @calls.get(
        "/{identifier}/events",
        summary="What happens to a job, as it happens; ends with the job",
        response_class=StreamingResponse,
        responses={**events.stream_of(events.JobEvent, "Lines of JSON, each an event."), **refusals(404)},
    )
    async def job_events(identifier: str) -> Response:
        return _Watched(find(worker, identifier))

    return calls


def find(worker: Worker, identifier: str) -> Job:
    """A job by its id, which counts as asking for it. Raises HTTPException 404."""
    job = worker.get(identifier)
    if job is None:
        raise HTTPException(404, "there is no such job (any more)")
    job.asked = time.monotonic()
    return job


def _state(job: Job) -> JobState:
    return JobState(
        id=job.id,
        state=job.state,
        created=job.created,
        recipe=job.recipe.model_dump(mode="json", exclude_defaults=True),
        progress=job.progress,
        message=job.message,
    )


def _make_job(wanted: NewJob, store: Store, device: str) -> Job:
    """The job that a client describes; all that can be checked without computing is checked here."""
    resolve(wanted.recipe, device)
    content = store.get(wanted.content)
    if content is None:
        raise ReverieError("The content picture is not here (any more); send it again.", "content")
    pictures = {}
    for field, reference in wanted.recipe.references():
        stored = store.get(reference)
        if stored is None:
            raise ReverieError(
                "The picture “{picture}” is not here (any more); send it again.", field, picture=reference[:80]
            )
        pictures[reference] = stored
    return Job(wanted.recipe, content, pictures)


class _Watched(StreamingResponse):
    """The events of a job, as they happen. When the last reader goes before the job has ended, nobody is left who wants
    its result, and the job is cancelled: also when the reader went before the first line."""

    def __init__(self, job: Job) -> None:
        super().__init__(_stream(job), media_type=events.MEDIA_TYPE)
        self._job = job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._job.watchers += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._job.watchers -= 1
            if self._job.watchers == 0 and self._job.state not in FINISHED:
                _log.info("job %s: nobody listens any more, cancelling", self._job.id)
                self._job.cancel()


async def _stream(job: Job) -> AsyncIterator[str]:
    """The job's events as lines of JSON, with a sign of life in between."""
    serial, told = 0, time.monotonic()
    while True:
        news, serial, over = job.since(serial)
        if not news and time.monotonic() - told >= events.ALIVE_AFTER:
            news = [events.Alive()]
        for event in news:
            told = time.monotonic()
            yield events.line(event)
        if over:
            break
        await asyncio.sleep(_POLL)
