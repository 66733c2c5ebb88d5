"""Downloads of weights: whole, or taken up again, or refused."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from filelock import FileLock
from reverie.cli.main import main
from reverie.engine import loaded
from reverie.errors import ReverieError
from reverie.events import Cancelled, Fetching
from reverie.networks import registry
from reverie.networks.weights import catalogue, download
from reverie.tools import atlas

from tests.random_networks import random_state
from tests.unit.networks.weights_server import (
    BODY,
    NAME,
    left_behind,
    server_fixture,  # noqa: F401
)


@pytest.fixture
def silences(monkeypatch) -> list[float]:
    """For how many seconds a fetch has waited at a time until it looked up, each of which takes a hundredth here."""
    noted: list[float] = []

    class Brief(queue.Queue):
        def get(self, block=True, timeout=None):
            noted.append(timeout)
            return super().get(block, timeout / 100)

    monkeypatch.setattr(download.queue, "Queue", Brief)
    return noted


def is_cancelled_once(happened: Callable[[], object], silences: list[float]) -> None:
    """Fetches, and asks to stop when that has happened and nothing came for a while. Without the order it would go on,
    or end in something else; and it looks for the order several times a second."""
    told: list[int] = []

    def is_to_stop() -> bool:
        if not told and happened():
            told.append(len(silences))
        return bool(told) and len(silences) > told[0] + 3

    with pytest.raises(Cancelled):
        loaded.fetch_weights(NAME, lambda event: None, is_to_stop)
    assert max(silences) <= 0.25


def test_a_download_is_whole_and_its_progress_told(server, tmp_path):
    told: list[tuple[int, int]] = []
    path = download.fetch(NAME, lambda here, total: told.append((here, total)))
    assert path.read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert left_behind(tmp_path / "cache") == {path.name}
    assert catalogue.find(NAME) == path


def test_an_atlas_tells_of_the_download_and_of_its_tiles(server, tmp_path, monkeypatch, capsys):
    whole = io.BytesIO()
    torch.save(random_state(NAME), whole)
    server.body = whole.getvalue()
    digest = hashlib.sha256(server.body).hexdigest()
    monkeypatch.setitem(catalogue.CATALOGUE, NAME, replace(catalogue.CATALOGUE[NAME], sha256=digest))
    monkeypatch.setattr(atlas, "folder", lambda network, layer: tmp_path / "tiles")
    monkeypatch.setattr(atlas, "THOROUGH", atlas.Effort("thorough", (56,), 1, 0.03))
    output = tmp_path / "a.png"
    words = ["atlas", "--network", NAME, "--layer", "conv1", "--channels", "0-8", "-o", str(output)]
    assert main([*words, "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    fetching = [line for line in told if line["type"] == "fetching"]
    assert fetching[0]["licence"] and fetching[-1]["here"] == fetching[-1]["total"] == len(server.body)
    started, *progress, done = told[len(fetching) :]
    assert (started["type"], started["network"], started["iterations"]) == ("started", NAME, 9)
    assert [(line["type"], line["iteration"], line["iterations"]) for line in progress] == [
        ("progress", 8, 9),
        ("progress", 9, 9),
    ]
    assert done == {"type": "done", "output": str(output), "channels": 9}
    assert main(words) == 0
    assert "9 channels" in capsys.readouterr().err


def test_a_render_tells_of_the_download_and_stops_it(server):
    events: list[Fetching] = []
    with pytest.raises(Cancelled):
        loaded.fetch_weights(NAME, events.append, lambda: len(events) >= 2)
    assert [event.network for event in events] == [NAME, NAME]
    assert events[0].licence
    assert 0 < events[0].here < events[1].here < events[1].total == len(BODY)
    loaded.fetch_weights(NAME, events.append, lambda: False)
    assert catalogue.find(NAME) is not None


def test_a_fetch_is_stopped_while_nothing_comes(server, monkeypatch, silences):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        entry = replace(catalogue.CATALOGUE[NAME], url=f"http://127.0.0.1:{silent.getsockname()[1]}/weights.pth")
        monkeypatch.setattr(catalogue, "CATALOGUE", {NAME: entry})
        silent.setblocking(False)
        connected: list[object] = []

        def is_connected() -> bool:
            with contextlib.suppress(BlockingIOError):
                connected.append(silent.accept())
            return bool(connected)

        is_cancelled_once(is_connected, silences)


def test_a_fetch_is_stopped_while_another_process_has_the_lock(server, tmp_path, silences):
    (tmp_path / "cache").mkdir()
    with FileLock(tmp_path / "cache" / "squeezenet1_1-b8a52dc0.lock"):
        is_cancelled_once(lambda: True, silences)
    assert download.fetch(NAME).read_bytes() == BODY


def test_a_fetch_is_stopped_between_two_attempts(server, monkeypatch, silences):
    monkeypatch.setattr(download, "_FIRST_PAUSE", 60.0)
    server.drop_after = [300_000]
    pauses: list[float] = []

    class Noted(threading.Event):
        def wait(self, timeout=None):
            pauses.append(timeout)
            return super().wait(timeout)

    with monkeypatch.context() as noting:
        noting.setattr(download, "threading", SimpleNamespace(Event=Noted, Thread=threading.Thread))
        is_cancelled_once(lambda: pauses, silences)
    assert pauses == [60.0]
    server.ranges.clear()
    assert download.fetch(NAME).read_bytes() == BODY
    assert server.ranges[0] is not None, "what had come is kept"


def test_a_dropped_connection_is_taken_up_where_it_broke(server):
    server.drop_after = [300_000, 300_000]
    assert download.fetch(NAME).read_bytes() == BODY
    assert server.ranges[0] is None
    starts = [int(each.removeprefix("bytes=").rstrip("-")) for each in server.ranges[1:] if each]
    assert len(starts) == 2
    assert 0 < starts[0] < starts[1] < len(BODY)


def test_a_server_without_ranges_is_asked_for_everything_again(server):
    server.drop_after, server.knows_ranges = [300_000], False
    assert download.fetch(NAME).read_bytes() == BODY


def test_a_later_run_goes_on_with_what_an_earlier_one_left(server, monkeypatch):
    monkeypatch.setattr(download, "_ATTEMPTS", 1)
    server.drop_after = [700_000]
    with pytest.raises(ReverieError, match="Connect to the internet"):
        download.fetch(NAME)
    server.drop_after = []
    server.ranges.clear()
    assert download.fetch(NAME).read_bytes() == BODY
    assert server.ranges[0] is not None
    assert 0 < int(server.ranges[0].removeprefix("bytes=").rstrip("-")) < len(BODY)


def test_changed_bytes_are_never_used(server, tmp_path):
    server.body = BODY[:1000] + b"\0" + BODY[1001:]
    with pytest.raises(ReverieError, match="checksum"):
        download.fetch(NAME)
    assert left_behind(tmp_path / "cache") == set()


@pytest.mark.parametrize("status", [404, 500])
def test_a_refusal_is_told_with_what_to_do(server, status):
    server.status = status
    with pytest.raises(ReverieError) as caught:
        download.fetch(NAME)
    for word in (NAME, "REVERIE_WEIGHTS", "squeezenet1_1-b8a52dc0.pth"):
        assert word in caught.value.message


def test_no_server_at_all_is_told_with_what_to_do(server, monkeypatch):
    entry = replace(catalogue.CATALOGUE[NAME], url="http://127.0.0.1:9/weights.pth")
    monkeypatch.setattr(catalogue, "CATALOGUE", {NAME: entry})
    with pytest.raises(ReverieError, match="could not be fetched"):
        registry.load(NAME)


def test_a_folder_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ReverieError, match="cannot be saved"):
        download.fetch(NAME)
