"""What a dream alone does beside following its gradient: detail put back, jitter undone, colours as in photos."""

from __future__ import annotations

import pytest
import torch
from reverie.engine import deep_dream
from reverie.engine.deep_dream import DeepDream
from reverie.engine.inputs import Inputs
from reverie.engine.scene import Scene
from reverie.job import resolve
from reverie.optim import gradient_ascent
from reverie.optim.gradient_ascent import GradientAscent, even_out
from reverie.pictures.canvas import Canvas
from reverie.pictures.resize import resize
from reverie.recipe import Recipe

from tests.random_networks import random_network


def _scene(
    source: torch.Tensor, width: int, height: int, given: torch.Tensor | None = None, init: str = "content", **recipe
) -> Scene:
    """A dream of a picture at one of its octaves; `given` is the one that the recipe names with `init`."""
    job = resolve(Recipe.parse({"network": "reverie", "dream": {}, "init": init, **recipe}), "cpu")
    canvas = Canvas.of(source, width, height, margin=0)
    return Scene(job, Inputs(source, [], {}, None, given), random_network("reverie"), canvas, None)


def _noise(seed: int, height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def _begun(source: torch.Tensor) -> DeepDream:
    """A dream that has begun its first octave."""
    method = DeepDream()
    method.start(_scene(source, 48, 32), None)
    return method


def test_what_an_octave_added_is_added_to_the_detail_of_the_next():
    source = _noise(0, 64, 96)
    assert torch.equal(DeepDream().start(_scene(source, 96, 64), None), source)  # the first begins with the source
    added = torch.zeros(1, 3, 32, 48)
    added[:, 1] = 0.2
    before = resize(source, 48, 32) + added
    started = _begun(source).start(_scene(source, 96, 64), before)
    torch.testing.assert_close(started[:, [0, 2]], source[:, [0, 2]], atol=1e-5, rtol=0)
    torch.testing.assert_close(started[:, 1], source[:, 1] + 0.2, atol=1e-5, rtol=0)
    # Without it, all that is finer than the octave before would be lost.
    assert float((resize(before, 96, 64) - started)[:, [0, 2]].abs().mean()) > 0.05


def _fine(picture: torch.Tensor) -> torch.Tensor:
    """What is finer than half the picture's size."""
    height, width = picture.shape[2:]
    return (picture - resize(resize(picture, width // 2, height // 2), width, height)).flatten()


def _correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(_fine(one), _fine(other), 0))


@pytest.mark.parametrize("start", ["grey", "noise", "picture"])
def test_a_dream_that_does_not_start_from_the_photo_never_shows_it(start):
    source, other = _noise(0, 64, 96), _noise(5, 64, 96)
    given = {"grey": torch.full_like(source, 0.5), "noise": None, "picture": other}[start]
    method = DeepDream()
    before = method.start(_scene(source, 48, 32, given, start), None)
    octave = method.start(_scene(source, 96, 64, given, start), before + 0.1 * _noise(7, 32, 48))
    assert abs(_correlation(octave, source)) < 0.1
    if start == "picture":
        assert _correlation(octave, other) > 0.9  # whose detail is put back


def test_a_picture_larger_than_it_is_dreamt_at_keeps_its_detail():
    source = _noise(0, 64, 96)
    method = _begun(source)
    painted = resize(source, 48, 32) + 0.2
    inputs = _scene(source, 48, 32).inputs
    torch.testing.assert_close(method.enlarge(painted, inputs), source + 0.2, atol=1e-5, rtol=0)
    whole = source + 0.1  # at the source's own size, what was painted is the result
    assert torch.equal(method.enlarge(whole, inputs), whole)


class Identity:
    """An objective whose gradient is the picture, and an optimiser that only listens."""

    def __init__(self) -> None:
        self.seen: list[torch.Tensor] = []
        self.gradients: list[torch.Tensor] = []

    def __call__(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.seen.append(picture)
        return picture.sum(), picture.clone()

    def step(self, x: torch.Tensor, gradient: torch.Tensor) -> None:
        self.gradients.append(gradient)


def test_jitter_moves_what_the_network_sees_and_is_taken_back():
    torch.manual_seed(0)
    x, both = _noise(1, 70, 90), Identity()
    for _ in range(6):
        deep_dream.ascend(x, both, both, deep_dream.JITTER)
    assert all(torch.equal(gradient, x) for gradient in both.gradients)
    assert sum(torch.equal(seen, x) for seen in both.seen) <= 1
    assert len({float(seen[0, 0, 0, 0]) for seen in both.seen}) >= 5
    for seen in both.seen:  # moved around, and nothing else
        torch.testing.assert_close(seen.flatten(2).sort(2).values, x.flatten(2).sort(2).values)


@pytest.mark.parametrize(("at", "same"), [({"channel": 0, "at": [0.5, 0.5]}, True), ({"channel": 0}, False)])
def test_a_neurons_place_is_not_jittered(at, same):
    torch.manual_seed(0)
    x, both = _noise(1, 70, 90), Identity()
    DeepDream().step(x, both, both, _scene(x, 90, 70, dream={"layer": "level3", **at}), 0.1)
    assert torch.equal(both.seen[0], x) is same


def test_decorrelated_steps_go_along_the_covariance_of_colours():
    """x = C z, so that a step along the gradient in z is one along C Cᵀ times that in x."""
    gradient, x = torch.randn(1, 3, 24, 32, generator=torch.Generator().manual_seed(2)), torch.full((1, 3, 24, 32), 0.5)
    GradientAscent(0.01, decorrelated=True).step(x, gradient)
    mix = gradient_ascent._COLORS @ gradient_ascent._COLORS.T
    expected = -torch.einsum("ij,njhw->nihw", mix, even_out(gradient))
    moved = x - 0.5
    torch.testing.assert_close(moved / moved.norm(), expected / expected.norm(), atol=1e-5, rtol=1e-3)

    def colourful(decorrelated: bool) -> float:
        x = torch.full((1, 3, 24, 32), 0.5)
        GradientAscent(0.01, decorrelated).step(x, gradient)
        gray = x.mean(1, keepdim=True)
        return float((x - gray).norm() / (gray - 0.5).norm())

    assert colourful(True) < 0.5 * colourful(False)  # photos vary in light more than in colour
