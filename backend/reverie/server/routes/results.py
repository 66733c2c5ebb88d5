"""What a job has painted: the picture so far, and the finished one."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from reverie.pictures import images, npy
from reverie.server.bodies import BINARY
from reverie.server.errors import refusals
from reverie.server.routes.jobs import find
from reverie.server.worker import Worker


def router(worker: Worker) -> APIRouter:
    """The calls of this file."""
    calls = APIRouter(prefix="/jobs", tags=["jobs"])

    @calls.get(
        "/{identifier}/preview",
        summary="The picture so far",
        response_class=Response,
        responses={**refusals(404), 200: {"description": "A PNG.", "content": {"image/png": BINARY}}},
    )
    def preview(identifier: str) -> Response:
        picture = find(worker, identifier).preview
        if picture is None:
            raise HTTPException(404, "there is no preview yet")
        return Response(images.encode_png(picture), media_type="image/png")

    @calls.get(
        "/{identifier}/result",
        summary="The finished picture",
        response_class=Response,
        responses={
            **refusals(404, 409, 422),
            200: {
                "description": "A .npy array in the sample type and channels of the content, or a PNG.",
                "content": {"application/x-npy": BINARY, "image/png": BINARY},
            },
        },
    )
    def result(identifier: str, format: Literal["npy", "png"] = "npy") -> Response:
        job = find(worker, identifier)
        picture = job.result
        if picture is None and job.state == "done":
            raise HTTPException(404, "the result had to make way for later ones; submit the job again")
        if picture is None:
            raise HTTPException(409, f"the job is {job.state} and has no result")
        job.fetched = True
        if format == "png":
            return Response(images.encode_png(picture), media_type="image/png")
        return Response(npy.encode(picture, job.content.depth, job.content.channels), media_type="application/x-npy")

    return calls
