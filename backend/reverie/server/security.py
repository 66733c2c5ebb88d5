"""Who may speak to the backend: whoever holds the token, from this machine, and no web page."""

from __future__ import annotations

import json
import secrets
import socket
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reverie.errors import Sentence

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ALL_ADDRESSES = {"0.0.0.0", "::"}
_OPEN = {"/v1/health"}


class Guard:
    """ASGI middleware. Refuses a foreign Host (a web page that lured the browser here by DNS rebinding), any Origin (a
    web page at all), and a wrong or missing token (other users of this machine)."""

    def __init__(self, app: ASGIApp, token: str, host: str) -> None:
        """`host` is the address that the server is bound to; it counts as a name of this machine. Another address than
        loopback takes a token chosen by the user; then the machine's own name counts too. Bound to all addresses, it
        is not known under which names others know this machine, and the token alone guards."""
        self._app = app
        self._token = token
        self._any_host = host in ALL_ADDRESSES
        self._hosts = _LOOPBACK | {host.lower()}
        if host.lower() not in _LOOPBACK:
            own = socket.gethostname().lower()
            self._hosts |= {own, f"{own}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Request(scope))
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _is_this_machine(self, request: Request) -> bool:
        if self._any_host:
            return True
        try:
            named = urlsplit("//" + request.headers.get("host", ""))
            server = request.scope.get("server")
            return named.hostname in self._hosts and (server is None or named.port in (None, server[1]))
        except ValueError:  # not even an address
            return False

    def _refusal(self, request: Request) -> Response | None:
        if not self._is_this_machine(request):
            return error(403, "Reverie's backend answers only to the name or address that it was started with.")
        if "origin" in request.headers:
            return error(403, "Reverie's backend does not answer web pages.")
        given, expected = request.headers.get("authorization", ""), f"Bearer {self._token}"
        if request.scope["path"] not in _OPEN and not secrets.compare_digest(given.encode(), expected.encode()):
            return error(
                401,
                Sentence("The token is wrong or missing. It changes with each start of the backend; try again."),
            )
        return None


def error(status: int, sentence: Sentence | str, field: str | None = None) -> Response:
    """The one form in which every failure is told."""
    sentence = Sentence(sentence) if isinstance(sentence, str) else sentence
    # Pure ASCII: a message that quotes what a client sent may hold lone surrogates, which UTF-8 cannot carry.
    text = json.dumps({"error": {**sentence.as_json(), "field": field}})
    # After 408 and 413 the rest of the body is not read, so nothing else can come over the same connection.
    headers = {"Connection": "close"} if status in (408, 413) else None
    return Response(text, status, headers, media_type="application/json")
