"""Gives a picture the look of others in one pass: down the encoder once, up the decoder once. At each level on the way
up the features take the mean and covariance of the style's (see fast/codec.py and losses/transport.py), and where a
whole painting is wanted they come near the style's own (see style_swap.py).

The maps of the whole picture are held, a level at a time, and only convolutions are computed in tiles: so statistics
are those of the whole picture whatever its size, and there are no seams.
"""

from __future__ import annotations

import functools
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional

from reverie import device as devices
from reverie.engine import style_statistics, style_swap
from reverie.engine.detail import detailed
from reverie.engine.inputs import StylePicture
from reverie.engine.style_swap import PLACE, StyleSwap
from reverie.fast.codec import STRIDE, STRIDES, Codec
from reverie.losses import moments
from reverie.losses.moments import Moments
from reverie.losses.transport import linear_map
from reverie.pictures.resize import resize

KEPT = (0.2, 0.2, 0.0)
"""How much of each level's features comes from the picture itself rather than from the level below it: what is small
does not survive the way down."""

TAKEN = (0.45, 0.75, 0.85)
"""How much of each level is taken from the place of the style that is most like it, at the usual strength; the rest is
the picture's own, with the mean and covariance of the style's."""

USUAL = 0.85  # that strength
CALM = 0.3  # how much of it is taken where the picture is plain: one place of the style again and again is a weave

MARGIN = 2 * STRIDE  # pixels by which a picture is continued on each side; what zeros do to its border falls into it
_TILE = {torch.bfloat16: 512, torch.float32: 256}  # positions: side of the tiles, by what is computed with
_HALO = 16  # positions around a tile that a level's convolutions see, more than enough of them
_POSITIONS = 1 << 18  # positions that are added up, or moved, at once
_LARGE = 1 << 26  # bytes of a map beyond which it is kept in bfloat16, also where that is not computed with

Regions = Sequence[tuple[Tensor | None, Sequence[Moments]]]
_Taken = Callable[[int, slice], Tensor]  # the features of a level, from 1, in some of its rows


_KEPT_SOURCES = 1 << 28  # bytes of them all: those of many styles for small pictures, or of a few for large ones


@dataclass(frozen=True)
class Source:
    """What is taken from styles: the moments of their first levels, and their places."""

    statistics: Sequence[Moments]
    places: StyleSwap


# A codec that is let go takes them with it.
_sources: WeakKeyDictionary[Codec, OrderedDict[Hashable, Source]] = WeakKeyDictionary()


class Painter:
    """Carries pictures down and up through the codec, in tiles of a side in pixels. Before each `check_stop` is called,
    which may raise."""

    def __init__(
        self,
        codec: Codec,
        precision: torch.dtype,
        tile: int | None = None,
        check_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._codec, self._precision, self._check_stop = codec, precision, check_stop
        self._tile = tile or _TILE[precision]

    @torch.no_grad()
    def statistics(self, picture: Tensor, opaque: Tensor | None, levels: int) -> list[Moments]:
        """The moments of a style picture (1×3×H×W, 0 to 1) at its first levels, where it is opaque (1×1×H×W)."""
        cover = _cover(picture, opaque)
        return [_moments(level, _at(cover, level)) for level in self._down(continued(picture), levels)]

    def looks(self, looks: Sequence[tuple[StylePicture, tuple[int, int]]], levels: int) -> list[Moments]:
        """The statistics of styles, each at a size (width, height), blended by their weights."""
        found = [(self._look(look, size, levels), look.weight) for look, size in looks]
        return [moments.blend([(own[index], weight) for own, weight in found]) for index in range(levels)]

    def _look(self, look: StylePicture, size: tuple[int, int], levels: int) -> list[Moments]:
        """The statistics of a style at a size (width, height); many photos, and the frames of a film, ask for them."""

        def measure() -> list[Moments]:
            opaque = None if look.opaque is None else resize(look.opaque, *size).clamp(0, 1)
            return self.statistics(resize(look.picture, *size).clamp(0, 1), opaque, levels)

        key = (size, levels, self._tile, self._precision, look.picture.device)
        return style_statistics.remembered(self._codec, look, key, measure)

    @torch.no_grad()
    def source(self, looks: Sequence[tuple[StylePicture, tuple[int, int]]], seed: int) -> Source:
        """What is taken from styles, each at a size (width, height); of several, places are drawn by their weights.
        The last ones are kept: frames, many photos and previews ask for them again."""
        known = _sources.setdefault(self._codec, OrderedDict())
        parts = tuple((look.digest, look.weight, size, look.picture.device) for look, size in looks)
        key = (parts, seed, self._tile, self._precision)
        if key not in known:
            known[key] = self._source(looks, seed)
        found = known[key]
        known.move_to_end(key)
        if not all(look.digest for look, _ in looks):
            del known[key]
        while sum(each.places.bytes for each in known.values()) > _KEPT_SOURCES:
            known.popitem(last=False)
        return found

    def _source(self, looks: Sequence[tuple[StylePicture, tuple[int, int]]], seed: int) -> Source:
        found, styles = [], []
        for look, size in looks:
            picture = resize(look.picture, *size).clamp(0, 1)
            cover = _cover(picture, None if look.opaque is None else resize(look.opaque, *size).clamp(0, 1))
            levels = self._down(continued(picture), style_swap.LEVELS)
            found.append(([_moments(level, _at(cover, level)) for level in levels], look.weight))
            styles.append((levels, _at(cover, levels[-1]), look.weight))
        blended = [moments.blend([(own[k], weight) for own, weight in found]) for k in range(style_swap.LEVELS)]
        return Source(blended, StyleSwap(styles, seed))

    @torch.no_grad()
    def paint(
        self,
        picture: Tensor,
        like: Tensor,
        regions: Sequence[tuple[Tensor | None, Source]],
        strength: float,
        told: Callable[[int], None] = lambda level: None,
    ) -> Tensor:
        """The picture, 1×3×H×W in 0 to 1, with the features of styles: `regions` pairs masks (1×1×H×W in 0 to 1; None:
        everywhere) with their sources. What each place takes is found for `like`, a picture of that size. `told` hears
        which levels are done, from the deepest."""
        own = self._down(continued(picture), style_swap.LEVELS)
        seen = own if like is picture else self._down(continued(like), style_swap.LEVELS)
        taken = []
        for mask, source in regions:
            nearest = source.places.nearest(seen, _at(_cover(picture, mask), seen[-1]), self._check_stop)
            taken.append(functools.partial(_taken, source.places, nearest))
        del seen
        statistics = [(mask, source.statistics) for mask, source in regions]
        rich = continued(CALM + (1 - CALM) * detailed(like))
        return self._up(own, picture, statistics, strength, KEPT, told, taken, rich).clamp(0, 1)

    @torch.no_grad()
    def brushwork(
        self, picture: Tensor, regions: Regions, strength: float, kept: Sequence[float], told: Callable[[float], None]
    ) -> Tensor:
        """What the statistics of styles change of a picture, 1×3×H×W: `regions` pairs masks, as in `paint`, with what
        `statistics` says of the style there. It goes as deep as `kept` has levels: how much of each comes from the
        picture itself rather than from the level below it. What the codec loses of a picture, and its own grain, are in
        it twice, with either sign, and so in neither. `told` hears how much of it is done, 0 to 1."""
        own = self._down(continued(picture), len(kept))
        told(1 / 3)
        painted = self._up(list(own), picture, regions, strength, kept)
        told(2 / 3)
        return painted.sub_(self._up(own, picture, [], 0.0, kept))

    def _up(
        self,
        own: list[Tensor],
        picture: Tensor,
        regions: Regions,
        strength: float,
        kept: Sequence[float],
        told: Callable[[int], None] = lambda level: None,
        taken: Sequence[_Taken] = (),
        rich: Tensor | None = None,
    ) -> Tensor:
        """What the decoder makes of a picture's own features, which are taken out of their list one by one. `taken` are
        the features that each region takes from its styles, if any, and `rich`, a continued map, how much of it where.
        """
        height, width = picture.shape[2:]
        masks = [(_cover(picture, mask), None if mask is None else continued(mask)) for mask, _ in regions]
        features = own.pop().clone(memory_format=torch.channels_last)
        for level in range(len(kept), 0, -1):
            if level < len(kept):
                features.lerp_(own.pop(), kept[level - 1])
            # Each region is measured as it was before others moved; where there is but one, a copy only costs memory.
            moved = features if len(regions) < 2 else features.clone(memory_format=torch.channels_last)
            for number, ((cover, mask), (_, statistics)) in enumerate(zip(masks, regions, strict=True)):
                found = _moments(features, _at(cover, features))
                change = linear_map(found, statistics[level - 1], strength)
                own_taken = None
                if rich is not None:
                    share = _at(rich, features) * min(1.0, TAKEN[level - 1] * strength / USUAL)
                    own_taken = functools.partial(taken[number], level), share
                _add_change(moved, features, change, None if mask is None else _at(mask, features), own_taken)
            features = self._in_tiles(functools.partial(self._codec.up, level), moved, level == 1)
            del moved  # a copy of it in another type, below, needs the room
            told(level)
        return features.float()[:, :, MARGIN : MARGIN + height, MARGIN : MARGIN + width]

    def _down(self, picture: Tensor, levels: int) -> list[Tensor]:
        """The first levels of a picture, from the finest on, each whole."""
        found: list[Tensor] = []
        for level in range(1, levels + 1):
            before = found[-1] if found else picture
            found.append(self._in_tiles(functools.partial(self._codec.down, level), before))
        return found

    def _in_tiles(self, convolve: Callable[[Tensor], Tensor], features: Tensor, to_picture: bool = False) -> Tensor:
        """What convolutions make of a whole map. Their result may be twice or half as large. What is large is kept
        in bfloat16, but for a picture: that has too few steps for a plain sky."""
        height, width = features.shape[2:]
        whole: Tensor | None = None
        for top in range(0, height, self._tile):
            for left in range(0, width, self._tile):
                self._check_stop()
                above, before = min(top, _HALO), min(left, _HALO)
                part = features[:, :, top - above : top + self._tile + _HALO, left - before : left + self._tile + _HALO]
                if self._precision == torch.float32:
                    part = part.float()
                with devices.autocast(features.device, self._precision):
                    made = convolve(part.contiguous(memory_format=torch.channels_last))
                factor = made.shape[2] / part.shape[2]
                if whole is None:
                    size = (1, made.shape[1], round(height * factor), round(width * factor))
                    large = not to_picture and math.prod(size) * made.element_size() > _LARGE
                    kept = torch.bfloat16 if large else made.dtype
                    whole = torch.empty(size, dtype=kept, device=made.device, memory_format=torch.channels_last)
                place = whole[:, :, round(top * factor) : round((top + self._tile) * factor)]
                place = place[:, :, :, round(left * factor) : round((left + self._tile) * factor)]
                y, x = round(above * factor), round(before * factor)
                place.copy_(made[:, :, y : y + place.shape[2], x : x + place.shape[3]])
        assert whole is not None  # a map has at least one position
        return whole


def continued(picture: Tensor) -> Tensor:
    """A picture, or a mask, with its margins; to the right and downwards on to a multiple of the stride."""
    down, right = (MARGIN + -side % STRIDE for side in picture.shape[2:])
    mode = "reflect" if down < picture.shape[2] and right < picture.shape[3] else "replicate"
    return functional.pad(picture, (MARGIN, right, MARGIN, down), mode=mode)


def _cover(picture: Tensor, mask: Tensor | None) -> Tensor:
    """What counts of a continued picture: its mask, and nothing of the margins."""
    inside = torch.ones_like(picture[:, :1]) if mask is None else mask
    down, right = (MARGIN + -side % STRIDE for side in picture.shape[2:])
    return functional.pad(inside, (MARGIN, right, MARGIN, down))


def _at(mask: Tensor, features: Tensor) -> Tensor:
    """The weights, H×W, of a level's positions in a continued mask."""
    return resize(mask, features.shape[3], features.shape[2])[0, 0].clamp(0, 1)


def _moments(features: Tensor, weights: Tensor) -> Moments:
    """Of 1×C×H×W features, where weights (H×W) are; added up in strips, so that no copy of the whole is made."""
    center = features[:, :, ::16, ::16].float().mean((0, 2, 3))
    first = second = count = torch.zeros((), device=features.device)
    for rows in _strips(features):
        more = moments.sums(features[:, :, rows].float(), center, weights[rows])
        first, second, count = first + more[0], second + more[1], count + more[2]
    mean = first / count
    return Moments(mean + center, second / count - torch.outer(mean, mean))


def _taken(places: StyleSwap, nearest: Tensor, level: int, rows: slice) -> Tensor:
    """The features of a level in some of its rows, at the places that are nearest."""
    count = PLACE // STRIDES[level - 1]
    return places.taken(level, nearest[rows.start // count : -(-rows.stop // count)])


def _add_change(
    moved: Tensor,
    features: Tensor,
    change: tuple[Tensor, Tensor],
    weights: Tensor | None,
    taken: tuple[Callable[[slice], Tensor], Tensor] | None,
) -> None:
    """Adds to `moved`, where weights (H×W) are, how far a linear map moves the features, or, for a share of it (H×W),
    how far they are from those that are taken."""
    matrix, shift = change
    for rows in _strips(features):
        part = features[:, :, rows].float()
        step = functional.conv2d(part, matrix[:, :, None, None], shift)
        if taken is not None:
            found, share = taken
            step = torch.lerp(step, found(rows).float(), share[rows])
        step -= part
        moved[:, :, rows] += (step if weights is None else step * weights[rows]).to(moved.dtype)


def _strips(features: Tensor) -> list[slice]:
    """Rows, an even number of them, in parts that are not too large."""
    height, width = features.shape[2:]
    count = max(1, _POSITIONS // width // 2) * 2
    return [slice(top, min(height, top + count)) for top in range(0, height, count)]
