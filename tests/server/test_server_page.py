"""The page's files, and which web pages are answered. What the page does is in test_page_in_browser.py."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import httpx
import pytest
from live import TOKEN, Backend, Controlled, backend, message, running, small  # noqa: F401 (fixtures)
from reverie.errors import ReverieError
from reverie.server import lifecycle
from reverie.server.routes import page

FOREIGN = "https://studio.example"


@pytest.fixture(scope="module")
def own() -> Iterator[Backend]:
    with running(Controlled(), with_page=True) as backend:
        yield backend


@pytest.fixture(scope="module")
def open_to() -> Iterator[Backend]:
    with running(Controlled(), origins=[FOREIGN]) as backend:
        yield backend


def _anybody(backend: Backend, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{backend.port}{path}", headers=headers)


def test_there_is_no_page_unless_it_is_asked_for(backend):
    for path in ("/", "/page/main.js"):
        assert _anybody(backend, path).status_code == 401
        assert backend.client.get(path).status_code == 404


def test_the_page_needs_no_token_and_nothing_else_is_opened_by_it(own):
    assert "<h1>Reverie</h1>" in _anybody(own, "/").text
    for path in page.PATHS:
        assert _anybody(own, path).status_code == 200, path
    for path in ("/v1/presets", "/page/", "/page/nothing.js", "/page/..%2Fapp.py", "/page/../app.py", "/app.py"):
        message(_anybody(own, path), 401)
    assert "there is no such file" in message(own.client.get("/page/..%5Capp.py"), 404)


@pytest.mark.parametrize("path", sorted(page.PATHS))
def test_the_browser_is_told_to_run_nothing_else(own, path):
    answer = _anybody(own, path)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in str(policy)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    kind = {"css": "text/css", "js": "text/javascript", "json": "application/json", "svg": "image/svg+xml"}
    assert answer.headers["content-type"].startswith(kind.get(path.rpartition(".")[2], "text/html"))


def test_no_file_of_the_page_names_another_host_or_runs_what_stands_in_it(own):
    for path in sorted(page.PATHS - {"/page/de.json", "/page/fr.json"}):
        text = _anybody(own, path).text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|[\"'(]//", text), path
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", text), path
        if path == "/":
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", text)


def test_its_own_page_is_answered_and_no_other(own, small):
    address = f"http://127.0.0.1:{own.port}"
    assert own.client.post("/v1/presets", headers={"Origin": address}).status_code == 405, "it was let in"
    message(_anybody(own, "/v1/presets", Origin=address), 401)
    for origin in (FOREIGN, "null", f"http://127.0.0.1:{own.port + 1}", f"https://127.0.0.1:{own.port}"):
        assert "web pages" in message(own.client.get("/v1/presets", headers={"Origin": origin}), 403)
        assert "web pages" in message(own.client.get("/", headers={"Origin": origin}), 403)


def _preflight(backend: Backend, origin: str, **headers: str) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", **headers}
    return httpx.options(f"http://127.0.0.1:{backend.port}/v1/jobs", headers=asked)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_page_that_was_named_may_ask_and_read_the_answers(open_to, method):
    headers = {"Access-Control-Request-Headers": "authorization", "Access-Control-Request-Private-Network": "true"}
    told = _preflight(open_to, FOREIGN, **{"Access-Control-Request-Method": method}, **headers)
    assert told.status_code == 200
    assert told.headers["access-control-allow-origin"] == FOREIGN
    assert method in told.headers["access-control-allow-methods"]
    assert "Authorization" in told.headers["access-control-allow-headers"]
    assert told.headers["access-control-allow-private-network"] == "true"
    answer = open_to.client.get("/v1/classes", headers={"Origin": FOREIGN})
    assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == FOREIGN
    assert "Origin" in answer.headers["vary"]
    assert "Location" in answer.headers["access-control-expose-headers"]


def test_such_a_page_needs_the_token_and_can_read_that_it_does(open_to):
    refused = _anybody(open_to, "/v1/classes", Origin=FOREIGN)
    assert "token" in message(refused, 401)
    assert refused.headers["access-control-allow-origin"] == FOREIGN


def test_no_other_page_may_ask_besides_it(open_to):
    for origin in ("https://evil.example", "https://studio.example.evil.example", "http://studio.example", "null", "*"):
        for answer in (_preflight(open_to, origin), open_to.client.get("/v1/classes", headers={"Origin": origin})):
            assert "web pages" in message(answer, 403)
            assert "access-control-allow-origin" not in answer.headers
    rebound = _preflight(open_to, FOREIGN, Host="studio.example")
    assert "answers only to the name or address" in message(rebound, 403)
    assert _anybody(open_to, "/").status_code == 401, "it has no page of its own"


def test_no_page_is_told_what_it_may_ask_where_none_was_named(backend):
    assert "web pages" in message(_preflight(backend, FOREIGN), 403)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:7870/#token=a%20%2B%26"),
        ("::1", "http://[::1]:7870/#token=a%20%2B%26"),
        ("0.0.0.0", f"http://{socket.gethostname()}:7870/#token=a%20%2B%26"),
    ],
)
def test_the_pages_address_can_be_opened(host, address):
    assert lifecycle._page_address(host, 7870, "a +&") == address


@pytest.mark.parametrize(
    "origin",
    [
        "*", "null", "example.org", "https://", "https://example.org/", "https://example.org/page", "ftp://example.org",
        "https://Example.org", "https://me@example.org", "http://localhost:port", "file:///home",
    ],
)  # fmt: skip
def test_an_origin_that_no_browser_sends_is_a_sentence(tmp_path, origin):
    with pytest.raises(ReverieError, match="--allow-origin takes the origin of a web page, such as https://example"):
        lifecycle.serve(
            host="127.0.0.1", port=0, ready_file=tmp_path / "r.json", idle_exit=1, device="cpu", origins=[origin]
        )
    assert not list(tmp_path.iterdir())
