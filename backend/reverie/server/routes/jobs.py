"""Jobs: submitting, watching, adjusting and cancelling them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from reverie.errors import ReverieError, Sentence
from reverie.job import resolve
from reverie.pictures.picture import MAX_PIXELS
from reverie.recipe import Recipe
from reverie.run import Adjustment
from reverie.server import bodies, events
from reverie.server.errors import refusal, refusals
from reverie.server.job import FINISHED, Job, State
from reverie.server.store import Store
from reverie.server.worker import Worker

MAX_WAITING = 100  # jobs
MAX_HELD = 1 << 31  # bytes of the pictures that they wait with
MAX_TOGETHER = 2 * MAX_PIXELS  # of one job's pictures
MOST_OF_QUICK = 10**6  # pixels of the picture of a quick job: what it takes of the time of others
_POLL = 0.05  # seconds

_log = logging.getLogger("reverie")


class NewJob(BaseModel):
    """What is to be carried out, and on which picture."""

    model_config = ConfigDict(extra="forbid")

    recipe: Recipe = Field(description="Its pictures by their ids.")
    content: str = Field(description="The id of the picture that the recipe is carried out on.")
    cancel_on_close: bool = Field(
        True,
        description="Whether the job ends when nobody reads its events any more. If not, it goes on.",
    )
    quick: bool = Field(
        False,
        description="Whether somebody waits for it who is choosing: it does not wait for other jobs, but is painted "
        "between their iterations. Only for pictures of at most one megapixel.",
    )


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


_After = Annotated[int, Query(ge=0, description="Leaves out the events up to the one of this number.")]
_LastEvent = Annotated[int, Header(ge=0, description="The same, as readers of server-sent events say it.")]
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
        if crowd := _crowd(worker):
            return refusal(503, crowd, headers={"Retry-After": str(bodies.TRY_AGAIN)})
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
        responses={
            **events.stream_of(events.JobEvent, "Events: lines of JSON, or server-sent.", events.SERVER_SENT),
            **refusals(404, 422),
        },
    )
    async def job_events(
        identifier: str, request: Request, after: _After = 0, last_event_id: _LastEvent = 0
    ) -> Response:
        job, server_sent = find(worker, identifier), events.SERVER_SENT in request.headers.get("accept", "")
        return _Watched(job, max(after, last_event_id), server_sent)

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


def _crowd(worker: Worker) -> Sentence | None:
    """Why there is no room for another job, where there is none."""
    if worker.waiting >= MAX_WAITING:
        return Sentence("{count} jobs are waiting already; try again when some are done.", {"count": MAX_WAITING})
    if worker.held > MAX_HELD:
        return Sentence("The jobs before it hold as many pictures as there is room for; try again when some are done.")
    return None


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
    if wanted.quick and content.width * content.height > MOST_OF_QUICK:
        raise ReverieError(
            "A quick job's picture has at most one megapixel; reduce it, or submit a usual job.", "quick"
        )
    held = {each.id: each.width * each.height for each in (content, *pictures.values())}
    pixels = sum(held.values())
    if pixels > MAX_TOGETHER:
        raise ReverieError(
            "The job's pictures have {count} megapixels together, more than the {most} that are accepted; reduce some.",
            count=pixels // 10**6,
            most=MAX_TOGETHER // 10**6,
        )
    return Job(wanted.recipe, content, pictures, wanted.cancel_on_close, wanted.quick)


class _Watched(StreamingResponse):
    """The events of a job, as they happen. When the last reader goes before the job has ended, nobody is left who wants
    its result, and the job is cancelled, unless its client said that it may come back: also when the reader went before
    the first line."""

    def __init__(self, job: Job, after: int, server_sent: bool) -> None:
        form, kind = (events.server_sent, events.SERVER_SENT) if server_sent else (events.line, events.MEDIA_TYPE)
        super().__init__(_stream(job, after, form), media_type=kind, headers={"Cache-Control": "no-store"})
        self._job = job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._job.watchers += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._job.watchers -= 1
            self._job.asked = time.monotonic()
            if self._job.watchers == 0 and self._job.state not in FINISHED and self._job.cancel_on_close:
                _log.info("job %s: nobody listens any more, cancelling", self._job.id)
                self._job.cancel()


async def _stream(job: Job, after: int, form: Callable[[BaseModel], str]) -> AsyncIterator[str]:
    """The job's events after the one of a number, each in its form, with a sign of life in between."""
    told = time.monotonic()
    while True:
        news, after, over = job.since(after)
        if not news and time.monotonic() - told >= events.ALIVE_AFTER:
            news = [events.Alive()]
        for event in news:
            told = time.monotonic()
            yield form(event)
        if over:
            break
        await asyncio.sleep(_POLL)
