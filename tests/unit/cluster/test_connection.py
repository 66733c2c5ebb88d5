"""Where a cluster is looked for, how many workers it has room for, and what is said where there is none."""

from __future__ import annotations

import json
import socket

import pytest
from reverie import cluster as clusters
from reverie.cli import main as command_line
from reverie.cluster import connection
from reverie.errors import ReverieError

from tests.unit.cli.without_painting import INK, PHOTO, _failure


@pytest.fixture
def nodes(monkeypatch):
    """Sets what Ray says of its machines."""

    def say(*machines: dict[str, float]) -> None:
        said = [{"Alive": True, "Resources": machine} for machine in machines]
        dead = {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}}
        monkeypatch.setattr(connection.ray, "nodes", lambda: [*said, dead])

    return say


@pytest.mark.parametrize(
    ("device", "threads", "expected"),
    [
        ("auto", 4, (3, {"num_gpus": 1, "num_cpus": 0})),  # of those without a graphics processor none is used
        ("cuda", 4, (3, {"num_gpus": 1, "num_cpus": 0})),
        ("cpu", 4, (6, {"num_cpus": 4})),
        ("cpu", 8, (2, {"num_cpus": 8})),
        ("cpu", 16, (1, {"num_cpus": 16})),
    ],
)
def test_a_worker_is_a_graphics_processor_or_as_many_threads_as_compute_here(nodes, device, threads, expected):
    nodes({"CPU": 16.0, "GPU": 2.0}, {"CPU": 7.0, "GPU": 1.0}, {"CPU": 4.0}, {"memory": 1.0})
    assert connection.room(device, threads) == expected


def test_without_room_it_is_said_what_to_do(nodes):
    nodes({"CPU": 4.0})
    with pytest.raises(ReverieError, match="OMP_NUM_THREADS"):
        connection.room("auto", 8)
    with pytest.raises(ReverieError, match="has a graphics processor") as error:
        connection.room("cuda", 4)
    assert error.value.field == "device"


@pytest.mark.parametrize("address", ["127.0.0.1:{port}", "nonsense", "127.0.0.1:"])
def test_where_no_cluster_answers_it_is_said_at_once(address, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(connection.ray, "init", lambda **_: pytest.fail("it would wait"))
    with pytest.raises(ReverieError, match="ray start --head") as error:
        connection.connect(address.format(port=port), 1)
    assert error.value.field == "cluster"


def test_without_ray_it_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(clusters._PACKAGES, "a_module_that_there_is_not", "ray")
    words = ["style", PHOTO, "--style", INK, "-o", str(tmp_path), "--cluster", "local", "--json"]
    assert command_line.main(words) == 1
    failed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "pip install ray" in failed["message"] and failed["field"] == "cluster"


@pytest.mark.parametrize(
    ("output", "more", "says"), [("a.png", [], "one machine"), (".", ["--estimate"], "not known beforehand")]
)
def test_what_a_cluster_is_not_for_is_refused(capsys, monkeypatch, tmp_path, output, more, says):
    monkeypatch.chdir(tmp_path)
    failed = _failure(capsys, "style", PHOTO, "--style", INK, "-o", output, "--cluster", "local", *more)
    assert says in failed["message"]
