"""Films in shots: where they are cut, and that frames are those of the film painted from its beginning to its end."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from reverie.engine import render
from reverie.engine.result import Result
from reverie.film import shots, video
from reverie.film.shots import Rest, Shot, Way
from reverie.film.unfinished import Unfinished
from reverie.recipe import Recipe

from tests.unit.film import clips

RECIPE = Recipe.parse({"style": "s", "method": "instant"})
LENGTH = 14  # frames of each of three shots


@pytest.fixture(autouse=True)
def _grain(monkeypatch) -> None:
    """A painter whose noise depends on the frame alone."""

    def paint(recipe, content, pictures, **_) -> Result:
        noise = np.random.default_rng(int(content.sum())).random(content.shape, np.float32) - 0.5
        return Result((content + 0.3 * noise).clip(0, 1), recipe, "noise", "cpu", 0.0)

    monkeypatch.setattr(render, "render", paint)


@pytest.fixture
def way(tmp_path) -> Way:
    """Of a film whose third shot shows what the first does, and the second does not."""
    scene = clips.moving(LENGTH)
    other = [np.ascontiguousarray(255 - frame[::-1]) for frame in scene]
    clips.write(tmp_path / "in.mp4", [*scene, *other, *scene[::-1]])
    return Way(video.examine(tmp_path / "in.mp4", None), RECIPE, {}, "cpu")


def _painted(way: Way, first: int, stop: int | None, known=()) -> list[tuple[int, bytes]]:
    return list(shots.paint(way, Rest(first, stop, dict(known)), lambda event: None))


def _unfinished(way: Way, tmp_path, frames: list[tuple[int, bytes]]) -> Unfinished:
    unfinished = Unfinished(tmp_path / "out.mp4", way.film, RECIPE, {})
    for number, data in frames:
        unfinished.keep(number, data)
    return unfinished


def test_a_film_is_cut_where_it_shows_something_else(way):
    assert list(shots.found(way.film)) == [Shot(0, LENGTH), Shot(LENGTH, 2 * LENGTH), Shot(2 * LENGTH, 3 * LENGTH)]


def test_no_shot_is_shorter_than_half_a_second_or_so(tmp_path):
    flashes = [np.full((32, 48, 3), 255 * (number % 2), np.uint8) for number in range(30)]
    clips.write(tmp_path / "in.mp4", flashes)
    found = list(shots.found(video.examine(tmp_path / "in.mp4", None)))
    assert [shot.start for shot in found] == [0, 12, 24] and found[-1].stop == 30


def test_a_shot_that_shows_something_new_is_painted_as_in_the_whole_film(way):
    whole = _painted(way, 0, None)
    assert [number for number, _ in whole] == list(range(3 * LENGTH))
    assert _painted(way, LENGTH, 2 * LENGTH) == whole[LENGTH : 2 * LENGTH]


def test_what_goes_on_from_an_earlier_shot_waits_for_it(way, tmp_path):
    whole = _painted(way, 0, None)
    third = Shot(2 * LENGTH, 3 * LENGTH)
    alone = _painted(way, third.start, third.stop)
    assert len(alone) < LENGTH and alone == whole[third.start : third.start + len(alone)]
    unfinished = _unfinished(way, tmp_path, whole[: third.start] + alone)
    rest = shots.rest(third, unfinished)
    assert rest.first == third.start + len(alone) and not third.is_painted(unfinished)
    after = list(shots.paint(way, rest, lambda event: None))
    assert alone + after == whole[third.start :]
    assert third.is_painted(_unfinished(way, tmp_path, after))


def test_where_there_was_no_cut_nothing_is_painted(way):
    assert _painted(way, LENGTH // 2, LENGTH) == []


def test_a_broken_off_shot_is_gone_on_with(way, tmp_path):
    whole = _painted(way, 0, None)
    second = Shot(LENGTH, 2 * LENGTH)
    unfinished = _unfinished(way, tmp_path, whole[LENGTH : LENGTH + 5])
    rest = shots.rest(second, unfinished)
    assert rest.first == LENGTH + 5 and set(rest.known) == set(range(LENGTH, LENGTH + 5))
    assert list(shots.paint(way, rest, lambda event: None)) == whole[LENGTH + 5 : 2 * LENGTH]
    assert (unfinished.total(), unfinished.missing(), unfinished.missing(LENGTH)) == (5, 0, LENGTH + 5)


def test_on_another_machine_the_film_is_read_from_its_bytes(way):
    whole = _painted(way, 0, 4)
    data = np.fromfile(way.film.file, np.uint8)
    there = pickle.loads(pickle.dumps(Way(way.film, RECIPE, {}, "cpu", data)))
    way.film.file.unlink()
    assert _painted(there, 0, 4) == whole
    assert _painted(there, 0, 4) == whole  # once more, from the beginning
