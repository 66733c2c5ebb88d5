"""A little of what `python -m tests.fuzz` does for as long as one likes: the same inputs in each run."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.fuzz.readers import READERS, Reader
from tests.fuzz.runs import inputs, tried

SLOW = {
    "pictures": 500,
    "safetensors": 300,
    "weights": 300,
    "fast styles": 300,
    "checkpoints": 300,
    "presets": 300,
    "records": 300,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_read_or_refused_in_a_sentence(tmp_path, name):
    outcomes = [
        tried(READERS[name], data, tmp_path) for data in itertools.islice(inputs(name, 0), SLOW.get(name, 1000))
    ]
    assert not {outcome for outcome in outcomes if outcome}
    refused = outcomes.count("") / len(outcomes)
    assert 0.2 < refused <= 1  # or the damage does not reach what is read


@pytest.mark.parametrize("name", [name for name in READERS if name not in ("checkpoints", "weights")])
def test_what_is_in_order_is_read(tmp_path, name):
    seeds = READERS[name].seeds()
    assert None in [tried(READERS[name], data, tmp_path) for data in seeds]


def test_a_reader_that_raises_anything_else_is_found(tmp_path):
    def read(data: bytes, folder: Path) -> None:
        raise IndexError(len(data))

    assert tried(Reader(lambda: [b""], read), b"what", tmp_path) == "IndexError: 4"
    assert tried(Reader(lambda: [b""], read, IndexError), b"what", tmp_path) == ""


def test_the_same_seed_damages_in_the_same_way():
    one, same, other = (list(itertools.islice(inputs("recipes", seed), 50)) for seed in (1, 1, 2))
    assert one == same != other
