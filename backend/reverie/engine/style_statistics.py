"""Statistics of style pictures, remembered: previews, frames and repeated jobs look at the same styles again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from weakref import WeakKeyDictionary

from torch import nn

from reverie.engine import tiling
from reverie.engine.inputs import StylePicture
from reverie.losses.moments import Moments
from reverie.networks.network import Network

_KEPT = 32  # of each network: of four styles at eight scales. One takes about 2 MB

# A network that is let go takes them with it.
_known: WeakKeyDictionary[nn.Module, OrderedDict[Hashable, dict[str, Moments]]] = WeakKeyDictionary()


def of(network: Network, look: StylePicture, layers: Sequence[str], tile: int | None) -> dict[str, Moments]:
    """Mean and covariance by layer of a style picture at its present size, where it is opaque."""
    known = _known.setdefault(network.module, OrderedDict())
    size = tuple(look.picture.shape[2:])
    key = (look.digest, size, tuple(layers), tile, network.dtype, network.device)
    if look.digest and key in known:
        known.move_to_end(key)
        return known[key]
    found = tiling.statistics(network, look.picture, layers, tile, look.opaque)
    if look.digest:
        known[key] = found
        if len(known) > _KEPT:
            known.popitem(last=False)
    return found
