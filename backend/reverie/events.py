"""What a running job tells its caller, and how it is stopped."""

from __future__ import annotations

from dataclasses import dataclass

from reverie.errors import Sentence
from reverie.pictures.picture import Picture


@dataclass(frozen=True)
class Fetching:
    """While a network's weights are downloaded: bytes that are here and in all, and the licence of the weights."""

    network: str
    licence: str
    here: int
    total: int


@dataclass(frozen=True)
class Started:
    device: str
    network: str
    iterations: int


@dataclass(frozen=True)
class Progress:
    """After an iteration. `width`×`height` is the current scale, `fraction` (0 to 1) counts work, not iterations."""

    iteration: int
    iterations: int
    width: int
    height: int
    loss: float
    fraction: float
    seconds_left: float


@dataclass(frozen=True)
class Preview:
    """The picture so far, H×W×3 at the current scale."""

    picture: Picture


@dataclass(frozen=True)
class Warning_:
    """Something that the user should know but that does not stop the job."""

    sentence: Sentence

    @property
    def message(self) -> str:
        return str(self.sentence)


Event = Fetching | Started | Progress | Preview | Warning_


class Cancelled(Exception):
    """Raised out of `render` when its caller asked it to stop."""
