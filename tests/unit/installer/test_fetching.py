"""A large file of which a part is here is gone on with."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from reverie.installer import Failure, fetching
from reverie.installer.checksums import Wanted
from reverie.installer.environment import Environment

from tests.unit.installer.stand_ins import (
    checksum,
    clone_fixture,  # noqa: F401
    home_fixture,  # noqa: F401
    web_fixture,  # noqa: F401
    wheel,
)
from tests.unit.installer.test_zip_commands import pip, zip_folder_fixture  # noqa: F401

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the environment's Python is in bin/")
DATA = bytes(range(256)) * 4000  # about a megabyte


class Breaking(http.server.BaseHTTPRequestHandler):
    """Gives the server's `data`, and breaks off after as many bytes as its `most`, at first after those of its
    `course`, where None is a refusal; knows parts if it `knows_parts`."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.data)))  # type: ignore[attr-defined]
        self.end_headers()

    def do_GET(self) -> None:
        server: Any = self.server
        asked = self.headers.get("Range") if server.knows_parts else None
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        server.asked.append((unquote(self.path), begin))
        most = server.course.pop(0) if server.course else server.most
        if begin >= len(server.data) or most is None:
            self.send_error(416 if most else 503)
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(server.data) - begin))
        self.end_headers()
        self.wfile.write(server.data[begin:][:most])

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Breaking)
    made.data, made.most, made.knows_parts, made.asked, made.course = DATA, len(DATA), True, [], []
    made.address = f"http://127.0.0.1:{made.server_port}"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def fetch(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the server's file fetched; what is said of it, and the file that pip is told of."""
    monkeypatch.setattr(fetching, "LARGE", 1000)
    (tmp_path / "true").write_bytes(DATA)
    file = Wanted("torch", "2.13.0+cpu", f"{server.address}/torch-2.13.0%2Bcpu.whl", (checksum(tmp_path / "true"),))

    def fetch() -> tuple[list[str], Wanted]:
        said: list[str] = []

        def run(words: list[str | Path], here: int) -> None:
            done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True)
            said.extend(done.stdout.splitlines())

        (found,) = fetching.beforehand([file], tmp_path / "files", run)
        return said, found

    return fetch


def test_it_is_fetched_and_pip_takes_it_from_there(fetch: Any, server: Any, tmp_path: Path) -> None:
    said, found = fetch()
    here = tmp_path / "files" / "torch-2.13.0+cpu.whl"
    assert here.read_bytes() == DATA
    assert found.line == f"torch @ {here.as_uri()} --hash=sha256:{checksum(here)}"
    assert said[0] == "Downloading torch-2.13.0+cpu.whl (1.0 MB)"
    assert said[-1] == f"Progress {len(DATA)} of {len(DATA)}"
    assert fetch()[0] == [], "it is here"
    assert fetching.fetched([found], tmp_path / "files") == len(DATA), "and counts for what comes after it"
    assert server.asked == [("/torch-2.13.0+cpu.whl", 0)]


def test_a_part_that_is_here_is_not_fetched_again(fetch: Any, server: Any, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "torch-2.13.0+cpu.whl").write_bytes(DATA[:700_000])
    said, found = fetch()
    assert server.asked == [("/torch-2.13.0+cpu.whl", 700_000)]
    assert found.address.startswith("file:")
    assert int(said[1].split()[1]) > 700_000, "and counts as fetched"


def test_where_the_connection_breaks_off_it_is_gone_on_with(fetch: Any, server: Any) -> None:
    server.most = 300_000
    _, found = fetch()
    assert [begin for _, begin in server.asked] == [0, 300_000, 600_000, 900_000]
    assert found.address.startswith("file:")


def test_a_connection_that_is_lost_for_a_moment_is_waited_for(fetch: Any, server: Any) -> None:
    server.course = [300_000, 0]
    _, found = fetch()
    assert [begin for _, begin in server.asked] == [0, 300_000, 300_000]
    assert found.address.startswith("file:")


def test_who_refuses_is_not_waited_for(fetch: Any, server: Any, tmp_path: Path) -> None:
    server.course = [300_000, None]
    said, found = fetch()
    assert found.address.startswith("http:") and "503" in said[-1]
    assert (tmp_path / "files" / "torch-2.13.0+cpu.whl").stat().st_size == 300_000, "to be gone on with"


def test_a_server_that_knows_no_parts_gives_all_of_it_again(fetch: Any, server: Any, tmp_path: Path) -> None:
    server.knows_parts = False
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "torch-2.13.0+cpu.whl").write_bytes(b"\0" * 700_000)
    _, found = fetch()
    assert found.address.startswith("file:")
    assert (tmp_path / "files" / "torch-2.13.0+cpu.whl").read_bytes() == DATA


def test_another_file_is_left_to_pip_which_refuses_it(fetch: Any, server: Any, tmp_path: Path) -> None:
    server.data = b"x" + DATA[1:]
    _, found = fetch()
    assert found.address.startswith("http:")
    assert not (tmp_path / "files" / "torch-2.13.0+cpu.whl").exists(), "nor is it gone on with"


def test_what_does_not_come_is_left_to_pip(fetch: Any, server: Any) -> None:
    server.most = 0
    _, found = fetch()
    assert found.line.startswith("torch==2.13.0+cpu --hash=")
    assert len(server.asked) < 3, "who gets nowhere does not go on for long"


def test_a_set_up_that_was_broken_off_goes_on_with_the_half_of_a_file(
    zip_folder: Path,
    web: Any,
    tmp_path: Path,
    server: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Out of the zip, from a source that tells what a package needs before its file is fetched."""
    monkeypatch.setattr(fetching, "LARGE", 300)
    large = wheel(tmp_path, "large", "1")
    server.data = large.read_bytes()
    link = f"{server.address}/{large.name}#sha256={checksum(large)}"
    web.pages["/simple/large/"] = f'<a href="{link}" data-core-metadata="true">{large.name}</a>'.encode()
    metadata = b"Metadata-Version: 2.1\nName: large\nVersion: 1\n"
    monkeypatch.setattr(Breaking, "do_GET", _with_metadata(Breaking.do_GET, metadata))
    (zip_folder / "requirements.txt").write_text("large==1\ntorch==2.13.0\n")
    made = Environment(zip_folder)
    half = made.downloads / "files" / large.name
    server.course = [200, None, None]  # to the set-up, and to pip, which tries it in its own way
    with pytest.raises(Failure):
        made.ensure()
    assert half.read_bytes() == server.data[:200]
    assert "from an earlier try" not in capsys.readouterr().out
    server.asked.clear()
    made.ensure()
    assert [begin for path, begin in server.asked if path.endswith(".whl")] == [200]
    assert "MB are here from an earlier try, and are not fetched again." in capsys.readouterr().out
    assert made.fault("cpu") == ("", "") and not made.downloads.exists()


def _with_metadata(get: Any, metadata: bytes) -> Any:
    def do_get(self: Any) -> None:
        if not self.path.endswith(".metadata"):
            get(self)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(metadata)

    return do_get


def test_no_more_than_the_environment_is_left_of_a_failure(zip_folder: Path) -> None:
    (zip_folder / "requirements.txt").write_text("torch==2.13.0\nno-such-package==1\n")
    with pytest.raises(Failure):
        Environment(zip_folder).ensure()
    assert not (Environment(zip_folder).downloads / "files").exists()
