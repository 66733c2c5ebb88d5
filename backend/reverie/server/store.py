"""The pictures that clients have sent."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

from reverie.pictures import images, npy


@dataclass(frozen=True)
class Stored:
    """A picture as it was sent: its bytes, size in pixels, channels (1 to 4) and sample type."""

    id: str
    data: bytes
    width: int
    height: int
    channels: int
    depth: npy.Depth


class Store:
    """Pictures by the sha256 of their bytes; the ones longest unused go when all take more than `limit` bytes. A job
    holds its own pictures, so what it needs cannot go before it runs."""

    def __init__(self, limit: int = 1 << 30) -> None:
        self._limit = limit
        self._pictures: OrderedDict[str, Stored] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, data: bytes) -> Stored:
        """Keeps a picture. Raises ReverieError when the bytes are none (decodes them: not for the event loop)."""
        identifier = hashlib.sha256(data).hexdigest()
        if (known := self.get(identifier)) is not None:
            return known
        (height, width, channels), depth = images.inspect(data)
        stored = Stored(identifier, data, width, height, channels, depth)
        with self._lock:
            self._pictures[stored.id] = stored
            self._pictures.move_to_end(stored.id)
            while len(self._pictures) > 1 and sum(len(each.data) for each in self._pictures.values()) > self._limit:
                self._pictures.popitem(last=False)
        return stored

    def get(self, identifier: str) -> Stored | None:
        """The picture of that id, if it is (still) here."""
        with self._lock:
            stored = self._pictures.get(identifier)
            if stored is not None:
                self._pictures.move_to_end(identifier)
            return stored

    def clear(self) -> None:
        """Lets all pictures go."""
        with self._lock:
            self._pictures.clear()
