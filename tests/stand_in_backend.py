"""A stand-in for the backend that speaks its protocol, to fail as a real one cannot be made to at will.

It computes nothing: the result is the content as it was sent. The plug-in's tests in GIMP use the real backend.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from reverie.plugin.shared import PROTOCOL
from reverie.plugin.shared.proof import proof

TOKEN = "secret"
FALSE = {"proof": "0" * 64}  # of one who does not know the token
PNG = b"\x89PNG so far"
HELD: dict[str, Any] = {"type": "held"}


def write_private(path: Path, text: str) -> None:
    """A file with a token, as the plug-in wants it: the user's alone."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


class StandIn(ThreadingHTTPServer):
    """`events` are those of every job but those in `others`, by their numbers from 0; without a last one of them, the
    connection drops in the middle. After HELD, a job runs until the connection is let go; an event that has "after"
    is told so many seconds later."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.health: Any = {"version": "9.9", "protocol": PROTOCOL}
        self.requests: list[tuple[str, str, str | None]] = []  # method, path and token
        self.slow = 0.0  # seconds before it answers what it is asked for
        self.events: list[dict[str, Any]] = []
        self.others: dict[int, list[dict[str, Any]]] = {}
        self.lines: list[bytes] | None = None  # what it says instead of events
        self.result: bytes | None = None  # instead of the content
        self.has_preview = True
        self.pictures: dict[str, bytes] = {}
        self.jobs: list[dict[str, Any]] = []

    @property
    def port(self) -> int:
        return self.server_address[1]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def log_message(self, *_: Any) -> None:
        pass

    def _note(self) -> None:
        self.server.requests.append((self.command, self.path.partition("?")[0], self.headers["Authorization"]))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _json(self, status: int, document: Any) -> None:
        self._answer(status, json.dumps(document).encode())

    def _refuse(self, status: int, message: str) -> None:
        self._json(status, {"error": {"message": message, "field": None}})

    def _allowed(self) -> bool:
        if self.headers["Authorization"] == f"Bearer {TOKEN}":
            return True
        self._refuse(401, "The token is wrong.")
        return False

    def do_GET(self) -> None:
        time.sleep(self.server.slow)
        self._note()
        path, _, nonce = self.path.partition("?nonce=")
        if path == "/v1/health":
            health = self.server.health
            if isinstance(health, dict):
                health = {"proof": proof(TOKEN, self.headers["Host"], nonce), **health}
            return self._answer(200, health) if isinstance(health, bytes) else self._json(200, health)
        if not self._allowed():
            return None
        if self.path.endswith("/events"):
            return self._stream()
        if self.path == "/v1/classes":
            return self._json(200, {"classes": ["tench", "goldfish"]})
        if self.path.endswith("/preview"):
            return self._answer(200, PNG) if self.server.has_preview else self._refuse(404, "There is no preview.")
        if not self.server.jobs:
            return self._refuse(404, "It knows no such thing.")
        content = self.server.pictures[self.server.jobs[-1]["content"]]
        return self._answer(200, content if self.server.result is None else self.server.result)

    def do_POST(self) -> None:
        self._note()
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if not self._allowed():
            return
        if self.path == "/v1/images":
            identifier = hashlib.sha256(body).hexdigest()
            self.server.pictures[identifier] = body
            self._json(201, {"id": identifier})
        elif self.path == "/v1/jobs":
            self.server.jobs.append(json.loads(body))
            self._json(202, {"id": "7"})
        elif self.path == "/v1/shutdown":
            self._json(202, {})
        else:
            self._refuse(404, "It knows no such thing.")

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.server.lines is not None:
            for line in self.server.lines:
                self.wfile.write(b"%x\r\n%s\n\r\n" % (len(line) + 1, line))
            self.close_connection = True
            return
        events = self.server.others.get(len(self.server.jobs) - 1, self.server.events)
        for event in events:
            while event is HELD:
                self._line({"type": "alive"})  # fails once nobody listens
                time.sleep(0.1)
            time.sleep(event.get("after", 0))
            if event["type"] == "done":
                event = {**event, "recipe": {**self.server.jobs[-1]["recipe"], **event["recipe"]}}
            self._line(event)
        if events[-1]["type"] in ("done", "failed", "cancelled"):
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def _line(self, event: dict[str, Any]) -> None:
        line = json.dumps(event).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))


@contextmanager
def running() -> Iterator[StandIn]:
    with StandIn() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
