"""Any picture as a style, in one pass: down the encoder once, up the decoder once, and at each level on the way up the
features take the mean and covariance of the style's (see fast/codec.py and losses/transport.py).

The maps of the whole picture are held, a level at a time, and only convolutions are computed in tiles: so statistics
are those of the whole picture whatever its size, and there are no seams.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from reverie.engine import sizes
from reverie.engine.inputs import Inputs, StylePicture
from reverie.events import Progress, Started
from reverie.fast.codec import LEVELS, STRIDE, Codec
from reverie.job import Job
from reverie.losses import moments
from reverie.losses.moments import Moments
from reverie.losses.transport import linear_map
from reverie.pictures import color
from reverie.pictures.resize import resize
from reverie.run import Run

KEPT = (0.5, 0.4, 0.2, 0.2, 0.0)
"""How much of each level's features comes from the photo itself rather than from the level below it: edges and what is
small do not survive the way down to the deepest level. Less of it brings halos, more at the third and fourth takes the
strokes."""

_RECOLORED = 0.6  # the strength from which on the picture has all the style's colours before it is painted
_SEEN = 0.2  # the strength below which the painting, whose edges are never quite the photo's, fades into it
_MARGIN = 2 * STRIDE  # pixels by which a picture is continued on each side; what zeros do to its border falls into it
_TILE = 1024  # pixels: side of the tiles
_HALO = 16  # positions around a tile that a level's convolutions see, more than enough of them
_POSITIONS = 1 << 20  # positions that are added up, or moved, at once

Regions = Sequence[tuple[Tensor | None, Sequence[Moments]]]


def paint(job: Job, inputs: Inputs, codec: Codec, precision: torch.dtype, run: Run) -> Tensor:
    """The painting, 1×3×h×w at the size of the job. Each level counts as an iteration.

    Where masks leave the picture free it stays as it is. Raises Cancelled when the job is to stop.
    """
    recipe = job.recipe
    height, width = inputs.source.shape[2:]
    content = resize(inputs.source, *job.size(width, height)).clamp(0, 1)
    height, width = content.shape[2:]
    painter, regions = Painter(codec, precision, recipe.tile), []
    run.report(Started(content.device.type, "any style", LEVELS))
    cover, begun = torch.zeros_like(content[:, :1]), content
    for mask, looks in inputs.regions:
        run.check_stop()
        laid = None if mask is None else resize(mask, width, height).clamp(0, 1)
        cover = torch.ones_like(cover) if laid is None else (cover + laid).clamp(max=1)
        own = _in_colors_of(looks, content, min(1.0, recipe.strength / _RECOLORED))
        begun = own if laid is None else torch.lerp(begun, own, laid)
        regions.append((laid, _blended(looks, painter, max(width, height))))

    def told(level: int) -> None:
        run.check_stop()
        done = (LEVELS + 1 - level) / LEVELS
        left = run.clock.elapsed * (1 - done) / done
        run.report(Progress(LEVELS + 1 - level, LEVELS, width, height, 0.0, done, left))

    painted = painter.paint(begun, regions, recipe.strength, told)
    return torch.lerp(content, painted, cover * min(1.0, recipe.strength / _SEEN))


def _in_colors_of(looks: Sequence[StylePicture], content: Tensor, share: float) -> Tensor:
    """The picture with the colours of styles, or so far on the way."""
    total = sum(look.weight for look in looks)
    colors = [color.match_colors(content, look.picture, None, look.opaque) * (look.weight / total) for look in looks]
    return torch.lerp(content, torch.stack(colors).sum(0), share)


def _blended(looks: Sequence[StylePicture], painter: Painter, longest: int) -> list[Moments]:
    """The statistics of styles, by their weights, at each level."""
    found = []
    for look in looks:
        size = sizes.of_style(look.picture, look.scale, longest)
        opaque = None if look.opaque is None else resize(look.opaque, *size).clamp(0, 1)
        found.append((painter.statistics(resize(look.picture, *size).clamp(0, 1), opaque), look.weight))
    return [moments.blend([(levels[index], weight) for levels, weight in found]) for index in range(LEVELS)]


class Painter:
    """Carries pictures down and up through the codec, in tiles of a side in pixels."""

    def __init__(self, codec: Codec, precision: torch.dtype, tile: int | None = None) -> None:
        self._codec, self._precision, self._tile = codec, precision, tile or _TILE

    @torch.no_grad()
    def statistics(self, picture: Tensor, opaque: Tensor | None) -> list[Moments]:
        """The moments of a style picture (1×3×H×W, 0 to 1) at each level, where it is opaque (1×1×H×W)."""
        cover = _cover(picture, opaque)
        return [_moments(level, _at(cover, level)) for level in self._down(_continued(picture))]

    @torch.no_grad()
    def paint(
        self,
        picture: Tensor,
        regions: Regions,
        strength: float,
        told: Callable[[int], None] = lambda level: None,
    ) -> Tensor:
        """The picture, 1×3×H×W in 0 to 1, with the statistics of styles: `regions` pairs masks (1×1×H×W in 0 to 1;
        None: everywhere) with what `statistics` says of the style there. `told` hears which levels are done, from the
        deepest, and may raise."""
        height, width = picture.shape[2:]
        own = self._down(_continued(picture))
        masks = [(_cover(picture, mask), None if mask is None else _continued(mask)) for mask, _ in regions]
        features = own[-1]
        for level in range(LEVELS, 0, -1):
            features = torch.lerp(features, own.pop(), KEPT[level - 1])
            moved = features.clone(memory_format=torch.channels_last)
            for (cover, mask), (_, statistics) in zip(masks, regions, strict=True):
                found = _moments(features, _at(cover, features))
                change = linear_map(found, statistics[level - 1], strength)
                _add_change(moved, features, change, None if mask is None else _at(mask, features))
            features = self._in_tiles(functools.partial(self._codec.up, level), moved)
            told(level)
        return features.float()[:, :, _MARGIN : _MARGIN + height, _MARGIN : _MARGIN + width].clamp(0, 1)

    def _down(self, picture: Tensor) -> list[Tensor]:
        """The levels of a picture, from the finest on, each whole."""
        found: list[Tensor] = []
        for level in range(1, LEVELS + 1):
            before = found[-1] if found else picture
            found.append(self._in_tiles(functools.partial(self._codec.down, level), before))
        return found

    def _in_tiles(self, convolve: Callable[[Tensor], Tensor], features: Tensor) -> Tensor:
        """What convolutions make of a whole map. Their result may be twice or half as large."""
        height, width = features.shape[2:]
        whole: Tensor | None = None
        for top in range(0, height, self._tile):
            for left in range(0, width, self._tile):
                above, before = min(top, _HALO), min(left, _HALO)
                part = features[:, :, top - above : top + self._tile + _HALO, left - before : left + self._tile + _HALO]
                with self._autocast(features.device):
                    made = convolve(part.contiguous(memory_format=torch.channels_last))
                factor = made.shape[2] / part.shape[2]
                if whole is None:
                    size = (1, made.shape[1], round(height * factor), round(width * factor))
                    whole = torch.empty(size, dtype=made.dtype, device=made.device, memory_format=torch.channels_last)
                place = whole[:, :, round(top * factor) : round((top + self._tile) * factor)]
                place = place[:, :, :, round(left * factor) : round((left + self._tile) * factor)]
                y, x = round(above * factor), round(before * factor)
                place.copy_(made[:, :, y : y + place.shape[2], x : x + place.shape[3]])
        assert whole is not None  # a map has at least one position
        return whole

    def _autocast(self, where: torch.device) -> contextlib.AbstractContextManager[object]:
        if self._precision == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(where.type, self._precision)


def _continued(picture: Tensor) -> Tensor:
    """A picture, or a mask, with its margins; to the right and downwards on to a multiple of the stride."""
    down, right = (_MARGIN + -side % STRIDE for side in picture.shape[2:])
    mode = "reflect" if down < picture.shape[2] and right < picture.shape[3] else "replicate"
    return functional.pad(picture, (_MARGIN, right, _MARGIN, down), mode=mode)


def _cover(picture: Tensor, mask: Tensor | None) -> Tensor:
    """What counts of a continued picture: its mask, and nothing of the margins."""
    inside = torch.ones_like(picture[:, :1]) if mask is None else mask
    down, right = (_MARGIN + -side % STRIDE for side in picture.shape[2:])
    return functional.pad(inside, (_MARGIN, right, _MARGIN, down))


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


def _add_change(moved: Tensor, features: Tensor, change: tuple[Tensor, Tensor], weights: Tensor | None) -> None:
    """Adds to `moved` how far a linear map moves the features where weights (H×W) are."""
    matrix, shift = change
    for rows in _strips(features):
        part = features[:, :, rows].float()
        step = functional.conv2d(part, matrix[:, :, None, None], shift) - part
        moved[:, :, rows] += (step if weights is None else step * weights[rows]).to(moved.dtype)


def _strips(features: Tensor) -> list[slice]:
    """Rows, in parts that are not too large."""
    height, width = features.shape[2:]
    count = max(1, _POSITIONS // width)
    return [slice(top, top + count) for top in range(0, height, count)]
