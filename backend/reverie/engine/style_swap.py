"""Style swap: each place of a picture takes the features of the place of a style that is most like it (Chen & Schmidt
2016, “Fast Patch-based Style Transfer of Arbitrary Style”, section 3), here in the codec's first levels.

We depart from the paper in two ways. Hypercolumns are compared and not patches of one layer (Kolkin et al. 2022,
“Neural Neighbor Style Transfer”, section 3), each side in units of its own mean and deviation. And a place that goes on
with the piece of the style that its neighbour has taken is preferred (Ashikhmin 2001, “Synthesizing Natural Textures”):
strokes and the grain of a canvas stay whole, where places chosen one by one make a lattice of their own width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from reverie.engine.principal import directions, principal
from reverie.fast.codec import STRIDES

LEVELS = 3  # of the codec, that are compared and taken; in deeper ones a photo's things are found, and not its light
PLACE = max(STRIDES[:LEVELS])  # pixels from place to place

_PLACES = 4096  # of all styles together, that are looked through
_COMPONENTS = 128  # of a hypercolumn, that are compared
_AT_A_TIME = 2048  # places of the picture: bounds the table of similarities
COHERENT = 0.05  # what it is worth, as a cosine, to go on with what one neighbour has
STEADY = 1e-3  # added to the deviations of hypercolumns: what hardly varies is noise
ROUNDS = 4  # of asking the neighbours
BESIDE = ((0, 1), (0, -1), (1, 0), (-1, 0))


class StyleSwap:
    """The places of styles, for pictures that take their features."""

    def __init__(self, styles: Sequence[tuple[Sequence[Tensor], Tensor, float]], seed: int) -> None:
        """`styles` are the first levels of each, 1×C×h×w; which of its places count (H×W, 0 to 1), none of those at its
        border; and its weight: that share of the places that are looked through is its, drawn at random."""
        generator = torch.Generator().manual_seed(seed)
        total = sum(weight for _, _, weight in styles)
        self._features = [torch.cat([_parts(levels[k], k) for levels, _, _ in styles]) for k in range(LEVELS)]
        self.usable = torch.cat([_counting(cover).flatten() for _, cover, _ in styles])
        self.widths = torch.cat([torch.full((cover.numel(),), cover.shape[1]) for _, cover, _ in styles]).to(
            self.usable.device
        )
        drawn, begin = [], 0
        for _, cover, weight in styles:
            here = self.usable[begin : begin + cover.numel()].nonzero()[:, 0].cpu() + begin
            count = max(1, round(_PLACES * weight / total))
            drawn.append(here[torch.randperm(len(here), generator=generator)[:count]])
            begin += cover.numel()
        self.drawn = torch.cat(drawn).to(self.usable.device)
        columns = torch.cat([_hypercolumns(levels).flatten(0, 1) for levels, _, _ in styles])
        standard = _standardised(columns, columns[self.drawn])
        self.basis = principal(standard[self.drawn], min(_COMPONENTS, len(self.drawn), standard.shape[1]))
        self._directions = directions(standard @ self.basis).to(self._features[0].dtype)

    @property
    def bytes(self) -> int:
        """How much memory they take."""
        return sum(part.nbytes for part in (*self._features, self._directions, self.usable, self.widths))

    def nearest(self, levels: Sequence[Tensor], cover: Tensor, check_stop: Callable[[], None]) -> Tensor:
        """The number of the style's place for each of a picture's, h×w, given its levels, and which of its places count
        for their mean and deviation (h×w)."""
        columns = _hypercolumns(levels)
        size = columns.shape[:2]
        columns = columns.flatten(0, 1)
        standard = _standardised(columns, columns[_counting(cover).flatten()])
        own = directions(standard @ self.basis).to(self._directions.dtype)
        drawn, found = self._directions[self.drawn].T, []
        for part in torch.split(own, _AT_A_TIME):
            check_stop()
            found.append((part @ drawn).max(1).indices)
        nearest = self.drawn[torch.cat(found)].view(size)
        for _ in range(ROUNDS):
            check_stop()
            nearest = self._more_coherent(own, nearest)
        return nearest

    def taken(self, level: int, nearest: Tensor) -> Tensor:
        """The features of a level (from 1) at places of the styles, h×w, as a map 1×C×H×W."""
        parts = self._features[level - 1][nearest]  # h×w×k×k×C
        height, width, across, _, channels = parts.shape
        whole = parts.permute(0, 2, 1, 3, 4).reshape(height * across, width * across, channels)
        return whole.permute(2, 0, 1)[None]

    def _more_coherent(self, own: Tensor, nearest: Tensor) -> Tensor:
        """Each place keeps what it has, or takes what goes on with what one of its neighbours has: what is most like
        it, and what most neighbours agree on."""
        offers = [self._offered(nearest, down, across) for down, across in BESIDE]
        best, most = nearest, torch.full(nearest.shape, -torch.inf, device=nearest.device)
        for choice in (nearest, *offers):
            worth = self._likeness(own, choice.clamp_min(0))
            for offer in offers:
                worth += COHERENT * (offer == choice)
            better = (worth > most) & (choice >= 0)
            best, most = torch.where(better, choice, best), torch.where(better, worth, most)
        return best

    def _offered(self, nearest: Tensor, down: int, across: int) -> Tensor:
        """What goes on with what the neighbour so far above and to the left has; −1 where there is none."""
        beside = nearest.roll((down, across), (0, 1))
        offer = beside + down * self.widths[beside] + across
        offer = torch.where(self.usable[offer], offer, -1)  # beside a place that counts there always is one
        if down:
            offer[0 if down > 0 else -1] = -1
        else:
            offer[:, 0 if across > 0 else -1] = -1
        return offer

    def _likeness(self, own: Tensor, places: Tensor) -> Tensor:
        """The cosine of the picture's hypercolumns and those of some places of the styles, h×w."""
        pairs = zip(torch.split(own, _AT_A_TIME * 8), torch.split(places.flatten(), _AT_A_TIME * 8), strict=True)
        return torch.cat([(part * self._directions[here]).sum(1, dtype=torch.float32) for part, here in pairs]).view(
            places.shape
        )


def _counting(cover: Tensor) -> Tensor:
    """Which places count by half at least; of what hardly covers anything, those that it covers most."""
    return cover >= cover.max().clamp(max=0.5)


def _parts(features: Tensor, index: int) -> Tensor:
    """The features, 1×C×h×w, of the level of an index from 0, by places: N×k×k×C."""
    count = PLACE // STRIDES[index]
    channels, height, width = features.shape[1:]
    split = features[0].reshape(channels, height // count, count, width // count, count)
    return split.permute(1, 3, 2, 4, 0).reshape(-1, count, count, channels)


def _hypercolumns(levels: Sequence[Tensor]) -> Tensor:
    """What the levels show at each place, h×w×C, none with more weight for having more channels."""
    found = []
    for level, stride in zip(levels[:LEVELS], STRIDES, strict=False):
        pooled = functional.avg_pool2d(level, PLACE // stride)[0].permute(1, 2, 0)
        found.append(pooled.float() / level.shape[1] ** 0.5)
    return torch.cat(found, -1)


def _standardised(columns: Tensor, counting: Tensor) -> Tensor:
    """Columns, N×C, in units of those that count."""
    deviation, mean = torch.std_mean(counting, 0, correction=0)
    return (columns - mean) / (deviation + STEADY)
