"""The calls of the HTTP interface, version 1."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from reverie import __version__, presets
from reverie import device as devices
from reverie.errors import ReverieError, Sentence
from reverie.fast import styles, thumbnails
from reverie.job import resolve
from reverie.networks import classes, registry
from reverie.pictures import images
from reverie.plugin.shared import PROTOCOL
from reverie.recipe import Recipe
from reverie.run import Adjustment
from reverie.server import bodies
from reverie.server.atlas import add_atlas_calls
from reverie.server.estimate import add_estimate_call
from reverie.server.jobs import FINISHED, Job, Worker, unexpected
from reverie.server.security import Guard, error
from reverie.server.store import Store
from reverie.validation import explained

MAX_PICTURE_BYTES = 16 * images.MAX_PIXELS + 4096  # float RGBA, and the header of the .npy
MAX_WAITING = 100  # jobs
_POLL, _ALIVE = 0.05, 0.4  # seconds; the protocol promises a line every 0.5

_log = logging.getLogger("reverie")

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    worker: Worker,
    store: Store,
    *,
    token: str,
    device: str = "auto",
    host: str = "127.0.0.1",
    lifespan: Lifespan | None = None,
    shut_down: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The application. `shut_down` is called when a client asks the backend to end."""
    app = FastAPI(title="Reverie", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(Guard, token=token, host=host)
    app.add_exception_handler(ReverieError, _refused)
    app.add_exception_handler(HTTPException, _no_such)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(ClientDisconnect, _broken_off)
    app.add_exception_handler(Exception, _unexpected)
    _add_state_calls(app, worker, device, shut_down)
    _add_picture_calls(app, worker, store)
    _add_job_calls(app, worker, store, device)
    _add_result_calls(app, worker)
    add_atlas_calls(app, worker, device)
    add_estimate_call(app, worker, device)
    return app


async def _refused(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, ReverieError)
    return error(422, exception.sentence, exception.field)


async def _malformed(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, RequestValidationError)
    explanation = explained(exception.errors()[0])
    return error(422, explanation.sentence, explanation.field)


async def _no_such(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, HTTPException)
    return error(exception.status_code, f"{request.method} {request.url.path}: {exception.detail}.")


async def _broken_off(request: Request, exception: Exception) -> Response:
    return error(400, "The upload broke off.")  # hardly anybody is left to read it


async def _unexpected(request: Request, exception: Exception) -> Response:
    return error(500, unexpected(exception))  # uvicorn writes the traceback to the log


def _add_state_calls(app: FastAPI, worker: Worker, device: str, shut_down: Callable[[], None]) -> None:
    chosen = devices.choose(device)

    @app.get("/v1/health")
    async def health() -> dict[str, Any]:
        return {
            "version": __version__,
            "protocol": PROTOCOL,
            "device": devices.title(chosen),
            "memory": devices.memory(chosen),
            "queue": worker.waiting,
            "busy": worker.busy,
        }

    @app.get("/v1/networks")
    def networks() -> dict[str, Any]:
        return {"networks": registry.describe()}

    @app.get("/v1/classes")
    def class_names() -> dict[str, Any]:
        return {"classes": list(classes.names())}

    @app.get("/v1/styles")
    def fast_styles() -> dict[str, Any]:
        return {"styles": styles.listed()}

    @app.get("/v1/styles/{name}/thumbnail")
    def style_thumbnail(name: str) -> Response:
        if name not in styles.names():
            raise HTTPException(404, "there is no such fast style")
        return Response(thumbnails.thumbnail(name), media_type="image/png")

    @app.post("/v1/shutdown", status_code=202)
    async def shutdown() -> dict[str, Any]:
        shut_down()
        return {}


def _add_picture_calls(app: FastAPI, worker: Worker, store: Store) -> None:
    @app.post("/v1/images")
    async def add_image(request: Request) -> Response:
        worker.touch()
        data = await bodies.read(request, MAX_PICTURE_BYTES)
        if data is None:
            most = {"most": MAX_PICTURE_BYTES >> 20}
            return error(413, Sentence("The picture has more than the accepted {most} MiB; reduce it first.", most))
        stored = await run_in_threadpool(store.add, data)
        answer = {"id": stored.id, "width": stored.width, "height": stored.height, "channels": stored.channels}
        return JSONResponse(answer, 201)

    @app.get("/v1/presets")
    def list_presets() -> dict[str, Any]:
        worker.touch()
        offered = []
        for preset in presets.listed():
            try:
                offered.append(_offered(preset, store))
            except (ReverieError, OSError) as exception:
                _log.warning("the preset “%s” is left out: %s", preset["title"], exception)
        return {"presets": offered}


def _offered(preset: dict[str, Any], store: Store) -> dict[str, Any]:
    """A preset whose recipe can be submitted as it is: its pictures are among those sent. Raises ReverieError or
    OSError when one of them is broken."""
    recipe = presets.recipe(preset)
    for style in recipe.get("style", []):
        path = Path(style.pop("image", ""))
        if path.is_file():
            style["image"] = store.add(path.read_bytes()).id
    return {**{name: preset[name] for name in ("name", "title", "filter", "description")}, "recipe": recipe}


Weight = Annotated[float, Field(gt=0, le=100)]


class Wish(BaseModel):
    """What a client may change of a job that runs: `finish` ends it with the picture as it is."""

    model_config = ConfigDict(extra="forbid")

    strength: float | None = Field(None, gt=0, le=1)
    dream_strength: float | None = Field(None, ge=0, le=1)
    style_weights: tuple[Weight, ...] | None = None
    dream_weights: tuple[Weight, ...] | None = None
    finish: bool = False


def _add_job_calls(app: FastAPI, worker: Worker, store: Store, device: str) -> None:
    @app.post("/v1/jobs")
    async def add_job(request: Request) -> Response:
        data = await bodies.read_json(request)
        job = await run_in_threadpool(_make_job, data, store, device)
        if worker.waiting >= MAX_WAITING:
            crowd = Sentence("{count} jobs are waiting already; try again when some are done.", {"count": MAX_WAITING})
            return error(503, crowd)
        worker.submit(job)
        return JSONResponse({"id": job.id}, 202)

    @app.get("/v1/jobs/{identifier}")
    async def job_state(identifier: str) -> dict[str, Any]:
        job = _find(worker, identifier)
        return {"id": job.id, "state": job.state, **({"message": job.message} if job.message else {})}

    @app.delete("/v1/jobs/{identifier}", status_code=202)
    async def cancel_job(identifier: str) -> dict[str, Any]:
        job = _find(worker, identifier)
        job.cancel()
        return {"id": job.id}

    @app.patch("/v1/jobs/{identifier}", status_code=202)
    async def adjust_job(identifier: str, request: Request) -> Response:
        job = _find(worker, identifier)
        wish = await bodies.document(request, Wish)
        if job.state in FINISHED:
            return error(409, f"The job is {job.state}: there is nothing left to adjust.")
        adjustment = Adjustment(**dict(wish))
        adjustment.check(job.recipe)
        job.adjust(adjustment)
        return JSONResponse({"id": job.id}, 202)

    @app.get("/v1/jobs/{identifier}/events")
    async def job_events(identifier: str) -> Response:
        return _Watched(_find(worker, identifier))


def _make_job(data: bytes, store: Store, device: str) -> Job:
    """The job that a client describes; all that can be checked without computing is checked here."""
    try:
        document = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError) as exception:
        raise ReverieError("The job's description is not valid JSON.") from exception
    if not isinstance(document, dict) or set(document) != {"recipe", "content"}:
        raise ReverieError('A job is described as {"recipe": {…}, "content": "IMAGE_ID"}.')
    recipe = Recipe.parse(document["recipe"])
    resolve(recipe, device)
    content = store.get(str(document["content"]))
    if content is None:
        raise ReverieError("The content picture is not here (any more); send it again.", "content")
    pictures = {}
    for field, reference in recipe.references():
        stored = store.get(reference)
        if stored is None:
            raise ReverieError(
                "The picture “{picture}” is not here (any more); send it again.", field, picture=reference[:80]
            )
        pictures[reference] = stored
    return Job(recipe, content, pictures)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")  # Python's parser takes NaN and Infinity, which pass every range check


class _Watched(StreamingResponse):
    """The events of a job, as they happen. When the last reader goes before the job has ended, nobody is left who wants
    its result, and the job is cancelled: also when the reader went before the first line."""

    def __init__(self, job: Job) -> None:
        super().__init__(_stream(job), media_type="application/x-ndjson")
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
        events, serial, over = job.since(serial)
        if not events and time.monotonic() - told >= _ALIVE:
            events = [{"type": "alive"}]
        for event in events:
            told = time.monotonic()
            yield json.dumps(event) + "\n"
        if over:
            break
        await asyncio.sleep(_POLL)


def _add_result_calls(app: FastAPI, worker: Worker) -> None:
    @app.get("/v1/jobs/{identifier}/preview")
    def preview(identifier: str) -> Response:
        picture = _find(worker, identifier).preview
        if picture is None:
            raise HTTPException(404, "there is no preview yet")
        return Response(images.encode_png(picture), media_type="image/png")

    @app.get("/v1/jobs/{identifier}/result")
    def result(identifier: str, format: str = "npy") -> Response:
        job = _find(worker, identifier)
        if job.result is None:
            raise HTTPException(409, f"the job is {job.state} and has no result")
        if format == "png":
            return Response(images.encode_png(job.result), media_type="image/png")
        if format != "npy":
            raise HTTPException(422, "the format is npy or png")
        data = images.encode_npy(job.result, job.content.depth, job.content.channels)
        return Response(data, media_type="application/x-npy")


def _find(worker: Worker, identifier: str) -> Job:
    job = worker.get(identifier)
    if job is None:
        raise HTTPException(404, "there is no such job (any more)")
    job.asked = time.monotonic()
    return job
