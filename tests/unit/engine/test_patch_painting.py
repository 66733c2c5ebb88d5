"""Painting with patches: what it is made of, what decides it, and the job around it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.engine import render
from reverie.engine import texture_synthesis as engine
from reverie.errors import ReverieError
from reverie.events import Cancelled, Progress, Started
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to, to_tensor
from reverie.recipe import Recipe
from reverie.run import Adjustment

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def photo() -> Picture:
    return shrink_to(images.read(demo.content()), 96)


@pytest.fixture(scope="module")
def styles() -> dict[str, Picture]:
    return {name: shrink_to(images.read(path), 96) for name, path in demo.styles().items()}


def _paint(content, styles, **settings):
    arguments = {"strength": 0.5, "seed": 0, "tell": lambda part, picture: None, "check_stop": lambda: None}
    return engine.synthesise(content, styles, **{**arguments, **settings})


def _stripes(height: int, width: int) -> torch.Tensor:
    """Of pure red and pure blue, 8 pixels wide: each patch of them is known."""
    red = ((torch.arange(width) // 8) % 2).float().expand(height, width)
    return torch.stack([red, torch.zeros_like(red), 1 - red])[None]


def _from_style(picture: torch.Tensor, style: torch.Tensor) -> float:
    """Mean distance of a picture's colours from the nearest ones of a style."""
    palette = style.flatten(2)[0].T[::7]
    return float(torch.cdist(picture.flatten(2)[0].T, palette).min(1).values.mean())


def test_size_and_range_are_the_contents(photo, styles):
    for height, width in ((64, 96), (50, 31), (1, 1), (3, 70)):
        content = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))
        picture = _paint(content, [(to_tensor(styles["ink"], CPU), 1.0)])
        assert picture.shape == content.shape
        assert bool(torch.isfinite(picture).all())
        assert float(picture.min()) >= 0 and float(picture.max()) <= 1 + 1e-5


def test_a_style_smaller_than_a_patch_paints_too(photo):
    for height, width in ((3, 5), (9, 9), (2, 60)):
        picture = _paint(to_tensor(photo, CPU), [(torch.rand(1, 3, height, width), 1.0)])
        assert bool(torch.isfinite(picture).all())


def test_a_style_paints_itself():
    stripes = _stripes(64, 64)
    assert float((_paint(stripes, [(stripes, 1.0)]) - stripes).abs().mean()) < 0.03


def test_the_picture_is_made_of_the_styles_colors(photo, styles):
    content, style = to_tensor(photo, CPU), to_tensor(styles["stained_glass"], CPU)
    painted = _paint(content, [(style, 1.0)])
    assert _from_style(painted, style) < 0.5 * _from_style(content, style)


def test_the_palette_is_that_of_what_is_opaque():
    generator = torch.Generator().manual_seed(0)
    photo, style = torch.rand(1, 3, 40, 40, generator=generator), torch.rand(1, 4, 40, 40, generator=generator)
    style[:, :3, :, :20] = style[:, :3, :, :20] * 0.2 + torch.tensor([0.5, 0.3, 0.2])[:, None, None]
    style[:, 3], style[:, 3, :, :20] = 0, 1
    painted = engine._recolored(photo, [(style, 1.0)])
    for statistic in (torch.mean, torch.std):
        expected = statistic(style[:, :3, :, :20], (2, 3))
        assert torch.allclose(statistic(painted, (2, 3)), expected, atol=2e-3)


def test_what_is_transparent_in_a_style_is_not_painted_with(photo, styles):
    """Half of the style is green and hidden: none of it is in the picture, which has much of it otherwise."""
    content, style = to_tensor(photo, CPU), to_tensor(styles["ink"], CPU).clone()
    half = style.shape[3] // 2
    style[:, :, :, :half] = torch.tensor([0.0, 0.9, 0.0]).view(1, 3, 1, 1)
    alpha = torch.ones_like(style[:, :1])
    alpha[..., :half] = 0

    def green(picture: torch.Tensor) -> float:
        return float((picture[:, 1] - torch.maximum(picture[:, 0], picture[:, 2]) > 0.3).float().mean())

    assert green(_paint(content, [(style, 1.0)])) > 0.1
    assert green(_paint(content, [(torch.cat([style, alpha], 1), 1.0)])) < 0.01


def test_strength_leads_away_from_the_content(photo, styles):
    content, style = to_tensor(photo, CPU), to_tensor(styles["strokes"], CPU)
    edges = content.diff(dim=3).flatten()
    near, far = (
        float(
            torch.corrcoef(torch.stack([edges, _paint(content, [(style, 1.0)], strength=s).diff(dim=3).flatten()]))[
                0, 1
            ]
        )
        for s in (0.1, 1.0)
    )
    assert near > far + 0.1


def test_the_seed_decides_and_the_picture_is_told_as_it_grows(photo, styles):
    content, style = to_tensor(photo, CPU), to_tensor(styles["strokes"], CPU)
    told: list[tuple[float, torch.Size]] = []
    one = _paint(content, [(style, 1.0)], tell=lambda part, picture: told.append((part, picture.shape)))
    assert torch.equal(one, _paint(content, [(style, 1.0)]))
    parts = [part for part, _ in told]
    assert parts == sorted(parts) and parts[-1] == pytest.approx(1)
    assert len(told) == engine.rounds(content.shape[3], content.shape[2])
    assert told[-1][1] == content.shape


def test_a_large_picture_is_painted_in_strips_as_at_once(monkeypatch, photo, styles):
    content, style = to_tensor(photo, CPU), to_tensor(styles["strokes"], CPU)
    whole = _paint(content, [(style, 1.0)])
    monkeypatch.setattr(engine, "_AT_A_TIME", 200)
    torch.testing.assert_close(_paint(content, [(style, 1.0)]), whole, rtol=0, atol=1e-3)


def _render(photo, pictures, events=None, stop=lambda: False, adjust=lambda: None, **settings):
    recipe = Recipe.parse({"style": "strokes", "method": "patches", "size": 64, **settings})
    report = events.append if events is not None else lambda event: None
    return render.render(recipe, photo, pictures, device="cpu", report=report, stop=stop, adjust=adjust)


def test_a_recipe_is_painted_with_patches(photo, styles):
    events: list = []
    result = _render(photo, styles, events, size=96)
    assert result.picture.shape == photo.shape
    assert isinstance(events[0], Started) and events[0].iterations == len(events) - 1
    assert [event.iteration for event in events[1:]] == list(range(1, len(events)))
    assert events[-1].fraction == pytest.approx(1)


def test_a_mask_keeps_the_rest_of_the_photo(photo, styles):
    mask = np.zeros_like(photo)
    mask[:, : photo.shape[1] // 2] = 1
    style = [{"image": "strokes", "mask": "m"}]
    picture = _render(photo, {**styles, "m": mask}, style=style, size=96).picture
    changed = np.abs(picture - photo).mean(2)
    assert changed[:, photo.shape[1] // 2 + 4 :].max() < 1e-4
    assert changed[:, : photo.shape[1] // 2].mean() > 0.02


def test_a_transparent_style_paints_too(photo, styles):
    faint = np.concatenate([styles["ink"], np.full((*styles["ink"].shape[:2], 1), 0.2, np.float32)], 2)
    picture = _render(photo, {"strokes": faint}).picture
    assert np.isfinite(picture).all() and np.abs(picture - photo).mean() > 0.02


def test_it_stops_when_told_to(photo, styles):
    events: list = []
    with pytest.raises(Cancelled):
        _render(photo, styles, events, stop=lambda: len(events) > 2)
    assert sum(isinstance(event, Progress) for event in events) == 2


def _finishing_after(rounds: int, events: list):
    """What `adjust` says: the wish to finish, once, after so many rounds."""
    told: list[Adjustment] = []

    def adjust() -> Adjustment | None:
        if told or sum(isinstance(event, Progress) for event in events) < rounds:
            return None
        told.append(Adjustment(finish=True))
        return told[0]

    return adjust


@pytest.mark.parametrize(("asked", "carried_out"), [(0, 1), (1, 1), (5, 5)])
def test_finishing_gives_the_picture_of_the_last_whole_round(photo, styles, asked, carried_out):
    events: list = []
    painted = _render(photo, styles, events, adjust=_finishing_after(asked, events), size=96).picture
    composing = [event for event in events if isinstance(event, Progress) and event.iterations == events[0].iterations]
    assert len(composing) == carried_out
    assert painted.shape == photo.shape
    assert np.abs(painted - photo).mean() > 0.02


def test_finishing_keeps_the_regions_that_are_painted(photo, styles):
    left = np.zeros_like(photo)
    left[:, : photo.shape[1] // 2] = 1
    style = [{"image": "strokes", "mask": "left"}, {"image": "ink", "mask": "right"}]
    pictures, events = {**styles, "left": left, "right": 1 - left}, []
    rounds = engine.rounds(96, 72)
    whole = _render(photo, pictures, style=style, size=96).picture
    ended = _render(photo, pictures, events, adjust=_finishing_after(rounds, events), style=style, size=96).picture
    assert sum(isinstance(event, Progress) for event in events) == rounds
    middle = photo.shape[1] // 2
    assert np.abs(ended - whole)[:, : middle - 4].max() < 1e-4
    assert np.abs(ended - photo)[:, middle + 4 :].max() < 1e-4


def test_patches_do_not_dream():
    with pytest.raises(ReverieError) as caught:
        Recipe.parse({"style": "a", "method": "patches", "dream": {}})
    assert caught.value.field == "method"
