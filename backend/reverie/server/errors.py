"""Every failure is told in one form: a sentence, what it is made of, and the field of the request that caused it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from typing_extensions import Self

from reverie.engine import memory
from reverie.errors import ReverieError, Sentence
from reverie.plugin.shared import places
from reverie.validation import explained

CHALLENGE = "Bearer"  # how to answer a 401: with the token


class Told(BaseModel):
    """A sentence in English, and apart what it is made of, for translation."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)  # of models that add to it

    message: str = Field(description="The sentence, or several: what happened, why, what to do.")
    template: str = Field(description="The sentence with {name} where the value of that name stands.")
    values: dict[str, str | int] = Field(description="What stands for each {name}.")

    @classmethod
    def of(cls, sentence: Sentence, **more: Any) -> Self:
        """Half a surrogate, which a path or what a client sent may hold and no JSON in UTF-8, becomes a “?”."""
        values = {
            name: _readable(value) if isinstance(value, str) else value for name, value in sentence.values.items()
        }
        return cls(message=_readable(str(sentence)), template=_readable(sentence.template), values=values, **more)


class Failure(Told):
    """What was wrong."""

    field: str | None = Field(
        description="What in the request caused it, such as “style.0.scale”, where one thing did."
    )


class Refusal(BaseModel):
    """The answer to a request that is not carried out: any status from 400."""

    error: Failure


_MEANINGS = {
    400: "The upload broke off.",
    401: "The token is wrong or missing.",
    403: "Not asked by the server's own name or address, or asked by a web page.",
    404: "There is no such thing (any more).",
    408: "The body stopped coming.",
    409: "Not in this state of the job.",
    413: "The body is too long.",
    422: "Something in the request is wrong; the error says what.",
    500: "An error that nobody foresaw; the log says more.",
    503: "Too many jobs wait, or too many pictures come at once.",
    507: "There is not enough memory.",
}
_HEADERS = {
    401: ("WWW-Authenticate", {"type": "string", "const": CHALLENGE}, "The scheme by which the token is sent."),
    503: ("Retry-After", {"type": "integer"}, "Seconds after which to try again."),
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a call, as its `responses` describe them."""
    described: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        described[status] = {"model": Refusal, "description": _MEANINGS[status]}
        if status in _HEADERS:
            name, schema, description = _HEADERS[status]
            described[status]["headers"] = {name: {"schema": schema, "required": True, "description": description}}
    return described


def refusal(
    status: int, sentence: Sentence | str, field: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """The answer to a request that is not carried out."""
    sentence = Sentence(sentence) if isinstance(sentence, str) else sentence
    body = Refusal(error=Failure.of(sentence, field=_readable(field) if field else field))
    if status in (408, 413):  # the rest of the body is not read, so nothing else can come over the same connection
        headers = {**(headers or {}), "Connection": "close"}
    return Response(body.model_dump_json(), status, headers, media_type="application/json")


def unexpected(exception: Exception) -> Sentence:
    """What a person is told of an error that nobody foresaw; the traceback is for the log alone."""
    return Sentence(
        "The backend hit an unexpected error ({name}). The log is at {log}; please report it.",
        {"name": type(exception).__name__, "log": places.log_file()},
    )


def add_handlers(app: FastAPI) -> None:
    """Has an application tell all its failures as refusals."""
    app.add_exception_handler(ReverieError, _wrong)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _broken_off)
    app.add_exception_handler(Exception, _unforeseen)


async def _wrong(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, ReverieError)
    return refusal(422, exception.sentence, exception.field)


async def _malformed(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, RequestValidationError)
    return await _wrong(request, explained(exception.errors()[0]))


async def _http(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, HTTPException)
    headers = dict(exception.headers or {})
    if exception.status_code == 405:
        headers["Allow"] = ", ".join(_methods(request))
    sentence = f"{request.method} {request.url.path}: {exception.detail}."
    return refusal(exception.status_code, sentence, headers=headers)


def _methods(request: Request) -> list[str]:
    """All that may be done with what the request names; the router tells those of the first call on that path alone."""
    scopes = {
        method: {**request.scope, "method": method} for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
    }
    routes = request.app.routes
    return [method for method, scope in scopes.items() if any(each.matches(scope)[0] is Match.FULL for each in routes)]


async def _broken_off(request: Request, exception: Exception) -> Response:
    return refusal(400, "The upload broke off.")  # hardly anybody is left to read it


async def _unforeseen(request: Request, exception: Exception) -> Response:
    if memory.is_exhausted(exception):
        return refusal(507, memory.NOT_ENOUGH)
    return refusal(500, unexpected(exception))  # uvicorn writes the traceback to the log


def _readable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
