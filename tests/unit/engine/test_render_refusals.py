"""What is refused before any heavy work, and what a network cannot see."""

from __future__ import annotations

import numpy as np
import pytest
from reverie.errors import ReverieError
from reverie.events import Progress, Warning_
from reverie.networks import registry
from reverie.networks.weights import catalogue, download
from reverie.pictures.resize import shrink_to

from tests.unit.engine.rendered import (
    _render,
    photo_fixture,  # noqa: F401
    pictures_fixture,  # noqa: F401
    weights_at_hand_fixture,  # noqa: F401
)

# Of one colour in its first rows, which alone will be seen.
_HALF_FLAT = np.where(np.arange(64)[:, None, None] < 9, 0.3, np.random.default_rng(0).random((64, 64, 3)))


@pytest.mark.parametrize(
    ("settings", "field", "words"),
    [
        ({"network": "squeezenet"}, "network", "squeezenet1_0"),
        ({"style_layers": ["fire22"], "network": "squeezenet1_0"}, "style_layers", "fire2"),
        ({"content_layers": ["relu4_1"], "network": "squeezenet1_0"}, "content_layers", "no layer"),
        ({"style": "nowhere.png"}, "style.0.image", "nowhere.png"),
        ({"style": "nowhere.png", "strength": 0}, "style.0.image", "nowhere.png"),
        ({"style": {"image": "strokes", "mask": "no.png"}, "strength": 0}, "style.0.mask", "no.png"),
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
