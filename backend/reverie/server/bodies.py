"""The bodies of requests: no longer than is allowed, and not waited for for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from reverie.validation import explained

MAX_JSON_BYTES = 1 << 20
STALLED = 30.0  # seconds without a byte of an upload
_QUIET, _PATIENCE = 0.3, 10.0  # seconds without a byte, and in all, for which a refused upload is read on

Document = TypeVar("Document", bound=BaseModel)


async def document(request: Request, kind: type[Document]) -> Document:
    """The document in a request's body. Raises ReverieError that names the first wrong field; 413, 408 as `read`."""
    data = await read_json(request)
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise explained(error.errors()[0]) from error


async def read_json(request: Request) -> bytes:
    """The body of a request that describes something; 413 for more than MAX_JSON_BYTES."""
    data = await read(request, MAX_JSON_BYTES)
    if data is None:
        raise HTTPException(413, f"a description has {MAX_JSON_BYTES >> 10} KiB at most")
    return data


async def read(request: Request, limit: int) -> bytes | None:
    """The body of a request, or None once it is known to be longer than `limit` bytes. 408 when it stops coming."""
    try:
        announced = int(request.headers.get("content-length", 0))
    except ValueError:
        announced = 0
    parts, size, stream = [], 0, request.stream()
    if announced > limit:
        await _drain(stream)
        return None
    while True:
        try:
            part = await asyncio.wait_for(anext(stream, None), STALLED)
        except asyncio.TimeoutError:
            raise HTTPException(408, f"nothing more of the body came for {STALLED:g} s; send it again") from None
        if part is None:
            break
        size += len(part)
        if size > limit:
            await _drain(stream)
            return None
        parts.append(part)
    return b"".join(parts)


async def _drain(stream: AsyncIterator[bytes]) -> None:
    """Reads on while the client sends what is refused. A connection closed with bytes unread is reset, and a reset
    throws away the answer before the client has read it."""
    end = time.monotonic() + _PATIENCE
    try:
        while time.monotonic() < end and await asyncio.wait_for(anext(stream, None), _QUIET) is not None:
            pass
    except asyncio.TimeoutError:
        pass  # it waits for the answer
