"""Pictures come in."""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from reverie.errors import Sentence
from reverie.pictures import images
from reverie.pictures.picture import MAX_PIXELS
from reverie.pictures.resize import shrink_to
from reverie.server import bodies
from reverie.server.errors import refusal, refusals
from reverie.server.store import Store
from reverie.server.worker import Worker

MAX_PICTURE_BYTES = 16 * MAX_PIXELS + 4096  # float RGBA, and the header of the .npy
MAX_UPLOADS_BYTES = 1 << 31  # of those under way
_KINDS = ("octet-stream", "x-npy"), ("png", "jpeg", "tiff", "webp")
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A picture: a .npy array (u1, u2 or f4; height × width × 1 to 4 channels), or an image file. "
        "Which of them is seen from the bytes, whatever the Content-Type.",
        "content": {
            **{f"application/{kind}": bodies.BINARY for kind in _KINDS[0]},
            **{f"image/{kind}": bodies.BINARY for kind in _KINDS[1]},
        },
    }
}


class StoredPicture(BaseModel):
    """A picture that was sent."""

    id: str = Field(description="By which recipes and jobs name it: the sha256 of its bytes.")
    width: int
    height: int
    channels: int = Field(ge=1, le=4)


_Longest = Annotated[int, Query(ge=16, le=2048, description="Its longest side, in pixels, at most.")]


def router(worker: Worker, store: Store) -> APIRouter:
    """The calls of this file."""
    calls = APIRouter(tags=["pictures"])
    room = bodies.Room(MAX_UPLOADS_BYTES)
    one_at_a_time = threading.Lock()  # each unpacks a whole picture

    @calls.post(
        "/images",
        status_code=201,
        summary="Sends a picture",
        response_model=StoredPicture,
        responses=refusals(400, 408, 413, 422, 503),
        openapi_extra=_BODY,
    )
    async def add_image(request: Request) -> StoredPicture | Response:
        worker.touch()
        with room.share() as take:
            data = await bodies.read(request, MAX_PICTURE_BYTES, take)
            if data is None:
                sentence = "The picture has more than the accepted {most} MiB; reduce it first."
                return refusal(413, Sentence(sentence, {"most": MAX_PICTURE_BYTES >> 20}))
            stored = await run_in_threadpool(store.add, data)
        return StoredPicture(id=stored.id, width=stored.width, height=stored.height, channels=stored.channels)

    @calls.get(
        "/images/{identifier}/thumbnail",
        summary="A picture that was sent, upright and small, whatever format it has",
        response_class=Response,
        responses={**refusals(404, 422), 200: {"description": "A PNG.", "content": {"image/png": bodies.BINARY}}},
    )
    def thumbnail(identifier: str, longest: _Longest = 256) -> Response:
        worker.touch()
        stored = store.get(identifier)
        if stored is None:
            raise HTTPException(404, "there is no such picture (any more); send it again")
        with one_at_a_time:
            return Response(images.encode_png(shrink_to(images.decode(stored.data), longest)), media_type="image/png")

    return calls
