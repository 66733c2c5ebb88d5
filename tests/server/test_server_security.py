"""Who is let in, and what the refusals say."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import asyncio
import hmac
import json
import re
import socket
from pathlib import Path

import httpx
import pytest
from live import TOKEN, backend, message, small  # noqa: F401 (fixtures)
from PIL import Image
from reverie.plugin.shared.client import Client
from reverie.server import store
from reverie.server.app import create_app
from reverie.server.worker import Worker

ROOT = Path(__file__).resolve().parents[2]


def test_health_needs_no_token(backend):
    answer = httpx.get(f"http://127.0.0.1:{backend.port}/v1/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"version", "protocol", "device", "memory", "queue", "busy", "proof"}
    assert answer.json()["protocol"] == 2 and answer.json()["busy"] is False and answer.json()["queue"] == 0


def test_it_proves_that_it_knows_the_token_to_whoever_asks(backend):
    """Written out here once more: clients in other languages do it by docs/http.md."""
    told = f"Reverie 127.0.0.1:{backend.port} 0123456789abcdef"
    expected = hmac.new(TOKEN.encode(), told.encode(), "sha256").hexdigest()
    address = f"http://127.0.0.1:{backend.port}/v1/health"
    assert httpx.get(address + "?nonce=0123456789abcdef").json()["proof"] == expected
    assert httpx.get(address + "?nonce=0123456789abcdeg").json()["proof"] != expected
    assert httpx.get(address).json()["proof"] is None
    assert Client("127.0.0.1", backend.port, TOKEN).health()["proved"]
    assert not Client("127.0.0.1", backend.port, TOKEN + "!").health()["proved"]


@pytest.mark.parametrize("nonce", ["", "short", "a b" * 8, "x" * 129])
def test_a_nonce_that_is_none_is_refused(backend, nonce):
    message(httpx.get(f"http://127.0.0.1:{backend.port}/v1/health", params={"nonce": nonce}), 422, "nonce")


@pytest.mark.parametrize(
    "given",
    [
        None,
        "Bearer wrong",
        TOKEN,
        "Bearer tökén".encode("latin-1"),
        f"Bearer {TOKEN}!",
        f"Bearer {TOKEN[:-1]}",
        "Bearer",
    ],
)
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
    for origin in ("https://evil.example", "null", "", f"http://127.0.0.1:{backend.port}"):
        assert "web pages" in message(backend.client.get("/v1/networks", headers={"Origin": origin}), 403)
        assert "web pages" in message(backend.client.get("/v1/health", headers={"Origin": origin}), 403)


RECIPES = [
    {"style": "{file}"},
    {"style": {"image": "{id}", "mask": "{file}"}},
    {"style": "{id}", "init": "{file}"},
    {"style": "{id}", "content_mask": "{file}"},
    {"style": [], "dream": {"guide": "{file}"}},
    {"fast": "{file}"},
    {"fast": "../{file}"},
    {"style": "{id}", "network": "{file}"},
    {"style": "{id}", "network": "../../{file}"},
    {"style": "{id}", "style_layers": ["{file}"]},
    {"style": "{id}", "before": {"content": "{file}", "result": "{id}"}},
]


def test_no_name_in_a_job_leads_to_a_file(backend, small, tmp_path):
    """Pictures go by the ids of what was sent, and all else by the names that there are."""
    file = tmp_path / "of-somebody-else.png"
    Image.fromarray(small).save(file)
    image = backend.upload(small)
    filled = [json.loads(json.dumps(recipe).replace("{id}", image).replace("{file}", str(file))) for recipe in RECIPES]
    for content, recipe in ((str(file), {"style": image}), *((image, recipe) for recipe in filled)):
        answer = backend.client.post("/v1/jobs", json={"recipe": recipe, "content": content})
        assert answer.status_code == 422, (recipe, answer.text)
    for call in ("networks/..%2F{}/layers/x/atlas", "styles/..%2F{}/thumbnail", "jobs/..%2F{}/result"):
        assert backend.client.get("/v1/" + call.format(file)).status_code in (404, 422)


def test_every_promise_of_the_page_about_security_has_its_test():
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| promised")]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`([\w/.]+\.py)::(\w+)`", row)
        assert named, row
        for file, test in named:
            assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), (file, test)


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
