"""Statistics of style pictures, remembered: previews, frames, many photos and repeated jobs look at the same styles
again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from reverie.engine import tiling
from reverie.engine.inputs import StylePicture
from reverie.losses.moments import Moments
from reverie.networks.network import Network

_KEPT = 32  # of each network: of four styles at eight scales. One takes about 2 MB

T = TypeVar("T")

# A network that is let go takes them with it.
_known: WeakKeyDictionary[object, OrderedDict[Hashable, Any]] = WeakKeyDictionary()


def of(network: Network, look: StylePicture, layers: Sequence[str], tile: int | None) -> dict[str, Moments]:
    """Mean and covariance by layer of a style picture at its present size, where it is opaque."""
    key = (tuple(look.picture.shape[2:]), tuple(layers), tile, network.dtype, network.device)
    return remembered(
        network.module, look, key, lambda: tiling.statistics(network, look.picture, layers, tile, look.opaque)
    )


def remembered(network: object, look: StylePicture, key: Hashable, measure: Callable[[], T]) -> T:
    """What `measure` finds out about a style picture with a network; asked again, what it found the last time. `key` is
    all that this depends on besides."""
    if not look.digest:
        return measure()
    known, whole = _known.setdefault(network, OrderedDict()), (look.digest, key)
    if whole not in known:
        known[whole] = measure()
        if len(known) > _KEPT:
            known.popitem(last=False)
    known.move_to_end(whole)
    found: T = known[whole]
    return found
