"""Gives a picture another's palette: the distribution of its colours, not only their mean and covariance.

A linear map turns a photo's greys into greys, where an etching has paper and ink. So after the linear one comes what
is left of the optimal transport between the two clouds of colours, smoothed: near colours stay near, and nothing is
posterised.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

SAMPLES = 8192  # colours of each picture that are compared
_ROWS = 256  # of a picture that are mapped at a time: large ones leave little memory
SLICES = 16  # sets of three directions
NODES = 17  # of the table that holds the smoothed map, in each of the three colours
BLUR = (0.061, 0.242, 0.394, 0.242, 0.061)  # over its nodes
FAINT = 1.0  # samples: where a node has fewer, the map tends to the linear one
FLAT = 1e-5  # added to the variances of colours: a picture of one colour, or grey, has roots then, too
SHARE = 0.8  # of what the linear map leaves


@dataclass(frozen=True)
class ColorMap:
    """What is made of each colour x: A x + b, and what a table of the colour cube (1×3×r×g×b) adds."""

    matrix: Tensor
    shift: Tensor
    table: Tensor

    def __call__(self, picture: Tensor) -> Tensor:
        """A picture of 1×3×H×W, 0 to 1, in other colours; the same out."""
        matrix, shift, table = (each.to(picture) for each in (self.matrix, self.shift, self.table))
        result = torch.empty_like(picture)
        for strip, into in zip(torch.split(picture, _ROWS, 2), torch.split(result, _ROWS, 2), strict=True):
            flat = torch.einsum("ij,njhw->nihw", matrix, strip) + shift[None, :, None, None]
            places = (
                strip.permute(0, 2, 3, 1)[:, None].flip(-1) * 2 - 1
            )  # a table is looked up with its last axis first
            rest = functional.grid_sample(table, places, padding_mode="border", align_corners=True)[:, :, 0]
            into.copy_((flat + rest).clamp(0, 1))
        return result


def color_map(picture: Tensor, target: Tensor, counts: Tensor | None, target_counts: Tensor | None) -> ColorMap:
    """What gives a picture, 1×3×H×W in 0 to 1, the target's colours. Pixels of either count as weights say, 1×1×H×W;
    None: all the same.

    First the linear optimal transport between the two as Gaussians (Pitié & Kokaram 2007, “The Linear
    Monge-Kantorovitch Linear Colour Mapping for Example-Based Colour Transfer”, eq. 15), then the sliced optimal
    transport of samples (Rabin, Peyré, Delon & Bernot 2012, “Wasserstein Barycenter and its Application to Texture
    Mixing”, section 2), of which the table holds a smoothed share.
    """
    generator = torch.Generator().manual_seed(0)
    own, wanted = samples(picture, counts, generator), samples(target, target_counts, generator)
    matrix, shift = (each.float().double() for each in _linear(own, wanted))
    moved = _product(own, matrix.T) + shift
    table = _table(own, _sliced(moved, wanted, turns(generator)) - moved)
    return ColorMap(matrix.float(), shift.float(), SHARE * table)


def samples(picture: Tensor, counts: Tensor | None, generator: torch.Generator) -> Tensor:
    """Colours of a picture, SAMPLES×3, on the CPU; each pixel as likely as it counts. They are float64: the linear map
    of a picture that is nearly grey is a quotient of small numbers, and what becomes of colours that are nearly equal
    is decided by their order."""
    flat, share = picture.flatten(2)[0].T, torch.rand(SAMPLES, generator=generator, dtype=torch.float64)
    if counts is None:
        chosen = (share * len(flat)).long()
    else:
        heaped = counts.flatten().double().cpu().cumsum(0)
        chosen = torch.searchsorted(heaped, share * heaped[-1]).clamp(max=len(flat) - 1)
    return flat[chosen.to(flat.device)].cpu().double()


def turns(generator: torch.Generator) -> Tensor:
    """SLICES sets of three orthogonal directions, SLICES×3×3, each the columns of a matrix."""
    drawn = [torch.randn(3, 3, generator=generator).double() for _ in range(SLICES)]
    return torch.stack([torch.linalg.qr(each).Q for each in drawn])


def _linear(own: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """A (3×3) and b (3) for which A x + b has the mean and covariance of what is wanted: A = Σₚ^−½ (Σₚ^½ Σₜ
    Σₚ^½)^½ Σₚ^−½."""
    identity = FLAT * torch.eye(3, dtype=torch.float64)
    covariance, target = (torch.cov(each.T, correction=0) + identity for each in (own, wanted))
    root, inverse = _power(covariance, 0.5), _power(covariance, -0.5)
    matrix = inverse @ _power(root @ target @ root, 0.5) @ inverse
    return matrix, wanted.mean(0) - matrix @ own.mean(0)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    power: Tensor = vectors @ torch.diag(values.clamp_min(1e-8) ** exponent) @ vectors.T
    return power


def _sliced(colors: Tensor, wanted: Tensor, turned: Tensor) -> Tensor:
    """The colours (N×3) moved to where others (N×3) are: along three orthogonal directions at a time the nth in order
    goes to the nth."""
    for directions in turned:
        along, there = _product(colors, directions), _product(wanted, directions).sort(0).values
        order = along.argsort(dim=0, stable=True)
        goal = torch.empty_like(along).scatter_(0, order, there)
        colors = colors + 0.5 * _product(goal - along, directions.T)
    return colors


def _product(colors: Tensor, matrix: Tensor) -> Tensor:
    """N×3 and 3×3, term by term: a library's product may round the same colour otherwise in another row, and then it is
    chance which of them is first in order."""
    first, second, third = (colors[:, [i]] * matrix[i] for i in range(3))
    return first + second + third


def _table(colors: Tensor, moves: Tensor) -> Tensor:
    """How far the colours (N×3) are moved (N×3), smoothed, at nodes of the colour cube: 1×3×r×g×b."""
    places = colors.clamp(0, 1)[:, :, None] * (NODES - 1)
    red, green, blue = (1 - (places - torch.arange(NODES)).abs()).clamp_min(0).unbind(1)  # each node's share, N×r
    heap = torch.cat([moves, torch.ones_like(moves[:, :1])], 1)
    sums = (red[:, :, None] * green[:, None]).flatten(1).T @ (blue[:, :, None] * heap[:, None]).flatten(1)
    cube = sums.float().reshape(NODES**3, 4).T.reshape(4, 1, NODES, NODES, NODES)
    for axis in (2, 3, 4):
        shape = [1, 1, 1, 1, 1]
        shape[axis] = len(BLUR)
        edge = [len(BLUR) // 2 if 4 - axis == i // 2 else 0 for i in range(6)]
        cube = functional.conv3d(functional.pad(cube, edge), torch.tensor(BLUR).reshape(shape))
    return (cube[:3, 0] / (cube[3:, 0] + FAINT))[None]
