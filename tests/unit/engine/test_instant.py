"""A job in one pass: masks, strength, several styles, progress. The parameters are random ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie import job as jobs
from reverie.engine import instant
from reverie.engine.inputs import gather
from reverie.engine.painter import Painter
from reverie.engine.palette import Palette
from reverie.engine.style_swap import LEVELS
from reverie.events import Cancelled, Event, Progress, Started
from reverie.fast.codec import Codec
from reverie.pictures.color import luma
from reverie.pictures.picture import Picture
from reverie.pictures.resize import resize
from reverie.recipe import Recipe, Style
from reverie.run import Run

from tests.unit.engine.blots import blots


def _job(codec: Codec, recipe: Recipe, content: Picture, pictures: dict[str, Picture], run: Run | None = None):
    job, where = jobs.resolve(recipe, "cpu"), torch.device("cpu")
    painter = Painter(codec, torch.float32)
    return instant.paint(job, gather(job.recipe, content, pictures, where), painter, run or Run())


def _array(height: int, width: int, seed: int) -> Picture:
    return np.ascontiguousarray(blots(height, width, seed)[0].permute(1, 2, 0).numpy())


def test_where_a_mask_is_black_the_photo_is_untouched(codec):
    content, mask = _array(96, 96, 0), np.zeros((96, 96, 3), np.float32)
    mask[:, :48] = 1
    recipe = Recipe(method="instant", style=[Style(image="s", mask="m")], strength=1, size=96)
    painted = _job(codec, recipe, content, {"s": _array(80, 80, 1), "m": mask})[0].permute(1, 2, 0).numpy()
    assert np.abs(painted - content)[:, 52:].max() < 1e-6
    assert np.abs(painted - content)[:, :44].mean() > 0.02


def test_a_larger_layer_is_finished_and_stays_untouched_where_the_mask_is_black(codec):
    content, mask = _array(120, 160, 0), np.zeros((120, 160, 3), np.float32)
    mask[:, :80] = 1
    heard: list[Event] = []
    recipe = Recipe(method="instant", style=[Style(image="s", mask="m")], strength=1, size=64)
    pictures = {"s": _array(80, 80, 1), "m": mask}
    painted = _job(codec, recipe, content, pictures, Run(report=heard.append))[0].permute(1, 2, 0).numpy()
    assert painted.shape == (120, 160, 3)
    assert np.array_equal(painted[:, 80:], content[:, 80:])
    assert np.abs(painted - content)[:, :80].mean() > 0.02
    fractions = [event.fraction for event in heard if isinstance(event, Progress)]
    assert fractions == sorted(fractions) and fractions[-1] == 1 and fractions[LEVELS - 1] < 0.5


def test_little_strength_is_nearly_the_photo(codec):
    content, pictures = _array(96, 96, 0), {"s": _array(80, 80, 1)}

    def change(strength: float) -> float:
        painted = _job(
            codec, Recipe(method="instant", style=[Style(image="s")], strength=strength, size=96), content, pictures
        )
        return float(np.abs(painted[0].permute(1, 2, 0).numpy() - content).mean())

    changes = [change(strength) for strength in (0.001, 0.05, 0.1, 0.2)]
    assert changes[0] < 0.005 and changes == sorted(changes)


def test_weights_lie_between_styles(codec):
    content, pictures = _array(96, 96, 0), {"a": _array(80, 80, 1), "b": _array(80, 80, 2)}

    def painted(*weights: float) -> torch.Tensor:
        styles = [Style(image=name, weight=weight) for name, weight in zip("ab", weights, strict=True)]
        return _job(codec, Recipe(method="instant", style=styles, strength=1, size=96), content, pictures)

    one, mostly, other = painted(1, 1e-6), painted(3, 1), painted(1e-6, 1)
    assert (mostly - one).abs().mean() < (mostly - other).abs().mean()


def test_it_goes_from_coarse_to_fine():
    assert instant.scales_of(200, 150) == [(200, 150)]
    assert instant.scales_of(640, 480) == [(400, 300), (640, 480)]
    assert instant.scales_of(480, 1024) == [(188, 400), (300, 640), (480, 1024)]


def test_a_job_tells_how_far_it_is_and_can_be_cancelled(codec, monkeypatch):
    monkeypatch.setattr(instant, "_COARSEST", 40)
    content, pictures, recipe = (
        _array(64, 64, 0),
        {"s": _array(64, 64, 1)},
        Recipe(method="instant", style=[Style(image="s")], size=64),
    )
    heard: list[Event] = []
    _job(codec, recipe, content, pictures, Run(report=heard.append))
    assert isinstance(heard[0], Started) and heard[0].iterations == 2
    progress = [event for event in heard if isinstance(event, Progress)]
    assert [event.width for event in progress[: 2 * LEVELS]] == [40] * LEVELS + [64] * LEVELS
    fractions = [event.fraction for event in progress]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    with pytest.raises(Cancelled):
        _job(codec, recipe, content, pictures, Run(stop=lambda: True))


def test_what_is_broader_than_strokes_is_mostly_the_photos_recoloured(codec, monkeypatch):
    """With random parameters a codec changes all of a picture's light."""
    content, style = _array(96, 96, 0), {"s": _array(96, 96, 1)}
    recipe = Recipe(method="instant", style=[Style(image="s")], size=96, color="match")

    def moved() -> float:
        painted = _job(codec, recipe, content, style)
        return float((painted.mean((2, 3)) - torch.tensor(content.mean((0, 1)))).abs().max())

    little = moved()
    monkeypatch.setattr(instant, "PALETTE", 0.0)
    assert little < 0.6 * moved()


class _Paints:
    """A painter that adds a change to what it is given, and remembers that."""

    def __init__(self, change: torch.Tensor) -> None:
        self.change, self.seen = change, []

    def source(self, looks: object, seed: int) -> None:
        return None

    def paint(self, picture: torch.Tensor, like: torch.Tensor, *rest: object) -> torch.Tensor:
        self.seen.append((picture.clone(), like.clone()))
        return picture + self.change[..., : picture.shape[2], : picture.shape[3]]


def _at_scale(
    painter: _Paints, before: torch.Tensor | None, content: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """What becomes of a picture of 96×96 pixels at its own size, the second of two; and the photo."""
    if content is None:
        content = blots(96, 96) * 0.5 + 0.25
    picture = np.ascontiguousarray(content[0].permute(1, 2, 0).numpy())
    recipe = Recipe(method="instant", style=[Style(image="s")], size=96, color="match")  # no palette
    job = jobs.resolve(recipe, "cpu")
    inputs = gather(job.recipe, picture, {"s": _array(80, 80, 1)}, torch.device("cpu"))
    palette = Palette(inputs, job.recipe)
    scales = [(48, 48), (96, 96)]
    return instant._at_scale(before, scales, 2, job, inputs, palette, painter, Run()), inputs.source


def test_strokes_keep_their_light_and_some_of_their_colour_and_broad_changes_little():
    strokes = torch.zeros(1, 3, 96, 96)
    strokes[..., ::2] = 0.1
    strokes[..., 1::2] = -0.1
    red = strokes * torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
    for change, kept in ((strokes, 1.0), (torch.full_like(strokes, 0.1), 1 - instant.PALETTE)):
        painted, photo = _at_scale(_Paints(change), None)
        found = (painted - photo)[..., 30:60, 30:60] / change[..., 30:60, 30:60]
        assert float(found.mean()) == pytest.approx(kept, abs=0.05)
    painted, photo = _at_scale(_Paints(red), None)
    change = (painted - photo)[..., 30:60, 30:60]
    gray = luma(red)[..., 30:60, 30:60]
    torch.testing.assert_close(luma(change), gray, atol=0.01, rtol=0)
    colour, wanted = (change - luma(change))[:, 0], (red[..., 30:60, 30:60] - gray)[:, 0]
    assert float((colour / wanted).mean()) == pytest.approx(instant.COLORS, abs=0.05)


def test_what_is_broad_does_not_glow_beyond_an_edge():
    content = torch.full((1, 3, 96, 96), 0.3)
    content[..., 48:] = 0.7
    change = torch.where(content > 0.5, -0.2, 0.0)  # one side darker, as a style's places may be
    painted, photo = _at_scale(_Paints(change), None, content)
    assert ((painted - photo)[..., 20:76, 30:46].abs()).max() < 0.03


def test_lost_lines_are_redrawn_from_the_photo_in_the_palette(monkeypatch):
    given = []
    monkeypatch.setattr(instant, "redrawn", lambda painted, photo: given.append(painted) or photo)
    found, photo = _at_scale(_Paints(torch.full((1, 3, 96, 96), 0.1)), None)
    assert torch.equal(found, photo) and not torch.equal(given[0], photo)


def test_a_larger_size_gets_some_of_what_only_it_shows_and_places_are_found_for_a_blend():
    painter, before = _Paints(torch.zeros(1, 3, 96, 96)), torch.full((1, 3, 48, 48), 0.5)
    _, photo = _at_scale(painter, before)
    unseen = photo - resize(resize(photo, 48, 48), 96, 96)
    picture, like = painter.seen[0]
    torch.testing.assert_close(picture, 0.5 + instant.REINJECTED * unseen, atol=1e-5, rtol=0)
    torch.testing.assert_close(like, torch.lerp(picture, photo, instant.PHOTO), atol=1e-5, rtol=0)
    _at_scale(painter, None)  # the first of all begins from the photo
    picture, like = painter.seen[1]
    assert torch.equal(picture, photo) and torch.equal(like, photo)
