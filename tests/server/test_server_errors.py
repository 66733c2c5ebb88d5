"""What is not carried out is refused in one form, with the status and the headers that HTTP has for it."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import json

import httpx
import pytest
from live import backend, message, npy, small  # noqa: F401 (fixtures)
from reverie.server import store


def test_unknown_things_are_404_and_unknown_methods_405(backend):
    for path in ("/v1/jobs/x", "/v1/jobs/x/events", "/v1/jobs/x/preview", "/v1/jobs/x/result", "/v1/nothing"):
        message(backend.client.get(path), 404)
    message(backend.client.delete("/v1/jobs/x"), 404)
    message(backend.client.put("/v1/health"), 405)


def test_an_unforeseen_error_is_a_sentence_too(backend, small, monkeypatch):
    def broken(self, data):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(store.Store, "add", broken)
    says = message(backend.client.post("/v1/images", content=npy(small)), 500)
    assert "unexpected error" in says and "log is at" in says and "secret" not in says


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: out of memory")])
def test_too_little_memory_for_a_call_is_507_with_what_to_do(backend, small, monkeypatch, error):
    def broken(self, data):
        raise error

    monkeypatch.setattr(store.Store, "add", broken)
    says = message(backend.client.post("/v1/images", content=npy(small)), 507)
    assert says.startswith("There is not enough memory for a picture of this size. Choose a smaller one")


@pytest.mark.parametrize(
    ("call", "allowed"),
    [("PUT health", "GET"), ("PATCH jobs", "GET, POST"), ("POST jobs/x", "DELETE, GET, PATCH"), ("GET images", "POST")],
)
def test_a_method_that_there_is_not_is_answered_with_those_that_there_are(backend, call, allowed):
    method, path = call.split()
    answer = backend.client.request(method, f"/v1/{path}")
    message(answer, 405)
    assert answer.headers["allow"] == allowed


def test_a_missing_token_is_asked_for_by_its_scheme(backend):
    answer = httpx.get(f"http://127.0.0.1:{backend.port}/v1/jobs")
    message(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_half_a_character_in_a_request_does_not_break_the_refusal(backend):
    job = {"recipe": {"style": "a", "\ud800": 1}, "content": "a"}
    assert 'has characters that no text has: "?".' in message(
        backend.client.post("/v1/jobs", content=json.dumps(job)), 422, "recipe"
    )
