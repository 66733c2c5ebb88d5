"""Who may speak to the backend: whoever holds the token, from this machine, and no web page."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_OPEN = {"/v1/health"}


class Guard:
    """ASGI middleware. Refuses a foreign Host (a web page that lured the browser here by DNS rebinding), any Origin (a
    web page at all), and a wrong or missing token (other users of this machine)."""

    def __init__(self, app: ASGIApp, token: str, host: str) -> None:
        """`host` is the address that the server is bound to; it counts as a name of this machine."""
        self._app = app
        self._token = token
        self._hosts = _LOOPBACK | {host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Request(scope))
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, request: Request) -> JSONResponse | None:
        if urlsplit("//" + request.headers.get("host", "")).hostname not in self._hosts:
            return error(403, "Reverie's backend answers only to the name of this machine.")
        if "origin" in request.headers:
            return error(403, "Reverie's backend does not answer web pages.")
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.url.path not in _OPEN and not secrets.compare_digest(given.encode(), self._token.encode()):
            return error(401, "The token is wrong or missing. It changes with each start of the backend; try again.")
        return None


def error(status: int, message: str, field: str | None = None) -> JSONResponse:
    """The one form in which every failure is told."""
    return JSONResponse({"error": {"message": message, "field": field}}, status)
