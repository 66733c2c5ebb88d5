"""What the backend says of itself, and its end."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from pydantic import BaseModel, Field

from reverie import __version__
from reverie import device as devices
from reverie.plugin.shared import PROTOCOL
from reverie.server.worker import Worker


class Memory(BaseModel):
    """Of the device, in bytes."""

    free: int
    total: int


class Health(BaseModel):
    """That the backend is there, and how it is."""

    version: str
    protocol: int = Field(description="Changes when an older client would fail.")
    device: str
    memory: Memory
    queue: int = Field(description="Jobs that wait.")
    busy: bool = Field(description="Whether a job runs.")


class Nothing(BaseModel):
    """There is nothing to say."""


def router(worker: Worker, device: str, shut_down: Callable[[], None]) -> APIRouter:
    """The calls of this file."""
    calls = APIRouter(tags=["backend"])
    chosen = devices.choose(device)

    @calls.get("/health", summary="Whether it is there; the one call without a token", openapi_extra={"security": []})
    async def health() -> Health:
        return Health(
            version=__version__,
            protocol=PROTOCOL,
            device=devices.title(chosen),
            memory=Memory(**devices.memory(chosen)),
            queue=worker.waiting,
            busy=worker.busy,
        )

    @calls.post("/shutdown", status_code=202, summary="Ends the backend")
    async def shutdown() -> Nothing:
        shut_down()
        return Nothing()

    return calls
