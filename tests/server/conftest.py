"""A real uvicorn on a loopback port, and jobs whose length the test decides."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import requests
import uvicorn

from backend import images
from backend.engine.control import Adjustment
from backend.engine.events import Cancelled, Progress, Started
from backend.engine.render import Result
from backend.server.app import create_app
from backend.server.jobs import Worker

TOKEN = "right"


class Puppet:
    """Stands in for the engine, whose timing a test cannot control: reports an iteration every 20 ms until `go` is set
    or it is told to stop. `fail` is raised instead of a result."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.fail: Exception | None = None
        self.order: list[int] = []
        self.wishes: list[Adjustment] = []

    def __call__(self, recipe, content, pictures, *, device, report, stop, adjust) -> Result:
        self.order.append(recipe.seed)
        report(Started("cpu", "puppet", 100))
        for iteration in range(1, 1000):
            if stop():
                raise Cancelled
            wish = adjust()
            self.wishes += [wish] if wish else []
            if self.go.is_set() or (wish and wish.finish):
                break
            report(Progress(iteration, 1000, 8, 8, 1.0 / iteration, iteration / 1000, 1.0))
            time.sleep(0.02)
        if self.fail is not None:
            raise self.fail
        return Result(content, recipe, "puppet", "cpu", 0.1)


class Site:
    """The server's address, with the calls that the tests make most."""

    def __init__(self, port: int, puppet: Puppet) -> None:
        self.root = f"http://127.0.0.1:{port}/v1"
        self.port, self.puppet = port, puppet
        self.headers = {"Authorization": f"Bearer {TOKEN}"}

    def call(self, method: str, path: str, **options) -> requests.Response:
        return requests.request(method, self.root + path, headers=self.headers, timeout=20, **options)

    def add(self, array: np.ndarray | bytes) -> str:
        data = array if isinstance(array, bytes) else npy(array)
        answer = self.call("POST", "/images", data=data)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def submit(self, picture: str, **recipe) -> str:
        body = {"recipe": {"style": picture, **recipe}, "content": picture}
        answer = self.call("POST", "/jobs", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def state(self, job: str) -> str:
        return self.call("GET", f"/jobs/{job}").json()["state"]

    def wait(self, job: str, *states: str, seconds: float = 10) -> float:
        begun = time.monotonic()
        while self.state(job) not in states:
            assert time.monotonic() - begun < seconds, f"still {self.state(job)}"
            time.sleep(0.02)
        return time.monotonic() - begun

    def events(self, job: str) -> Iterator[dict]:
        with self.call("GET", f"/jobs/{job}/events", stream=True) as answer:
            for line in answer.iter_lines(chunk_size=1):
                yield json.loads(line)


def npy(array: np.ndarray) -> bytes:
    depth = {"uint8": "u1", "uint16": "u2", "float32": "f4"}[array.dtype.name]
    scale = {"u1": 255, "u2": 65535, "f4": 1}[depth]
    return images.encode_npy((array / np.float32(scale)).astype(np.float32), depth)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)


@pytest.fixture
def site() -> Iterator[Site]:
    puppet = Puppet()
    worker = Worker(puppet, "cpu")
    listening = socket.create_server(("127.0.0.1", 0))
    app = create_app(worker, token=TOKEN, device="cpu")
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield Site(listening.getsockname()[1], puppet)
    server.should_exit = True
    worker.close()
    thread.join(timeout=10)
