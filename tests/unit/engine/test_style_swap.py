"""Which places of styles a picture takes: the right ones, in whole pieces, of each style its part."""

from __future__ import annotations

import pytest
import torch
from reverie.engine import style_swap
from reverie.engine.style_swap import LEVELS, PLACE, StyleSwap
from reverie.fast.codec import CHANNELS, STRIDES

SIDE = 24  # places


def _levels(side: int, seed: int, channels: int | None = None) -> list[torch.Tensor]:
    """Noise; of few `channels`, places are more like each other."""
    generator, shapes = torch.Generator().manual_seed(seed), zip(CHANNELS[:LEVELS], STRIDES[:LEVELS], strict=True)
    sizes = [(channels or count, side * PLACE // stride) for count, stride in shapes]
    return [torch.randn(1, count, size, size, generator=generator) for count, size in sizes]


def _inner(side: int) -> torch.Tensor:
    cover = torch.zeros(side, side)
    cover[2:-2, 2:-2] = 1
    return cover


def _moved(levels: list[torch.Tensor], down: int, across: int) -> list[torch.Tensor]:
    """The levels of a picture that begins so many places further down and to the right."""
    return [
        level[:, :, down * PLACE // stride :, across * PLACE // stride :]
        for level, stride in zip(levels, STRIDES, strict=False)
    ]


def test_a_piece_of_the_style_finds_itself_and_takes_its_own_features():
    levels = _levels(SIDE, 0)
    swap = StyleSwap([(levels, _inner(SIDE), 1.0)], 0)
    piece = [level[:, :, : 10 * PLACE // stride] for level, stride in zip(_moved(levels, 5, 3), STRIDES, strict=False)]
    nearest = swap.nearest(piece, torch.ones(10, SIDE - 3), lambda: None)
    rows, columns = torch.meshgrid(torch.arange(5, 15), torch.arange(3, SIDE), indexing="ij")
    inside = columns < SIDE - 2
    assert torch.equal(nearest[inside], (rows * SIDE + columns)[inside])
    for level in range(1, LEVELS + 1):
        across = (SIDE - 5) * PLACE // STRIDES[level - 1]
        assert torch.equal(swap.taken(level, nearest)[..., :across], piece[level - 1][..., :across])


def test_what_does_not_count_is_never_taken():
    levels, cover = _levels(SIDE, 0), _inner(SIDE)
    cover[:, 12:] = 0
    nearest = StyleSwap([(levels, cover, 1.0)], 0).nearest(levels, torch.ones(SIDE, SIDE), lambda: None)
    assert bool((nearest % SIDE < 12).all() and (nearest % SIDE >= 2).all())
    assert bool((nearest // SIDE >= 2).all() and (nearest // SIDE < SIDE - 2).all())


def test_neighbours_take_what_goes_together(monkeypatch):
    """A picture that is like nothing in particular takes pieces, not places that are scattered."""
    swap, picture = StyleSwap([(_levels(SIDE, 0, 1), _inner(SIDE), 1.0)], 0), _levels(SIDE, 1, 1)

    def together() -> float:
        nearest = swap.nearest(picture, torch.ones(SIDE, SIDE), lambda: None)
        return float((nearest[:, 1:] - nearest[:, :-1] == 1).float().mean())

    found = together()
    monkeypatch.setattr(style_swap, "COHERENT", 0.0)
    alone = together()
    assert found > 3 * alone, (found, alone)


def test_the_weights_of_styles_say_how_many_places_of_each_are_looked_through(monkeypatch):
    monkeypatch.setattr(style_swap, "_PLACES", 200)
    swap = StyleSwap([(_levels(SIDE, 0), _inner(SIDE), 3.0), (_levels(20, 1), _inner(20), 1.0)], 0)
    assert int((swap.drawn < SIDE * SIDE).sum()) == 150 and len(swap.drawn) == 200
    second = swap.drawn[swap.drawn >= SIDE * SIDE] - SIDE * SIDE
    assert bool(_inner(20).flatten()[second].all())


def test_it_stops_when_told_to():
    def enough() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        StyleSwap([(_levels(SIDE, 0), _inner(SIDE), 1.0)], 0).nearest(_levels(SIDE, 1), torch.ones(SIDE, SIDE), enough)


def test_what_a_neighbour_offers_lies_beside_what_it_has_and_at_the_border_there_is_none():
    swap = StyleSwap([(_levels(SIDE, 0), _inner(SIDE), 1.0)], 0)
    place = 10 * SIDE + 10
    nearest = torch.full((4, 5), place)
    for down, across, border in ((1, 0, (0, ...)), (-1, 0, (-1, ...)), (0, 1, (..., 0)), (0, -1, (..., -1))):
        offered = swap._offered(nearest, down, across)
        assert bool((offered[border] == -1).all())
        offered[border] = place + down * SIDE + across
        assert bool((offered == place + down * SIDE + across).all())
    edge = torch.full((4, 5), 10 * SIDE + SIDE - 3)  # the last that counts in its row
    assert bool((swap._offered(edge, 0, 1) == -1).all())


def test_the_places_that_are_looked_through_lie_everywhere(monkeypatch):
    monkeypatch.setattr(style_swap, "_PLACES", 100)
    rows = StyleSwap([(_levels(SIDE, 0), _inner(SIDE), 1.0)], 0).drawn // SIDE
    assert len(rows.unique()) > 15


def test_light_and_contrast_make_no_difference_and_what_does_not_count_none():
    levels, cover = _levels(SIDE, 0), torch.zeros(SIDE, SIDE)
    swap, cover[:, :12] = StyleSwap([(levels, _inner(SIDE), 1.0)], 0), 1
    changed = [level * 0.3 + 2 for level in levels]
    for level, stride in zip(changed, STRIDES, strict=False):
        level[..., 12 * PLACE // stride :] *= 20
    nearest, own = swap.nearest(changed, cover, lambda: None), torch.arange(SIDE * SIDE).view(SIDE, SIDE)
    inside = (_inner(SIDE) > 0) & (cover > 0)
    assert float((nearest == own)[inside].float().mean()) > 0.95
