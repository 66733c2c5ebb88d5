"""From a recipe to a picture, with a real network on small pictures."""

from __future__ import annotations

import types
from collections.abc import Callable

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.engine import progress, tiling, weighting
from reverie.engine import render as engine
from reverie.engine.inputs import gather
from reverie.engine.objective import Objective
from reverie.errors import ReverieError
from reverie.events import Cancelled, Preview, Progress, Started, Warning_
from reverie.losses.content import Content
from reverie.losses.mean_covariance import MeanCovariance
from reverie.networks import registry
from reverie.networks.weights import catalogue, download
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to, to_tensor
from reverie.recipe import Recipe

SETTINGS = {"size": 96, "smallest": 48, "iterations": 24, "precision": "float32"}


@pytest.fixture(scope="module", autouse=True)
def weights_at_hand() -> None:
    if not registry.available():
        pytest.skip("needs the weights of a network, and there are none on this machine")


@pytest.fixture(scope="module")
def pictures() -> dict[str, Picture]:
    return {name: shrink_to(images.read(path), 96) for name, path in demo.styles().items()}


@pytest.fixture(scope="module")
def photo() -> Picture:
    return shrink_to(images.read(demo.content()), 96)


def _render(photo, pictures, report=lambda event: None, stop=lambda: False, **settings):
    recipe = Recipe.parse({"style": "strokes", **SETTINGS, **settings})
    return engine.render(recipe, photo, pictures, device="cpu", report=report, stop=stop)


def _colors(picture):
    flat = picture[:, :, :3].reshape(-1, 3)
    return flat.mean(0), np.cov(flat.T)


def test_the_same_recipe_and_seed_give_the_same_picture(photo, pictures):
    one, two = (_render(photo, pictures, init="noise", seed=5).picture for _ in range(2))
    other = _render(photo, pictures, init="noise", seed=6).picture
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_loss_falls_and_events_come_in_order(photo, pictures):
    events: list = []
    _render(photo, pictures, report=events.append, iterations=60)
    assert isinstance(events[0], Started)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.iteration for event in progress] == list(range(1, events[0].iterations + 1))
    assert progress[-1].fraction == pytest.approx(1)
    finest = [event.loss for event in progress if event.width == 96]
    assert finest[-1] < 0.7 * finest[0]


def test_the_picture_takes_the_styles_colors_or_keeps_its_own(photo, pictures):
    """Distances of mean colours: the painted picture is nearer to the style; with luminance only, chroma stays."""
    style_mean, _ = _colors(pictures["stained_glass"])
    own_mean, _ = _colors(photo)
    painted = _render(photo, pictures, style="stained_glass", strength=1.0, iterations=120).picture
    mean, _ = _colors(painted)
    assert np.linalg.norm(mean - style_mean) < 0.5 * np.linalg.norm(own_mean - style_mean)
    kept = _render(photo, pictures, style="stained_glass", strength=0.9, color="luminance").picture
    chroma = lambda picture: picture[:, :, 2] - picture @ np.array([0.2126, 0.7152, 0.0722], np.float32)  # noqa: E731
    unclipped = ((kept > 0.01) & (kept < 0.99)).all(2)
    assert np.abs(chroma(kept) - chroma(photo))[unclipped].max() < 0.02


def test_strength_moves_the_picture_away_from_the_photo(photo, pictures):
    distances = [
        float(np.sqrt(np.mean((_render(photo, pictures, strength=strength).picture - photo) ** 2)))
        for strength in (0.0, 0.1, 0.5, 1.0)
    ]
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert distances[1] < 0.8 * distances[3]


def test_larger_strokes_leave_less_fine_detail(photo, pictures):
    def detail(scale: float) -> float:
        style = [{"image": "strokes", "scale": scale}]
        picture = _render(photo, pictures, style=style, strength=1.0, iterations=60).picture
        return float(np.abs(np.diff(picture, axis=1)).mean())

    assert detail(3.0) < detail(0.5)


def test_both_optimizers_and_both_losses_reach_a_lower_loss(photo, pictures):
    for settings in ({"optimizer": "adam"}, {"style_loss": "gram"}):
        events: list = []
        _render(photo, pictures, report=events.append, iterations=60, **settings)
        finest = [event.loss for event in events if isinstance(event, Progress) and event.width == 96]
        assert finest[-1] < 0.9 * finest[0], settings


def test_alpha_and_size_are_those_of_the_content(photo, pictures):
    alpha = np.random.default_rng(0).random((*photo.shape[:2], 1), dtype=np.float32)
    content = np.concatenate([photo, alpha], 2)
    picture = _render(content, pictures, size=48).picture
    assert picture.shape == content.shape
    assert np.array_equal(picture[:, :, 3:], alpha)


def test_half_precision_paints_about_as_good_a_picture(photo, pictures):
    """Both pictures are judged in float32 by one objective, and not by what each run says of itself."""
    judge = _judge(photo, pictures["strokes"])
    before = judge(photo)
    whole, half = (
        judge(_render(photo, pictures, precision=precision, iterations=60).picture)
        for precision in ("float32", "bfloat16")
    )
    assert whole < 0.7 * before
    assert half < 1.08 * whole


def _judge(photo: Picture, style: Picture) -> Callable[[Picture], float]:
    """The loss of a picture against a photo and a style of its size, at the default strength."""
    network = registry.load(registry.default())
    defaults = registry.spec(network.name).defaults
    weight = weighting.units(network, defaults.content, defaults.style).content_weight(
        Recipe.parse({"style": "strokes"}).strength
    )
    kept, look = (to_tensor(each, torch.device("cpu")) for each in (photo, style))
    content = Content(tiling.maps(network, kept, defaults.content, None), weight)
    styled = MeanCovariance([(tiling.statistics(network, look, defaults.style, None), 1.0)], 1.0)
    objective = Objective(network, [content, styled])
    return lambda picture: float(objective(to_tensor(picture, torch.device("cpu")))[0])


def test_stopping_ends_it_within_an_iteration(photo, pictures):
    events: list = []

    def told() -> list[Progress]:
        return [event for event in events if isinstance(event, Progress)]

    with pytest.raises(Cancelled):
        _render(photo, pictures, report=events.append, stop=lambda: len(told()) >= 5)
    assert told()[-1].iteration == 5


def test_previews_are_pictures_of_the_current_scale(photo, pictures, monkeypatch):
    monkeypatch.setattr(progress, "FIRST_PREVIEW_SECONDS", 0.0)
    events: list = []
    _render(photo, pictures, report=events.append, iterations=4)
    shapes = [event.picture.shape for event in events if isinstance(event, Preview)]
    assert shapes[-1] == photo.shape
    assert shapes[0][1] == 48


def test_the_first_preview_comes_soon_and_later_ones_once_a_second(photo, pictures, monkeypatch):
    events: list = []

    def iterations_told() -> int:
        return sum(isinstance(event, Progress) for event in events)

    clock = types.SimpleNamespace(monotonic=lambda: iterations_told() / 8)  # of which each takes an eighth of a second
    monkeypatch.setattr(progress, "time", clock)
    _render(photo, pictures, report=events.append, iterations=40)
    seconds = [
        (sum(isinstance(each, Progress) for each in events[:place]) - 1) / 8
        for place, event in enumerate(events)
        if isinstance(event, Preview)
    ]
    assert seconds == [0.25, 0.75, 1.75, 2.75, 3.75, 4.75]


@pytest.mark.parametrize(
    ("settings", "field", "words"),
    [
        ({"network": "squeezenet"}, "network", "squeezenet1_0"),
        ({"style_layers": ["fire22"], "network": "squeezenet1_0"}, "style_layers", "fire2"),
        ({"content_layers": ["relu4_1"], "network": "squeezenet1_0"}, "content_layers", "no layer"),
        ({"style": "nowhere.png"}, "style.0.image", "nowhere.png"),
    ],
)
def test_what_there_is_not_is_named(photo, pictures, settings, field, words):
    with pytest.raises(ReverieError) as caught:
        _render(photo, pictures, **settings)
    assert caught.value.field == field
    assert words in caught.value.message


def test_a_picture_too_small_is_refused(pictures):
    with pytest.raises(ReverieError, match="too small"):
        _render(np.zeros((1, 1, 3), np.float32), pictures)


def test_too_small_is_said_before_weights_are_fetched(photo, pictures, monkeypatch):
    def fetch(*arguments) -> None:
        raise AssertionError("fetched")

    monkeypatch.setattr(catalogue, "find", lambda name: None)
    monkeypatch.setattr(download, "fetch", fetch)
    small = {"style": "strokes", "network": "vgg19"}
    for document, content, field in (
        (small, photo[:15], "content"),
        ({**small, "style": [{"image": "narrow"}]}, photo, "style.0.image"),
        ({"style": [], "dream": {"layer": "relu5_1", "guide": "narrow"}, "network": "vgg19"}, photo, "dream.0.guide"),
    ):
        with pytest.raises(ReverieError, match="too small") as caught:
            _render(
                content, {**pictures, "narrow": np.random.default_rng(0).random((4, 300, 3), np.float32)}, **document
            )
        assert caught.value.field == field


@pytest.mark.parametrize(
    ("network", "layer", "channel", "last"), [("vgg19", "relu5_1", 99999, 511), ("googlenet", "logits", 1000, 999)]
)
def test_an_unknown_channel_is_refused_before_weights_are_fetched(photo, monkeypatch, network, layer, channel, last):
    def fetch(*arguments) -> None:
        raise AssertionError("fetched")

    monkeypatch.setattr(catalogue, "find", lambda name: None)
    monkeypatch.setattr(download, "fetch", fetch)
    with pytest.raises(ReverieError, match=f"channels 0 to {last}, and no {channel}") as caught:
        _render(photo, {}, style=[], network=network, dream={"layer": layer, "channel": channel})
    assert caught.value.field == "dream.0.channel"


def test_a_narrow_picture_begins_at_a_scale_that_the_network_can_see(pictures):
    """The coarsest scale by itself would be 113×5 pixels."""
    events: list = []
    content = np.random.default_rng(0).random((30, 640, 3), np.float32)
    settings = {"size": 640, "smallest": 128, "iterations": 6, "network": "reverie"}
    picture = _render(content, pictures, report=events.append, **settings).picture
    assert picture.shape == content.shape
    heights = [event.height for event in events if isinstance(event, Progress)]
    assert registry.spec("reverie").least_size("level7") <= min(heights) < 30


def test_a_narrow_style_begins_at_a_scale_that_the_network_can_see(photo, pictures):
    events: list = []
    narrow = pictures["strokes"][:10]
    assert len(narrow) * 48 // 96 < registry.spec("reverie").least_size("level7") <= len(narrow)
    _render(photo, {"strokes": narrow}, report=events.append, iterations=6, network="reverie")
    widths = [event.width for event in events if isinstance(event, Progress)]
    assert 48 < min(widths) <= 96


def test_a_style_that_is_enlarged_much_is_told(photo, pictures):
    def warnings(side: int, scale: float = 1.0) -> list[str]:
        events: list = []
        style = {"image": "strokes", "scale": scale}
        shown = {"strokes": shrink_to(pictures["strokes"], side)}
        _render(photo, shown, report=events.append, iterations=1, style=style)
        return [event.message for event in events if isinstance(event, Warning_)]

    assert warnings(60) == []
    assert warnings(32, 0.5) == []
    (sentence,) = warnings(32)
    assert "32×" in sentence and "“strokes”" in sentence
    assert "6.0 times" in warnings(32, 2.0)[0]


def test_a_style_of_a_few_pixels_is_refused_before_weights_are_fetched(photo, monkeypatch):
    monkeypatch.setattr(catalogue, "find", lambda name: None)
    monkeypatch.setattr(download, "fetch", lambda *arguments: pytest.fail("weights were fetched"))
    with pytest.raises(ReverieError, match=r"“tiny” has only 9×7 pixels: enlarged to 11 times that") as failure:
        _render(photo, {"tiny": np.random.default_rng(0).random((7, 9, 3), np.float32)}, style="tiny", network="vgg19")
    assert failure.value.field == "style.0.image"


# Of one colour in its first rows, which alone will be seen.
_HALF_FLAT = np.where(np.arange(64)[:, None, None] < 9, 0.3, np.random.default_rng(0).random((64, 64, 3)))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"style_loss": "nearest"},
        {"color": "match"},
        {"method": "patches", "precision": "auto", "smallest": None, "iterations": None},
    ],
)
@pytest.mark.parametrize(
    ("style", "words"),
    [
        (np.full((64, 64, 3), 0.3), "has one colour only"),
        (np.dstack([np.random.default_rng(0).random((64, 64, 3)), np.zeros((64, 64))]), "is empty"),
        (np.dstack([_HALF_FLAT, np.broadcast_to(np.arange(64)[:, None] < 9, (64, 64))]), "has one colour only"),
    ],
)
def test_a_style_that_shows_nothing_is_refused(photo, pictures, settings, style, words):
    styles = [{"image": "strokes"}, {"image": "nothing"}]
    with pytest.raises(ReverieError, match=f"“nothing” {words}") as failure:
        _render(photo, {**pictures, "nothing": style.astype(np.float32)}, style=styles, **settings)
    assert failure.value.field == "style.1.image"


def test_what_is_transparent_in_a_picture_to_go_on_from_is_the_photo(photo, pictures):
    """And what lies hidden there is not seen."""
    begun = np.dstack([photo[::-1], np.ones(photo.shape[:2], np.float32)])
    begun[:, 48:, 3] = 0
    loud, composed = begun.copy(), begun.copy()
    loud[:, 48:, :3] = 1 - begun[:, 48:, :3]
    composed[:, 48:, :3], composed[:, 48:, 3] = photo[:, 48:], 1
    first, *others = (
        _render(photo, {**pictures, "begun": each}, init="begun").picture for each in (begun, loud, composed)
    )
    assert all(np.array_equal(first, other) for other in others)


def test_a_white_mask_that_is_transparent_is_black(photo, pictures):
    white = np.ones((*photo.shape[:2], 4), np.float32)
    white[:, photo.shape[1] // 2 :, 3] = 0
    plain = np.repeat(white[:, :, 3:], 3, 2)
    one, other = (
        _render(photo, {**pictures, "mask": mask}, style={"image": "strokes", "mask": "mask"}).picture
        for mask in (white, plain)
    )
    assert np.array_equal(one, other)
    with pytest.raises(ReverieError, match="black everywhere"):
        _render(photo, {**pictures, "mask": white * [1, 1, 1, 0]}, style={"image": "strokes", "mask": "mask"})


def test_hidden_colors_of_a_guide_are_not_dreamt_of(photo, pictures):
    guide = np.dstack([pictures["ink"], np.ones(pictures["ink"].shape[:2], np.float32)])
    guide[:20, :, 3] = 0
    loud = np.where(guide[:, :, 3:] > 0, guide, guide[::-1])
    loud[:, :, 3] = guide[:, :, 3]
    dream = {"layer": "level4", "guide": "guide"}
    settings = {"style": [], "dream": dream, "network": "reverie", "iterations": 4}
    one, other = (_render(photo, {"guide": each}, **settings).picture for each in (guide, loud))
    assert np.array_equal(one, other)


def test_colors_are_matched_to_what_is_seen_of_the_photo(photo, pictures):
    """Not to what stands for the transparent part of it."""
    seen = np.dstack([photo, np.ones(photo.shape[:2], np.float32)])
    seen[:, 10:, 3] = 0
    recipe = Recipe.parse({"style": "strokes", "color": "match"})
    ((_, (look,)),) = gather(recipe, seen, pictures, torch.device("cpu")).regions
    assert look.picture.mean((0, 2, 3)).tolist() == pytest.approx(photo[:, :10].mean((0, 1)).tolist(), abs=0.02)


def test_a_recorded_recipe_goes_on_from_a_result_like_a_short_one(photo, pictures):
    """At full size at once, though the record names every field."""
    first = _render(photo, pictures, smallest=None)
    events: list = []
    document = {**first.recipe.model_dump(mode="json"), "init": "result", "iterations": 4}
    again = _render(photo, {**pictures, "result": first.picture}, report=events.append, **document)
    assert {event.width for event in events if isinstance(event, Progress)} == {96}
    short = _render(photo, {**pictures, "result": first.picture}, smallest=None, init="result", iterations=4)
    assert np.array_equal(again.picture, short.picture)


def test_an_unknown_device_is_refused(photo, pictures):
    absent = next(
        kind
        for kind, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()))
        if not there  # no machine has both
    )
    with pytest.raises(ReverieError, match="doctor"):
        engine.render(Recipe.parse({"style": "strokes"}), photo, pictures, device=absent)


def test_strength_feels_linear(photo, pictures):
    """The picture moves about in proportion to the strength: half way at ½, within a seventh of the whole way."""
    far = {
        strength: float(
            np.sqrt(np.mean((_render(photo, pictures, strength=strength, iterations=60).picture - photo) ** 2))
        )
        for strength in (0.25, 0.5, 0.75, 1.0)
    }
    for strength, distance in far.items():
        assert distance / far[1.0] == pytest.approx(strength, abs=0.15)


def test_little_strength_changes_little_with_brushwork_too(photo, pictures):
    """It begins with the colours of the style: but of little strength only with a little of them."""
    far = {
        strength: np.abs(_render(photo, pictures, strength=strength, style_loss="nearest").picture - photo).mean()
        for strength in (0.01, 0.25, 1.0)
    }
    assert far[0.01] < 0.15 * far[1.0]
    assert far[0.01] < far[0.25] < 0.4 * far[1.0]
