"""Whoever listens where a backend was, or should be, gets no token and no picture."""

from __future__ import annotations

import http.client
import json
import random
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from reverie.installer import backend as installer
from reverie.plugin.shared import PROTOCOL, launcher
from reverie.plugin.shared.client import BackendError, Client
from reverie.plugin.shared.proof import proof

from tests.stand_in_backend import FALSE, TOKEN, running, write_private
from tests.unit.plugin.launched import home_fixture, install, script, write_ready  # noqa: F401

PICTURE = b"a picture that is nobody else's"
CALLS: list[Callable[[Client], Any]] = [
    lambda client: client.add_picture(PICTURE),
    lambda client: client.submit({"style": "of a secret place"}, "content"),
    lambda client: list(client.events("7")),
    lambda client: client.result("7"),
    lambda client: client.preview("7"),
    lambda client: client.estimate({"style": "of a secret place"}, 8, 8, {}),
    lambda client: client.networks(),
    lambda client: list(client.atlas("auto", "auto")),
    lambda client: client.shut_down(),
]
UNPROVED = [FALSE, {"proof": None}, {"proof": ""}, {"proof": 7}, {"proof": "é" * 64}, {"proof": [TOKEN]}]


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_does_not_know_the_token_hears_of_nothing(call):
    with running() as server:
        for health in UNPROVED:
            server.health.update(health)
            client = Client("127.0.0.1", server.port, TOKEN)
            assert not client.health()["proved"]
            with pytest.raises(BackendError, match="is not Reverie's backend"):
                call(client)
        assert set(server.requests) == {("GET", "/v1/health", None)}
        assert not server.pictures and not server.jobs


@contextmanager
def answering(answer: Callable[[Any], None]) -> Iterator[tuple[int, list[str]]]:
    """A server of one's own making: its port, and all heads of requests that it has seen."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append(f"{self.requestline} {self.headers}")
            answer(self)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server.server_address[1], seen
        server.shutdown()


def say(handler: BaseHTTPRequestHandler, document: object, **headers: str) -> None:
    body = json.dumps(document).encode()
    handler.send_response(200)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.mark.parametrize("keep_host", [True, False])
def test_the_question_cannot_be_passed_on_to_the_true_backend(keep_host):
    """To another port than the client asked: the proof is of the name by which the backend was asked."""
    with running() as true:

        def pass_on(handler: BaseHTTPRequestHandler) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", true.port)
            host = handler.headers["Host"] if keep_host else f"127.0.0.1:{true.port}"
            connection.request("GET", handler.path, headers={"Host": host})
            health = json.loads(connection.getresponse().read())
            if keep_host:  # which the true one refuses, see test_server_security; the stand-in does not
                health["proof"] = None
            say(handler, health)

        with answering(pass_on) as (port, seen), pytest.raises(BackendError, match="is not Reverie's backend"):
            Client("127.0.0.1", port, TOKEN).add_picture(PICTURE)
        assert len(seen) == 1 and TOKEN not in seen[0]


def test_an_answer_heard_before_proves_nothing():
    with running() as true:
        connection = http.client.HTTPConnection("127.0.0.1", true.port)
        connection.request("GET", "/v1/health?nonce=" + 32 * "0")
        heard = json.loads(connection.getresponse().read())
    told = pytest.raises(BackendError, match="is not Reverie's backend")
    with answering(lambda handler: say(handler, heard)) as (port, seen), told:
        Client("127.0.0.1", port, TOKEN).add_picture(PICTURE)
    assert TOKEN not in "".join(seen)


def test_an_answer_heard_on_the_same_port_proves_nothing():
    """A backend answers truly, and ends; whoever has heard it takes its port, and says the same."""
    heard: list[object] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        nonce = handler.path.partition("?nonce=")[2]
        if not heard:
            heard.append({"protocol": PROTOCOL, "proof": proof(TOKEN, handler.headers["Host"], nonce)})
        say(handler, heard[0])

    with answering(answer) as (port, seen):
        client = Client("127.0.0.1", port, TOKEN)
        assert client.health()["proved"]
        assert not client.health()["proved"] and not Client("127.0.0.1", port, TOKEN).health()["proved"]
        with pytest.raises(BackendError, match="is not Reverie's backend"):
            client.add_picture(PICTURE)
    assert TOKEN not in "".join(seen)


def test_no_question_is_asked_twice():
    asked = []
    with answering(lambda handler: (asked.append(handler.path), say(handler, FALSE))) as (port, _):
        for _ in range(10):
            random.seed(0)  # whatever a program may have been started with
            Client("127.0.0.1", port, TOKEN).health()
    nonces = [path.partition("?nonce=")[2] for path in asked]
    assert len(set(nonces)) == 10 and all(re.fullmatch("[0-9a-f]{32}", nonce) for nonce in nonces)
    assert len({nonce[place : place + 8] for nonce in nonces for place in (0, 8, 16, 24)}) == 40  # all of it is drawn


def test_what_was_proved_holds_for_that_connection_alone():
    """A backend that closes the connection after its proof; another program may have its port a moment later."""

    def prove_and_close(handler: BaseHTTPRequestHandler) -> None:
        nonce = handler.path.partition("?nonce=")[2]
        health = {"protocol": PROTOCOL, "proof": proof(TOKEN, handler.headers["Host"], nonce)}
        say(handler, health, Connection="close")

    told = pytest.raises(BackendError, match="The connection to the backend broke")
    with answering(prove_and_close) as (port, seen), told:
        Client("127.0.0.1", port, TOKEN).add_picture(PICTURE)
    assert len(seen) == 1 and TOKEN not in seen[0]


def test_a_server_that_never_stops_talking_is_not_listened_to_without_end():
    def talk(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        handler.wfile.write(b"[" * (1 << 20))

    with answering(talk) as (port, _), pytest.raises(BackendError):
        Client("127.0.0.1", port, TOKEN).health()


def test_the_launcher_and_the_installer_show_it_nothing(home, monkeypatch):
    monkeypatch.setattr(launcher, "PATIENCE", 0.5)
    install(home, script(home, "echo started anew; exit 1"))
    with running() as server:
        server.health.update(FALSE)
        write_ready(home, server.port)
        with pytest.raises(BackendError, match="started anew"):
            launcher.connect()
        assert installer.health(installer.ready()) is None
        assert installer.stop() is False
        write_private(home / "settings.json", json.dumps({"host": "localhost", "port": server.port, "token": TOKEN}))
        with pytest.raises(BackendError, match=r"does not know the token in “.*settings.json”, so it was shown"):
            launcher.connect()
        assert set(server.requests) == {("GET", "/v1/health", None)}


@pytest.mark.skipif(sys.platform == "win32", reason="the modes of Windows say nothing of who may read")
@pytest.mark.parametrize("name", ["ready.json", "settings.json"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_file_with_the_token_that_others_may_read_or_change_is_not_used(home: Path, name, mode):
    install(home, "/nowhere/python")
    with running() as server:
        write_ready(home, server.port, name)
        (home / name).chmod(mode)
        with pytest.raises(BackendError, match=rf"others than you may read or change it.*chmod 600 \"{home}/{name}\""):
            launcher.connect()
        assert not server.requests
        (home / name).chmod(0o600)
        assert launcher.connect().health()["proved"]
