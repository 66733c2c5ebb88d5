"""What these tests share: a codec, and one thread, since their pictures are too small to gain by more, and threads that
wait for a busy core lose."""

from __future__ import annotations

import pytest
import torch
from reverie.fast.codec import Codec, Decoder
from reverie.training import train_decoder

from tests.unit.engine.blots import blots

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def codec() -> Codec:
    """With random parameters."""
    torch.manual_seed(0)
    made = Codec(Decoder())
    train_decoder.fit_units(made, torch.cat([blots(96, 96, seed) for seed in range(4)]))
    return made
