"""Patch painting: a picture put together from pieces of the styles, without any network."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from reverie.engine.pyramid import RATIO
from reverie.pictures import color
from reverie.pictures.resize import fit, resize

_SIDE = 9  # pixels of a patch
_STEP = 3  # pixels between neighbouring patches of the picture
_COARSEST = 48  # pixels: longest side at the first scale, where a patch is a large part of the picture
_POOL = 16384  # patches of the styles to choose from
_DEALS = 20  # parts of the pool, and of the picture's patches; each searches its own
_COMPONENTS = 40  # of a patch, that are compared
_ROUNDS = 3  # at each scale
_AT_A_TIME = 2048  # patches of the picture: bounds the table of similarities
_COHERENCE = 1.3  # how much farther than the nearest a patch may be that goes on from its neighbour's
_STRIDES = (4, 2, 1)  # patches: over how many one may be carried on
_ROBUST = 0.8  # the r of Elad & Milanfar, eq. 9


def synthesise(
    content: Tensor,
    styles: Sequence[tuple[Tensor, float]],
    *,
    strength: float,
    seed: int,
    tell: Callable[[float, Tensor], None],
    check_stop: Callable[[], None],
) -> Tensor:
    """The content, 1×3×H×W in 0 to 1, painted with patches of the styles: the same size, 0 to 1.

    Elad & Milanfar 2017, “Style Transfer Via Texture Synthesis”: coarse to fine, every overlapping patch of the picture
    is replaced by the style's nearest one, and what overlaps is merged; the content is mixed in before each search. We
    depart from the paper in searching among a random sample of patches, of one size at all scales, in a factor √2
    between these, and in what Ashikhmin 2001, “Synthesizing Natural Textures”, adds: where a neighbour's patch, carried
    on in the style, fits nearly as well as the nearest one, it is carried on, so that whole strokes are taken over.

    `styles` pairs pictures, 1×3×h×w at the size that their strokes are to have beside the content, with weights; a
    fourth channel says where they are opaque, and what is not is not painted with.
    `strength` is from 0, near to the content, to 1, where it only decides the coarsest scale. After each round `tell`
    is given the part of the work that is done and the picture so far; `check_stop`, which may raise, is called many
    times in each, since one round of a large picture takes long.
    """
    content = _recolored(content, styles)
    generator = torch.Generator().manual_seed(seed)
    sizes = _sizes(content.shape[3], content.shape[2])
    work, done = sum(width * height for width, height in sizes) * _ROUNDS, 0
    picture = content
    for level, (width, height) in enumerate(sizes):
        guide = resize(content, width, height).clamp(0, 1)
        shrink = max(width, height) / max(content.shape[2:])
        looks = [(_shrunk(style, shrink), share) for style, share in styles]
        picture = resize(picture, width, height).clamp(0, 1)
        for turn in range(_ROUNDS):
            share = 1.0 if level == turn == 0 else _content_share(strength)
            mixed = _Mosaic(_bordered(torch.lerp(picture, guide, share)))
            mixed.fill(_Atlas(looks), generator, check_stop)
            picture = mixed.merged(guide.shape[2:])
            done += width * height
            tell(done / work, picture)
    return picture


def rounds(width: int, height: int) -> int:
    """How many rounds a picture of that size takes, and so how often `tell` is called."""
    return len(_sizes(width, height)) * _ROUNDS


def _content_share(strength: float) -> float:
    """How much of the content is mixed in before a search; found by looking."""
    return float((1 - strength) ** 0.18)  # falls late: at 0.85, the usual strength, it is still 0.7


def _recolored(content: Tensor, styles: Sequence[tuple[Tensor, float]]) -> Tensor:
    total = sum(share for _, share in styles)
    matched = [
        color.match_colors(content, style[:, :3], None, style[:, 3:] if style.shape[1] == 4 else None) * (share / total)
        for style, share in styles
    ]
    return torch.stack(matched).sum(0)


def _sizes(width: int, height: int) -> list[tuple[int, int]]:
    """Width and height of each scale, coarse to fine."""
    longest = max(width, height)
    steps = max(0, math.ceil(math.log(longest / _COARSEST, RATIO)))
    return [fit(width, height, max(1, round(longest * RATIO ** (k - steps)))) for k in range(steps + 1)]


def _shrunk(style: Tensor, shrink: float) -> Tensor:
    """A style picture at a scale, at least as large as a patch."""
    width, height = (max(1, round(side * shrink)) for side in (style.shape[3], style.shape[2]))
    small = resize(style, width, height).clamp(0, 1)
    return functional.pad(small, (0, max(0, _SIDE - width), 0, max(0, _SIDE - height)), mode="replicate")


class _Atlas:
    """The pixels of all styles at a scale, and the patches in them. A place is a style, a row and a column: N×3."""

    def __init__(self, looks: Sequence[tuple[Tensor, float]]) -> None:
        self._pixels = torch.cat([style[0, :3].flatten(1) for style, _ in looks], 1)
        self._usable = torch.cat([_usable(style).flatten() for style, _ in looks])
        self._shares = [share / sum(share for _, share in looks) for _, share in looks]
        device = self._pixels.device
        self._sizes = torch.tensor([style.shape[2:] for style, _ in looks], device=device)
        counts = self._sizes.prod(1)
        self._first = counts.cumsum(0) - counts

    def draw(self, generator: torch.Generator) -> Tensor:
        """Random places, of each style as many as its share, or all."""
        drawn = []
        counts = self._sizes.prod(1).tolist()
        for index, (usable, share) in enumerate(zip(torch.split(self._usable, counts), self._shares, strict=True)):
            places = usable.nonzero()[:, 0].cpu()
            places = places[torch.randperm(len(places), generator=generator)[: max(1, round(_POOL * share))]]
            width = int(self._sizes[index, 1])
            drawn.append(torch.stack([torch.full_like(places, index), places // width, places % width], 1))
        places = torch.cat(drawn)
        return places[torch.randperm(len(places), generator=generator)].to(self._pixels.device)

    def patches(self, places: Tensor) -> Tensor:
        """N×(3·side·side)."""
        return _cut(self._pixels, self._corners(places), self._sizes[places[:, 0], 1])

    def holds(self, places: Tensor) -> Tensor:
        """Which places are in their style, and opaque: N."""
        style, at = places[:, 0], places[:, 1:]
        held: Tensor = ((at >= 0) & (at <= self._sizes[style] - _SIDE)).all(1)
        return held & self._usable[torch.where(held, self._corners(places), 0)]

    def _corners(self, places: Tensor) -> Tensor:
        style, row, column = places.unbind(1)
        corners: Tensor = self._first[style] + row * self._sizes[style, 1] + column
        return corners


def _usable(style: Tensor) -> Tensor:
    """Which pixels of a style, h×w, are the upper left of a whole patch that is opaque."""
    height, width = style.shape[2:]
    usable = torch.zeros(height, width, dtype=torch.bool, device=style.device)
    whole = usable[: height - _SIDE + 1, : width - _SIDE + 1]
    if style.shape[1] == 3:
        whole[:] = True
        return usable
    least = -functional.max_pool2d(-style[:, 3:], _SIDE, stride=1)[0, 0]
    whole[:] = least >= (0.9 * least.max()).clamp(max=0.5)  # where no patch is opaque, those that are most so
    return usable


class _Mosaic:
    """A picture as a grid of overlapping patches, and the places in the styles that they are replaced from."""

    def __init__(self, picture: Tensor) -> None:
        """`picture` is 1×3×H×W and covered by the grid."""
        self._picture = picture
        height, width = picture.shape[2:]
        self._rows, self._columns = ((side - _SIDE) // _STEP + 1 for side in (height, width))
        rows = torch.arange(self._rows, device=picture.device) * _STEP * width
        self._corners = (rows[:, None] + torch.arange(self._columns, device=picture.device) * _STEP).flatten()

    def fill(self, atlas: _Atlas, generator: torch.Generator, check_stop: Callable[[], None]) -> None:
        """Finds the place to take for each patch."""
        self._atlas = atlas
        count = len(self._corners)
        self._places = torch.zeros(count, 3, dtype=torch.long, device=self._picture.device)
        pool = atlas.draw(generator)
        index = _Index(atlas.patches(pool))
        # Not all among the same: in a flat part of the picture, one patch would be repeated over and over.
        deals = min(_DEALS, len(pool))
        order = torch.randperm(count, generator=generator).to(self._places.device)
        for deal, dealt in enumerate(torch.tensor_split(order, deals)):
            check_stop()
            for part in torch.split(dealt, _AT_A_TIME):
                self._places[part] = pool[deal::deals][index.nearest(self._own(part), slice(deal, None, deals))]
        # Coarse to fine: patches far apart keep their places, those between them carry on what is beside them.
        for stride in _STRIDES:
            for down, across in ((stride, 0), (-stride, 0), (0, stride), (0, -stride)):
                check_stop()
                self._carry_on(down, across)

    def merged(self, size: Sequence[int]) -> Tensor:
        """The picture, 1×3×H×W of that size, made of the places found.

        First what overlaps is averaged. Then patches count the more the nearer they are to that average, which keeps
        strokes sharp (Elad & Milanfar, section IV-C; one round of iteratively re-weighted least squares).
        """
        self._picture = self._vote(trusting=False)
        margin = _SIDE - _STEP
        return self._vote(trusting=True)[:, :, margin : margin + size[0], margin : margin + size[1]]

    def _carry_on(self, down: int, across: int) -> None:
        """Every second patch takes the place beside that of the patch so far away, if it fits nearly as well."""
        numbers = torch.arange(self._rows * self._columns, device=self._places.device).view(self._rows, self._columns)
        sources = numbers.roll((down, across), (0, 1))
        stride = abs(down + across)
        second = slice(stride, None, 2 * stride)
        chosen = (second, slice(None)) if down else (slice(None), second)
        step = torch.tensor([0, down * _STEP, across * _STEP], device=numbers.device)
        for here, source in zip(
            torch.split(numbers[chosen].flatten(), _AT_A_TIME),
            torch.split(sources[chosen].flatten(), _AT_A_TIME),
            strict=True,
        ):
            places = self._places[source] + step
            held = self._atlas.holds(places)
            places = torch.where(held[:, None], places, self._places[here])
            own = self._own(here)
            before, after = ((self._atlas.patches(at) - own).square().mean(1) for at in (self._places[here], places))
            self._places[here] = torch.where((after < _COHERENCE * before)[:, None], places, self._places[here])

    def _vote(self, trusting: bool) -> Tensor:
        total, counts = torch.zeros_like(self._picture), torch.zeros_like(self._picture[:, :1])
        window = _window(self._picture)
        at_once = max(1, 4 * _AT_A_TIME // self._columns)
        for first in range(0, self._rows, at_once):
            last = min(self._rows, first + at_once)
            part = slice(first * self._columns, last * self._columns)
            patches = self._atlas.patches(self._places[part])
            weights = patches.new_ones(len(patches))
            if trusting:
                distances = (patches - self._own(part)).square().mean(1)
                weights = (distances + 1e-4) ** (_ROBUST / 2 - 1)
            shares = weights[:, None] * window
            columns = (patches.view(len(patches), 3, -1) * shares[:, None]).flatten(1)
            top, bottom = first * _STEP, (last - 1) * _STEP + _SIDE
            size = (bottom - top, self._picture.shape[3])
            total[:, :, top:bottom] += functional.fold(columns.T[None], size, _SIDE, stride=_STEP)
            counts[:, :, top:bottom] += functional.fold(shares.T[None], size, _SIDE, stride=_STEP)
        return total / counts.clamp_min(1e-12)

    def _own(self, part: slice | Tensor) -> Tensor:
        """The picture's own patches."""
        return _cut(self._picture.flatten(2)[0], self._corners[part], self._picture.shape[3])


class _Index:
    """Patches to search in, N×D, by their principal components (Elad & Milanfar, section IV-A)."""

    def __init__(self, patches: Tensor) -> None:
        self._mean = patches.mean(0)
        centered = patches - self._mean
        self._basis = torch.linalg.eigh(centered.T @ centered).eigenvectors[:, -_COMPONENTS:]
        self._known = centered @ self._basis
        self._half = self._known.square().sum(1) / 2

    def nearest(self, patches: Tensor, among: slice) -> Tensor:
        """For each of M×D patches, which is the nearest of some of those to search in."""
        fits: Tensor = (patches - self._mean) @ self._basis @ self._known[among].T - self._half[among]
        return fits.max(1).indices


def _cut(pixels: Tensor, corners: Tensor, width: Tensor | int) -> Tensor:
    """The patches whose upper left pixels are at `corners` of 3×P pixels, in rows of `width`: N×(3·side·side)."""
    within = torch.arange(_SIDE, device=pixels.device)
    widths = torch.as_tensor(width, device=pixels.device).expand(len(corners))
    offsets = (within[:, None] * widths[:, None, None] + within).flatten(1)
    return pixels[:, corners[:, None] + offsets].permute(1, 0, 2).flatten(1)


def _bordered(picture: Tensor) -> Tensor:
    """The picture with enough of a border that patches, a step apart, cover each pixel equally often."""
    height, width = picture.shape[2:]
    margin = _SIDE - _STEP
    down, across = (margin + (-side) % _STEP for side in (height, width))
    return functional.pad(picture, (margin, across, margin, down), mode="replicate")


def _window(like: Tensor) -> Tensor:
    """The weight of each pixel of a patch, side·side: less towards the rim, so that no edges show."""
    bell = torch.hann_window(_SIDE + 2, periodic=False, device=like.device)[1:-1]
    return torch.outer(bell, bell).flatten()
