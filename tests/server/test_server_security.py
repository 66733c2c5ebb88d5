"""Who is let in, and what the refusals say."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from live import TOKEN, backend, message  # noqa: F401 (fixtures)
from reverie.server import store
from reverie.server.app import create_app
from reverie.server.worker import Worker


def test_health_needs_no_token(backend):
    answer = httpx.get(f"http://127.0.0.1:{backend.port}/v1/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"version", "protocol", "device", "memory", "queue", "busy"}
    assert answer.json()["protocol"] == 1 and answer.json()["busy"] is False and answer.json()["queue"] == 0


@pytest.mark.parametrize("given", [None, "Bearer wrong", TOKEN, "Bearer tökén".encode("latin-1")])
def test_every_other_call_needs_the_token(backend, given):
    headers = {"Authorization": given} if given else {}
    calls = ["GET networks", "POST images", "POST jobs", "GET jobs/x", "GET jobs/x/events", "GET jobs/x/preview"]
    for call in [*calls, "GET classes", "GET jobs/x/result", "DELETE jobs/x", "POST shutdown", "GET nothing"]:
        method, path = call.split()
        message(httpx.request(method, f"http://127.0.0.1:{backend.port}/v1/{path}", headers=headers), 401)


@pytest.mark.parametrize("host", ["evil.example:{port}", "127.0.0.1:1", "localhost.evil.example", "[", ""])
def test_a_foreign_host_is_refused(backend, host):
    answer = backend.client.get("/v1/health", headers={"Host": host.format(port=backend.port)})
    assert "answers only to the name or address" in message(answer, 403)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_this_machine_is_known_by_its_names(backend, host):
    assert backend.client.get("/v1/health", headers={"Host": f"{host}:{backend.port}"}).status_code == 200


def test_a_web_page_is_refused_with_and_without_token(backend):
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{backend.port}"):
        assert "web pages" in message(backend.client.get("/v1/networks", headers={"Origin": origin}), 403)
        assert "web pages" in message(backend.client.get("/v1/health", headers={"Origin": origin}), 403)


@pytest.mark.parametrize(
    ("bound", "named", "status"),
    [
        ("192.168.1.5", "192.168.1.5", 200),
        ("192.168.1.5", "localhost", 200),
        ("192.168.1.5", "{own}", 200),
        ("192.168.1.5", "{own}.local", 200),
        ("192.168.1.5", "evil.example", 403),
        ("127.0.0.1", "{own}", 403),
        ("GPU-box", "gpu-box", 200),
        ("0.0.0.0", "whatever.example", 200),
    ],
)
def test_a_backend_for_other_machines_answers_to_its_names(bound, named, status):
    """The application without its server, whose address would have to be another one of this machine."""
    worker = Worker(lambda *_, **__: None, "cpu")
    transport = httpx.ASGITransport(create_app(worker, store.Store(), token=TOKEN, device="cpu", host=bound))
    address = "http://" + named.format(own=socket.gethostname())

    async def ask() -> list[int]:
        async with httpx.AsyncClient(transport=transport, base_url=address) as client:
            answers = [
                await client.get("/v1/health"),
                await client.get("/v1/classes", headers={"Authorization": f"Bearer {TOKEN}"}),
                await client.get("/v1/classes"),
            ]
        return [answer.status_code for answer in answers]

    assert asyncio.run(ask()) == [status, status, 401 if status == 200 else 403]
    worker.close()
