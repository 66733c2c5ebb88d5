"""A backend of one's own for each test: the real application under a real uvicorn, on a free loopback port."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from reverie.engine.result import Result
from reverie.events import Cancelled, Preview, Progress, Started
from reverie.recipe import Recipe
from reverie.run import Adjustment
from reverie.server.app import create_app
from reverie.server.lifecycle import _bind
from reverie.server.store import Store
from reverie.server.worker import Worker

TOKEN = "a-token-for-tests"
_A_LOOK = 0.02  # seconds that one counts for at most where something is waited for


class Controlled:
    """Stands in for the engine where a test decides when a job ends or how it fails; the real engine cannot be told."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.failures: list[Exception] = []
        self.seeds: list[int] = []
        self.wishes: list[Adjustment] = []
        self.moments = 0  # for which it has painted: hundredths of a second, longer ones where the machine is busy

    def __call__(self, recipe: Recipe, content, pictures, *, device, report, stop, adjust) -> Result:
        self.seeds.append(recipe.seed)
        report(Started("cpu", "stand-in", 10))
        report(Progress(1, 10, 8, 6, 1.5, 0.1, 9.0))
        report(Preview(content))
        if self.failures:
            raise self.failures.pop()
        while not self.release.wait(0.01):
            self.moments += 1
            if stop():
                raise Cancelled
            wish = adjust()
            self.wishes += [wish] if wish else []
            if wish and wish.finish:
                break
        return Result(content, recipe, "stand-in", "cpu", 0.5)


@dataclass
class Backend:
    client: httpx.Client
    port: int
    worker: Worker
    store: Store
    render: Controlled

    def upload(self, array: np.ndarray) -> str:
        answer = self.client.post("/v1/images", content=npy(array))
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def submit(self, content: str, **recipe: Any) -> str:
        answer = self.client.post("/v1/jobs", json={"recipe": {"style": content, **recipe}, "content": content})
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def state(self, job: str) -> str:
        return self.client.get(f"/v1/jobs/{job}").json()["state"]

    def wait(self, job: str, state: str, seconds: float = 5.0) -> None:
        until(lambda: self.state(job) == state, seconds, f"job to be {state}")


def npy(array: Any, *, pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=pickle)
    return buffer.getvalue()


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits for something. Where the machine is busy with other things, so that this process has not its turn, the
    clock stands still: as many looks are taken as elsewhere in that time."""
    left, before = seconds, time.monotonic()
    while not condition():
        assert left > 0, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)
        now = time.monotonic()
        left, before = left - min(now - before, _A_LOOK), now


class OwnClock:
    """Stands in for `time` and `asyncio` in modules of the backend: goes on where they sleep, which takes no time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
        self.now = time.monotonic()
        for module in modules:
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))
            if hasattr(module, "asyncio"):
                monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=self._sleep))

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def message(answer: httpx.Response, status: int, field: str | None = None) -> str:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "template", "values", "field"}
    assert error["field"] == field
    assert "Traceback" not in error["message"]
    return error["message"]


def raw(port: int, head: str, body: bytes = b"") -> bytes:
    """What the server answers to bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
            if b"\r\n\r\n" in answer:
                break
    return answer


def events(backend, job: str) -> list[dict]:
    with backend.client.stream("GET", f"/v1/jobs/{job}/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        return [json.loads(line) for line in answer.iter_lines()]


def kinds(told: list[dict]) -> list[str]:
    return [event["type"] for event in told if event["type"] != "alive"]


def listen(backend, job: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", backend.port))
    head = (
        f"GET /v1/jobs/{job}/events HTTP/1.1\r\nHost: 127.0.0.1:{backend.port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    )
    connection.sendall(head.encode())
    return connection


@contextmanager
def running(render: Any, **options: Any) -> Iterator[Backend]:
    """A backend; `options` are `create_app`'s."""
    worker, store = Worker(render, "cpu"), Store()
    listening = _bind("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(worker, store, token=TOKEN, device="cpu", **options),
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until(lambda: server.started, 10, "the server to start")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=20) as client:
            yield Backend(client, port, worker, store, render)
    finally:
        worker.close()
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def backend() -> Iterator[Backend]:
    with running(Controlled()) as backend:
        yield backend


@pytest.fixture
def small() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)
