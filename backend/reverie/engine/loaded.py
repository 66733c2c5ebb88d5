"""The network of the last job stays loaded: the next is most often with the same."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch

from reverie import device as devices
from reverie.engine.memory import Placement
from reverie.engine.painter import Painter
from reverie.events import Cancelled, Event, Fetching
from reverie.fast import codec as codecs
from reverie.fast.codec import Codec
from reverie.networks import registry
from reverie.networks.network import Network
from reverie.networks.weights import catalogue, download


def fetch_weights(name: str, report: Callable[[Event], None], stop: Callable[[], bool] = lambda: False) -> None:
    """Downloads the network's weights if they are not on this machine. Raises Cancelled when `stop` said so, and
    ReverieError when they cannot be had."""
    if catalogue.find(name) is not None:
        return

    def check() -> None:
        if stop():
            raise Cancelled

    download.fetch(
        name, lambda here, total: report(Fetching(name, catalogue.CATALOGUE[name].licence, here, total)), check
    )


@functools.lru_cache(maxsize=1)
def _load(name: str, pooling: str | None, where: torch.device, dtype: torch.dtype) -> Network:
    return registry.load(name, pooling).to(where, dtype)


def network_at(name: str, pooling: str | None, placement: Placement) -> Network:
    """The network of a job at a placement."""
    return _load(name, pooling, placement.device, placement.dtype)


def network_for(name: str, device: str) -> Network:
    """A network on a device as jobs have it; the next job finds it loaded."""
    where = devices.choose(device)
    return _load(name, None, where, devices.precision("auto", where))


def painter(placement: Placement, tile: int | None, check_stop: Callable[[], None]) -> Painter:
    """What paints in one pass, with the bundled encoder and decoder, in tiles of a side in pixels."""
    return Painter(_codec(placement.device), placement.dtype, tile, check_stop)


@functools.lru_cache(maxsize=1)
def _codec(where: torch.device) -> Codec:
    return codecs.load(codecs.BUNDLED, where)


def forget_network() -> None:
    """Frees the memory of the networks that the last job used, and what the system gave for its work."""
    _load.cache_clear()
    _codec.cache_clear()
    devices.give_memory_back()
