"""The bodies of requests: no longer than is allowed, not waited for for ever, and what is in them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from reverie.errors import ReverieError
from reverie.validation import explained

MAX_JSON_BYTES = 1 << 20
TRY_AGAIN = 10  # seconds, for which who is refused for want of room is told to wait
STALLED = 30.0  # seconds without a byte of an upload
_QUIET, _PATIENCE = 0.3, 10.0  # seconds without a byte, and in all, for which a refused upload is read on

Document = TypeVar("Document", bound=BaseModel)


class Room:
    """How many bytes all uploads that are under way may hold together. One alone may be larger."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0

    @contextmanager
    def share(self) -> Iterator[Callable[[int], bool]]:
        """A function that takes room for that many bytes more, until the context is left; False when there is none."""
        own = 0

        def take(count: int) -> bool:
            nonlocal own
            if self._taken > own and self._taken + count > self._most:
                return False
            own += count
            self._taken += count
            return True

        try:
            yield take
        finally:
            self._taken -= own


BINARY = {"schema": {"type": "string", "format": "binary"}}  # how a picture's bytes are described


def described(model: type[BaseModel]) -> dict[str, Any]:
    """The body of a call that takes such a document, as its `openapi_extra` describes it."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


async def document(request: Request, model: type[Document]) -> Document:
    """The document in a request's body. Raises ReverieError that names the first wrong field; 413, 408 as `read`."""
    data = await read(request, MAX_JSON_BYTES)
    if data is None:
        raise HTTPException(413, f"a description has {MAX_JSON_BYTES >> 10} KiB at most")
    try:
        plain = json.loads(data, parse_constant=_no_number, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise ReverieError("The job's description is not valid JSON.") from error
    try:
        return model.model_validate(plain, strict=True)  # no text and no “true” for a number
    except ValidationError as error:
        raise _within_recipe(error) from error


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")  # Python's parser takes NaN and Infinity, which pass every range check


def _number(text: str) -> float | int:
    """JSON knows one kind of number: 512.0 is the whole number 512."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _within_recipe(error: ValidationError) -> ReverieError:
    """What is wrong, with fields of a recipe under the names that they have there: “style.0.scale”."""
    first = error.errors()[0]
    inside = first["loc"][:1] == ("recipe",) and (len(first["loc"]) > 1 or first["type"] == "value_error")
    return explained({**first, "loc": first["loc"][1:]} if inside else first)


async def read(request: Request, limit: int, take: Callable[[int], bool] = lambda count: True) -> bytes | None:
    """The body of a request, or None once it is known to be longer than `limit` bytes. 408 when it stops coming; 503
    when `take` finds no room for more of it."""
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
        if not take(len(part)):
            await _drain(stream)
            busy = "others send as many pictures as there is room for; try again when some are done"
            raise HTTPException(503, busy, {"Retry-After": str(TRY_AGAIN), "Connection": "close"})
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
