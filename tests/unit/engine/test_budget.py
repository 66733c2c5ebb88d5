"""Time budgets: how a job's time is spent."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from reverie import demo, run
from reverie.engine import memory, planning, pyramid
from reverie.engine.inputs import gather
from reverie.engine.pyramid import within
from reverie.engine.style_transfer import StyleTransfer
from reverie.engine.workspace import Workspace
from reverie.job import resolve
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe
from reverie.run import Run

from tests.small_job import SETTINGS, progress, render

pytestmark = pytest.mark.skipif(not registry.available(), reason="needs the weights of a network")


@pytest.fixture(scope="module")
def photo() -> Picture:
    return shrink_to(images.read(demo.content()), 160)


@pytest.fixture(scope="module")
def pictures() -> dict[str, Picture]:
    return {"strokes": shrink_to(images.read(demo.styles()["strokes"]), 160)}


def test_a_budget_is_kept_and_used(photo, pictures, monkeypatch):
    """By a clock that stands still while other programs have the processor."""
    monkeypatch.setattr(time, "monotonic", time.process_time)
    result, events = render(photo, pictures, budget=7)
    assert 0.9 * 7 < result.seconds < 1.1 * 7  # what is promised
    assert len({event.width for event in progress(events)}) > 1
    assert progress(events)[-1].fraction > 0.9


def test_a_download_takes_nothing_of_the_budget(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(run.time, "monotonic", lambda: now[0])
    clock = run.Clock(20)
    now[0] += 3
    with clock.stopped():
        now[0] += 500
    now[0] += 4
    assert (clock.elapsed, clock.left) == (7, 13)


def test_a_dream_with_a_budget_goes_as_far_as_one_without(photo, pictures):
    """However many iterations there is time for, and not as many as were planned."""
    settings = {"style": [], "dream": {"layer": "level4"}, "network": "reverie", "seed": 3}

    def moved(**recipe) -> float:
        result, _ = render(photo, pictures, **settings, **recipe)
        return float(np.sqrt(np.mean((result.picture - photo) ** 2)))

    assert moved(budget=3) == pytest.approx(moved(iterations=40), rel=0.3)


def test_a_plan_that_was_wrong_about_the_time_moves_a_dream_as_far():
    """Ten times fewer, or more, iterations than were planned: the steps still add up to the path."""
    for times in (0.1, 10):
        scale = pyramid.Scale(64, 64, 50, deadline=50.0)  # planned: a second an iteration
        moved, count, seconds = 0.0, 0, 1 / times
        while count == 0 or count * seconds < 50:
            moved += scale.share(100, count, moved, 50 - count * seconds, seconds)
            count += 1
        assert count == pytest.approx(50 * times, abs=1)
        assert moved == pytest.approx(0.5, rel=0.05)


def test_a_short_budget_gives_a_smaller_finished_picture():
    slow, fast = (within(10, each, 2, 2048, 1024, 128) for each in (2e-6, 2e-8))
    assert fast[-1].width == 2048
    assert slow[-1].width < 2048
    for plan in (slow, fast):
        assert [scale.deadline for scale in plan] == sorted(scale.deadline for scale in plan)
        assert plan[-1].deadline == pytest.approx(10)
        assert plan[0].iterations >= plan[-1].iterations >= 1


def test_getting_ready_is_planned_for():
    """Large or many styles take longer to look at than an iteration."""
    light, heavy = (within(10, 1e-7, preparation, 2048, 1024, 128) for preparation in (2, 60))
    assert heavy[-1].width < light[-1].width
    for plan, preparation in ((light, 2), (heavy, 60)):
        pixels = [scale.width * scale.height for scale in plan]
        needed = sum(each * (scale.iterations + preparation) for each, scale in zip(pixels, plan, strict=True)) * 1e-7
        assert needed == pytest.approx(10, rel=0.1)
        last = plan[-1].deadline - plan[-2].deadline
        assert last > pixels[-1] * preparation * 1e-7  # there is time left to paint at the last scale


def test_what_styles_take_to_look_at_is_measured(photo, pictures):
    """One of four times the size, with sixteen times the pixels; in units of an iteration, on a machine that does other
    things as well: so at least three times as long."""

    def preparation(scale: float) -> float:
        placement = memory.Placement(torch.device("cpu"), torch.float32, None)
        job = resolve(
            Recipe.parse({**SETTINGS, "style": {"image": "strokes", "scale": scale}, "network": "reverie"}), "cpu"
        )
        inputs = gather(job.recipe, photo, pictures, placement.device)
        load = lambda placement: registry.load("reverie").to(placement.device, placement.dtype)  # noqa: E731
        workspace, method = Workspace(job, inputs, placement, load, lambda event: None), StyleTransfer()
        method.prepare(workspace, Run())
        scales = pyramid.Scale(80, 60, 1), pyramid.Scale(160, 120, 1)
        return planning.speed(method, workspace, Run(), *scales)[1]

    assert preparation(4) > 3 * preparation(1)
