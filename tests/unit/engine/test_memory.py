"""What happens when memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.engine import loaded, memory, style_transfer, weighting
from reverie.engine.inputs import Inputs, StylePicture
from reverie.engine.objective import Objective
from reverie.engine.workspace import Workspace
from reverie.errors import ReverieError, Sentence
from reverie.events import Warning_
from reverie.job import resolve
from reverie.networks import registry
from reverie.networks.weights import catalogue
from reverie.pictures import images
from reverie.pictures.canvas import MARGIN
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe

from tests.random_networks import random_network
from tests.small_job import progress, render

pytestmark = pytest.mark.skipif(not registry.available(), reason="needs the weights of a network")


@pytest.fixture(scope="module")
def photo() -> Picture:
    return shrink_to(images.read(demo.content()), 160)


@pytest.fixture(scope="module")
def pictures() -> dict[str, Picture]:
    return {"strokes": shrink_to(images.read(demo.styles()["strokes"]), 160)}


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
    whole, _ = render(photo, pictures, **settings)
    scarce(lambda objective, picture: objective._tile is None)
    tiled, events = render(photo, pictures, **settings)
    warnings = [event.message for event in events if isinstance(event, Warning_)]
    assert len(warnings) == 1 and "tiles of 128" in warnings[0]
    assert np.abs(tiled.picture - whole.picture).max() < 0.02


def test_a_class_beside_a_style_goes_on_in_tiles_too(photo, pictures, scarce, monkeypatch):
    """It sees the whole picture, and yet is no reason to hold all of it."""
    network = random_network("squeezenet1_1")
    monkeypatch.setattr(catalogue, "find", lambda name: Path(name))
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
        "detail": "sketch",
    }
    result, events = render(long, pictures, **settings, size=640, smallest=640, iterations=2)
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
    _, events = render(photo, pictures, network="reverie", iterations=12, smallest=160, size=160, detail="sketch")
    counted = [event.iteration for event in progress(events)]
    assert counted == [*range(1, 5), *range(1, 13)]
    assert max(event.fraction for event in progress(events)) == 1
    assert all(event.iterations == 12 for event in progress(events))


def test_memory_may_run_out_before_the_first_scale(photo, pictures, monkeypatch):
    """In the calibration, and in the plan of a budget: they go on with less, too."""
    original = Objective.__call__

    def call(self: Objective, picture: torch.Tensor):
        if self._network.dtype == torch.float32:
            raise RuntimeError("CUDNN_STATUS_ALLOC_FAILED")
        return original(self, picture)

    monkeypatch.setattr(Objective, "__call__", call)
    result, events = render(photo, pictures, network="reverie", iterations=2, size=96, smallest=96, detail="sketch")
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
    result, events = render(photo, pictures, iterations=3)
    warnings = [event.message for event in events if isinstance(event, Warning_)]
    assert "half precision" in warnings[-1]
    assert np.isfinite(result.picture).all()
    scarce(lambda objective, picture: True)
    with pytest.raises(ReverieError, match="smaller size"):
        render(photo, pictures, iterations=3)


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
    looks = [StylePicture("a", plain, None, 1.0, 1.0), StylePicture("b", plain, mask, 1.0, 1.0, 1)]
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
        render(photo, pictures)


def test_tiles_are_chosen_by_the_memory_that_is_free(monkeypatch):
    network = registry.load("reverie")
    layers = list(network.layers[:6])

    def tile(free: int, *size: int) -> int | None:
        monkeypatch.setattr(memory, "free", lambda device: free)
        return memory.tile_for(network, layers, *size, memory.room(torch.device("cpu")))

    assert tile(16 << 30, 512, 384) is None
    small, large = tile(1 << 30, 4096, 3072), tile(4 << 30, 4096, 3072)
    assert small is not None and large is not None
    assert 128 <= small < large < 4096


def test_large_pictures_are_optimised_with_adam(monkeypatch, photo, pictures):
    made: list[str] = []
    for name in ("LBFGS", "Adam"):
        original = getattr(style_transfer, name)
        monkeypatch.setattr(style_transfer, name, lambda original=original, name=name: made.append(name) or original())
    monkeypatch.setattr(style_transfer, "_LBFGS_PIXELS", 100 * 100)
    render(photo, pictures, iterations=4)
    assert made[0] == "LBFGS" and made[-1] == "Adam"
