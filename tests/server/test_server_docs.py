"""What docs/http.md says is so."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from live import TOKEN, backend, running  # noqa: F401 (fixture)
from PIL import Image
from reverie import demo
from reverie.engine.render import render
from reverie.networks import registry

from tests import stand_in_backend

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
(CLIENT,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif(not registry.available(), reason="needs the weights of a network, and there are none here")
def test_the_client_paints_a_picture(tmp_path):
    assert sum(map(bool, CLIENT.splitlines())) <= 21
    for name, picture in (("photo", demo.content()), ("style", demo.styles()["ink"])):
        with Image.open(picture) as opened:
            opened.resize((96, 72)).save(tmp_path / f"{name}.jpg")

    def sketch(recipe, *words, **more):
        return render(recipe.model_copy(update={"detail": "sketch"}), *words, **more)

    with running(sketch) as backend:
        ready = {"host": "127.0.0.1", "port": backend.port, "token": TOKEN}
        (tmp_path / "ready.json").write_text(json.dumps(ready))
        ran = _run(tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"^\d+%$", ran.stdout, re.MULTILINE) and ran.stdout.endswith("\ndone\n")
    with Image.open(tmp_path / "painted.png") as painted, Image.open(tmp_path / "photo.jpg") as photo:
        assert painted.size == photo.size
        assert np.abs(np.asarray(painted, float) - np.asarray(photo, float)).mean() > 5


def test_the_client_shows_nothing_to_who_does_not_know_the_token(tmp_path):
    with stand_in_backend.running() as server:
        server.health.update(stand_in_backend.FALSE)
        ready = {"host": "127.0.0.1", "port": server.port, "token": TOKEN}
        (tmp_path / "ready.json").write_text(json.dumps(ready))
        ran = _run(tmp_path)
    assert (ran.returncode, ran.stderr) == (1, "What answers there is not Reverie's backend.\n")
    assert [(call, token) for *call, token in server.requests] == [(["GET", "/v1/health"], None)]


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", CLIENT]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_the_table_has_every_call_and_names_the_models_of_its_answers(backend):
    described = backend.client.get("/openapi.json").json()
    rows = dict(re.findall(r"^\| `(\w+ /v1/[^?`]+)[^`]*` \|(.*)$", PAGE, re.MULTILINE))
    calls = {
        f"{method.upper()} {path}".replace("{identifier}", "{id}"): json.dumps(call)
        for path, ways in described["paths"].items()
        for method, call in ways.items()
    }
    assert set(rows) == set(calls)
    for name, row in rows.items():
        for model in re.findall(r"`([A-Z]\w+[a-z])`", row):
            assert f"/schemas/{model}" in calls[name], (name, model)


def test_the_page_names_every_refusal_that_a_call_describes(backend):
    described = json.dumps(backend.client.get("/openapi.json").json()["paths"])
    statuses = {status for status in re.findall(r'"(\d{3})": ', described) if status >= "400"} - {"400"}  # broke off
    assert statuses <= set(re.findall(r"\b[45]\d\d\b", PAGE[PAGE.index("## Refusals") : PAGE.index("## The life")]))
