"""Time budgets, changes while a job runs, and what happens when memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from reverie import demo, run
from reverie.engine import balance, loaded, memory, planning, pyramid, style_transfer, weighting
from reverie.engine import render as engine
from reverie.engine.inputs import Inputs, Look, gather
from reverie.engine.objective import Objective
from reverie.engine.pyramid import within
from reverie.engine.style_transfer import StyleTransfer
from reverie.engine.workspace import Workspace
from reverie.errors import ReverieError, Sentence
from reverie.events import Event, Progress, Warning_
from reverie.job import resolve
from reverie.networks import registry, weights
from reverie.pictures import images
from reverie.pictures.canvas import MARGIN
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe
from reverie.run import Adjustment, Run

from tests.random_networks import random_network

SETTINGS = {"style": "strokes", "size": 160, "smallest": 64, "iterations": 40, "precision": "float32"}
pytestmark = pytest.mark.skipif(not registry.available(), reason="needs the weights of a network")


@pytest.fixture(scope="module")
def photo() -> images.Picture:
    return shrink_to(images.read(demo.content()), 160)


@pytest.fixture(scope="module")
def pictures() -> dict[str, images.Picture]:
    return {"strokes": shrink_to(images.read(demo.styles()["strokes"]), 160)}


def _render(photo, pictures, adjust: Callable[[], Adjustment | None] = lambda: None, **recipe):
    events: list[Event] = []
    document = Recipe.parse({**SETTINGS, **({"iterations": None} if "budget" in recipe else {}), **recipe})
    return engine.render(document, photo, pictures, device="cpu", report=events.append, adjust=adjust), events


def _progress(events: list[Event]) -> list[Progress]:
    return [event for event in events if isinstance(event, Progress)]


def test_a_budget_is_kept_and_used(photo, pictures):
    result, events = _render(photo, pictures, budget=7)
    assert 0.9 * 7 < result.seconds < 1.1 * 7  # what is promised
    assert len({event.width for event in _progress(events)}) > 1
    assert _progress(events)[-1].fraction > 0.9


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
        result, _ = _render(photo, pictures, **settings, **recipe)
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


def test_finishing_early_keeps_what_there_is(photo, pictures):
    wishes = iter([None] * 6 + [Adjustment(finish=True)])
    result, events = _render(photo, pictures, lambda: next(wishes, None), iterations=4000)
    assert len(_progress(events)) < 10
    assert result.picture.shape == photo.shape
    assert np.abs(result.picture - photo).mean() > 0.01


def test_strength_changes_while_it_runs(photo, pictures):
    """Turned down in the first iterations, the picture ends like one that was weak from the start."""

    def turned_to(strength: float) -> images.Picture:
        wishes = iter([None, Adjustment(strength=strength)])
        result, _ = _render(photo, pictures, lambda: next(wishes, None), strength=0.5)
        assert result.recipe.strength == strength
        return result.picture

    weak, _ = _render(photo, pictures, strength=0.05)
    strong, _ = _render(photo, pictures, strength=0.95)
    distance = lambda a, b: float(np.abs(a - b).mean())  # noqa: E731
    assert distance(turned_to(0.05), weak.picture) < 0.5 * distance(turned_to(0.05), strong.picture)
    assert distance(turned_to(0.95), strong.picture) < distance(turned_to(0.95), weak.picture)


def test_weights_of_styles_change_while_it_runs(photo, pictures):
    """Turned to one of two styles in the first iterations, the picture ends like one painted with it from the start."""
    pictures = {**pictures, "ink": shrink_to(images.read(demo.styles()["ink"]), 160)}

    def painted(weights: tuple[float, float], wish: Adjustment | None = None) -> images.Picture:
        styles = [{"image": name, "weight": each} for name, each in zip(("strokes", "ink"), weights, strict=True)]
        wishes = iter([None, wish])
        result, _ = _render(photo, pictures, lambda: next(wishes, None), style=styles)
        if wish is not None:
            assert [style.weight for style in result.recipe.style] == list(wish.style_weights)
        return result.picture

    strokes, ink = painted((9, 1)), painted((1, 9))

    def distance(a: images.Picture, b: images.Picture) -> float:
        """Between their palettes: strokes fall elsewhere in each run, and pixels say little."""
        one, other = (np.vstack([each.mean((0, 1)), np.cov(each.reshape(-1, 3).T)]) for each in (a, b))
        return float(np.linalg.norm(one - other))

    turned = painted((9, 1), Adjustment(style_weights=(1, 9)))
    assert distance(turned, ink) < 0.2 * distance(turned, strokes)


def test_weights_of_dreams_and_their_strength_change_at_once(photo, pictures, monkeypatch):
    """The dreams are balanced anew in the iteration of the wish, and not only in every tenth."""
    updates: list[tuple[float, list[float], int]] = []
    iterations = [0]
    original = balance.Balance.update

    def update(self, picture):
        original(self, picture)
        updates.append((self.pull, list(self._parts), iterations[0]))

    def adjust() -> Adjustment | None:
        iterations[0] += 1
        return Adjustment(dream_strength=0.8, dream_weights=(1, 5)) if iterations[0] == 4 else None

    monkeypatch.setattr(balance.Balance, "update", update)
    dreams = [{"layer": "level8"}, {"layer": "level5"}]
    settings = {"network": "reverie", "dream": dreams, "dream_strength": 0.5, "iterations": 8, "smallest": 160}
    result, _ = _render(photo, pictures, adjust, **settings)
    assert [(parts, at) for _, parts, at in updates] == [([1, 1], 1), ([1, 5], 4)]
    assert updates[1][0] > 2 * updates[0][0]
    assert (result.recipe.dream_strength, [dream.weight for dream in result.recipe.dream]) == (0.8, [1, 5])


@pytest.mark.parametrize("field", ["style_weights", "dream_weights"])
def test_as_many_weights_as_there_are_things_to_weigh(field):
    recipe = Recipe.parse({"style": ["a", "b"], "dream": [{}, {}]})
    Adjustment(**{field: (1.0, 2.0)}).check(recipe)
    with pytest.raises(ReverieError, match=r"2 \w+s, and there are 1") as caught:
        Adjustment(**{field: (1.0,)}).check(recipe)
    assert caught.value.field == field


@pytest.fixture
def scarce(monkeypatch) -> Callable[[Callable[[Objective, torch.Tensor], bool]], None]:
    """Makes iterations run out of memory while a condition holds. The machine's memory cannot be made small for a test
    alone, so the error is thrown where the allocator would throw it; not at the small pictures that are measured before
    the first scale."""

    def arrange(condition: Callable[[Objective, torch.Tensor], bool]) -> None:
        original = Objective.__call__

        def call(self: Objective, picture: torch.Tensor):
            if picture.shape[3] > weighting.SIDE + 2 * MARGIN and condition(self, picture):
                raise torch.OutOfMemoryError("out of memory (thrown by a test)")
            return original(self, picture)

        monkeypatch.setattr(Objective, "__call__", call)

    return arrange


def test_out_of_memory_goes_on_in_tiles_with_the_same_picture(photo, pictures, scarce):
    """Few iterations, whose rounding has no time to grow: with many, two exact computations drift apart."""
    settings = {"network": "reverie", "iterations": 3, "smallest": 160}
    whole, _ = _render(photo, pictures, **settings)
    scarce(lambda objective, picture: objective._tile is None)
    tiled, events = _render(photo, pictures, **settings)
    warnings = [event.message for event in events if isinstance(event, Warning_)]
    assert len(warnings) == 1 and "tiles of 128" in warnings[0]
    assert np.abs(tiled.picture - whole.picture).max() < 0.02


def test_a_class_beside_a_style_goes_on_in_tiles_too(photo, pictures, scarce, monkeypatch):
    """It sees the whole picture, and yet is no reason to hold all of it."""
    network = random_network("squeezenet1_1")
    monkeypatch.setattr(weights, "find", lambda name: Path(name))
    monkeypatch.setattr(registry, "load", lambda name, pooling: network)
    loaded.forget_network()
    seen: list[tuple[int, int]] = []
    original = type(network).features

    def features(self, picture, layers):
        seen.append(tuple(picture.shape[2:]))
        return original(self, picture, layers)

    scarce(lambda objective, picture: objective._tile is None)
    monkeypatch.setattr(type(network), "features", features)
    long = np.tile(photo, (1, 4, 1))  # longer than a tile and what a unit sees beside it
    settings = {
        "network": "squeezenet1_1",
        "dream": {"class_name": "pug"},
        "style": [{"image": "strokes", "scale": 0.3}],
    }
    result, events = _render(long, pictures, **settings, size=640, smallest=640, iterations=2)
    loaded.forget_network()
    (warning,) = [event.message for event in events if isinstance(event, Warning_)]
    assert "tiles of 320" in warning
    assert np.isfinite(result.picture).all()
    assert all(width < 500 for _, width in seen[-4:])  # an iteration's: two tiles, each seen twice


def test_progress_does_not_count_a_failed_try(photo, pictures, monkeypatch):
    """Memory runs out in the fifth iteration: the scale begins anew, and so does its count."""
    calls = [0]
    original = Objective.__call__

    def call(self: Objective, picture: torch.Tensor):
        calls[0] += picture.shape[3] == 160 + 2 * MARGIN
        if calls[0] == 5:
            calls[0] += 1
            raise RuntimeError("std::bad_alloc")
        return original(self, picture)

    monkeypatch.setattr(Objective, "__call__", call)
    _, events = _render(photo, pictures, network="reverie", iterations=12, smallest=160)
    counted = [event.iteration for event in _progress(events)]
    assert counted == [*range(1, 5), *range(1, 13)]
    assert max(event.fraction for event in _progress(events)) == 1
    assert all(event.iterations == 12 for event in _progress(events))


def test_memory_may_run_out_before_the_first_scale(photo, pictures, monkeypatch):
    """In the calibration, and in the plan of a budget: they go on with less, too."""
    original = Objective.__call__

    def call(self: Objective, picture: torch.Tensor):
        if self._network.dtype == torch.float32:
            raise RuntimeError("CUDNN_STATUS_ALLOC_FAILED")
        return original(self, picture)

    monkeypatch.setattr(Objective, "__call__", call)
    result, events = _render(photo, pictures, network="reverie", iterations=2)
    assert "half precision" in next(event.message for event in events if isinstance(event, Warning_))
    assert np.isfinite(result.picture).all()


@pytest.mark.parametrize(
    "text",
    [
        "std::bad_alloc",
        "could not create a primitive",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "[enforce fail at alloc_cpu.cpp:114] data. DefaultCPUAllocator: can't allocate memory: you tried to",
        "CUDA out of memory. Tried to allocate 20.00 GiB",
    ],
)
def test_every_way_to_say_that_memory_ran_out_is_known(text):
    assert memory.is_exhausted(RuntimeError(text))
    assert not memory.is_exhausted(ValueError(text))


def test_then_half_precision_and_in_the_end_a_sentence(photo, pictures, scarce):
    scarce(lambda objective, picture: objective._network.dtype == torch.float32)
    result, events = _render(photo, pictures)
    warnings = [event.message for event in events if isinstance(event, Warning_)]
    assert "half precision" in warnings[-1]
    assert np.isfinite(result.picture).all()
    scarce(lambda objective, picture: True)
    with pytest.raises(ReverieError, match="smaller size"):
        _render(photo, pictures)


def test_the_order_of_retreat_ends_on_the_cpu():
    placement: memory.Placement | None = memory.Placement(torch.device("cuda"), torch.float32, None)
    steps = []
    while placement is not None and len(steps) < 20:
        steps.append((placement.device.type, placement.dtype, placement.tile))
        found = memory.retreat(placement, 1000)
        placement = found[0] if found else None
        if steps[-1][0] == "cpu":
            break
    kinds = [(device, dtype) for device, dtype, _ in steps]
    order = [("cuda", torch.float32), ("cuda", torch.bfloat16), ("cpu", torch.float32)]
    assert list(dict.fromkeys(kinds)) == order
    tiles = [tile for _, _, tile in steps if tile]
    assert tiles == sorted(tiles, reverse=True)


def test_all_of_a_job_moves_to_the_device_that_it_goes_on_with(monkeypatch):
    """No second device that computes is at hand: “meta”, which holds shapes alone, stands for it. So where every tensor
    is can be seen, but not that the job goes on there."""
    here, there = torch.device("cpu"), torch.device("meta")
    plain, mask = torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)
    looks = [Look("a", plain, None, 1.0, 1.0), Look("b", plain, mask, 1.0, 1.0, 1)]
    asked: list[memory.Placement] = []
    job = resolve(Recipe.parse({"style": ["a", "b"], "network": "squeezenet1_1"}), "cpu")
    inputs = Inputs(plain, [(mask, looks[1:]), (None, looks[:1])], {"guide": plain}, mask, plain)
    first, second = memory.Placement(here, torch.bfloat16, 128), memory.Placement(there, torch.float32, None)
    monkeypatch.setattr(memory, "retreat", lambda placement, longest: (second, Sentence("Elsewhere.")))
    load = lambda placement: asked.append(placement) or random_network("squeezenet1_1")  # noqa: E731
    workspace = Workspace(job, inputs, first, load, lambda event: None)

    def action() -> str:
        if workspace.placement == first:
            raise torch.OutOfMemoryError("out of memory (thrown by a test)")
        return "done"

    assert workspace.with_room(128, action) == "done"
    assert asked == [first, second]
    assert workspace.placement == second
    moved = workspace.inputs
    tensors = [moved.source, moved.guides["guide"], moved.content_mask, moved.init]
    tensors += [mask for mask, _ in moved.regions] + [look.picture for _, looks in moved.regions for look in looks]
    tensors += [look.opaque for _, looks in moved.regions for look in looks]
    assert [each.device for each in tensors if each is not None] == [there] * 8
    assert [(look.image, look.index) for _, looks in moved.regions for look in looks] == [("b", 1), ("a", 0)]


def test_other_errors_are_not_taken_for_want_of_memory(photo, pictures, monkeypatch):
    def broken(self, picture):
        raise RuntimeError("something else")

    monkeypatch.setattr(Objective, "__call__", broken)
    with pytest.raises(RuntimeError, match="something else"):
        _render(photo, pictures)


def test_tiles_are_chosen_by_the_memory_that_is_free(monkeypatch):
    network = registry.load("reverie")
    layers = list(network.layers[:6])
    monkeypatch.setattr(memory, "free", lambda device: 16 << 30)
    assert memory.tile_for(network, layers, 512, 384) is None
    monkeypatch.setattr(memory, "free", lambda device: 1 << 30)
    small = memory.tile_for(network, layers, 4096, 3072)
    monkeypatch.setattr(memory, "free", lambda device: 4 << 30)
    large = memory.tile_for(network, layers, 4096, 3072)
    assert small is not None and large is not None
    assert 128 <= small < large < 4096


def test_large_pictures_are_optimised_with_adam(monkeypatch, photo, pictures):
    made: list[str] = []
    for name in ("LBFGS", "Adam"):
        original = getattr(style_transfer, name)
        monkeypatch.setattr(style_transfer, name, lambda original=original, name=name: made.append(name) or original())
    monkeypatch.setattr(style_transfer, "_LBFGS_PIXELS", 100 * 100)
    _render(photo, pictures, iterations=4)
    assert made[0] == "LBFGS" and made[-1] == "Adam"
