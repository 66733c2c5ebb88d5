"""A quick job is painted between the iterations of others, and changes nothing of their pictures."""

# ruff: noqa: F811 - a test's argument is the fixture imported
from __future__ import annotations

import io
import threading

import numpy as np
import pytest
import torch
from live import Controlled, backend, events, message, running, small, until  # noqa: F401 (fixtures)
from reverie.engine import loaded
from reverie.engine.render import render
from reverie.server.routes import jobs as calls
from reverie.server.turns import Rank, Turns

USUAL, QUICK = 1, 2  # seeds, by which the stand-in knows them


def _submit(backend, image: str, *, quick: bool = False, **recipe: object) -> str:
    wanted = {"recipe": {"style": image, **recipe}, "content": image, "quick": quick}
    answer = backend.client.post("/v1/jobs", json=wanted)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


@pytest.fixture
def at_once():
    """A backend whose quick jobs are done at once, where others wait for `release`."""
    slow, quick = Controlled(), Controlled()
    quick.release.set()

    def either(recipe, *given, **more):
        return (quick if recipe.seed == QUICK else slow)(recipe, *given, **more)

    with running(either) as backend:
        backend.render = slow
        yield backend


def test_a_quick_job_does_not_wait_for_the_one_that_runs(at_once, small):
    image = at_once.upload(small)
    running_one, waiting = _submit(at_once, image, seed=USUAL), _submit(at_once, image, seed=USUAL)
    at_once.wait(running_one, "running")
    quick = _submit(at_once, image, seed=QUICK, quick=True)
    at_once.wait(quick, "done")
    assert [at_once.state(job) for job in (running_one, waiting)] == ["running", "queued"]
    assert events(at_once, quick)[0] == {"type": "queued", "position": 0, "number": 1}
    assert not at_once.worker.get(running_one).undisturbed  # estimates learn nothing from it
    at_once.render.release.set()
    at_once.wait(waiting, "done")
    assert at_once.worker.get(waiting).undisturbed


def test_one_that_is_not_quick_waits(at_once, small):
    image = at_once.upload(small)
    at_once.wait(_submit(at_once, image, seed=USUAL), "running")
    other = _submit(at_once, image, seed=QUICK)
    at_once.wait(_submit(at_once, image, seed=QUICK, quick=True), "done")  # and who comes first goes first
    assert at_once.state(other) == "queued"


def test_errands_are_run_between_iterations_too(at_once, small):
    image = at_once.upload(small)
    job = _submit(at_once, image, seed=USUAL)
    at_once.wait(job, "running")
    assert at_once.worker.errand(lambda: "done").result(timeout=5) == "done"
    assert at_once.state(job) == "running"


def test_a_job_that_makes_way_is_cancelled_all_the_same(backend, small):
    """The quick one has no end of its own here."""
    image = backend.upload(small)
    usual = _submit(backend, image, seed=USUAL)
    backend.wait(usual, "running")
    quick = _submit(backend, image, seed=QUICK, quick=True)
    backend.wait(quick, "running")
    for job in (usual, quick):
        backend.client.delete(f"/v1/jobs/{job}")
    for job in (usual, quick):
        backend.wait(job, "cancelled")


def test_an_errand_hears_that_the_job_which_made_way_for_it_is_to_end(backend, small):
    """Measuring for an estimate takes many seconds on a slow machine; nobody who gives a picture up waits for it: once
    the order to end is answered, the errand can hear of it, before the job itself does."""
    job = _submit(backend, backend.upload(small), seed=USUAL)
    backend.wait(job, "running")
    begun = threading.Event()

    def measure() -> str:
        begun.set()
        until(lambda: backend.worker.is_held_up, 5, "the errand to hear of it")
        return backend.worker.get(job).state

    errand = backend.worker.errand(measure)
    assert begun.wait(5) and not backend.worker.is_held_up
    backend.client.delete(f"/v1/jobs/{job}")
    assert backend.worker.is_held_up or errand.done()
    assert errand.result(timeout=10) == "running"
    backend.wait(job, "cancelled")


def test_a_large_picture_is_no_quick_job(backend, small, monkeypatch):
    monkeypatch.setattr(calls, "MOST_OF_QUICK", small.shape[0] * small.shape[1] - 1)
    image = backend.upload(small)
    wanted = {"recipe": {"style": image}, "content": image}
    answer = backend.client.post("/v1/jobs", json={**wanted, "quick": True})
    assert "at most one megapixel" in message(answer, 422, "quick")
    assert backend.client.post("/v1/jobs", json=wanted).status_code == 202


def test_the_picture_of_a_job_that_made_way_is_the_same():
    """Both draw random numbers, of which there is one sequence for the whole process."""
    picture = np.random.default_rng(3).integers(0, 256, (48, 64, 3), np.uint8)
    dream = {"style": [], "dream": [{"layer": "level4"}], "iterations": 30, "size": 64, "seed": USUAL}
    with running(render) as backend:
        image = backend.upload(picture)
        alone = _result(backend, _submit(backend, image, **dream))
        job = _submit(backend, image, **{**dream, "iterations": 31})
        until(lambda: backend.client.get(f"/v1/jobs/{job}").json()["state"] == "running", 5, "the job to run")
        other = _result(backend, job)
        assert not np.array_equal(alone, other)  # or nothing is told apart here
        loaded.forget_network()  # one that is built anew draws, too
        job = _submit(backend, image, **dream)
        quick = [_submit(backend, image, quick=True, init="noise", iterations=2, size=32, seed=k) for k in range(3)]
        beside = _result(backend, job)
        made_way = [backend.state(each) for each in quick]
    assert made_way == ["done"] * 3
    assert np.array_equal(alone, beside)


def _result(backend, job: str) -> np.ndarray:
    backend.wait(job, "done", 60)
    return np.load(io.BytesIO(backend.client.get(f"/v1/jobs/{job}/result").content))


def test_whoever_goes_first_waits_for_no_other_than_the_one_whose_turn_it_is():
    turns, order = Turns(), []

    def take(rank: Rank) -> None:
        with turns.taken(rank):
            order.append(rank.name)

    with turns.taken(Rank.USUAL):
        threads = [threading.Thread(target=take, args=(rank,)) for rank in reversed(Rank)]
        for thread, rank in zip(threads, reversed(Rank), strict=True):
            thread.start()
            until(lambda rank=rank: turns._waiting[rank] == 1, 5, "it to wait")
        turns.make_way(Rank.USUAL, torch.device("cpu"))
        order.append("the one that made way")
    for thread in threads:
        thread.join(5)
    assert order[0] == "QUICK" and order[3] == "PATIENT" and sorted(order[1:3]) == ["USUAL", "the one that made way"]
