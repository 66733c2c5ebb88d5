"""What schemathesis cannot make up: a job and a picture that exist, so that the calls about them succeed, too; and a
check of streams, of which it knows only one kind. `schemathesis run` of test_server_schemathesis.py loads it."""

from __future__ import annotations

import base64
import json
import os
import zlib

import jsonschema_rs
import schemathesis

JOB, PICTURE = os.environ["REVERIE_TEST_JOB"], os.environ["REVERIE_TEST_PICTURE"]
BYTES = base64.b64decode(os.environ["REVERIE_TEST_BYTES"])
FREE = ("strength", "seed", "size", "color", "detail", "total_variation")  # can be chosen whatever else is


@schemathesis.hook
def before_call(context, case, kwargs):
    """Has every second request that the schema allows name what exists."""
    drawn = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode("utf-8", "replace"))
    if case.meta is None or not case.meta.generation.mode.is_positive or drawn % 2:
        return
    if "identifier" in case.path_parameters:
        case.path_parameters["identifier"] = PICTURE if "/images/" in case.path else JOB
    if "layer" in case.path_parameters:
        case.path_parameters.update(name="auto", layer="auto")
        case.query["count"] = 1
    elif "name" in case.path_parameters:
        case.path_parameters["name"] = "udnie"
    if case.path.endswith("/images"):
        case.body = BYTES
    elif case.path.endswith("/jobs") and case.method.upper() == "POST":
        recipe = {name: value for name, value in case.body["recipe"].items() if name in FREE}
        case.body = {"recipe": {**recipe, "style": PICTURE}, "content": PICTURE}
    elif case.path.endswith("/lessons") and case.method.upper() == "POST":
        case.body = {**case.body, "picture": PICTURE}
    elif case.path.endswith("/estimate"):
        case.body = {**case.body, "recipe": {"style": "any", "network": "reverie", "size": 64}}


@schemathesis.check
def stream_conformance(ctx, response, case):
    """Every line of a stream is one of the events that the description of the call names."""
    media_type = response.headers.get("content-type", [""])[0].partition(";")[0]
    if media_type != "application/x-ndjson":
        return
    described = case.operation.schema.raw_schema
    answers = described["paths"][case.path][case.method.lower()]["responses"]
    item = answers["200"]["content"][media_type]["itemSchema"]
    validator = jsonschema_rs.Draft202012Validator({**item, "components": described["components"]})
    lines = response.content.splitlines()
    goes_on = "after" in (case.query or {}) or "Last-Event-ID" in (case.headers or {})
    assert lines or goes_on, "a stream without a line"
    for line in lines:
        problem = next(validator.iter_errors(json.loads(line)), None)
        assert problem is None, f"{line.decode()}: {problem}"
