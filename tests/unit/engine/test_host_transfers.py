"""An iteration sends nothing from the host to the device and waits for nothing: on a GPU, each would be a halt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import reverie.networks.network
import torch
from reverie.engine import loaded, progress
from reverie.engine import render as engine
from reverie.engine.objective import Objective
from reverie.losses import moments
from reverie.losses.activation import Activation
from reverie.losses.class_logit import ClassLogit
from reverie.losses.content import Content
from reverie.losses.gram import Gram
from reverie.losses.guide import Guide
from reverie.losses.loss import Loss
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.nearest_neighbour import NearestNeighbour, Neighbours
from reverie.losses.region import Region
from reverie.losses.total_variation import TotalVariation
from reverie.losses.value_range import ValueRange
from reverie.networks import registry
from reverie.networks.network import Network
from reverie.networks.weights import catalogue
from reverie.optim.adam import Adam
from reverie.optim.band_limit import BandLimited
from reverie.optim.gradient_ascent import GradientAscent
from reverie.optim.lbfgs import LBFGS
from reverie.recipe import Recipe
from torch.utils._python_dispatch import TorchDispatchMode

from tests.random_networks import random_network

# Tensors made of Python's numbers, tensors read by Python, and results whose size depends on values. There is no GPU in
# the tests: what would halt one is known by the names of the operations.
HALTS = ("lift", "_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal")


class Watch(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.halts: list[str] = []

    def __torch_dispatch__(self, operation, types, arguments=(), keywords=None):
        name = str(operation).removeprefix("aten.")
        by_mask = name == "index.Tensor" and any(
            index is not None and index.dtype == torch.bool for index in arguments[1]
        )
        if name.startswith(HALTS) or by_mask:
            self.halts.append(name)
        return operation(*arguments, **(keywords or {}))


def test_the_watch_sees_what_it_is_to_see():
    x = torch.ones(3)
    for halt in (lambda: torch.tensor([1.0, 2.0]), lambda: x.new_tensor(3.0), lambda: float(x[0]), lambda: x[x > 0]):
        with Watch() as watch:
            halt()
        assert watch.halts


def _terms(size: tuple[int, int]) -> tuple[Network, list[Loss]]:
    """All but Wasserstein: its eigenvalues are found by a library that says whether it succeeded, and that is waited
    for."""
    network = random_network("squeezenet1_1")
    layers = ["conv1", "fire3"]
    maps = network.features(torch.rand(1, 3, *size), layers)
    style = [({layer: moments.of(fmap) for layer, fmap in maps.items()}, 1.0)]
    flat = {layer: fmap.flatten(2)[0] for layer, fmap in maps.items()}
    region = Region(torch.rand(1, 1, *size), network)
    nearest = torch.arange(maps["fire3"][0, 0].numel()).view(maps["fire3"].shape[2:])
    neighbours = Neighbours({"fire3": flat["fire3"].T}, nearest, 4, {"fire3": 4})
    return network, [
        Content(maps, 1.0),
        MeanCovariance(style, 1.0),
        Gram(style, 1.0, region),
        NearestNeighbour(neighbours, 1.0, region),
        Activation("fire3", 1.0, 2, (5, 16)),
        Guide("fire3", flat["fire3"], 1.0),
        ClassLogit(network.classifier, 1.0, 3),
        TotalVariation(*size, 1.0),
        ValueRange(*size, 1.0),
    ]


def test_an_iteration_computes_no_geometry(monkeypatch):
    """How small a picture may be is found out once a layer: for a deep network that takes milliseconds."""
    picture, network_and_terms = torch.rand(1, 3, 40, 130), _terms((40, 130))
    objective = Objective(*network_and_terms)
    objective(picture)
    monkeypatch.setattr(reverie.networks.network, "least_side", None)
    objective(picture)


@pytest.mark.parametrize(
    "optimizer",
    [LBFGS, lambda: GradientAscent(0.01, True), Adam, lambda: BandLimited(LBFGS())],
    ids=["L-BFGS", "ascent", "Adam", "band-limited"],
)
@pytest.mark.parametrize("tile", [None, 48])
def test_an_iteration_halts_nowhere(optimizer: Callable[[], LBFGS], tile: int | None):
    size = (40, 130)
    network, terms = _terms(size)
    objective, steps = Objective(network, terms, tile), optimizer()
    x = torch.rand(1, 3, *size)
    for _ in range(2):  # constants are made in the first
        with Watch() as watch:
            steps.step(x, objective(x)[1])
    # PyTorch's Adam counts its steps in a tensor that is always on the CPU.
    assert [name for name in watch.halts if not (optimizer is Adam and name == "_local_scalar_dense.default")] == []


def test_the_loop_of_painting_halts_nowhere_by_itself(monkeypatch):
    """From one iteration to the next. Left out is what is told to the person who watches, which on the CPU is read in
    each iteration, and on a GPU ten times a second."""
    network = random_network("squeezenet1_1")
    monkeypatch.setattr(catalogue, "find", lambda name: Path(name))
    monkeypatch.setattr(registry, "load", lambda name, pooling: network)
    monkeypatch.setattr(progress.Reporter, "tell", lambda self, picture, loss, scale: None)
    loaded.forget_network()
    rng = np.random.default_rng(0)
    photo, style = (rng.random((64, 80, 3), np.float32) for _ in range(2))
    document = {"style": "s", "network": "squeezenet1_1", "smallest": 80, "iterations": 8}
    document |= {"precision": "float32", "detail": "sketch", "size": 80}
    halts: list[int] = []
    with Watch() as watch:

        def adjust() -> None:
            halts.append(len(watch.halts))

        engine.render(Recipe.parse(document), photo, {"s": style}, device="cpu", adjust=adjust)
    loaded.forget_network()
    assert len(halts) == 8
    assert watch.halts[halts[2] : halts[-1]] == []  # constants are made in the first
