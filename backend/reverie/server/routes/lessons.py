"""Lessons: fast styles that are learnt from a picture while the backend runs."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from reverie.errors import ReverieError, Sentence
from reverie.server import bodies
from reverie.server import lessons as learning
from reverie.server.errors import Told, refusal, refusals
from reverie.server.store import Store
from reverie.server.worker import Worker


class NewLesson(BaseModel):
    """What is to be learnt, and from which picture."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=64, description="Of the fast style. One that is unfinished goes on.")
    picture: str = Field(description="The id of the picture that has the style.")
    strength: float = Field(0.85, gt=0, le=1, description="Of the style, as in a recipe.")


class Lesson(BaseModel):
    """How a lesson stands. Once it is done, the fast style has its name."""

    name: str
    state: learning.State
    fraction: float = Field(ge=0, le=1, description="Of the lesson, that is done.")
    seconds_left: float | None = Field(description="None until that is known, and when it is over.")
    error: Told | None = Field(description="Why it failed.")


class Lessons(BaseModel):
    """The lessons of this backend."""

    lessons: list[Lesson]


def router(worker: Worker, store: Store) -> APIRouter:
    """The calls of this file."""
    calls = APIRouter(prefix="/lessons", tags=["lessons"])

    @calls.get("", summary="The lessons, the newest first")
    async def list_lessons() -> Lessons:
        return Lessons(lessons=[_told(each) for each in worker.lessons.listed()])

    @calls.post(
        "",
        status_code=202,
        summary="Learns a fast style from a picture, while no job wants the device",
        response_model=Lesson,
        responses=refusals(400, 408, 409, 413, 422),
        openapi_extra=bodies.described(NewLesson),
    )
    async def begin_lesson(request: Request) -> Lesson | Response:
        wanted = await bodies.document(request, NewLesson)
        picture = store.get(wanted.picture)
        if picture is None:
            raise ReverieError("The style's picture is not here (any more); send it again.", "picture")
        lesson = await run_in_threadpool(worker.lessons.begin, wanted.name, picture, wanted.strength)
        if lesson is None:
            return refusal(409, _OTHER)
        return _told(lesson)

    @calls.delete(
        "/{name}", status_code=202, summary="Stops a lesson; what was learnt is kept", responses=refusals(404)
    )
    async def stop_lesson(name: str) -> Lesson:
        lesson = worker.lessons.get(name)
        if lesson is None:
            raise HTTPException(404, "there is no such lesson (any more)")
        lesson.stop.set()
        return _told(lesson)

    return calls


_OTHER = Sentence("Another style is being learnt. Wait until it is, or stop that first.")


def _told(lesson: learning.Lesson) -> Lesson:
    return Lesson(
        name=lesson.name,
        state="stopped" if lesson.state == "learning" and lesson.stop.is_set() else lesson.state,
        fraction=lesson.fraction,
        seconds_left=lesson.seconds_left if lesson.state == "learning" else None,
        error=Told.of(lesson.why) if lesson.why else None,
    )
