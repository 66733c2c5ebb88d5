"""The description at /openapi.json, from which others make clients."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import json
import re

import httpx
import pytest
from live import backend, message  # noqa: F401 (fixtures)

JSON, STREAMS = "application/json", ("application/x-ndjson", "text/event-stream")
REFUSAL = {"$ref": "#/components/schemas/Refusal"}


@pytest.fixture
def described(backend):
    return httpx.get(f"http://127.0.0.1:{backend.port}/openapi.json").raise_for_status().json()


def calls(described):
    return {
        f"{method.upper()} {path}": call for path, ways in described["paths"].items() for method, call in ways.items()
    }


def test_it_tells_nobody_elses_page_and_everybody_else(backend):
    address = f"http://127.0.0.1:{backend.port}/openapi.json"
    assert httpx.get(address).status_code == 200
    message(httpx.get(address, headers={"Origin": "https://evil.example"}), 403)
    message(httpx.get(address, headers={"Host": "evil.example"}), 403)


def test_there_are_no_pages_that_load_scripts_from_elsewhere(backend):
    for path in ("/docs", "/redoc"):
        assert backend.client.get(path).status_code == 404


def test_every_call_has_a_line_a_group_and_a_name(described):
    groups = {tag["name"] for tag in described["tags"] if tag["description"]}
    names = [call["operationId"] for call in calls(described).values()]
    assert len(set(names)) == len(names) > 15
    for call in calls(described).values():
        assert re.fullmatch(r"\w+", call["operationId"])
        assert 5 < len(call["summary"]) < 80
        assert len(call["tags"]) == 1 and call["tags"][0] in groups


def test_every_call_but_one_needs_the_token(described):
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert described["security"] == [{"token": []}]
    assert [name for name, call in calls(described).items() if "security" in call] == ["GET /v1/health"]
    assert {name for name, call in calls(described).items() if "401" not in call["responses"]} == {"GET /v1/health"}


def test_what_needs_the_token_is_refused_without_it(backend, described):
    with httpx.Client(base_url=f"http://127.0.0.1:{backend.port}") as client:
        for name in calls(described):
            method, path = name.split()
            assert client.request(method, re.sub("{.*?}", "x", path)).status_code == (200 if "health" in path else 401)


def test_every_refusal_has_the_same_form(described):
    for call in calls(described).values():
        refused = {status: answer for status, answer in call["responses"].items() if int(status) >= 400}
        assert {"403", "500"} <= set(refused)
        assert [answer["content"][JSON]["schema"] for answer in refused.values()] == [REFUSAL] * len(refused)
    error = described["components"]["schemas"]["Failure"]
    assert set(error["required"]) == {"message", "template", "values", "field"}


def test_every_answer_is_a_named_model_a_picture_or_a_stream(described):
    for name, call in calls(described).items():
        for status, answer in call["responses"].items():
            assert answer["content"], (name, status)
            assert answer["description"] != "Successful Response", (name, status)
            for kind, content in answer["content"].items():
                if kind in STREAMS:
                    assert content["itemSchema"]["$ref"].endswith("Event")
                elif kind != JSON:
                    assert content["schema"] == {"type": "string", "format": "binary"}
                elif name != "GET /v1/recipe/schema" or status != "200":
                    assert "$ref" in content["schema"], (name, status)


def test_every_body_is_described(described):
    bodies = {name: call["requestBody"] for name, call in calls(described).items() if "requestBody" in call}
    models = {
        "POST /v1/jobs": "NewJob",
        "PATCH /v1/jobs/{identifier}": "Wish",
        "POST /v1/estimate": "Estimated",
        "POST /v1/lessons": "NewLesson",
    }
    assert set(bodies) == {*models, "POST /v1/images"}
    for name, model in models.items():
        assert bodies[name]["content"][JSON]["schema"]["$ref"].endswith(f"/{model}")
    assert {"application/octet-stream", "application/x-npy", "image/png"} <= set(bodies["POST /v1/images"]["content"])
    assert all(body["required"] for body in bodies.values())


def test_whatever_is_referred_to_is_there_and_nothing_else(described):
    named = set(re.findall(r"#/components/schemas/([\w-]+)", json.dumps(described)))
    assert named == set(described["components"]["schemas"])


def test_events_are_told_apart_by_their_type(described):
    schemas = described["components"]["schemas"]
    kinds = schemas["JobEvent"]["discriminator"]["mapping"]
    assert set(kinds) == {
        "alive", "queued", "fetching", "started", "progress", "preview", "warning", "done", "failed", "cancelled",
    }  # fmt: skip
    assert set(schemas["AtlasEvent"]["discriminator"]["mapping"]) == {"alive", "layer", "tile", "done", "failed"}
    for name in kinds.values():
        assert "type" in schemas[name.rpartition("/")[2]]["required"]
