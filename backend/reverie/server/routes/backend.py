"""What the backend says of itself, and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from reverie import __version__
from reverie import device as devices
from reverie.plugin.shared import PROTOCOL
from reverie.plugin.shared.proof import proof
from reverie.server.errors import refusals
from reverie.server.worker import Worker


class Memory(BaseModel):
    """Of the device, in bytes."""

    free: int
    total: int


class Health(BaseModel):
    """That the backend is there, and how it is."""

    version: str
    protocol: int = Field(description="Changes when an older client, or backend, would fail.")
    device: str
    memory: Memory
    queue: int = Field(description="Jobs that wait.")
    busy: bool = Field(description="Whether a job runs.")
    proof: str | None = Field(
        description="That it knows the token: HMAC-SHA256, hexadecimal, with the token as key, of the words “Reverie”, "
        "the Host of the request and its nonce, with spaces between; null without a nonce."
    )


class Nothing(BaseModel):
    """There is nothing to say."""


Nonce = Annotated[str | None, Query(pattern=r"^[\w-]{16,128}$", description="A number used once, in any writing.")]


def router(worker: Worker, device: str, token: str, shut_down: Callable[[], None]) -> APIRouter:
    """The calls of this file."""
    calls = APIRouter(tags=["backend"])
    chosen = devices.choose(device)

    @calls.get(
        "/health",
        summary="Whether it is there, and is who it says; the one call without a token",
        responses=refusals(422),
        openapi_extra={"security": []},
    )
    async def health(request: Request, nonce: Nonce = None) -> Health:
        return Health(
            version=__version__,
            protocol=PROTOCOL,
            device=devices.title(chosen),
            memory=Memory(**devices.memory(chosen)),
            queue=worker.waiting,
            busy=worker.busy,
            proof=None if nonce is None else proof(token, request.headers.get("host", ""), nonce),
        )

    @calls.post("/shutdown", status_code=202, summary="Ends the backend")
    async def shutdown() -> Nothing:
        shut_down()
        return Nothing()

    return calls
