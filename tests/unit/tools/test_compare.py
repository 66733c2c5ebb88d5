"""The same job with every network at hand."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.errors import ReverieError
from reverie.events import Cancelled, Event, Warning_
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.resize import shrink_to
from reverie.recipe import Dream, Recipe
from reverie.tools import compare


@pytest.fixture
def both(shared, monkeypatch) -> None:
    monkeypatch.setenv("REVERIE_WEIGHTS", str(shared / "weights"))
    assert {"reverie", "squeezenet1_0"} <= set(registry.available())


PHOTO, STYLE = (shrink_to(images.read(path), 64) for path in (demo.content(), demo.styles()["ink"]))
RECIPE = Recipe.parse({"style": "s", "size": 64, "smallest": 64, "iterations": 3, "pooling": "average"})


@pytest.mark.usefixtures("both")
def test_each_network_paints_and_is_measured():
    names = registry.available()
    heard: list[str] = []
    rows = compare.compare(
        RECIPE, PHOTO, {"s": STYLE}, device="cpu", report=lambda network, event: heard.append(network)
    )
    assert [row.network for row in rows] == names == list(dict.fromkeys(heard))
    assert len({row.picture.tobytes() for row in rows}) == len(rows)
    assert {row.network: row.parameters for row in rows}["squeezenet1_0"] == pytest.approx(1_248_424, rel=0.01)
    assert all(row.iterations == 3 and 0 < 3 * row.per_iteration < row.seconds for row in rows)
    assert all(0 < row.memory < 1 << 30 for row in rows)
    height, width = PHOTO.shape[:2]
    sheet = compare.contact_sheet(rows)
    assert sheet.shape == (height + 44, 270 * len(rows), 3)
    assert abs(sheet[:height, :width] - rows[0].picture).max() < 0.5 / 255 + 1e-6
    captions = sheet[height:].mean((0, 2)).reshape(len(rows), 270)  # ink, in columns of pixels, under each picture
    assert (captions < 0.99).sum(1).min() > 100
    assert (captions[:, -4:] == 1).all()  # and it ends before the next


@pytest.mark.usefixtures("both")
def test_nothing_to_do_takes_no_iteration_and_what_is_transparent_is_paper_on_the_sheet():
    hidden = np.concatenate([PHOTO, np.zeros_like(PHOTO[:, :, :1])], axis=2)
    recipe = RECIPE.model_copy(update={"strength": 0.0})
    rows = compare.compare(recipe, hidden, {"s": STYLE}, device="cpu")
    assert all((row.iterations, row.per_iteration) == (0, 0.0) for row in rows)
    assert compare.contact_sheet(rows)[: PHOTO.shape[0]].min() == 1


@pytest.mark.usefixtures("both")
def test_a_network_that_cannot_do_the_job_is_left_out():
    told: list[tuple[str, Event]] = []
    dream = RECIPE.model_copy(update={"style": [], "dream": [Dream(class_name="pier")]})
    rows = compare.compare(
        dream,
        PHOTO,
        {},
        networks=["reverie", "squeezenet1_0"],
        device="cpu",
        report=lambda network, event: told.append((network, event)),
    )
    assert [row.network for row in rows] == ["squeezenet1_0"]
    warnings = [(network, event.message) for network, event in told if isinstance(event, Warning_)]
    assert len(warnings) == 1 and warnings[0][0] == "reverie"
    assert "reverie is left out" in warnings[0][1] and "knows no classes" in warnings[0][1]
    told.clear()
    with pytest.raises(ReverieError, match="knows no classes"):
        compare.compare(dream, PHOTO, {}, networks=["reverie"], device="cpu", report=lambda *heard: told.append(heard))
    assert told == []  # the sentence comes once


def test_a_network_that_there_is_not_is_refused_before_the_others_paint():
    told: list[tuple[str, Event]] = []
    with pytest.raises(ReverieError, match="no network “bogus”") as caught:
        compare.compare(
            RECIPE, PHOTO, {"s": STYLE}, networks=["reverie", "bogus"], report=lambda *heard: told.append(heard)
        )
    assert caught.value.field == "network"
    assert told == []


def test_it_can_be_stopped():
    with pytest.raises(Cancelled):
        compare.compare(RECIPE, PHOTO, {"s": STYLE}, networks=["reverie"], device="cpu", stop=lambda: True)


def test_memory_is_counted_beyond_what_was_there():
    with compare.PeakMemory(torch.device("cpu")) as peak:
        filled = torch.ones(64 << 20, dtype=torch.uint8)
        for _ in range(2000):  # it looks now and then, and may have looked last while they were filled
            if peak.bytes > 60 << 20:
                break
            time.sleep(0.005)
        del filled
    assert 60 << 20 < peak.bytes < 200 << 20


def test_memory_on_cuda_is_counted_so_too(monkeypatch):
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 100)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 350)
    with compare.PeakMemory(torch.device("cuda")) as peak:
        pass
    assert peak.bytes == 250
