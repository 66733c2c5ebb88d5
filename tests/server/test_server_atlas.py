"""The atlas over HTTP, with the bundled network: pictures as they are made, after the jobs, and not for nobody."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import base64
import json
import threading

import numpy as np
import pytest
from live import backend, small, until  # noqa: F401 (fixtures)
from reverie.networks import registry
from reverie.pictures import images
from reverie.server.routes import atlas as calls
from reverie.tools import atlas

PATH = "/v1/networks/reverie/layers/level2/atlas"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(atlas, "folder", lambda network, layer: tmp_path / network / layer)
    monkeypatch.setattr(atlas, "QUICK", atlas.Effort("quick", (56,), 2, 0.03))
    return tmp_path / "reverie" / "level2"


@pytest.fixture
def held(monkeypatch):
    """Makes tiles wait for `held.set()`, as a slow machine would."""
    go = threading.Event()
    original = atlas._dream

    def slow(network, layer, channels, effort, stop):
        while not go.wait(0.01) and not stop():
            pass
        return original(network, layer, channels, effort, stop)

    monkeypatch.setattr(atlas, "_dream", slow)
    return go


def lines(client, path=PATH):
    with client.stream("GET", path) as answer:
        assert answer.status_code == 200
        yield from map(json.loads, answer.iter_lines())


def test_all_channels_come_in_order_as_pictures_and_are_kept(backend, cache):
    events = [event for event in lines(backend.client) if event["type"] != "alive"]
    assert events[0] == {"type": "layer", "network": "reverie", "layer": "level2", "channels": len(events) - 2}
    assert [event["channel"] for event in events[1:-1]] == list(range(events[0]["channels"]))
    assert events[-1] == {"type": "done"}
    first, second = (images.decode(base64.b64decode(event["png"])) for event in events[1:3])
    assert first.shape == (atlas.SIDE, atlas.SIDE, 3)
    assert np.abs(first - second).max() > 0.1
    assert len(list(cache.iterdir())) == events[0]["channels"]


def test_a_part_is_made_alone(backend, cache):
    events = [event for event in lines(backend.client, PATH + "?first=3&count=2") if event["type"] == "tile"]
    assert [event["channel"] for event in events] == [3, 4]
    assert len(list(cache.iterdir())) == 2


def test_auto_is_what_a_dream_takes(backend, cache, monkeypatch):
    monkeypatch.setattr(registry, "default", lambda: "reverie")
    events = lines(backend.client, "/v1/networks/auto/layers/auto/atlas?count=1")
    layer = next(event for event in events if event["type"] == "layer")
    assert (layer["network"], layer["layer"]) == ("reverie", registry.spec("reverie").defaults.dream[0])


@pytest.mark.parametrize(
    ("path", "field", "says"),
    [
        ("networks/nonesuch/layers/level2/atlas", "network", "no network “nonesuch”"),
        ("networks/reverie/layers/level77/atlas", "layer", "Did you mean level7"),
        ("networks/reverie/layers/level2/atlas?count=0", "count", 'must be at least 1, and is "0".'),
    ],
)
def test_what_there_is_not_is_refused(backend, cache, path, field, says):
    answer = backend.client.get("/v1/" + path)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
    assert says in answer.json()["error"]["message"]


def test_a_network_that_would_have_to_be_fetched_is_refused(backend, cache, monkeypatch):
    monkeypatch.setattr(calls.catalogue, "find", lambda name: None)
    answer = backend.client.get(PATH)
    assert answer.status_code == 422
    assert "Dream with it once" in answer.json()["error"]["message"]


def test_a_job_goes_first_and_the_atlas_goes_on_beside_it(backend, cache, held, small):
    events = lines(backend.client, PATH + "?count=8")
    until(lambda: next(events)["type"] == "layer", 10, "the layer")
    job = backend.submit(backend.upload(small))  # while the first batch is being made
    backend.wait(job, "running", 2)
    assert not list(cache.iterdir())
    held.set()
    backend.render.release.set()
    assert [event["channel"] for event in events if event["type"] == "tile"] == list(range(8))
    backend.wait(job, "done", 5)


def test_when_the_reader_goes_the_work_ends(backend, cache, held):
    events = lines(backend.client)
    until(lambda: next(events)["type"] == "alive", 10, "a sign of life in the midst of the work")
    events.close()
    done = backend.worker.errand(lambda: True)  # waits behind the batch that was being made
    assert done.result(timeout=2)
    assert not list(cache.iterdir())


def test_a_failure_ends_the_stream_with_a_sentence_and_the_worker_lives(backend, cache, monkeypatch):
    def broken(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(atlas, "_dream", broken)
    last = list(lines(backend.client))[-1]
    assert last["type"] == "failed"
    assert "unexpected error" in last["message"] and "secret" not in last["message"]
    assert backend.worker.errand(lambda: 7).result(timeout=2) == 7
