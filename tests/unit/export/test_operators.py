"""What is written down in ONNX's operators, against what PyTorch computes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from reverie.engine.drawing import redrawn
from reverie.export import drawing, layers, matrices
from reverie.export.graph import Graph, Value
from reverie.export.model import INPUT, OUTPUT, loaded, run, serialised
from reverie.export.palette import palette
from reverie.fast import stylise
from reverie.fast.network import Architecture
from reverie.losses.moments import Moments
from reverie.losses.transport import MOST, RIDGE, linear_map
from reverie.pictures.color import luma
from reverie.pictures.color_transport import color_map
from reverie.pictures.resize import resize
from reverie.pictures.smoothing import along_edges

from tests.unit.engine.blots import blots


def _computed(made: Callable[[Graph, Value], Value], given: torch.Tensor) -> torch.Tensor:
    """What onnxruntime computes of a picture, 1×3×H×W, with the operators that are added."""
    op = Graph()
    photo = op.input(INPUT, [1, 3, "height", "width"])
    result = op.output(OUTPUT, [], op("Cast", made(op, photo), to=1))
    result.shape = None
    return torch.from_numpy(run(loaded(serialised(op.model(photo, result, {}, "0"))), given.numpy()))


@pytest.mark.parametrize(("height", "width"), [(70, 133), (33, 20), (96, 64), (41, 300)])
def test_margins_are_those_of_a_fast_style(height, width):
    picture = torch.rand(1, 3, height, width)
    found = _computed(lambda op, photo: layers.continued(op, photo, stylise.margin_of(Architecture()), 8), picture)
    assert torch.equal(found, stylise._padded(picture, Architecture()))


@pytest.mark.parametrize("size", [(50, 31), (9, 90)])
def test_resizing_is_bicubic_and_without_aliasing(size):
    picture = torch.rand(1, 3, 40, 60)
    found = _computed(lambda op, photo: layers.resized(op, photo, size[::-1]), picture)
    torch.testing.assert_close(found, resize(picture, *size), atol=1e-5, rtol=0)


@pytest.mark.parametrize("strength", [1.0, 0.85])
def test_moments_are_moved_without_eigenvalues(strength):
    """Variances from 1 to 1e-6, of which the wanted ones are up to a hundred times: some grow as far as they may."""
    torch.manual_seed(0)
    turn, other = (torch.linalg.qr(torch.randn(12, 12, dtype=torch.float64)).Q for _ in range(2))
    own, wanted = turn * torch.logspace(0, -6, 12) @ turn.T, other * torch.logspace(1, -4, 12) @ other.T
    ridge = RIDGE * torch.eye(12, dtype=torch.float64)

    def matrix(op: Graph, photo: Value) -> Value:
        whole = matrices.transport(op, op("Add", own, ridge), matrices.root(wanted + ridge))
        bounded = matrices.at_most(op, whole, MOST, 12)
        return layers.mixed(op, np.eye(12), bounded, np.float64(strength))

    found = _computed(matrix, torch.zeros(1, 3, 1, 1))
    zero = torch.zeros(12)
    expected, _ = linear_map(Moments(zero, own.float()), Moments(zero, wanted.float()), strength)
    assert float(torch.linalg.eigvalsh(expected)[-1]) == pytest.approx(1 + (MOST - 1) * strength, abs=1e-3)
    torch.testing.assert_close(found, expected, atol=2e-4, rtol=0)


def test_the_photo_gets_the_colours_of_the_style():
    """A photo's pixels are of few colours, and many of them the same: what becomes of those is not left to chance."""
    photo, style = (blots(70, 133) * 20).round() / 20, blots(80, 90, 1) ** 2
    expected = color_map(photo, style, None, None)(photo)
    assert (expected - photo).abs().mean() > 0.05
    for _ in range(3):
        found = _computed(lambda op, given: palette(op, given, style).recolored(op, given), photo)
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(70, 133), (9, 20)])
def test_lines_are_redrawn_and_edges_respected(height, width):
    photo = blots(height, width)
    painted = torch.rand(1, 3, height, width)
    found = _computed(lambda op, given: drawing.redrawn(op, op.constant(painted), given), photo)
    torch.testing.assert_close(found, redrawn(painted, photo), atol=1e-5, rtol=0)
    found = _computed(lambda op, given: drawing.along_edges(op, op.constant(painted), layers.luma(op, given)), photo)
    torch.testing.assert_close(found, along_edges(painted, luma(photo)), atol=1e-5, rtol=0)


def test_what_has_no_onnx_is_not_left_out():
    with pytest.raises(TypeError, match="GELU"):
        layers.sequence(Graph(), torch.nn.Sequential(torch.nn.GELU()), 0.0)


def test_a_constant_that_is_used_twice_is_kept_once():
    op, weight = Graph(), torch.rand(4)
    assert op.constant(weight) is op.constant(weight)
