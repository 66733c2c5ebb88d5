"""A server of weights on loopback, for the tests of downloads."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest
from reverie.networks.weights import catalogue, download

BODY = bytes(range(256)) * 4000

NAME = "squeezenet1_1"


class Server(http.server.BaseHTTPRequestHandler):
    """Serves BODY in the way that the class attributes say."""

    protocol_version = "HTTP/1.1"
    drop_after: ClassVar[list[int]] = []  # bytes after which the connection breaks, one entry a request
    knows_ranges, status, body = True, 200, BODY
    ranges: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.ranges.append(wanted)
        if self.status != 200:
            self.send_error(self.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.knows_ranges else 0
        if start >= len(self.body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.body) - start))
        self.end_headers()
        part = self.body[start:]
        if self.drop_after:
            self.wfile.write(part[: self.drop_after.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        else:
            self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(name="server")
def server_fixture(tmp_path, monkeypatch) -> Iterator[type[Server]]:
    """A server on loopback, which the catalogue names as the place of one network's weights."""

    class Fresh(Server):
        drop_after: ClassVar[list[int]] = []
        ranges: ClassVar[list[str | None]] = []

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fresh)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{listening.server_port}/weights.pth"
    entry = replace(catalogue.CATALOGUE[NAME], url=url, sha256=hashlib.sha256(BODY).hexdigest())
    monkeypatch.setattr(catalogue, "CATALOGUE", {**catalogue.CATALOGUE, NAME: entry})
    monkeypatch.setattr(catalogue, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(download, "_FIRST_PAUSE", 0.0)
    monkeypatch.delenv("REVERIE_WEIGHTS", raising=False)
    yield Fresh
    listening.shutdown()
    listening.server_close()


def left_behind(folder) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}
