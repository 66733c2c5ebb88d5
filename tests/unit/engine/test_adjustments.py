"""Changes while a job runs."""

from __future__ import annotations

import numpy as np
import pytest
from reverie import demo
from reverie.engine import balance
from reverie.errors import ReverieError
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe
from reverie.run import Adjustment

from tests.small_job import progress, render

pytestmark = pytest.mark.skipif(not registry.available(), reason="needs the weights of a network")


@pytest.fixture(scope="module")
def photo() -> Picture:
    return shrink_to(images.read(demo.content()), 160)


@pytest.fixture(scope="module")
def pictures() -> dict[str, Picture]:
    return {"strokes": shrink_to(images.read(demo.styles()["strokes"]), 160)}


def test_finishing_early_keeps_what_there_is(photo, pictures):
    wishes = iter([None] * 6 + [Adjustment(finish=True)])
    result, events = render(photo, pictures, lambda: next(wishes, None), iterations=4000)
    assert sum(event.iterations == events[0].iterations for event in progress(events)) < 10
    assert result.picture.shape == photo.shape
    assert np.abs(result.picture - photo).mean() > 0.01


def test_strength_changes_while_it_runs(photo, pictures):
    """Turned down in the first iterations, the picture ends like one that was weak from the start."""

    def turned_to(strength: float) -> Picture:
        wishes = iter([None, Adjustment(strength=strength)])
        result, _ = render(photo, pictures, lambda: next(wishes, None), strength=0.5, iterations=24)
        assert result.recipe.strength == strength
        return result.picture

    weak, _ = render(photo, pictures, strength=0.3, iterations=24)
    strong, _ = render(photo, pictures, strength=0.95, iterations=24)
    down, up = turned_to(0.3), turned_to(0.95)
    distance = lambda a, b: float(np.abs(a - b).mean())  # noqa: E731
    # With the palette alone turned down, and not the weight of the photo, it is 0.22.
    assert distance(down, weak.picture) < 0.15 * distance(down, strong.picture)
    assert distance(up, strong.picture) < distance(up, weak.picture)


def test_weights_of_styles_change_while_it_runs(photo, pictures):
    """Turned to one of two styles in the first iterations, the picture ends like one painted with it from the start."""
    pictures = {**pictures, "ink": shrink_to(images.read(demo.styles()["ink"]), 160)}

    def painted(weights: tuple[float, float], wish: Adjustment | None = None) -> Picture:
        styles = [{"image": name, "weight": each} for name, each in zip(("strokes", "ink"), weights, strict=True)]
        wishes = iter([None, wish])
        result, _ = render(photo, pictures, lambda: next(wishes, None), style=styles)
        if wish is not None:
            assert [style.weight for style in result.recipe.style] == list(wish.style_weights)
        return result.picture

    strokes, ink = painted((9, 1)), painted((1, 9))

    def distance(a: Picture, b: Picture) -> float:
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
    result, _ = render(photo, pictures, adjust, **settings)
    assert [(parts, at) for _, parts, at in updates] == [([1, 1], 1), ([1, 5], 4)]
    assert updates[1][0] > 2 * updates[0][0]
    assert (result.recipe.dream_strength, [dream.weight for dream in result.recipe.dream]) == (0.8, [1, 5])


@pytest.mark.parametrize(
    ("document", "wish", "field"),
    [
        ({"style": "a", "dream": {}, "strength": 0}, {"strength": 0.5}, "strength"),
        ({"dream": {}}, {"strength": 0.5}, "strength"),
        ({"style": "a"}, {"dream_strength": 0.5}, "dream_strength"),
        ({"style": "a", "method": "patches"}, {"strength": 0.5}, "strength"),
        ({"style": "a", "method": "instant"}, {"style_weights": (2.0,)}, "style_weights"),
        ({"fast": "udnie"}, {"strength": 0.5}, "strength"),
    ],
)
def test_a_change_that_would_be_ignored_is_refused(document, wish, field):
    recipe = Recipe.parse(document)
    with pytest.raises(ReverieError) as caught:
        Adjustment(**wish).check(recipe)
    assert caught.value.field == field and caught.value.message.endswith(".")
    Adjustment(finish=True).check(recipe)


@pytest.mark.parametrize(
    ("document", "wish"),
    [
        ({"style": "a", "dream": {}, "strength": 0}, {"dream_strength": 0.2}),
        ({"style": "a", "dream": {}, "dream_strength": 0}, {"dream_strength": 0.2}),
        ({"style": "a", "fast": "udnie"}, {"strength": 0.2}),
        ({"style": "a"}, {"strength": 0.2, "style_weights": (3.0,)}),
    ],
)
def test_a_change_that_has_its_use_is_not_refused(document, wish):
    Adjustment(**wish).check(Recipe.parse(document))


@pytest.mark.parametrize("field", ["style_weights", "dream_weights"])
def test_as_many_weights_as_there_are_things_to_weigh(field):
    recipe = Recipe.parse({"style": ["a", "b"], "dream": [{}, {}]})
    Adjustment(**{field: (1.0, 2.0)}).check(recipe)
    with pytest.raises(ReverieError, match=r"2 \w+s, and there are 1") as caught:
        Adjustment(**{field: (1.0,)}).check(recipe)
    assert caught.value.field == field
