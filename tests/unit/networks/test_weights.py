"""Fetching weights from a server that misbehaves."""

from __future__ import annotations

import errno
import hashlib
import http.server
import io
import json
import pickle
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from filelock import FileLock
from reverie.cli.main import main
from reverie.engine import loaded
from reverie.errors import ReverieError
from reverie.events import Cancelled, Fetching
from reverie.networks import registry, vgg
from reverie.networks.network import IMAGENET
from reverie.networks.weights import catalogue, download, formats
from reverie.tools import atlas
from safetensors import safe_open

from tests.random_networks import random_state

BODY = bytes(range(256)) * 4000
NAME = "squeezenet1_1"


class Server(http.server.BaseHTTPRequestHandler):
    """Serves BODY in the way that the class attributes say."""

    protocol_version = "HTTP/1.1"
    drop_after: ClassVar[list[int]] = []  # bytes after which the connection breaks, one entry a request
    knows_ranges, status, body = True, 200, BODY
    ranges: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.ranges.append(wanted)
        if self.status != 200:
            self.send_error(self.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.knows_ranges else 0
        if start >= len(self.body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.body) - start))
        self.end_headers()
        part = self.body[start:]
        if self.drop_after:
            self.wfile.write(part[: self.drop_after.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        else:
            self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[type[Server]]:
    """A server on loopback, which the catalogue names as the place of one network's weights."""

    class Fresh(Server):
        drop_after: ClassVar[list[int]] = []
        ranges: ClassVar[list[str | None]] = []

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fresh)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{listening.server_port}/weights.pth"
    entry = replace(catalogue.CATALOGUE[NAME], url=url, sha256=hashlib.sha256(BODY).hexdigest())
    monkeypatch.setattr(catalogue, "CATALOGUE", {**catalogue.CATALOGUE, NAME: entry})
    monkeypatch.setattr(catalogue, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(download, "_FIRST_PAUSE", 0.0)
    monkeypatch.delenv("REVERIE_WEIGHTS", raising=False)
    yield Fresh
    listening.shutdown()
    listening.server_close()


def _left_behind(folder) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def test_a_download_is_whole_and_its_progress_told(server, tmp_path):
    told: list[tuple[int, int]] = []
    path = download.fetch(NAME, lambda here, total: told.append((here, total)))
    assert path.read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert _left_behind(tmp_path / "cache") == {path.name}
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


def cancelled_soon(seconds: float = 0.3) -> None:
    """Fetches, and asks to stop after a moment."""
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        loaded.fetch_weights(NAME, lambda event: None, lambda: time.monotonic() - begun > seconds)
    assert time.monotonic() - begun < 5, "without the order to stop it takes at least as long"


def test_a_fetch_is_stopped_while_nothing_comes(server, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        entry = replace(catalogue.CATALOGUE[NAME], url=f"http://127.0.0.1:{silent.getsockname()[1]}/weights.pth")
        monkeypatch.setattr(catalogue, "CATALOGUE", {NAME: entry})
        cancelled_soon()


def test_a_fetch_is_stopped_while_another_process_has_the_lock(server, tmp_path):
    (tmp_path / "cache").mkdir()
    with FileLock(tmp_path / "cache" / "squeezenet1_1-b8a52dc0.lock"):
        cancelled_soon()
    assert download.fetch(NAME).read_bytes() == BODY


def test_a_fetch_is_stopped_between_two_attempts(server, monkeypatch):
    monkeypatch.setattr(download, "_FIRST_PAUSE", 60.0)
    server.drop_after = [300_000]
    cancelled_soon()
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
    assert _left_behind(tmp_path / "cache") == set()


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


@pytest.fixture
def vgg_server(server, monkeypatch) -> tuple[type[Server], dict[str, torch.Tensor]]:
    """The same with VGG-16's file as published: all convolutions and a classifier (here a small one), in the format
    that PyTorch wrote at that time."""
    torch.manual_seed(0)
    state = {**vgg.VGG(16).state_dict(), "classifier.0.weight": torch.rand(300, 1000)}
    body = io.BytesIO()
    torch.save(state, body, _use_new_zipfile_serialization=False)
    server.body = body.getvalue()
    url = catalogue.CATALOGUE[NAME].url
    entry = replace(catalogue.CATALOGUE["vgg16"], url=url, sha256=hashlib.sha256(server.body).hexdigest())
    monkeypatch.setattr(catalogue, "CATALOGUE", {**catalogue.CATALOGUE, "vgg16": entry})
    return server, state


def test_of_a_download_only_what_is_used_is_kept(vgg_server, tmp_path):
    server, state = vgg_server
    server.drop_after = [1 << 20]
    path = download.fetch("vgg16")
    assert _left_behind(tmp_path / "cache") == {path.name} == {"vgg16-convolutions.safetensors"}
    assert catalogue.find("vgg16") == path
    convolutions = {name: value for name, value in state.items() if name.startswith("features.")}
    numbers = sum(value.numel() for value in convolutions.values())
    assert 2 * numbers < path.stat().st_size < 2 * numbers + 10_000
    assert "CC BY 4.0" in str(safe_open(path, "pt").metadata())
    network = registry.load("vgg16")
    assert network.layers == registry.NETWORKS["vgg16"].layers  # what is offered is there
    assert network.preprocessing == IMAGENET
    picture = torch.rand(1, 3, 48, 64)
    found = network.features(picture, ["relu5_3"])["relu5_3"]
    expected = vgg.build(16, convolutions, IMAGENET).features(picture, ["relu5_3"])["relu5_3"]
    assert float((found - expected).norm() / expected.norm()) < 1e-3


def test_a_cut_that_fails_loses_no_download(vgg_server, tmp_path, monkeypatch):
    def full(self, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_bytes", full)
        with pytest.raises(ReverieError, match=r"cannot be saved.*No space left"):
            download.fetch("vgg16")
    assert catalogue.find("vgg16") is None
    server, _ = vgg_server
    server.ranges.clear()
    path = download.fetch("vgg16")
    assert server.ranges == [f"bytes={len(server.body)}-"]  # only asked whether something is missing
    assert _left_behind(tmp_path / "cache") == {path.name}


def test_a_whole_file_of_ones_own_is_used_as_it_is(vgg_server, tmp_path, monkeypatch):
    server, _ = vgg_server
    own = tmp_path / "own" / "vgg16-397923af.pth"
    own.parent.mkdir()
    own.write_bytes(server.body)
    monkeypatch.setenv("REVERIE_WEIGHTS", str(own.parent))
    assert registry.load("vgg16").layers[-1] == "relu5_3"
    assert own.stat().st_size == len(server.body) and list(own.parent.iterdir()) == [own]


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (exec, ("raise SystemExit('ran code')",))

    (tmp_path / "a.pth").write_bytes(pickle.dumps(Evil()))
    torch.save({"a": Evil()}, tmp_path / "b.pth")
    for name in ("a.pth", "b.pth"):
        with pytest.raises(ReverieError, match="cannot be read"):
            formats.read(tmp_path / name, {})


def test_the_search_order(tmp_path, monkeypatch):
    folders = [tmp_path / name for name in ("bundled", "cache", "named")]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setattr(catalogue, "BUNDLED", folders[0])
    monkeypatch.setattr(catalogue, "cache", lambda: folders[1])
    monkeypatch.setenv("REVERIE_WEIGHTS", str(folders[2]))
    assert catalogue.find(NAME) is None
    for folder in reversed(folders):
        (folder / "squeezenet1_1-b8a52dc0.pth").touch()
        assert catalogue.find(NAME) == folder / "squeezenet1_1-b8a52dc0.pth"


def test_every_network_has_an_entry_in_the_catalogue():
    assert set(catalogue.CATALOGUE) == set(registry.NETWORKS)
    for entry in catalogue.CATALOGUE.values():
        if entry.url:
            assert entry.url.startswith("https://")
            assert len(entry.sha256) >= 8
        else:
            assert (catalogue.BUNDLED / entry.files[0]).is_file()
        assert entry.licence
