"""What a dream alone does beside following its gradient: detail put back, jitter undone, colours as in photos."""

from __future__ import annotations

import torch
from reverie.engine.inputs import Inputs
from reverie.engine.painting import Painter
from reverie.optim import gradient_ascent
from reverie.optim.gradient_ascent import GradientAscent, even_out
from reverie.pictures.canvas import Canvas
from reverie.pictures.resize import resize
from reverie.recipe import Recipe


def _painter(source: torch.Tensor, **dream) -> Painter:
    """One that paints nothing by itself."""
    painter = object.__new__(Painter)
    painter._recipe = Recipe.parse({"dream": dream})
    painter._inputs = Inputs(source, [], {}, None, None)
    painter._dreams_alone, painter._picture = True, None
    return painter


def _noise(seed: int, height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_what_an_octave_added_is_added_to_the_detail_of_the_next():
    source = _noise(0, 64, 96)
    canvas = Canvas.of(source, 96, 64, margin=0)
    painter = _painter(source)
    assert torch.equal(painter._start(canvas), source)  # the first octave begins with the source
    added = torch.zeros(1, 3, 32, 48)
    added[:, 1] = 0.2
    painter._picture = resize(source, 48, 32) + added
    started = painter._start(canvas)
    torch.testing.assert_close(started[:, [0, 2]], source[:, [0, 2]], atol=1e-5, rtol=0)
    torch.testing.assert_close(started[:, 1], source[:, 1] + 0.2, atol=1e-5, rtol=0)
    # Without it, all that is finer than the octave before would be lost.
    assert float((resize(painter._picture, 96, 64) - started)[:, [0, 2]].abs().mean()) > 0.05


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
    x, painter, both = _noise(1, 70, 90), _painter(_noise(1, 70, 90)), Identity()
    for _ in range(6):
        painter._iterate(x, both, both)
    assert all(torch.equal(gradient, x) for gradient in both.gradients)
    assert sum(torch.equal(seen, x) for seen in both.seen) <= 1
    assert len({float(seen[0, 0, 0, 0]) for seen in both.seen}) >= 5
    for seen in both.seen:  # moved around, and nothing else
        torch.testing.assert_close(seen.flatten(2).sort(2).values, x.flatten(2).sort(2).values)


def test_a_neurons_place_is_not_jittered():
    x, both = _noise(1, 70, 90), Identity()
    _painter(x, layer="a", channel=0, at=[0.5, 0.5])._iterate(x, both, both)
    assert torch.equal(both.seen[0], x)


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
