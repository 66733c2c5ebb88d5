"""Who may speak to the backend: whoever holds the token, from this machine, and no web page that was not named."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from reverie.errors import Sentence
from reverie.server.errors import CHALLENGE, refusal

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ALL_ADDRESSES = {"0.0.0.0", "::"}
_OPEN = {"/v1/health", "/openapi.json"}  # which tell nothing that is anybody's own


class Guard:
    """ASGI middleware. Refuses a foreign Host (a web page that lured the browser here by DNS rebinding), and any Origin
    (a web page at all) but those that are allowed."""

    def __init__(self, app: ASGIApp, host: str, origins: Collection[str], own_page: bool) -> None:
        """`host` is the address that the server is bound to; it counts as a name of this machine. Another address than
        loopback takes a token chosen by the user; then the machine's own name counts too. Bound to all addresses, it
        is not known under which names others know this machine, and the token alone guards. `origins` are allowed; so
        is that of the server itself where it has a page."""
        self._app = app
        self._origins, self._own_page = origins, own_page
        self._any_host = host in ALL_ADDRESSES
        self._hosts = _LOOPBACK | {host.lower()}
        if host.lower() not in _LOOPBACK:
            own = socket.gethostname().lower()
            self._hosts |= {own, f"{own}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        why = self._objection(Request(scope)) if scope["type"] == "http" else None
        if why is None:
            await self._app(scope, receive, send)
        else:
            await refusal(403, why)(scope, receive, send)

    def _objection(self, request: Request) -> str | None:
        if not self._is_this_machine(request):
            return "Reverie's backend answers only to the name or address that it was started with."
        if not self._is_allowed(request):
            return "Reverie's backend does not answer web pages but those that it was started with (--allow-origin)."
        return None

    def _is_this_machine(self, request: Request) -> bool:
        if self._any_host:
            return True
        try:
            named = urlsplit("//" + request.headers.get("host", ""))
            server = request.scope.get("server")
            return named.hostname in self._hosts and (server is None or named.port in (None, server[1]))
        except ValueError:  # not even an address
            return False

    def _is_allowed(self, request: Request) -> bool:
        origin = request.headers.get("origin")
        is_own = self._own_page and origin == f"http://{request.headers.get('host', '')}"
        return origin is None or is_own or origin in self._origins


class TokenCheck:
    """ASGI middleware. Refuses a wrong or missing token: other users of this machine."""

    def __init__(self, app: ASGIApp, token: str, open_paths: Collection[str]) -> None:
        """What is at `open_paths` is for everybody, too."""
        self._app, self._expected = app, f"Bearer {token}".encode()
        self._open = _OPEN | set(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._open or self._has_token(Request(scope)):
            await self._app(scope, receive, send)
            return
        sentence = Sentence("The token is wrong or missing. It changes with each start of the backend; try again.")
        answer = refusal(401, sentence, headers={"WWW-Authenticate": CHALLENGE})
        await answer(scope, receive, send)

    def _has_token(self, request: Request) -> bool:
        return secrets.compare_digest(request.headers.get("authorization", "").encode(), self._expected)
