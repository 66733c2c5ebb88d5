"""Who may speak to the backend: whoever holds the token, from this machine, and no web page."""

from __future__ import annotations

import secrets
import socket
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reverie.errors import Sentence
from reverie.server.errors import CHALLENGE, refusal

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ALL_ADDRESSES = {"0.0.0.0", "::"}
_OPEN = {"/v1/health", "/openapi.json"}  # which tell nothing that is anybody's own


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
            return refusal(403, "Reverie's backend answers only to the name or address that it was started with.")
        if "origin" in request.headers:
            return refusal(403, "Reverie's backend does not answer web pages.")
        given, expected = request.headers.get("authorization", ""), f"Bearer {self._token}"
        if request.scope["path"] not in _OPEN and not secrets.compare_digest(given.encode(), expected.encode()):
            sentence = Sentence("The token is wrong or missing. It changes with each start of the backend; try again.")
            return refusal(401, sentence, headers={"WWW-Authenticate": CHALLENGE})
        return None
