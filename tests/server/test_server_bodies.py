"""Which descriptions of jobs are taken, and which field of the others is named."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import json

import pytest
from live import backend, message, small  # noqa: F401 (fixtures)
from reverie.server import bodies


@pytest.mark.parametrize(
    ("recipe", "field", "says"),
    [
        ({"strength": 2}, "strength", "must be at most 1, and is 2."),
        ({"strength": "much"}, "strength", "number"),
        ({"colour": "style"}, "colour", "no field"),
        ({"style": [{"image": "IMAGE", "scale": 99}]}, "style.0.scale", "must be at most 8, and is 99."),
        ({"style": ["IMAGE", "0" * 64]}, "style.1.image", "send it again"),
        ({"style": "/etc/passwd"}, "style.0.image", "send it again"),
        ({"network": "nonesuch"}, "network", "nonesuch"),
        ({"network": "\ud800"}, "network", ""),
        ({"style_layers": ["nonesuch"]}, "style_layers", "nonesuch"),
        ({"style": []}, "style", "at least one"),
        ({"method": "instant", "style": []}, "style", "at least one"),
        ({"method": "instant", "dream": {}}, "method", "nothing to dream of"),
        ({"method": "instant", "budget": 5}, "budget", "Painting in one pass has no use for “budget”; leave it out."),
        ({"method": "instant", "init": "IMAGE"}, "init", "Painting in one pass has no use for “init”; leave it out."),
        ({"method": "at once"}, "method", ""),
    ],
)
def test_a_wrong_recipe_is_refused_at_once_with_its_field(backend, small, recipe, field, says):
    image = backend.upload(small)
    recipe = {"style": image, **recipe}
    if isinstance(recipe["style"], list):
        recipe["style"] = [
            {**entry, "image": image} if isinstance(entry, dict) else entry.replace("IMAGE", image)
            for entry in recipe["style"]
        ]
    body = json.dumps({"recipe": recipe, "content": image})  # ASCII: lone surrogates travel as escapes
    answer = backend.client.post("/v1/jobs", content=body)
    assert says in message(answer, 422, field)
    assert backend.render.seeds == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff", b"[" * 100000, b'{"a":NaN}'])
def test_a_job_that_is_no_json_object_is_refused(backend, body):
    message(backend.client.post("/v1/jobs", content=body), 422)


@pytest.mark.parametrize(
    ("job", "field"),
    [
        ({"recipe": {"style": "a"}}, "content"),
        ({"content": "a"}, "recipe"),
        ({"recipe": 1, "content": "a"}, "recipe"),
        ({"recipe": {}, "content": "a"}, "style"),
        ({"recipe": {"style": "a", "seed": True}, "content": "a"}, "seed"),
        ({"recipe": {"style": "a", "strength": "1"}, "content": "a"}, "strength"),
        ({"recipe": {"style": "a"}, "content": 1}, "content"),
        ({"recipe": {"style": "a"}, "content": "a", "colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_with_a_job_is_named_by_its_field(backend, job, field):
    message(backend.client.post("/v1/jobs", json=job), 422, field)


def test_whole_numbers_may_have_a_decimal_point(backend, small):
    image = backend.upload(small)
    body = f'{{"recipe": {{"style": "{image}", "size": 512.0, "strength": 1}}, "content": "{image}"}}'
    assert backend.client.post("/v1/jobs", content=body).status_code == 202


def test_no_number_passes_as_a_number(backend, small):
    image = backend.upload(small)
    body = f'{{"recipe": {{"style": "{image}", "strength": NaN}}, "content": "{image}"}}'
    assert "JSON" in message(backend.client.post("/v1/jobs", content=body), 422)


def test_a_job_of_an_unknown_picture_is_refused(backend, small):
    image = backend.upload(small)
    answer = backend.client.post("/v1/jobs", json={"recipe": {"style": image}, "content": "0" * 64})
    assert "send it again" in message(answer, 422, "content")


@pytest.mark.parametrize("call", ["POST jobs", "POST estimate", "PATCH jobs/{job}"])
def test_a_description_that_is_too_long_is_refused(backend, small, call):
    method, path = call.format(job=backend.submit(backend.upload(small))).split()
    answer = backend.client.request(method, "/v1/" + path, content=bytes(bodies.MAX_JSON_BYTES + 1))
    assert "1024 KiB at most" in message(answer, 413)


@pytest.mark.parametrize(
    "body", [b"", b"[", b"null", b"[]", b"[" * 100000, b"\xff", b'{"recipe": {"style": {"style": {}}}']
)
@pytest.mark.parametrize("call", ["POST estimate", "PATCH jobs/{job}"])
def test_a_description_that_is_no_json_object_is_refused(backend, small, call, body):
    method, path = call.format(job=backend.submit(backend.upload(small))).split()
    assert "JSON" in message(backend.client.request(method, "/v1/" + path, content=body), 422)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"strength": 0}, "strength"),
        ({"strength": "much"}, "strength"),
        ({"strenght": 0.5}, "strenght"),
        ({"style_weights": [0]}, "style_weights.0"),
        ({"style_weights": [1, 2]}, "style_weights"),
        ({"dream_weights": [1]}, "dream_weights"),
        ({"dream_strength": 0.5}, "dream_strength"),
    ],
)
def test_a_wrong_adjustment_is_refused_with_its_field(backend, small, wish, field):
    job = backend.submit(backend.upload(small))
    answer = backend.client.patch(f"/v1/jobs/{job}", json=wish)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
