"""How tasks are handed to workers, on a stand-in for Ray."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ray import exceptions
from reverie.cluster import connection, pool
from reverie.errors import ReverieError
from reverie.events import Started, Warning_

from tests.unit.cluster.stand_in import BrokenOff, Died, Ray


@pytest.fixture
def opened(monkeypatch):
    """Makes a pool of two workers on a stand-in, and gives both, with what it reports."""

    def make(script=None, most=9):
        ray, reported = Ray(script), []
        monkeypatch.setattr(pool, "ray", ray)
        monkeypatch.setattr(connection, "connect", lambda address, threads: None)
        monkeypatch.setattr(connection, "room", lambda device, threads: (2, {}))
        return pool.Cluster("here", "common", None, "cpu", most, reported.append), ray, reported

    return make


def _double(common: str, task: int, report) -> Iterator[tuple[str, int]]:
    yield common, task * 10
    yield common, task * 10 + 1


def _mapped(cluster, work, things, read=int) -> list[tuple[object, object]]:
    return list(cluster.map(work, things, read, lambda thing, event: None))


def test_every_task_gives_all_of_its_parts_and_two_are_under_way_at_most(opened):
    cluster, ray, _ = opened()
    read: list[int] = []

    def reads(thing: int) -> int:
        read.append(thing)
        assert ray.under_way < 2  # whoever is free asks for the next
        return thing

    with cluster:
        parts = _mapped(cluster, _double, range(7), reads)
        assert sorted(parts) == [(n, ("common", n * 10 + k)) for n in range(7) for k in (0, 1)]
        assert read == list(range(7)) and ray.most == 2 and ray.started == 2
        assert _mapped(cluster, _double, []) == []
        assert len(_mapped(cluster, _double, [8])) == 2 and ray.started == 2  # the same workers
    assert ray.killed == 2 and ray.is_shut_down


def test_no_more_workers_than_tasks_are_started(opened):
    cluster, ray, _ = opened(most=1)
    assert cluster.count == 1 and ray.started == 1


def test_what_cannot_be_read_or_done_is_told_in_its_place(opened):
    cluster, _, _ = opened()

    def reads(thing: int) -> int:
        if thing == 0:
            raise ReverieError("unread")
        return thing

    def work(common, task, report):
        yield ReverieError("undone") if task == 1 else task

    parts = dict(_mapped(cluster, work, range(3), reads))
    assert (parts[0].message, parts[1].message, parts[2]) == ("unread", "undone", 2)
    assert len(_mapped(cluster, work, [0], reads)) == 1


@pytest.mark.parametrize("end", [Died, BrokenOff])
def test_the_task_of_a_lost_worker_is_read_anew_and_given_to_another(opened, end):
    cluster, ray, reported = opened()
    read, dies = [], iter([True])

    def work(common, task, report):
        yield task
        if task == 1 and next(dies, False):
            raise end
        yield -task

    parts = _mapped(cluster, work, range(4), lambda thing: read.append(thing) or thing)
    assert sorted(read) == [0, 1, 1, 2, 3]
    assert sorted(part for _, part in parts) == [-3, -2, -1, 0, 0, 1, 1, 2, 3]
    assert ray.started == 3 and ray.killed == 1
    assert [type(event) for event in reported] == [Warning_]


def test_a_task_over_which_three_workers_die_is_given_up_and_the_others_are_done(opened):
    cluster, ray, reported = opened()

    def work(common, task, report):
        if task == 0:
            raise Died
        yield task

    parts = dict(_mapped(cluster, work, range(4)))
    assert parts[0].field == "content" and "3 workers died" in parts[0].message
    assert [parts[n] for n in (1, 2, 3)] == [1, 2, 3]
    assert ray.started == 2 + 3 and len(reported) == 3


def test_events_are_told_with_their_task(opened):
    cluster, _, _ = opened()
    event, told = Started("cpu", "none", 1), []
    work = lambda common, task, report: iter([event, task])  # noqa: E731
    assert list(cluster.map(work, [5], int, lambda *words: told.append(words))) == [(5, 5)]
    assert told == [(5, event)]


def test_what_nobody_foresaw_is_raised(opened):
    cluster, _, _ = opened()

    def work(common, task, report):
        raise exceptions.RayTaskError("carry_out", "a traceback", ValueError("oh"))
        yield

    with pytest.raises(exceptions.RayTaskError):
        _mapped(cluster, work, [1])


def test_where_no_worker_starts_it_is_said_why(opened):
    cluster, ray, _ = opened({number: Died() for number in range(9)})
    with pytest.raises(ReverieError, match="No worker can be started: The actor"):
        _mapped(cluster, _double, [1])
    assert ray.started == 2 + 2


def test_a_worker_that_fails_once_to_start_is_replaced(opened):
    cluster, ray, _ = opened({0: Died()})
    assert len(_mapped(cluster, _double, range(3))) == 6 and ray.started == 3


def test_another_version_is_refused_and_another_processor_is_told_once(opened):
    cluster, _, _ = opened({1: {"reverie": "0.0.1"}})
    with pytest.raises(ReverieError, match=r"has Reverie 0\.0\.1, and this one"):
        _mapped(cluster, _double, range(2))
    cluster, _, reported = opened({1: {"processor": "b"}})
    _mapped(cluster, _double, range(4))
    (warning,) = reported
    assert "a, PyTorch 2" in warning.message and "b, PyTorch 2" in warning.message
