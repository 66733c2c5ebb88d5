"""Patch painting: a picture put together from pieces of the styles, without any network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from backend.engine import color
from backend.engine.pyramid import RATIO
from backend.engine.resize import fit, resize

_SIDE = 9  # pixels of a patch
_STEP = 3  # pixels between neighbouring patches of the picture
_COARSEST = 48  # pixels: longest side at the first scale, where a patch is a large part of the picture
_POOL = 8192  # patches of the styles to choose from
_COMPONENTS = 40  # of a patch, that are compared
_ROUNDS = 3  # at each scale
_AT_A_TIME = 2048  # patches of the picture: bounds the table of similarities
_ROBUST = 0.8  # the r of Elad & Milanfar, eq. 9


def patch_paint(
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
    depart from the paper in searching among a random sample of patches, of one size at all scales, and in a factor √2
    between these.

    `styles` pairs pictures, 1×3×h×w at the size that their strokes are to have beside the content, with weights.
    `strength` is from 0, near to the content, to 1, where it only decides the coarsest scale. After each round `tell`
    is given the part of the work that is done and the picture so far, and before each `check_stop` may raise.
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
            check_stop()
            share = 1.0 if level == turn == 0 else _content_share(strength)
            pool = _Pool(_draw(looks, generator))
            picture = _merge(pool, _grid(torch.lerp(picture, guide, share)), guide.shape[2:])
            done += width * height
            tell(done / work, picture)
    return picture


def rounds(width: int, height: int) -> int:
    """How many rounds a picture of that size takes, and so how often `tell` is called."""
    return len(_sizes(width, height)) * _ROUNDS


def _content_share(strength: float) -> float:
    """How much of the content is mixed in before a search; found by looking."""
    return 0.8 * (1 - strength)


def _recolored(content: Tensor, styles: Sequence[tuple[Tensor, float]]) -> Tensor:
    total = sum(share for _, share in styles)
    return torch.stack([color.match_colors(content, style) * (share / total) for style, share in styles]).sum(0)


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


def _draw(looks: Sequence[tuple[Tensor, float]], generator: torch.Generator) -> Tensor:
    """Patches at random places of the styles, of each as many as its share: N×(3·side·side)."""
    total = sum(share for _, share in looks)
    drawn = []
    for style, share in looks:
        height, width = style.shape[2:]
        rows, columns = height - _SIDE + 1, width - _SIDE + 1
        count = max(1, round(_POOL * share / total))
        places = torch.randperm(rows * columns, generator=generator)[:count].to(style.device)
        within = torch.arange(_SIDE, device=style.device)
        pixels = (within[:, None] * width + within).flatten()
        corners = places // columns * width + places % columns
        patches = style.flatten(2)[0][:, corners[:, None] + pixels]
        drawn.append(patches.permute(1, 0, 2).flatten(1))
    return torch.cat(drawn)


class _Pool:
    """The patches to paint with, N×D, and their principal components, in which they are compared (ibid., section
    IV-A)."""

    def __init__(self, patches: Tensor) -> None:
        self.patches = patches
        self._mean = patches.mean(0)
        centered = patches - self._mean
        self._basis = torch.linalg.eigh(centered.T @ centered).eigenvectors[:, -_COMPONENTS:]
        self._known = centered @ self._basis
        self._half = self._known.square().sum(1) / 2

    def nearest(self, patches: Tensor) -> Tensor:
        """The index of the nearest of the pool for each of M×D patches."""
        found = [
            ((part - self._mean) @ self._basis @ self._known.T - self._half).max(1).indices
            for part in torch.split(patches, _AT_A_TIME)
        ]
        return torch.cat(found)


def _grid(picture: Tensor) -> Tensor:
    """The picture with enough of a border that patches, a step apart, cover each pixel equally often."""
    height, width = picture.shape[2:]
    margin = _SIDE - _STEP
    down, across = (margin + (-side) % _STEP for side in (height, width))
    return functional.pad(picture, (margin, across, margin, down), mode="replicate")


def _merge(pool: _Pool, picture: Tensor, size: Sequence[int]) -> Tensor:
    """The picture, with its border, made of the nearest patches of the pool; without it again.

    First what overlaps is averaged. Then patches count the more the nearer they are to that average, which keeps
    strokes sharp (ibid., section IV-C; one round of iteratively re-weighted least squares).
    """
    matches = [pool.nearest(_patches(band)) for _, band in _bands(picture)]
    average = _vote(pool, matches, picture, None)
    painted = _vote(pool, matches, picture, average)
    margin = _SIDE - _STEP
    return painted[:, :, margin : margin + size[0], margin : margin + size[1]]


def _vote(pool: _Pool, matches: Sequence[Tensor], picture: Tensor, average: Tensor | None) -> Tensor:
    total, counts = torch.zeros_like(picture), torch.zeros_like(picture[:, :1])
    window = _window(picture)
    for indices, (top, band) in zip(matches, _bands(picture), strict=True):
        patches = pool.patches[indices]
        bottom = top + band.shape[2]
        weights = patches.new_ones(len(patches))
        if average is not None:
            distances = (patches - _patches(average[:, :, top:bottom])).square().mean(1)
            weights = (distances + 1e-4) ** (_ROBUST / 2 - 1)
        shares = weights[:, None] * window
        columns = (patches.view(len(patches), 3, -1) * shares[:, None]).flatten(1)
        total[:, :, top:bottom] += functional.fold(columns.T[None], band.shape[2:], _SIDE, stride=_STEP)
        counts[:, :, top:bottom] += functional.fold(shares.T[None], band.shape[2:], _SIDE, stride=_STEP)
    return total / counts.clamp_min(1e-12)


def _window(like: Tensor) -> Tensor:
    """The weight of each pixel of a patch, side·side: less towards the rim, so that no edges show."""
    bell = torch.hann_window(_SIDE + 2, periodic=False, device=like.device)[1:-1]
    return torch.outer(bell, bell).flatten()


def _bands(picture: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Strips of rows of patches, and where each begins: all patches of a large picture at once would be too many."""
    rows = (picture.shape[2] - _SIDE) // _STEP + 1
    columns = (picture.shape[3] - _SIDE) // _STEP + 1
    at_once = max(1, 4 * _AT_A_TIME // columns)
    for first in range(0, rows, at_once):
        last = min(rows, first + at_once)
        yield first * _STEP, picture[:, :, first * _STEP : (last - 1) * _STEP + _SIDE]


def _patches(band: Tensor) -> Tensor:
    """The overlapping patches of a strip: M×(3·side·side)."""
    return functional.unfold(band, _SIDE, stride=_STEP)[0].T
